package overlays

import (
	"sigs.k8s.io/kustomize/api/types"

	"github.com/onggi-db/onggi/render/manifest"
)

// patch turns one object into another.
type patch struct {
	body   any             // a Map that Kustomize merges, or a list of JSON patch operations
	target *types.Selector // of a JSON patch; a merge patch names its object itself
}

// entry is the patch in a kustomization's list, its body in a file.
func (p patch) entry(file string) manifest.Map {
	entry := manifest.Map{"path": file}
	if p.target != nil {
		entry["target"] = encodeSelector(p.target)
	}
	return entry
}

// inline is the patch in a kustomization's list, with its body.
func (p patch) inline() manifest.Map {
	return manifest.Map{"patch": string(manifest.AppendYAML(nil, p.body)), "target": encodeSelector(p.target)}
}

// preferJSON is how many times as long as the JSON patch a merge patch is, when the JSON patch is the better read. A list
// is merged as a whole: for one changed word in thirty alerts, all thirty are repeated.
const preferJSON = 4

// patchFor finds the patch that Kustomize, when tried, really turns was into is with. The two have one name and namespace.
// A merge patch is preferred: it reads as the object does. It cannot express everything. Lists of core kinds are merged by
// key, where an item can be neither dropped nor moved: such a list is marked as a replacement. What that cannot say either
// (null, a key that looks like a directive) a JSON patch can. Where nothing does, ok is false.
func patchFor(was, is manifest.Object) (p patch, ok bool) {
	json := patch{body: operations(was.Body(), is.Body()), target: selectorOf(was.Ref())}
	merge := patch{body: mergePatch(was, is)}
	short := len(manifest.AppendYAML(nil, json.body))*preferJSON < len(manifest.AppendYAML(nil, merge.body))
	if short && proves(was, json, is) {
		return json, true
	}
	if p, ok := replacing(was, merge, is); ok {
		return p, true
	}
	if !short && proves(was, json, is) {
		return json, true
	}
	return patch{}, false
}

// mergePatch is what is has and was has not, under the identity of was.
func mergePatch(was, is manifest.Object) manifest.Map {
	body := manifest.CreateMergePatch(was.Body(), is.Body())
	identity := identify(was.Ref())
	if meta, changed := body["metadata"].(manifest.Map); changed {
		for key, value := range identity["metadata"].(manifest.Map) {
			meta[key] = value
		}
		delete(identity, "metadata")
	}
	for key, value := range identity {
		body[key] = value
	}
	return body
}

// replacing tries a merge patch and, as long as lists come out wrong, marks those as replacements.
func replacing(was manifest.Object, p patch, is manifest.Object) (patch, bool) {
	for {
		built, err := try(was, p)
		if err != nil {
			return patch{}, false
		}
		wrong := differences([]manifest.Object{is}, built)
		if len(wrong) == 0 {
			return p, true
		}
		marked := false
		for _, d := range wrong {
			marked = markReplaced(p.body, d.Path) || marked
		}
		if !marked {
			return patch{}, false
		}
	}
}

// directive is the key of an instruction in a strategic merge patch.
const directive = "$patch"

// markReplaced marks the first list on the way to a field as one that replaces what is there, and tells whether there was
// one to mark.
func markReplaced(body any, to []any) bool {
	for _, step := range to {
		mapping, isMap := body.(manifest.Map)
		key, isKey := step.(string)
		if !isMap || !isKey {
			return false
		}
		list, isList := mapping[key].([]any)
		if !isList {
			body = mapping[key]
			continue
		}
		if len(list) > 0 {
			if first, isMap := list[0].(manifest.Map); isMap && first[directive] != nil {
				return false
			}
		}
		mapping[key] = append([]any{manifest.Map{directive: "replace"}}, list...)
		return true
	}
	return false
}

// proves tells whether Kustomize turns was into is with p.
func proves(was manifest.Object, p patch, is manifest.Object) bool {
	built, err := try(was, p)
	return err == nil && len(differences([]manifest.Object{is}, built)) == 0
}

// try builds one object with one patch.
func try(was manifest.Object, p patch) ([]manifest.Object, error) {
	return Build(map[string][]byte{
		"object.yaml": manifest.Encode(was),
		"patch.yaml":  manifest.AppendYAML(nil, p.body),
		kustomizationFile: kustomization{
			note:      "One object and one patch.",
			resources: []string{"object.yaml"},
			patches:   []manifest.Map{p.entry("patch.yaml")},
		}.encode(),
	}, ".")
}

// identify is the least that a merge patch must hold.
func identify(r manifest.Ref) manifest.Map {
	meta := manifest.Map{"name": r.Name}
	if r.Namespace != "" {
		meta["namespace"] = r.Namespace
	}
	return manifest.Map{"apiVersion": r.APIVersion, "kind": r.Kind, "metadata": meta}
}

// deletion is the merge patch that removes an object.
func deletion(r manifest.Ref) patch {
	body := identify(r)
	body[directive] = "delete"
	return patch{body: body}
}

// setMetadata is the JSON patch that gives an object another name or namespace.
func setMetadata(field, value string) []any {
	return []any{manifest.Map{"op": "replace", "path": "/metadata/" + field, "value": value}}
}
