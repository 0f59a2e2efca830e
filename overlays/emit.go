package overlays

import (
	"errors"
	"fmt"
	"path"
	"regexp"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/variant"
)

// Options of [Emit].
type Options struct {
	// Components are shipped Components to apply to Base and every environment, in this order. A variant that has
	// nothing for one of them to patch does not list it.
	Components []string
}

// Emit returns the files of base and overlays/<environment>, by their path below the output folder. Whatever it returns
// was built by Kustomize and is what [Verify] demands. An [*IdleError] says that a Component has nothing to patch in any
// variant.
func Emit(set variant.Set, o Options) (map[string][]byte, error) {
	if err := checkSet(set); err != nil {
		return nil, err
	}
	want, err := wanted(set, o.Components)
	if err != nil {
		return nil, err
	}
	items, err := match(set)
	if err != nil {
		return nil, err
	}
	apart := map[manifest.Ref]bool{}
	for {
		w := writer{layout: arrange(set, items, o.Components, apart), want: want, files: map[string][]byte{}}
		stuck, err := w.write()
		if err != nil {
			return nil, err
		}
		if len(stuck) == 0 {
			if err := verify(set, want, w.files); err != nil {
				return nil, err
			}
			return w.files, nil
		}
		for _, ref := range stuck {
			apart[ref] = true
		}
	}
}

// environmentName is what a folder of an environment may be called.
var environmentName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

func checkSet(set variant.Set) error {
	if len(set.Base) == 0 {
		return fmt.Errorf("%s has no objects", set.Name)
	}
	seen := map[string]bool{}
	for _, env := range set.Envs {
		if !environmentName.MatchString(env.Name) {
			return fmt.Errorf("environment %q cannot be the name of a folder", env.Name)
		}
		if seen[env.Name] {
			return fmt.Errorf("environment %s stands twice in %s", env.Name, set.Name)
		}
		seen[env.Name] = true
		if len(env.Objects) == 0 {
			return fmt.Errorf("%s has no objects in %s", set.Name, env.Name)
		}
	}
	return nil
}

// wanted are the objects of each variant as Kustomize must build them.
func wanted(set variant.Set, components []string) ([][]manifest.Object, error) {
	if err := checkComponents(components); err != nil {
		return nil, err
	}
	want := variants(set)
	idle := map[string]int{}
	for v, objs := range want {
		applied, err := Apply(objs, components...)
		var none *IdleError
		switch {
		case errors.As(err, &none):
			for _, name := range none.Components {
				idle[name]++
			}
		case err != nil:
			return nil, fmt.Errorf("%s: %w", folder(set, v), err)
		}
		want[v] = applied
	}
	var everywhere []string
	for _, name := range components {
		if idle[name] == len(want) {
			everywhere = append(everywhere, name)
		}
	}
	if len(everywhere) > 0 {
		return nil, &IdleError{Components: everywhere}
	}
	return want, nil
}

// writer turns a layout into files.
type writer struct {
	layout
	want  [][]manifest.Object // by variant
	files map[string][]byte
}

// write returns, instead of an error, the objects that no patch can turn from one variant's into another's.
func (w *writer) write() (stuck []manifest.Ref, err error) {
	w.writeShared()
	for v := range w.want {
		refs, err := w.writeVariant(v)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", folder(w.set, v), err)
		}
		stuck = append(stuck, refs...)
	}
	return stuck, nil
}

// writeShared writes what more than one kustomization reads: core, the Components of parts, the shipped Components.
func (w *writer) writeShared() {
	if common := w.homeFiles(inCommon, ""); w.split && len(common) > 0 {
		w.put(coreDir, kustomization{
			note:      w.set.Name + ": what all variants share. Build base or an overlay instead.",
			resources: common,
		})
	}
	for i, it := range w.items {
		switch w.homes[i] {
		case inCommon:
			w.putObject(path.Join(w.commonDir(), it.file), w.original(i))
		case inPart:
			dir := path.Join(componentsDir, string(it.part))
			w.putObject(path.Join(dir, it.file), w.original(i))
			w.put(dir, kustomization{
				note:      w.set.Name + ": the part " + string(it.part) + ", which not every variant has.",
				component: true,
				resources: w.homeFiles(inPart, it.part),
			})
		}
	}
}

// homeFiles lists the files of one home, and of one part if it has some.
func (w *writer) homeFiles(h home, part manifest.Part) []string {
	var files []string
	for i, it := range w.items {
		if w.homes[i] == h && (part == "" || part == it.part) {
			files = append(files, it.file)
		}
	}
	return files
}

// original is what an item's shared file holds: the object of the first variant that has it.
func (w *writer) original(i int) manifest.Object {
	it := w.items[i]
	v := it.first()
	return at(variants(w.set)[v][it.in[v]], it.ref)
}

func (w *writer) put(dir string, k kustomization) {
	w.files[path.Join(dir, kustomizationFile)] = k.encode()
}

func (w *writer) putObject(file string, o manifest.Object) {
	w.files[file] = manifest.Encode(o)
}
