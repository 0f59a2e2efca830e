package spec

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/onggi-db/onggi/render/manifest"
)

// environmentsAnnotation names the environments that a manifest goes with, with commas between them.
const environmentsAnnotation = "onggi.dev/environments"

// extrasIn are the manifests beside the document that belong to an environment: all but those in the namespace of another of its
// environments, and those that name other environments. A SealedSecret is bound to the namespace and to the cluster that it was
// sealed for. One that names the environment takes the place of its namesake that names none.
func (d *Document) extrasIn(env, namespace string) []manifest.Object {
	if len(d.Extras) == 0 {
		return nil
	}
	elsewhere := map[string]bool{d.Namespace: true}
	if d.Project != nil {
		for _, e := range d.Project.Environments {
			if _, has := d.patch(e.Name); has && e.Namespace != "" {
				elsewhere[e.Namespace] = true
			}
		}
	}
	delete(elsewhere, namespace)
	var out []manifest.Object
	own := make(map[manifest.Ref]bool) // those that name this environment
	for _, o := range d.Extras {
		names := environmentsOf(o)
		if elsewhere[o.Ref().Namespace] || len(names) > 0 && !slices.Contains(names, env) {
			continue
		}
		if len(names) > 0 {
			own[o.Ref()] = true
		}
		out = append(out, o)
	}
	return slices.DeleteFunc(out, func(o manifest.Object) bool { return own[o.Ref()] && len(environmentsOf(o)) == 0 })
}

// strays reports manifests that name an environment which no cluster of their folder has: they would go with none.
func (l *loader) strays() {
	for _, e := range l.set.Extras {
		for _, name := range environmentsOf(e.Object) {
			var known []string
			for _, doc := range l.set.Clusters {
				if path.Dir(doc.File) == path.Dir(e.File) {
					known = append(known, doc.Environments()...)
				}
			}
			if len(known) == 0 || slices.Contains(known, name) {
				continue
			}
			at := e.root.Get("metadata").Get("annotations").Get(environmentsAnnotation)
			v := violation{codeUnknownEnv, fmt.Sprintf("there is no environment %q here", name), "the manifest would go with no environment at all", "name one of " + strings.Join(uniqueSorted(known), ", ")}
			l.report(at, "metadata.annotations", v)
		}
	}
}

func uniqueSorted(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

func environmentsOf(o manifest.Object) []string {
	value, _ := manifest.Get(o.Body(), "metadata", "annotations", environmentsAnnotation)
	text, _ := value.(string)
	if text == "" {
		return nil
	}
	names := strings.Split(text, ",")
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
	}
	return names
}
