package manifest

import (
	"fmt"
	"slices"
	"strings"
)

// maxKey is how long a written key may be: YAML readers look ahead 1024 characters for the colon. A longer key is written
// in the explicit form, behind "? ".
const maxKey = 1000

// Encode writes objects as one stream, in the order given: what `kubectl apply -f -` reads. Documents are separated by a
// "---" line, and each ends in a newline. No objects give no bytes.
func Encode(objs ...Object) []byte {
	if len(objs) == 0 {
		return nil
	}
	e := newEncoder(make([]byte, 0, 4096*len(objs)))
	for i, o := range objs {
		if i > 0 {
			e.dst = append(e.dst, "---\n"...)
		}
		e.object(o)
	}
	return e.dst
}

// AppendYAML appends v to dst as one YAML document in block style, ending in a newline, and returns the longer slice.
// What a YAML 1.1 or 1.2 reader makes of it equals Canonical(v).
//
// Beside the types of an object's body, it takes *Fields, int, int32, []string, []Map and map[string]string, which builders like to
// write. A value of any other type is a bug in the caller, and it panics; so is a key that is
// not UTF-8, which comes out repaired, as in Canonical, but not in its place.
func AppendYAML(dst []byte, v any) []byte {
	e := newEncoder(dst)
	e.node(v, 0, atRoot)
	return e.dst
}

func (e *encoder) object(o Object) {
	if fields, body := o.either(); fields != nil {
		e.node(fields, 0, atRoot)
	} else {
		e.node(body, 0, atRoot)
	}
}

// encoder appends to dst. Fields is a stack: each mapping that is being written has its sorted fields there.
type encoder struct {
	dst    []byte
	fields []field
}

func newEncoder(dst []byte) encoder {
	return encoder{dst: dst, fields: make([]field, 0, 64)}
}

// place is what stands on the line before a node.
type place int

const (
	atRoot    place = iota // nothing
	afterKey               // "key:"
	afterDash              // "- "
)

// node writes v and ends the line. Indent is the column of the key or the dash before it.
func (e *encoder) node(v any, indent int, at place) {
	switch v := v.(type) {
	case Map:
		if len(v) == 0 {
			e.scalar("{}", at)
			return
		}
		e.mapping(e.push(v), indent, at)
	case *Fields:
		if v.Len() == 0 {
			e.scalar("{}", at)
			return
		}
		e.mapping(e.pushFields(v), indent, at)
	case map[string]string:
		if len(v) == 0 {
			e.scalar("{}", at)
			return
		}
		e.mapping(e.pushStrings(v), indent, at)
	case []any:
		sequence(e, v, indent, at)
	case []string:
		sequence(e, v, indent, at)
	case []Map:
		sequence(e, v, indent, at)
	case string:
		e.space(at)
		e.text(v, indent+2)
		e.dst = append(e.dst, '\n')
	case bool:
		if v {
			e.scalar("true", at)
		} else {
			e.scalar("false", at)
		}
	case nil:
		e.scalar("null", at)
	default:
		e.space(at)
		e.dst = append(appendNumber(e.dst, v, yamlNumber), '\n')
	}
}

// mapping writes the fields from base on and pops them.
func (e *encoder) mapping(base, indent int, at place) {
	indent, inline := e.block(indent, at, 2)
	for i := base; i < len(e.fields); i++ {
		if !inline {
			e.indent(indent)
		}
		inline = false
		f := e.fields[i]
		e.key(f.key, indent)
		e.node(f.value, indent, afterKey)
	}
	e.fields = e.fields[:base]
}

// sequence writes items; below a key, their dashes stand in the key's own column.
func sequence[T any](e *encoder, items []T, indent int, at place) {
	if len(items) == 0 {
		e.scalar("[]", at)
		return
	}
	indent, inline := e.block(indent, at, 0)
	for _, item := range items {
		if !inline {
			e.indent(indent)
		}
		inline = false
		e.dst = append(e.dst, '-', ' ')
		e.node(any(item), indent, afterDash)
	}
}

// block begins a collection: it returns the column of its entries and whether the first one goes on the current line.
func (e *encoder) block(indent int, at place, step int) (column int, inline bool) {
	switch at {
	case afterKey:
		e.dst = append(e.dst, '\n')
		return indent + step, false
	case afterDash:
		return indent + 2, true
	default:
		return indent, false
	}
}

func (e *encoder) key(k string, indent int) {
	start := len(e.dst)
	e.dst = appendLine(e.dst, k, survey(k))
	if len(e.dst)-start > maxKey {
		e.dst = slices.Insert(e.dst, start, '?', ' ')
		e.dst = append(e.dst, '\n')
		e.indent(indent)
	}
	e.dst = append(e.dst, ':')
}

// text writes a string in the form that is easiest to read and safe; a literal block's lines get the given indent.
func (e *encoder) text(s string, indent int) {
	look := survey(s)
	if !look.literal() {
		e.dst = appendLine(e.dst, s, look)
		return
	}
	e.dst = slices.Grow(e.dst, len(s)+(strings.Count(s, "\n")+2)*(indent+1))
	e.dst = append(e.dst, '|')
	body := strings.TrimRight(s, "\n")
	switch breaks := len(s) - len(body); breaks {
	case 0:
		e.dst = append(e.dst, '-')
	case 1:
	default:
		e.dst = append(e.dst, '+')
		body = s[:len(s)-1]
	}
	for line := range strings.SplitSeq(body, "\n") {
		e.dst = append(e.dst, '\n')
		if line != "" {
			e.indent(indent)
			e.dst = append(e.dst, line...)
		}
	}
}

func (e *encoder) scalar(s string, at place) {
	e.space(at)
	e.dst = append(append(e.dst, s...), '\n')
}

func (e *encoder) space(at place) {
	if at == afterKey {
		e.dst = append(e.dst, ' ')
	}
}

func (e *encoder) indent(n int) {
	const blanks = "                                "
	for ; n > len(blanks); n -= len(blanks) {
		e.dst = append(e.dst, blanks...)
	}
	e.dst = append(e.dst, blanks[:n]...)
}

// push puts m's fields on the stack in key order and returns where they begin.
func (e *encoder) push(m Map) int {
	base := len(e.fields)
	for k, v := range m {
		e.fields = append(e.fields, field{k, v})
	}
	sortFields(e.fields[base:])
	return base
}

func (e *encoder) pushFields(f *Fields) int {
	base := len(e.fields)
	e.fields = append(e.fields, f.all()...)
	sortFields(e.fields[base:])
	return base
}

func (e *encoder) pushStrings(m map[string]string) int {
	base := len(e.fields)
	for k, v := range m {
		e.fields = append(e.fields, field{k, v})
	}
	sortFields(e.fields[base:])
	return base
}

// sortFields sorts by key, byte by byte. Mappings are small, and so is the sort.
func sortFields(fields []field) {
	if len(fields) > 16 {
		slices.SortFunc(fields, func(a, b field) int { return strings.Compare(a.key, b.key) })
		return
	}
	for i := 1; i < len(fields); i++ {
		f, j := fields[i], i
		for ; j > 0 && f.key < fields[j-1].key; j-- {
			fields[j] = fields[j-1]
		}
		fields[j] = f
	}
}

// unsupported is the panic for a value that no manifest can hold.
func unsupported(v any) string {
	return fmt.Sprintf("manifest: a value of type %T is none of nil, bool, int, int32, int64, float64, string, list or map", v)
}
