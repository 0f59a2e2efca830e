package argocd

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec"
	"github.com/onggi-db/onggi/render/variant"
)

// The outputs that Applications can read.
const (
	Manifests = "manifests"
	Kustomize = "kustomize"
	Helm      = "helm"
	Plugin    = "plugin"
)

// Input is what Emit reads. Nothing in it is changed.
type Input struct {
	// Project has the argocd section, the environments and the operators.
	Project spec.Project
	// Databases are rendered in all their environments. Their names are unique.
	Databases []variant.Set
	// Source is which output the Applications read. "" is what the project says.
	Source string
	// Env leaves out every other environment. "" is all of them.
	Env string
	// Files are the specs' files below argocd.path, by database, for the plugin. Left out: <name>.yaml.
	Files map[string]string
}

// Emit returns the files by their path below the folder argocd/. The error names every mistake in the input, one per line.
func Emit(in Input) (map[string][]byte, error) {
	files, err := objects(in)
	if err != nil {
		return nil, err
	}
	out := make(map[string][]byte, len(files))
	for name, body := range files {
		out[name] = manifest.Encode(manifest.New(body))
	}
	return out, nil
}

// objects is Emit before encoding: one object per file.
func objects(in Input) (map[string]manifest.Map, error) {
	s, err := settle(in)
	if err != nil {
		return nil, err
	}
	deployments, err := deploy(in, s)
	if err != nil {
		return nil, err
	}
	operators, err := install(in, s, deployments)
	if err != nil {
		return nil, err
	}
	files := map[string]manifest.Map{
		"root.yaml":      root(s),
		"project.yaml":   databaseProject(s, deployments),
		"argocd-cm.yaml": healthPatch(s, deployments),
	}
	maps.Copy(files, databaseFiles(s, deployments))
	if len(operators) > 0 {
		files["operators/project.yaml"] = operatorProject(s, operators)
	}
	for _, o := range operators {
		files["operators/"+o.file+".yaml"] = operatorApplication(s, o)
	}
	return files, nil
}

// databaseFiles are the Applications of the databases, or the ApplicationSet. Databases without environments have no
// place in a set over environments and keep an Application each.
func databaseFiles(s settings, deployments []deployment) map[string]manifest.Map {
	files := map[string]manifest.Map{}
	var set []deployment
	for _, d := range deployments {
		if s.applicationSet && d.env != "" {
			set = append(set, d)
			continue
		}
		files["applications/"+d.file()+".yaml"] = application(s, d)
	}
	if len(set) > 0 {
		files["applicationset.yaml"] = applicationSet(s, set)
	}
	return files
}

// unique reports every name that two things share.
func unique(what string, names []string) error {
	var errs []error
	seen := map[string]int{}
	for _, name := range names {
		seen[name]++
	}
	for _, name := range slices.Sorted(maps.Keys(seen)) {
		if seen[name] > 1 {
			errs = append(errs, fmt.Errorf("%d %s are called %q", seen[name], what, name))
		}
	}
	return errors.Join(errs...)
}
