package spec

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/onggi-db/onggi/render/spec/node"
)

// decoder turns nodes into the user types and collects what is wrong with them. It never stops early: a value that is
// wrong is left at its zero and the rest is read.
type decoder struct {
	problems Problems
	// partial is true inside a merge patch: nothing is required, and a null takes a field away.
	partial bool
	// skip is a field whose content somebody else reads.
	skip *field
	path []segment
}

// segment is one step of a path: a name, or an index when name is "".
type segment struct {
	name  string
	index int
}

func (d *decoder) push(name string, index int) { d.path = append(d.path, segment{name, index}) }
func (d *decoder) pop()                        { d.path = d.path[:len(d.path)-1] }

// where is the path of the value being read, e.g. spec.databases[0].name.
func (d *decoder) where() string {
	var b strings.Builder
	for i, s := range d.path {
		switch {
		case s.name == "":
			b.WriteString("[" + strconv.Itoa(s.index) + "]")
		case strings.ContainsAny(s.name, ".[]\""):
			b.WriteString("[" + strconv.Quote(s.name) + "]")
		default:
			if i > 0 {
				b.WriteByte('.')
			}
			b.WriteString(s.name)
		}
	}
	return b.String()
}

// report adds a problem at a node.
func (d *decoder) report(n *node.Node, v violation) {
	d.problems = append(d.problems, problemAt(n, d.where(), v))
}

// reportChild adds a problem about a field of the value being read, at the field's key.
func (d *decoder) reportChild(key *node.Node, name string, v violation) {
	d.push(name, 0)
	d.report(key, v)
	d.pop()
}

// violation is a problem before it has a place.
type violation struct{ code, message, why, fix string }

func problemAt(n *node.Node, path string, v violation) Problem {
	return Problem{Code: v.code, Pos: Pos{File: n.File.Name, Line: int(n.Line), Col: int(n.Col)}, Path: path, Width: n.Width(),
		Source: n.File.Line(int(n.Line)), Message: v.message, Why: v.why, Fix: v.fix}
}

// decode reads n as shape s into dst, which is settable and of the Go type of s. n is not null.
func (d *decoder) decode(n *node.Node, s *shape, r *rules, dst reflect.Value) {
	if s.pointer {
		dst.Set(reflect.New(s.typ))
		dst = dst.Elem()
	}
	switch s.class {
	case object:
		d.object(n, s, dst)
	case list:
		d.list(n, s, r, dst)
	case dict:
		d.dict(n, r, dst)
	case open:
		d.open(n, r, dst)
	case text:
		if value, ok := d.text(n, r); ok {
			dst.SetString(value)
		}
	case integer:
		if value, ok := d.integer(n, r); ok {
			dst.SetInt(value)
		}
	case boolean:
		if value, ok := d.boolean(n); ok {
			dst.SetBool(value)
		}
	}
}

func (d *decoder) object(n *node.Node, s *shape, dst reflect.Value) {
	if n = s.inFull(n); n.Kind != node.Mapping {
		d.report(n, wrongType(n, s, exampleOf(s)))
		return
	}
	var meant []string
	for i, key := range n.Keys {
		f := s.named(key.Value)
		if f == nil {
			v, field := unknownField(s, d.where(), key.Value)
			d.reportChild(key, key.Value, v)
			meant = append(meant, field)
			continue
		}
		value := n.Items[i]
		if value.IsNull() || f == d.skip {
			continue
		}
		d.push(f.name, 0)
		d.decode(value, f.shape, &f.rules, dst.FieldByIndex(f.index))
		d.pop()
	}
	if !d.partial {
		d.complete(n, s, meant)
	}
}

// complete checks that what is required is there, and exactly one field of each group. What was meant but misspelt has been
// reported already.
func (d *decoder) complete(n *node.Node, s *shape, meant []string) {
	for _, f := range s.must {
		if n.Get(f.name).IsNull() && !slices.Contains(meant, f.name) {
			d.reportChild(n, f.name, violation{codeRequired, fmt.Sprintf("%s is required here", f.name), "", "add " + exampleLine(f)})
		}
	}
	for _, g := range s.groups {
		var set []*field
		for _, f := range g.fields {
			if v := n.Get(f.name); !v.IsNull() && !(v.Type == node.Bool && !v.True()) {
				set = append(set, f)
			}
		}
		switch {
		case len(set) == 0 && len(meant) == 0:
			d.report(n, violation{codeOneOf, "one of " + names(g.fields, "or") + " is needed here", "", "add one of them"})
		case len(set) > 1:
			key, _ := n.Pair(set[1].name)
			d.reportChild(key, set[1].name, violation{codeOneOf, names(set, "and") + " exclude each other", "only one of them can hold", "keep one of them"})
		}
	}
}

