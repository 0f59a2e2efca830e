package argocd

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec"
	"github.com/onggi-db/onggi/render/variant"
)

// inCluster is the API server that Argo CD itself runs on.
const inCluster = "https://kubernetes.default.svc"

// settings are the project's argocd section with every default filled in.
type settings struct {
	project        string
	repo           string
	path           string // "" is the root of the repository
	revision       string
	namespace      string // Argo CD's own
	source         string
	autoSync       bool
	applicationSet bool
}

func settle(in Input) (settings, error) {
	a := in.Project.ArgoCD
	if a == nil {
		return settings{}, errors.New("the project has no argocd section: it says which repository Argo CD reads")
	}
	s := settings{
		project:        cmp.Or(in.Project.Metadata.Name, "databases"),
		repo:           a.Repo,
		path:           strings.Trim(path.Clean("/"+a.Path), "/"),
		revision:       cmp.Or(a.Revision, "HEAD"),
		namespace:      cmp.Or(a.Namespace, "argocd"),
		source:         cmp.Or(in.Source, a.Source, Kustomize),
		autoSync:       a.AutoSync == nil || *a.AutoSync,
		applicationSet: a.ApplicationSet,
	}
	switch {
	case s.repo == "":
		return s, errors.New("argocd.repo is empty")
	case slices.Contains(strings.Split(a.Path, "/"), ".."):
		return s, fmt.Errorf("argocd.path %q leaves the repository", a.Path)
	}
	switch s.source {
	case Manifests, Kustomize, Helm, Plugin:
		return s, nil
	}
	return s, fmt.Errorf("source %q is none of manifests, kustomize, helm, plugin", s.source)
}

// deployment is one database in one environment: what one Application delivers. Its strings are facts, or the
// placeholders of an ApplicationSet's template.
type deployment struct {
	env       string // "" for a database without environments
	database  string
	namespace string
	server    string
	revision  string
	specFile  string // of the spec, below argocd.path
	watched   string // by the plugin: what it reads
	engine    string
	version   string
	backend   string
	autoSync  bool
	objects   []manifest.Object
}

// file is the stem of the Application's file.
func (d deployment) file() string {
	if d.env == "" {
		return d.database
	}
	return d.env + "-" + d.database
}

// application is the Application's name. All Applications of an Argo CD share one namespace, with those of other teams
// that may call theirs prod-shop: the project's name keeps them apart.
func (d deployment) application(s settings) string { return s.project + "-" + d.file() }

// deploy lists the deployments, sorted by environment and database.
func deploy(in Input, s settings) ([]deployment, error) {
	environments := map[string]spec.Environment{}
	for _, e := range in.Project.Environments {
		environments[e.Name] = e
	}
	var out []deployment
	for i := range in.Databases {
		db := &in.Databases[i]
		if len(db.Envs) == 0 && in.Env == "" {
			base := variant.Env{Namespace: db.Namespace, Objects: db.Base}
			out = append(out, newDeployment(in, s, db, base, spec.Environment{}))
		}
		for _, env := range db.Envs {
			if in.Env == "" || in.Env == env.Name {
				out = append(out, newDeployment(in, s, db, env, environments[env.Name]))
			}
		}
	}
	if in.Env != "" && len(out) == 0 && len(in.Databases) > 0 {
		return nil, fmt.Errorf("no database has an environment %q", in.Env)
	}
	slices.SortStableFunc(out, func(a, b deployment) int {
		return cmp.Or(cmp.Compare(a.env, b.env), cmp.Compare(a.database, b.database))
	})
	var names []string
	for _, d := range out {
		names = append(names, d.application(s))
	}
	return out, errors.Join(unique("Applications", names), disjoint(out))
}

// disjoint reports deployments that would pull at the same object, each towards its own environment: one object for each
// pair, as an example.
func disjoint(deployments []deployment) error {
	type address struct {
		server string
		kind   groupKind
		place  string // namespace/name
	}
	owners := map[address]deployment{}
	said := map[[2]string]bool{}
	var errs []error
	for _, d := range deployments {
		for _, o := range d.objects {
			ref := o.Ref()
			at := address{d.server, kindOf(o), ref.Namespace + "/" + ref.Name}
			if !at.kind.clusterScoped() {
				at.place = cmp.Or(ref.Namespace, d.namespace) + "/" + ref.Name
			}
			other, taken := owners[at]
			if !taken {
				owners[at] = d
				continue
			}
			if pair := [2]string{other.file(), d.file()}; pair[0] != pair[1] && !said[pair] {
				said[pair] = true
				errs = append(errs, fmt.Errorf("%s is made by both %s and %s on %s: give one of them a namespace or a server of its own",
					ref, pair[0], pair[1], d.server))
			}
		}
	}
	return errors.Join(errs...)
}

func newDeployment(in Input, s settings, db *variant.Set, env variant.Env, e spec.Environment) deployment {
	d := deployment{
		env:       env.Name,
		database:  db.Name,
		namespace: cmp.Or(env.Namespace, db.Namespace, "default"),
		server:    cmp.Or(e.Server, inCluster),
		revision:  cmp.Or(e.Revision, s.revision),
		specFile:  cmp.Or(in.Files[db.Name], db.Name+".yaml"),
		engine:    db.Engine,
		version:   db.Version,
		backend:   db.Backend,
		autoSync:  s.autoSync,
		objects:   env.Objects,
	}
	d.watched = specFolder(s, d.specFile)
	if e.AutoSync != nil {
		d.autoSync = *e.AutoSync
	}
	return d
}
