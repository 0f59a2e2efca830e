package sealing

import (
	"context"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/cmd/internal/project"
	"github.com/onggi-db/onggi/cmd/internal/source"
	"github.com/onggi-db/onggi/render/backend"
	"github.com/onggi-db/onggi/render/plan"
	"github.com/onggi-db/onggi/render/seal"
	"github.com/onggi-db/onggi/render/spec"
)

// wanted is a Secret that databases of one folder want.
type wanted struct {
	dir         string // that its file lies in
	home        bool   // in the database's own namespace
	want        seal.Want
	certificate string // file or URL; "" when the project names none
	scope       string // as the project has it
	places      []string
}

// collect finds out what the specs want sealed, in the environments that of names. Problems of the specs come all at once.
func collect(ctx context.Context, in *source.Input, of func(*spec.Document) []string) ([]*wanted, error) {
	found := make(map[string]*wanted)
	var problems spec.Problems
	var conflicts []string
	count := 0
	err := in.Batches(ctx, func(docs []*spec.Document) error {
		for _, doc := range docs {
			count++
			for _, env := range of(doc) {
				bundle, cluster, err := project.Compile(doc, env)
				if err := cli.Gather(&problems, err); err != nil {
					return err
				}
				if err == nil && bundle.Plan.Secrets.Provider == "sealed-secrets" {
					conflicts = append(conflicts, gather(found, doc, cluster, bundle.Plan)...)
				}
			}
		}
		return nil
	})
	if err := cli.Gather(&problems, err); err != nil {
		return nil, err
	}
	if len(problems) > 0 {
		return nil, problems.Sort()
	}
	if count == 0 {
		return nil, cli.Exit(cli.Invalid, "there is no %s in the input", spec.KindCluster)
	}
	out := make([]*wanted, 0, len(found))
	for _, id := range slices.Sorted(maps.Keys(found)) {
		out = append(out, found[id])
	}
	if conflicts = append(conflicts, twice(out)...); len(conflicts) > 0 {
		return nil, cli.Exit(cli.Invalid, "%s", strings.Join(conflicts, "\n"))
	}
	return out, nil
}

// gather adds what one database wants in one environment, and says what contradicts what others want.
func gather(found map[string]*wanted, doc *spec.Document, c *spec.Cluster, p *plan.Plan) (conflicts []string) {
	labels := backend.Name(p.Backend).SecretLabels()
	for _, n := range p.Wanted() {
		w := &wanted{
			dir: filepath.FromSlash(path.Dir(doc.File)), home: c.Namespace == doc.Namespace,
			want: seal.Want{Namespace: c.Namespace, Name: n.Name, Type: n.Type, Labels: labels},
		}
		w.settings(doc, c)
		id := strings.Join([]string{w.dir, c.Namespace, n.Name, strings.Join(w.want.Environments, ",")}, "\x00")
		if known := found[id]; known != nil {
			w = known
		}
		found[id] = w
		at := c.At("spec." + n.Path).String()
		if !slices.Contains(w.places, at) {
			w.places = append(w.places, at)
		}
		if problem := w.merge(n); problem != "" {
			conflicts = append(conflicts, fmt.Sprintf("%s: %s %s", at, w.want, problem))
		}
	}
	return conflicts
}

// settings are those of the project. An environment with a certificate of its own has secrets of its own, since the same namespace
// in another cluster is another place.
func (w *wanted) settings(doc *spec.Document, c *spec.Cluster) {
	if doc.Project == nil {
		return
	}
	w.sealing(doc.Project)
	if c.Environment != nil && c.Environment.Certificate != "" {
		w.certificate = beside(doc.Project, c.Environment.Certificate)
		w.want.Environments = []string{c.Env}
	}
}

func (w *wanted) sealing(p *spec.ProjectFile) {
	if p.Sealing != nil {
		w.certificate, w.scope = beside(p, p.Sealing.Certificate), p.Sealing.Scope
	}
}

// beside is a path as the project has it, relative to its folder.
func beside(p *spec.ProjectFile, name string) string {
	if name == "" || isURL(name) || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.FromSlash(p.Dir), filepath.FromSlash(name))
}

// merge adds what one more reader wants, or says what contradicts the others.
func (w *wanted) merge(n plan.Wanted) string {
	switch {
	case w.want.Type == n.Type || n.Type == "Opaque":
	case w.want.Type == "Opaque":
		w.want.Type = n.Type
	default:
		return fmt.Sprintf("is wanted as %s here, and as %s elsewhere: give the two different names", n.Type, w.want.Type)
	}
	for _, name := range n.Keys {
		key := seal.Key{Name: name, Made: n.Makes(name), Why: strings.Join(n.Why, ", ")}
		if name == "username" {
			key.Value = n.User
		}
		i := slices.IndexFunc(w.want.Keys, func(k seal.Key) bool { return k.Name == name })
		if i < 0 {
			w.want.Keys = append(w.want.Keys, key)
			continue
		}
		known := &w.want.Keys[i]
		if known.Value != "" && key.Value != "" && known.Value != key.Value {
			return fmt.Sprintf("is wanted for %s here, and for %s elsewhere: give the two different names", key.Value, known.Value)
		}
		known.Made = known.Made && key.Made
		if known.Value == "" {
			known.Value = key.Value
		}
	}
	return ""
}

// twice finds Secrets that databases of two folders want in one namespace: two files would seal two passwords for one Secret.
func twice(all []*wanted) (conflicts []string) {
	first := make(map[string]*wanted)
	for _, w := range all {
		id := w.want.String() + "\x00" + strings.Join(w.want.Environments, ",")
		if other := first[id]; other != nil {
			conflicts = append(conflicts, fmt.Sprintf("%s: %s is wanted at %s too, from another folder: list it under secrets.existing in one of the two", w.places[0], w.want, other.places[0]))
			continue
		}
		first[id] = w
	}
	return conflicts
}