func (d *decoder) list(n *node.Node, s *shape, r *rules, dst reflect.Value) {
	if n.Kind != node.Sequence {
		d.report(n, wrongType(n, s, ""))
		return
	}
	dst.Set(reflect.MakeSlice(s.typ, len(n.Items), len(n.Items))) // no longer than it is: whoever appends gets a copy
	for i, item := range n.Items {
		d.push("", i)
		if item.IsNull() {
			d.report(item, violation{codeNull, "an empty entry in a list", "", "write the entry, or delete the dash"})
		} else {
			d.decode(item, s.elem, r.item, dst.Index(i))
		}
		d.pop()
	}
	if r.unique != "" {
		d.unique(n, s, r.unique)
	}
}

// unique reports entries of a list that name what an earlier one names.
func (d *decoder) unique(n *node.Node, s *shape, field string) {
	for i, item := range n.Items {
		name := nameOf(item, s, field)
		if name == nil {
			continue
		}
		for _, earlier := range n.Items[:i] {
			if first := nameOf(earlier, s, field); first != nil && first.Value == name.Value {
				d.push("", i)
				d.report(name, violation{codeUnique, fmt.Sprintf("a second entry called %q; the first is at %d:%d", name.Value, first.Line, first.Col),
					"one of the two would be lost", "rename one, or merge the two"})
				d.pop()
				break
			}
		}
	}
}

// nameOf is the node of the field that tells the entries of a list apart, the entry itself where a bare string stands for it.
func nameOf(item *node.Node, s *shape, field string) *node.Node {
	if item.Kind == node.Scalar && s.elem.short != nil && s.elem.short.name == field {
		return item
	}
	if v := item.Get(field); v != nil && v.Kind == node.Scalar {
		return v
	}
	return nil
}

func (d *decoder) dict(n *node.Node, r *rules, dst reflect.Value) {
	if n.Kind != node.Mapping {
		d.report(n, wrongType(n, &shape{class: dict}, r.example))
		return
	}
	m := make(map[string]string, len(n.Keys))
	for i, key := range n.Keys {
		d.push(key.Value, 0)
		name, ok := d.text(key, r.key)
		if value := n.Items[i]; ok && !value.IsNull() {
			if s, ok := d.text(value, r.value); ok {
				m[name] = s
			}
		}
		d.pop()
	}
	dst.Set(reflect.ValueOf(m))
}

// text reads a string, and refuses a scalar that some reader would take for something else.
func (d *decoder) text(n *node.Node, r *rules) (string, bool) {
	if n.Kind != node.Scalar {
		d.report(n, wrongType(n, &shape{class: text}, r.example))
		return "", false
	}
	numeric := n.Style == node.Plain && (n.Type == node.Int || n.Type == node.Float) && node.Legacy(n.Value) == ""
	if n.Style == node.Plain && n.Type != node.String && !(numeric && takesNumbers(r.format)) {
		v := violation{codeQuote, fmt.Sprintf("%s is %s, but a string is needed here", n.Value, typeName(n)),
			"another reader of this YAML would see " + typeName(n), "write " + strconv.Quote(n.Value)}
		if more := checkText(n.Value, r); more != nil {
			v.fix = more.fix // in quotes it would be wrong too
		}
		d.report(n, v)
		return "", false
	}
	if legacy := node.Legacy(n.Value); legacy != "" && n.Style == node.Plain && len(r.enum) == 0 {
		d.report(n, violation{codeTrap, fmt.Sprintf("unquoted %s is a string to YAML 1.2 and %s to YAML 1.1", n.Value, legacy),
			"Helm, kubectl and Argo CD read YAML 1.1", "write " + strconv.Quote(n.Value)})
		return "", false
	}
	if v := checkText(n.Value, r); v != nil {
		d.report(n, *v)
		return "", false
	}
	return n.Value, true
}

