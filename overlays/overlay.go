package overlays

import (
	"path"
	"slices"

	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/resid"

	"github.com/onggi-db/onggi/render/manifest"
)

// patchesDir holds an overlay's patches, apart from the objects that it adds.
const patchesDir = "patches"

// overlay is what is known of one variant while its kustomization is written.
type overlay struct {
	kustomization
	v      int
	dir    string
	up     string            // from dir to the output folder
	items  []int             // those that resources and Components bring
	before []manifest.Object // the same as objects, as they are when the patches begin
	own    []manifest.Object // what this variant adds
	stuck  []manifest.Ref
}

// writeVariant writes base or an overlay. It returns the objects that no patch can make what this variant wants.
func (w *writer) writeVariant(v int) (stuck []manifest.Ref, err error) {
	o := &overlay{v: v, dir: folder(w.set, v), up: "../"}
	o.note = w.set.Name + ", without any environment."
	if v > 0 {
		o.up = "../../"
		o.note = w.set.Name + " in " + w.set.Envs[v-1].Name + "."
	}
	if v == 0 && !w.split {
		o.resources = w.homeFiles(inCommon, "")
		w.put(o.dir, o.kustomization)
		return nil, nil
	}
	w.gather(o)
	if err := w.ship(o); err != nil {
		return nil, err
	}
	if err := w.change(o); err != nil {
		return nil, err
	}
	if err := w.relocate(o); err != nil {
		return nil, err
	}
	w.put(o.dir, o.kustomization)
	return o.stuck, nil
}

// gather lists what the variant is made of, and writes the objects that it alone has.
func (w *writer) gather(o *overlay) {
	switch {
	case w.startsFromBase(o.v):
		o.resources = []string{o.up + baseDir}
	case slices.Contains(w.homes, inCommon):
		o.resources = []string{o.up + coreDir}
	}
	o.components = componentPaths(o.up, w.addedParts(o.v))
	for i, it := range w.items {
		switch {
		case w.inherits(o.v, i):
			o.items = append(o.items, i)
			o.before = append(o.before, w.original(i))
		case it.isIn(o.v):
			object := variants(w.set)[o.v][it.in[o.v]]
			o.resources = append(o.resources, it.file)
			o.own = append(o.own, object)
			w.putObject(path.Join(o.dir, it.file), object)
		}
	}
}

// ship lists the shipped Components that have something to patch here, and runs them over what there is.
func (w *writer) ship(o *overlay) error {
	all := slices.Concat(o.before, o.own)
	active, _, err := triage(all, w.shipped)
	if err != nil {
		return err
	}
	all, err = apply(all, active)
	if err != nil {
		return err
	}
	o.before, o.own = all[:len(o.before)], all[len(o.before):]
	o.components = append(o.components, componentPaths(o.up, active)...)
	for file, data := range componentFiles(active) {
		w.files[file] = data
	}
	return nil
}

// change deletes and patches, object by object.
func (w *writer) change(o *overlay) error {
	for n, i := range o.items {
		it := w.items[i]
		if !it.isIn(o.v) {
			w.putPatch(o, it.file, deletion(it.ref))
			continue
		}
		was := settle(o.before[n])
		is := settle(at(w.want[o.v][it.in[o.v]], it.ref))
		if manifest.EqualValue(was.Body(), is.Body()) {
			continue
		}
		p, ok := patchFor(was, is)
		if ok && p.target != nil {
			n, err := hits(p.target, w.present(o))
			if err != nil {
				return err
			}
			ok = n == 1
		}
		if !ok {
			o.stuck = append(o.stuck, it.ref)
			continue
		}
		w.putPatch(o, it.file, p)
	}
	return nil
}

func (w *writer) putPatch(o *overlay, file string, p patch) {
	file = path.Join(patchesDir, file)
	o.patches = append(o.patches, p.entry(file))
	w.files[path.Join(o.dir, file)] = manifest.AppendYAML(nil, p.body)
}

// relocate moves objects to the environment's namespace, last: until then, patches name them as base does. The namespace
// field of a kustomization would move the objects of other namespaces too.
func (w *writer) relocate(o *overlay) error {
	if o.v == 0 {
		return nil
	}
	from, to := w.set.Namespace, w.set.Envs[o.v-1].Namespace
	var moved []manifest.Ref
	for _, i := range o.items {
		it := w.items[i]
		if !it.isIn(o.v) {
			continue
		}
		is := w.want[o.v][it.in[o.v]]
		p := patch{target: selectorOf(it.ref)}
		switch ref := is.Ref(); {
		case ref == it.ref:
			continue
		case ref.Name != it.ref.Name: // the Namespace itself
			p.body = setMetadata("name", ref.Name)
			o.patches = append(o.patches, p.inline())
		default:
			p.body = setMetadata("namespace", to)
			moved = append(moved, it.ref)
		}
		if !proves(settle(at(is, it.ref)), p, is) {
			o.stuck = append(o.stuck, it.ref)
		}
	}
	// One patch for all, when the namespace's objects are just those that move.
	all := &types.Selector{ResId: resid.ResId{Namespace: from}}
	n, err := hits(all, w.present(o))
	if err != nil {
		return err
	}
	if len(moved) > 0 && n == len(moved) {
		o.patches = append(o.patches, patch{body: setMetadata("namespace", to), target: all}.inline())
		return nil
	}
	for _, ref := range moved {
		o.patches = append(o.patches, patch{body: setMetadata("namespace", to), target: selectorOf(ref)}.inline())
	}
	return nil
}

// present are the objects after the deletions, still named as base names them.
func (w *writer) present(o *overlay) []manifest.Object {
	present := slices.Clone(o.own)
	for n, i := range o.items {
		if w.items[i].isIn(o.v) {
			present = append(present, o.before[n])
		}
	}
	return present
}
