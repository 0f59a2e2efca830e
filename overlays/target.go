package overlays

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/resid"

	"github.com/onggi-db/onggi/render/manifest"
)

// hits counts the objects that a patch's target selects. Kustomize passes in silence over a target that selects none.
func hits(target *types.Selector, objs []manifest.Object) (int, error) {
	selector, err := types.NewSelectorRegex(target)
	if err != nil {
		return 0, fmt.Errorf("target %s: %v", target, err)
	}
	wantLabels, err := labels.Parse(target.LabelSelector)
	if err != nil {
		return 0, fmt.Errorf("labelSelector %q: %v", target.LabelSelector, err)
	}
	wantAnnotations, err := labels.Parse(target.AnnotationSelector)
	if err != nil {
		return 0, fmt.Errorf("annotationSelector %q: %v", target.AnnotationSelector, err)
	}
	n := 0
	for _, o := range objs {
		ref := o.Ref()
		gvk := resid.Gvk{Group: ref.Group(), Version: version(ref), Kind: ref.Kind}
		if selector.MatchGvk(gvk) && selector.MatchName(ref.Name) && selector.MatchNamespace(effective(ref.Namespace)) &&
			wantLabels.Matches(stringsAt(o, "labels")) && wantAnnotations.Matches(stringsAt(o, "annotations")) {
			n++
		}
	}
	return n, nil
}

// selectorOf selects one object. Kustomize reads each field as a regular expression for the whole value.
func selectorOf(r manifest.Ref) *types.Selector {
	return &types.Selector{ResId: resid.ResId{
		Gvk:       resid.Gvk{Group: r.Group(), Version: version(r), Kind: r.Kind}, // a group's dots match themselves too
		Name:      regexp.QuoteMeta(r.Name),
		Namespace: r.Namespace,
	}}
}

// encodeSelector is how a kustomization writes the target of a patch.
func encodeSelector(s *types.Selector) manifest.Map {
	out := manifest.Map{}
	for field, value := range map[string]string{
		"group": s.Group, "version": s.Version, "kind": s.Kind, "name": s.Name, "namespace": s.Namespace,
	} {
		if value != "" {
			out[field] = value
		}
	}
	return out
}

// effective is the namespace that Kustomize takes an object to be in.
func effective(namespace string) string {
	return cmp.Or(namespace, "default")
}

func version(r manifest.Ref) string {
	return r.APIVersion[strings.IndexByte(r.APIVersion, '/')+1:]
}

// stringsAt is a mapping of strings in an object's metadata.
func stringsAt(o manifest.Object, field string) labels.Set {
	meta, _ := o.Body()["metadata"].(manifest.Map)
	from, _ := meta[field].(manifest.Map)
	set := make(labels.Set, len(from))
	for key, value := range from {
		if s, ok := value.(string); ok {
			set[key] = s
		}
	}
	return set
}

// checkTargets refuses a kustomization in which a patch selects nothing. A Component that it lists may be written for
// more kinds than there are here: one of its patches is enough.
func checkTargets(files map[string][]byte, dir string) error {
	objs, err := resourcesOf(files, dir)
	if err != nil {
		return err
	}
	k, err := parseKustomization(dir, files)
	if err != nil {
		return err
	}
	for i, p := range k.Patches {
		n, err := selected(k.Patches[i:i+1], objs)
		if err != nil {
			return fmt.Errorf("%s: patches[%d]: %v", dir, i, err)
		}
		if n == 0 {
			return fmt.Errorf("%s: patches[%d] selects no object: %s", dir, i, p.Target)
		}
	}
	for _, entry := range k.Components {
		component, err := parseKustomization(path.Join(dir, entry), files)
		if err != nil {
			return err
		}
		n, err := selected(component.Patches, objs)
		if err != nil {
			return fmt.Errorf("%s: %v", entry, err)
		}
		if n == 0 && len(component.Patches) > 0 {
			return fmt.Errorf("%s: no patch of %s selects an object", dir, entry)
		}
	}
	return nil
}

// selected counts the objects that patches select, one that two patches select twice. A patch without a target counts as
// one: Kustomize itself insists on the object that it names.
func selected(patches []types.Patch, objs []manifest.Object) (int, error) {
	sum := 0
	for _, p := range patches {
		if p.Target == nil {
			sum++
			continue
		}
		n, err := hits(p.Target, objs)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}

// resourcesOf gathers what a kustomization lists, and what the ones below it do, before any patch.
func resourcesOf(files map[string][]byte, dir string) ([]manifest.Object, error) {
	k, err := parseKustomization(dir, files)
	if err != nil {
		return nil, err
	}
	var objs []manifest.Object
	for _, entry := range slices.Concat(k.Resources, k.Components) {
		at := path.Join(dir, entry)
		var below []manifest.Object
		if data, isFile := files[at]; isFile {
			below, err = manifest.Decode(at, data)
		} else {
			below, err = resourcesOf(files, at)
		}
		if err != nil {
			return nil, err
		}
		objs = append(objs, below...)
	}
	return objs, nil
}

// kustomizations lists the folders that hold a kustomization, sorted.
func kustomizations(files map[string][]byte) []string {
	var dirs []string
	for _, file := range slices.Sorted(maps.Keys(files)) {
		if path.Base(file) == kustomizationFile {
			dirs = append(dirs, path.Dir(file))
		}
	}
	return dirs
}

func parseKustomization(dir string, files map[string][]byte) (types.Kustomization, error) {
	var k types.Kustomization
	data, found := files[path.Join(dir, kustomizationFile)]
	if !found {
		return k, fmt.Errorf("%s holds no %s", dir, kustomizationFile)
	}
	if err := k.Unmarshal(data); err != nil {
		return k, fmt.Errorf("read %s: %v", path.Join(dir, kustomizationFile), err)
	}
	return k, nil
}
