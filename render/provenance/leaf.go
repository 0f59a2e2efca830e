package provenance

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/onggi-db/onggi/render/spec"
)

// Leaf is one scalar of a resolved spec.
type Leaf struct {
	// Path as a spec writes it, e.g. "storage.size" or "expose[0].ip".
	Path string
	// Name is the path with list items by their names and no character that a template would have to quote, e.g.
	// "expose.lb.ip". It is "" where no such name exists.
	Name  string
	Value any // string, bool or int64
	steps []step
}

// step goes one level down: into a struct field, a list item or a map entry.
type step struct {
	field int
	index int
	key   string
	kind  reflect.Kind // of the container
}

// Leaves lists the scalars that a spec sets, defaults included, in the order of the types.
func Leaves(s spec.Spec) []Leaf {
	var out []Leaf
	walk(reflect.ValueOf(s), Leaf{}, &out)
	return out
}

func walk(v reflect.Value, at Leaf, out *[]Leaf) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			walk(v.Elem(), at, out)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			walkField(v, i, at, out)
		}
	case reflect.Slice:
		for i := range v.Len() {
			item := at.down(step{index: i, kind: reflect.Slice})
			item.Path = fmt.Sprintf("%s[%d]", at.Path, i)
			item.Name = join(at.Name, itemName(v.Index(i)))
			walk(v.Index(i), item, out)
		}
	case reflect.Map:
		if v.Type().Elem().Kind() != reflect.String {
			return // free-form values are not fields of the spec
		}
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, k := range keys {
			item := at.down(step{key: k.String(), kind: reflect.Map})
			item.Path, item.Name = at.Path+"."+k.String(), join(at.Name, identifier(k.String()))
			walk(v.MapIndex(k), item, out)
		}
	case reflect.String, reflect.Bool, reflect.Int:
		if !v.IsZero() {
			at.Value = plain(v)
			*out = append(*out, at)
		}
	}
}

func walkField(v reflect.Value, i int, at Leaf, out *[]Leaf) {
	f := v.Type().Field(i)
	next := at.down(step{field: i, kind: reflect.Struct})
	if !f.Anonymous { // an embedded struct adds no level
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		next.Path = dotted(at.Path, name)
		next.Name = dotted(at.Name, name)
		if at.Path != "" && at.Name == "" {
			next.Name = ""
		}
	}
	walk(v.Field(i), next, out)
}

func (l Leaf) down(s step) Leaf {
	l.steps = append(slices.Clip(l.steps), s)
	return l
}

func dotted(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// join adds a name, or gives up on naming when there is none.
func join(path, name string) string {
	if path == "" || name == "" {
		return ""
	}
	return path + "." + name
}

func itemName(v reflect.Value) string {
	if v.Kind() != reflect.Struct {
		return ""
	}
	name := v.FieldByName("Name")
	if !name.IsValid() || name.Kind() != reflect.String {
		return ""
	}
	return identifier(name.String())
}

// identifier turns "my-lb" into "myLb"; a name with other characters gives "".
func identifier(s string) string {
	var b strings.Builder
	upper := false
	for i, r := range s {
		switch {
		case r == '-':
			upper = true
			continue
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_' || i > 0 && r >= '0' && r <= '9':
		default:
			return ""
		}
		if upper {
			b.WriteString(strings.ToUpper(string(r)))
			upper = false
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

func plain(v reflect.Value) any {
	switch v.Kind() {
	case reflect.String:
		return v.String()
	case reflect.Bool:
		return v.Bool()
	}
	return v.Int()
}

// with returns the spec with this leaf set to another value. What lies beside the way down is shared.
func (l Leaf) with(s spec.Spec, value any) spec.Spec {
	v := reflect.New(reflect.TypeOf(s)).Elem()
	v.Set(reflect.ValueOf(s))
	set(v, l.steps, value)
	return v.Interface().(spec.Spec)
}

// set copies every pointer, list and map on the way down, so that the spec it came from stays as it was.
func set(v reflect.Value, steps []step, value any) {
	if v.Kind() == reflect.Pointer {
		copied := reflect.New(v.Type().Elem())
		copied.Elem().Set(v.Elem())
		v.Set(copied)
		set(copied.Elem(), steps, value)
		return
	}
	if len(steps) == 0 {
		v.Set(reflect.ValueOf(value).Convert(v.Type()))
		return
	}
	switch s := steps[0]; s.kind {
	case reflect.Struct:
		set(v.Field(s.field), steps[1:], value)
	case reflect.Slice:
		copied := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(copied, v)
		v.Set(copied)
		set(v.Index(s.index), steps[1:], value)
	case reflect.Map:
		copied := reflect.MakeMapWithSize(v.Type(), v.Len())
		for _, k := range v.MapKeys() {
			copied.SetMapIndex(k, v.MapIndex(k))
		}
		copied.SetMapIndex(reflect.ValueOf(s.key), reflect.ValueOf(fmt.Sprint(value)))
		v.Set(copied)
	}
}

// Other is a value of the same form as v that differs from it, for asking what would move.
func Other(v any) any {
	switch v := v.(type) {
	case bool:
		return !v
	case int64:
		return v + 1
	case string:
		return otherText(v)
	}
	return nil
}

// Lower is like Other, for a value that may become no more, as a request that its limit bounds; nil where there is none.
func Lower(v any) any {
	switch v := v.(type) {
	case int64:
		return v - 1
	case string:
		if other := shifted(v, -1); other != v {
			return other
		}
	}
	return nil
}

// otherText raises the first number of a text by one, so that sizes, durations and versions keep their form; a text
// without one gets a letter more.
func otherText(s string) string {
	if strings.Contains(s, "/") && strings.Contains(s, ":") {
		return s + "-x" // an image or a URL: its numbers mean something to others
	}
	if other := shifted(s, +1); other != s {
		return other
	}
	return s + "x"
}

// shifted has another first number than the text; the text itself where it has none, or would have one below 1.
func shifted(s string, by int64) string {
	start := strings.IndexFunc(s, func(r rune) bool { return r >= '0' && r <= '9' })
	if start < 0 {
		return s
	}
	end := start
	for end < len(s) && s[end] >= '0' && s[end] <= '9' {
		end++
	}
	n, err := strconv.ParseInt(s[start:end], 10, 64)
	if err != nil || n == math.MaxInt64 || n+by < 1 {
		return s
	}
	return s[:start] + strconv.FormatInt(n+by, 10) + s[end:]
}
