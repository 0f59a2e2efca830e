package overlays

import (
	"embed"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/onggi-db/onggi/render/manifest"
)

//go:embed components
var shipped embed.FS

// componentsDir is where Components stand, here and in the folder that [Emit] writes.
const componentsDir = "components"

// ComponentInfo describes a shipped Component.
type ComponentInfo struct {
	Name string // as a Project lists it, e.g. "longhorn"
	Doc  string // one sentence: what it changes
}

// Components lists the shipped Components by name.
func Components() []ComponentInfo {
	var out []ComponentInfo
	for _, name := range componentNames() {
		first, _, _ := strings.Cut(string(shippedFile(path.Join(componentsDir, name, kustomizationFile))), "\n")
		out = append(out, ComponentInfo{Name: name, Doc: strings.TrimPrefix(first, "# ")})
	}
	return out
}

// IdleError says that shipped Components change nothing: no object is of the kind that they patch. It is for the caller to
// judge. A database without a LoadBalancer has no use for metallb, and neither has one in an environment without; a project
// without any lists it by mistake.
type IdleError struct {
	Components []string // in the order given
}

// Error names the Components.
func (e *IdleError) Error() string {
	if len(e.Components) == 1 {
		return "no object is one that component " + e.Components[0] + " patches"
	}
	return "no object is one that components " + strings.Join(e.Components, ", ") + " patch"
}

// Apply returns the objects as shipped Components change them, in the order given, built by Kustomize. Order, Part and
// Origin of the objects stay; the objects given are not changed.
//
// When a component finds nothing to patch, the result is complete and comes with an [*IdleError].
func Apply(objs []manifest.Object, components ...string) ([]manifest.Object, error) {
	if err := checkComponents(components); err != nil {
		return nil, err
	}
	active, idle, err := triage(objs, components)
	if err != nil {
		return nil, err
	}
	out, err := apply(objs, active)
	if err != nil {
		return nil, err
	}
	if len(idle) > 0 {
		return out, &IdleError{Components: idle}
	}
	return out, nil
}

// apply builds objects with components that each have something to patch.
func apply(objs []manifest.Object, components []string) ([]manifest.Object, error) {
	if len(components) == 0 {
		return slices.Clone(objs), nil
	}
	files := componentFiles(components)
	files["objects.yaml"] = manifest.Encode(objs...)
	files[kustomizationFile] = kustomization{
		note:       "Components over objects.",
		resources:  []string{"objects.yaml"},
		components: componentPaths("", components),
	}.encode()
	built, err := Build(files, ".")
	if err != nil {
		return nil, fmt.Errorf("apply %s: %v", strings.Join(components, ", "), err)
	}
	byRef := make(map[manifest.Ref]manifest.Map, len(built))
	for _, o := range built {
		byRef[o.Ref()] = o.Body()
	}
	out := slices.Clone(objs)
	for i, o := range objs {
		body, found := byRef[o.Ref()]
		if !found {
			return nil, fmt.Errorf("apply %s: kustomize leaves out %s", strings.Join(components, ", "), o.Ref())
		}
		out[i] = out[i].With(body)
	}
	if len(built) != len(objs) {
		return nil, fmt.Errorf("apply %s: %d objects became %d", strings.Join(components, ", "), len(objs), len(built))
	}
	return out, nil
}

// triage splits components into those that patch at least one of the objects and those that patch none.
func triage(objs []manifest.Object, components []string) (active, idle []string, err error) {
	for _, name := range components {
		k, err := parseKustomization(path.Join(componentsDir, name), componentFiles([]string{name}))
		if err != nil {
			return nil, nil, err
		}
		n, err := selected(k.Patches, objs)
		if err != nil {
			return nil, nil, fmt.Errorf("component %s: %v", name, err)
		}
		if n > 0 {
			active = append(active, name)
		} else {
			idle = append(idle, name)
		}
	}
	return active, idle, nil
}

// checkComponents refuses what no folder can be made of.
func checkComponents(components []string) error {
	known := componentNames()
	for i, name := range components {
		if !slices.Contains(known, name) {
			return fmt.Errorf("there is no component %q: the shipped ones are %s", name, strings.Join(known, ", "))
		}
		if slices.Contains(components[:i], name) {
			return fmt.Errorf("component %s is listed twice", name)
		}
	}
	return nil
}

func componentNames() []string {
	entries, err := shipped.ReadDir(componentsDir)
	if err != nil {
		panic(err) // the folder is part of the program
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names
}

// componentFiles are the files of the named components, below components/.
func componentFiles(names []string) map[string][]byte {
	files := map[string][]byte{}
	for _, name := range names {
		dir := path.Join(componentsDir, name)
		entries, err := shipped.ReadDir(dir)
		if err != nil {
			panic(err) // names are checked first
		}
		for _, e := range entries {
			file := path.Join(dir, e.Name())
			files[file] = shippedFile(file)
		}
	}
	return files
}

func shippedFile(file string) []byte {
	data, err := shipped.ReadFile(file)
	if err != nil {
		panic(err) // the file is part of the program
	}
	return data
}

// componentPaths is how a kustomization that is up ("../../" or "") from the folder's root lists components.
func componentPaths(up string, names []string) []string {
	paths := make([]string, len(names))
	for i, name := range names {
		paths[i] = up + path.Join(componentsDir, name)
	}
	return paths
}
