package overlays

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/onggi-db/onggi/render/manifest"
)

// operations is the JSON patch (RFC 6902) that turns was into is. Mappings are gone into, key by key. Lists whose items
// carry a name are gone into item by item, each guarded by a test of the name: should someone add an item before it, the
// patch fails instead of changing a neighbour. Other lists are replaced as a whole.
func operations(was, is manifest.Map) []any {
	return mappingOperations("", was, is)
}

func mappingOperations(at string, was, is manifest.Map) []any {
	var ops []any
	for _, key := range unionKeys(was, is) {
		to := at + "/" + pointerEscaper.Replace(key)
		before, had := was[key]
		after, has := is[key]
		switch {
		case !has:
			ops = append(ops, manifest.Map{"op": "remove", "path": to})
		case !had:
			ops = append(ops, manifest.Map{"op": "add", "path": to, "value": after})
		default:
			ops = append(ops, valueOperations(to, before, after)...)
		}
	}
	return ops
}

func valueOperations(at string, was, is any) []any {
	if manifest.EqualValue(was, is) {
		return nil
	}
	whole := []any{manifest.Map{"op": "replace", "path": at, "value": is}}
	switch was := was.(type) {
	case manifest.Map:
		if is, isMap := is.(manifest.Map); isMap {
			return mappingOperations(at, was, is)
		}
	case []any:
		if is, isList := is.([]any); isList {
			ops, ok := itemOperations(at, was, is)
			if ok && len(manifest.AppendYAML(nil, ops)) < len(manifest.AppendYAML(nil, whole)) {
				return ops
			}
		}
	}
	return whole
}

// itemOperations goes through a list by the names of its items: from the end, those that are gone, then from the start,
// those that are new or changed. It is not ok when an item has no name, or when items change places.
func itemOperations(at string, was, is []any) (ops []any, ok bool) {
	key, before, after := itemNames(was, is)
	if key == "" {
		return nil, false
	}
	kept := slices.Clone(was)
	for i := len(was) - 1; i >= 0; i-- {
		if !slices.Contains(after, before[i]) {
			to := at + "/" + strconv.Itoa(i)
			ops = append(ops, testName(to, key, before[i]), manifest.Map{"op": "remove", "path": to})
			kept = slices.Delete(kept, i, i+1)
		}
	}
	for i, item := range is {
		to := at + "/" + strconv.Itoa(i)
		if !slices.Contains(before, after[i]) {
			ops = append(ops, manifest.Map{"op": "add", "path": to, "value": item})
			kept = slices.Insert(kept, i, item)
			continue
		}
		if kept[i].(manifest.Map)[key] != after[i] {
			return nil, false
		}
		if changes := valueOperations(to, kept[i], item); len(changes) > 0 {
			ops = append(append(ops, testName(to, key, after[i])), changes...)
		}
	}
	return ops, true
}

// itemNames finds the key under which all items of both lists have a name of their own.
func itemNames(was, is []any) (key string, before, after []string) {
	for _, key := range []string{"name", "alert", "record"} {
		before, ok := namesUnder(key, was)
		if !ok {
			continue
		}
		if after, ok := namesUnder(key, is); ok {
			return key, before, after
		}
	}
	return "", nil, nil
}

func namesUnder(key string, items []any) ([]string, bool) {
	names := make([]string, 0, len(items))
	for _, item := range items {
		mapping, _ := item.(manifest.Map)
		name, isString := mapping[key].(string)
		if !isString || slices.Contains(names, name) {
			return nil, false
		}
		names = append(names, name)
	}
	return names, true
}

func testName(at, key, name string) manifest.Map {
	return manifest.Map{"op": "test", "path": at + "/" + key, "value": name}
}

// pointerEscaper writes a key as a step of a JSON pointer (RFC 6901).
var pointerEscaper = strings.NewReplacer("~", "~0", "/", "~1")

func unionKeys(a, b manifest.Map) []string {
	keys := slices.Collect(maps.Keys(a))
	for key := range b {
		if _, both := a[key]; !both {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}
