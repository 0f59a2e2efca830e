package spec

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// class is what a value of a Go type is in YAML.
type class uint8

const (
	object  class = iota + 1 // a struct: closed, each field its own rules
	dict                     // map[string]string: open keys, one rule for all
	list                     // a slice
	text                     // string
	integer                  // int
	boolean                  // bool
	open                     // map[string]any: anything
)

func (c class) String() string {
	return [...]string{object: "a mapping", dict: "a mapping", list: "a list", text: "a string", integer: "a whole number",
		boolean: "true or false", open: "a mapping"}[c]
}

// shape is what the decoder, the schema and the reference know of a Go type. Shapes are built once and never change. What each value
// is read by stands first, in this struct and in those of fields and rules: the caches of a processor hold few of them.
type shape struct {
	class   class
	pointer bool         // the value is set through a pointer
	typ     reflect.Type // without the pointer
	elem    *shape       // of a list
	short   *field       // the field that a bare string fills
	must    []*field     // those of fields that are required
	groups  []group
	slots   [slots]uint8 // where a field is in fields, counted from 1, by its name
	fields  []*field     // of an object, in the order of the Go type, embedded ones flattened
}

// group are fields of which exactly one is set.
type group struct {
	name   string
	fields []*field
}

// field is one field of an object.
type field struct {
	name  string
	shape *shape
	index []int
	rules rules

	owner  string // Go type that declares it, for its comment
	goName string
}

// rules are a field's onggi tag.
type rules struct {
	enum                 []string
	format               string
	pattern              *regexp.Regexp
	minLength, maxLength int
	min, max             *int
	unique, patch        string
	item, key, value     *rules // of items, keys and values

	required, short bool
	fallback        string // the default, as YAML; "" is none
	group, example  string
}

// anything are the rules of what has none.
var anything = func() *rules {
	r := &rules{}
	r.item, r.key, r.value = r, r, r
	return r
}()

func formatRules(format string) *rules {
	if format == "" {
		return anything
	}
	return &rules{format: format, item: anything, key: anything, value: anything}
}

// shapes are those of the two kinds of document, built when the first spec is read.
var shapes = sync.OnceValue(func() (s struct{ cluster, project, spec *shape }) {
	known := map[reflect.Type]*shape{}
	s.cluster = shapeOf(reflect.TypeFor[DatabaseCluster](), known)
	s.project = shapeOf(reflect.TypeFor[Project](), known)
	s.spec = shapeOf(reflect.TypeFor[Spec](), known)
	return s
})

// shapeOf panics on a type or tag that it cannot read: the types are part of the program, and a test reads them all.
func shapeOf(t reflect.Type, known map[reflect.Type]*shape) *shape {
	if s, ok := known[t]; ok {
		return s
	}
	s := &shape{typ: t}
	known[t] = s
	if t.Kind() == reflect.Pointer {
		*s = *shapeOf(t.Elem(), known)
		s.pointer = true
		return s
	}
	switch t.Kind() {
	case reflect.String:
		s.class = text
	case reflect.Int:
		s.class = integer
	case reflect.Bool:
		s.class = boolean
	case reflect.Slice:
		s.class, s.elem = list, shapeOf(t.Elem(), known)
	case reflect.Map:
		s.class = open
		if t.Elem().Kind() == reflect.String {
			s.class = dict
		}
	case reflect.Struct:
		s.class = object
		s.addFields(t, nil, known)
	default:
		panic(fmt.Sprintf("spec: no YAML for type %s", t))
	}
	return s
}

// named is the field of a name, or nil. A spec has hundreds, and a map would take most of the time on hashing.
func (s *shape) named(name string) *field {
	for at := slot(name); s.slots[at] != 0; at = (at + 1) % slots {
		if f := s.fields[s.slots[at]-1]; f.name == name {
			return f
		}
	}
	return nil
}

// slots are more than any type has fields, so that a search ends.
const slots = 64

func slot(name string) int {
	n := len(name)
	if n == 0 {
		return 0
	}
	return (n + int(name[0])*5 + int(name[n-1])*3) % slots
}

func (s *shape) addFields(t reflect.Type, index []int, known map[reflect.Type]*shape) {
	for i := range t.NumField() {
		sf := t.Field(i)
		at := append(slices.Clone(index), i)
		if sf.Anonymous {
			s.addFields(sf.Type, at, known)
			continue
		}
		f := &field{name: sf.Tag.Get("json"), owner: t.Name(), goName: sf.Name, index: at, shape: shapeOf(sf.Type, known), rules: parseRules(sf)}
		s.fields = append(s.fields, f)
		if len(s.fields) == slots {
			panic(fmt.Sprintf("spec: %s has too many fields", t))
		}
		free := slot(f.name)
		for s.slots[free] != 0 {
			free = (free + 1) % slots
		}
		s.slots[free] = uint8(len(s.fields))
		if f.rules.required {
			s.must = append(s.must, f)
		}
		if f.rules.short {
			s.short = f
		}
		if g := f.rules.group; g != "" {
			i := slices.IndexFunc(s.groups, func(o group) bool { return o.name == g })
			if i < 0 {
				i = len(s.groups)
				s.groups = append(s.groups, group{name: g})
			}
			s.groups[i].fields = append(s.groups[i].fields, f)
		}
	}
}

func parseRules(sf reflect.StructField) rules {
	r := *anything
	number := func(s string) *int {
		n, err := strconv.Atoi(s)
		if err != nil {
			panic(fmt.Sprintf("spec: tag of %s: %v", sf.Name, err))
		}
		return &n
	}
	for rule := range strings.SplitSeq(sf.Tag.Get("onggi"), ";") {
		name, value, _ := strings.Cut(rule, "=")
		switch name {
		case "":
		case "required":
			r.required = true
		case "short":
			r.short = true
		case "enum":
			r.enum = strings.Split(value, "|")
		case "default":
			r.fallback = value
		case "format":
			r.format = value
		case "items":
			r.item = formatRules(value)
		case "key":
			r.key = formatRules(value)
		case "values":
			r.value = formatRules(value)
		case "min":
			r.min = number(value)
		case "max":
			r.max = number(value)
		case "minLength":
			r.minLength = *number(value)
		case "maxLength":
			r.maxLength = *number(value)
		case "pattern":
			r.pattern = regexp.MustCompile(value)
		case "unique":
			r.unique = value
		case "oneof":
			r.group = value
		case "patch":
			r.patch = value
		case "example":
			r.example = value
		default:
			panic(fmt.Sprintf("spec: tag of %s: unknown rule %q", sf.Name, name))
		}
	}
	return r
}