// checkText holds a string against the rules of its field.
func checkText(s string, r *rules) *violation {
	switch {
	case strings.Contains(s, "\x00"):
		return &violation{codeEncoding, fmt.Sprintf("%q has a NUL", s), "to the database and all that is written in C a string ends there", "take \\0 out"}
	case strings.Contains(s, "\u0085"):
		return &violation{codeEncoding, fmt.Sprintf("%q has a U+0085", s), "YAML 1.1 takes it for a line break, and Kustomize writes a blank in its place", "take it out, or write \\n for a line break"}
	case len(r.enum) > 0:
		return checkEnum(s, r.enum)
	case r.format != "":
		if v := checkFormat(r.format, s); v != nil {
			return v
		}
	case r.pattern != nil && !r.pattern.MatchString(s):
		v := &violation{code: codePattern, message: fmt.Sprintf("%q is not what this field takes", s), why: "it must match " + r.pattern.String()}
		if v.fix = "see onggi explain for this field"; r.example != "" {
			v.fix = "write it like " + r.example
		}
		return v
	}
	if r.maxLength == 0 && r.minLength == 0 {
		return nil
	}
	if count := utf8.RuneCountInString(s); r.maxLength > 0 && count > r.maxLength {
		return &violation{codeLength, fmt.Sprintf("%q has %d characters; at most %d fit", s, count, r.maxLength), "", "shorten it"}
	} else if count < r.minLength {
		return &violation{codeLength, fmt.Sprintf("%q has %d characters; at least %d are needed", s, count, r.minLength), "", "lengthen it"}
	}
	return nil
}

func checkEnum(s string, enum []string) *violation {
	for _, e := range enum {
		if s == e {
			return nil
		}
	}
	v := &violation{code: codeEnum, message: fmt.Sprintf("%q is not one of %s", s, strings.Join(enum, ", ")), fix: "write one of " + strings.Join(enum, ", ")}
	if len(enum) == 1 {
		v.message, v.fix = fmt.Sprintf("%q is not %s", s, enum[0]), "write "+enum[0]
	} else if best := nearestWord(s, enum); best != "" {
		v.fix = "write " + best
	}
	return v
}

func (d *decoder) integer(n *node.Node, r *rules) (int64, bool) {
	if n.Kind != node.Scalar || n.Type != node.Int {
		v := wrongType(n, &shape{class: integer}, r.example)
		if n.Kind == node.Scalar && node.Resolve(n.Value) == node.Int {
			v.fix = "write " + n.Value + " without quotes"
		}
		d.report(n, v)
		return 0, false
	}
	if legacy := node.Legacy(n.Value); legacy != "" {
		i, _ := n.Integer()
		d.report(n, violation{codeTrap, fmt.Sprintf("%s is %d to YAML 1.2 and %s to YAML 1.1", n.Value, i, legacy), "Helm, kubectl and Argo CD read YAML 1.1",
			"write the number in decimal, without leading zeros"})
		return 0, false
	}
	i, ok := n.Integer()
	switch {
	case !ok || int64(int(i)) != i:
		d.report(n, violation{codeRange, n.Value + " is too large", "", "write a smaller number"})
	case r.min != nil && i < int64(*r.min):
		d.report(n, violation{codeRange, fmt.Sprintf("%d is below the minimum of %d", i, *r.min), "", fmt.Sprintf("write %d or more", *r.min)})
	case r.max != nil && i > int64(*r.max):
		d.report(n, violation{codeRange, fmt.Sprintf("%d is above the maximum of %d", i, *r.max), "", fmt.Sprintf("write %d or less", *r.max)})
	default:
		return i, true
	}
	return 0, false
}

func (d *decoder) boolean(n *node.Node) (bool, bool) {
	if n.Kind == node.Scalar && n.Type == node.Bool {
		return n.True(), true
	}
	v := wrongType(n, &shape{class: boolean}, "")
	v.fix = "write true or false"
	if n.Kind == node.Scalar {
		switch word := strings.ToLower(n.Value); word {
		case "yes", "on", "y", "true", "1", "enabled":
			v.fix = "write true"
		case "no", "off", "n", "false", "0", "disabled":
			v.fix = "write false"
		}
	}
	d.report(n, v)
	return false, false
}
