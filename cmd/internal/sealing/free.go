package sealing

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/cmd/internal/source"
	"github.com/onggi-db/onggi/render/seal"
	"github.com/onggi-db/onggi/render/spec"
)

// Free is a Secret that no spec asks for: a repository's key, a token of an exporter.
type Free struct {
	Dir             string // that the file is written to; its Project, if any, names certificate and scope
	Namespace, Name string
	Type            string // "" is Opaque
	Labels          map[string]string
	Make            []string // keys whose values are made up
}

var (
	dnsName  = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$`)
	dnsLabel = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
)

// wanted is the one Secret, with the keys that are made or given.
func (f Free) wanted(values []Value) ([]*wanted, error) {
	switch {
	case !dnsName.MatchString(f.Name) || len(f.Name) > 253:
		return nil, cli.Exit(cli.Usage, "--secret %s: a Secret's name has lower-case letters, digits, '-' and '.'", f.Name)
	case !dnsLabel.MatchString(f.Namespace):
		return nil, cli.Exit(cli.Usage, "--secret needs --namespace: what is sealed is bound to it")
	}
	w := &wanted{
		dir: f.Dir, home: true, places: []string{"--secret " + f.Name},
		want: seal.Want{Namespace: f.Namespace, Name: f.Name, Type: orElse(f.Type, "Opaque"), Labels: f.Labels},
	}
	add := func(key string, made bool) {
		if !slices.ContainsFunc(w.want.Keys, func(k seal.Key) bool { return k.Name == key }) {
			w.want.Keys = append(w.want.Keys, seal.Key{Name: key, Made: made, Why: "asked for"})
		}
	}
	for _, v := range values {
		if v.Name == "" || v.Name == f.Name {
			add(v.Key, false)
		}
	}
	for _, key := range f.Make {
		add(key, true)
	}
	if len(w.want.Keys) == 0 {
		return nil, cli.Exit(cli.Usage, "--secret %s: nothing is to be in it: give values with --from-env, --from-file or --from-stdin, or have one made with --make KEY", f.Name)
	}
	return []*wanted{w}, w.project()
}

// project takes certificate and scope from the Project in the folder.
func (w *wanted) project() error {
	name := filepath.Join(w.dir, source.ProjectFile)
	if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	data, err := source.ReadFile(name)
	if err != nil {
		return cli.Fail(cli.InOut, err)
	}
	set, problems := spec.Load([]spec.Source{{Name: filepath.ToSlash(name), Data: data}})
	if len(problems) > 0 {
		return problems
	}
	for _, p := range set.Projects {
		w.sealing(p)
	}
	return nil
}
