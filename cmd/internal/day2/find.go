package day2

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/cmd/internal/day2/status"
	"github.com/onggi-db/onggi/cmd/internal/kube"
)

// Database is one that was found in a cluster.
type Database struct {
	Name, Namespace string
	Backend         status.Backend
	server          *kube.Server
}

// Find looks for a database by its name. backend narrows the search; "" looks for the objects of every back end.
func Find(ctx context.Context, server *kube.Server, namespace, name, backend string) (*Database, error) {
	candidates := status.Backends()
	if backend != "" {
		b, ok := status.Named(backend)
		if !ok {
			return nil, cli.Exit(cli.Usage, "there is no back end %q", backend)
		}
		candidates = []status.Backend{b}
	}
	var found []*Database
	var looked []string
	var denied error
	for _, b := range candidates {
		object, ok, err := server.Read(ctx, resource(b), namespace, name)
		switch {
		case kube.Forbidden(err):
			denied = cmp.Or(denied, err) // the first tells enough
		case err != nil:
			return nil, cli.Fail(cli.InOut, err)
		case ok && ours(b, object, name):
			found = append(found, &Database{name, namespace, b, server})
		}
		looked = append(looked, b.Kind)
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return nil, cli.Exit(cli.Usage, "%s in namespace %s is a database of %s and one of %s: say which with --backend", name, namespace, found[0].Backend.Name, found[1].Backend.Name)
	case denied != nil:
		return nil, cli.Fail(cli.InOut, denied)
	}
	return nil, cli.Exit(cli.InOut, "there is no database %s in namespace %s: no %s of that name is onggi's or an operator's; -n names another namespace", name, namespace, strings.Join(looked, ", "))
}

func resource(b status.Backend) kube.Resource {
	return kube.Resource{Group: b.Group, Version: b.Version, Plural: b.Plural}
}

// ours tells a StatefulSet of the native back end from other people's. Objects of operators are what they are.
func ours(b status.Backend, object []byte, name string) bool {
	if b.Name != status.Native {
		return true
	}
	var set struct {
		Spec struct {
			Selector struct{ MatchLabels map[string]string }
		}
	}
	return json.Unmarshal(object, &set) == nil && set.Spec.Selector.MatchLabels[b.Pods] == name
}

// Named are the databases of a namespace, for a shell that completes their names. What cannot be read is left out.
func Named(ctx context.Context, server *kube.Server, namespace string) []string {
	var names []string
	for _, b := range status.Backends() {
		objects, err := server.List(ctx, resource(b), namespace, "")
		if err != nil {
			continue
		}
		for _, object := range objects {
			var o struct{ Metadata struct{ Name string } }
			if json.Unmarshal(object, &o) == nil && ours(b, object, o.Metadata.Name) {
				names = append(names, o.Metadata.Name)
			}
		}
	}
	return names
}

// text is how a database is told of.
func (d *Database) text() string { return fmt.Sprintf("%s in namespace %s", d.Name, d.Namespace) }
