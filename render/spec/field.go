package spec

import (
	"strconv"
	"strings"
)

// Field is what onggi explain and the reference say of a field.
type Field struct {
	// Path is spec.backup.retention; entries of lists are written spec.expose[].
	Path string
	// Name is the last word of the path.
	Name string
	// Type is in words: "string", "list of mappings", "mapping of strings".
	Type string
	// Object is the Go type of the mapping, or of the entries of the list, that the field is; "" for others.
	Object   string
	Required bool
	// Default and Example are as one would write them, "" for none.
	Default, Example string
	// Enum are the values it takes; empty for any.
	Enum []string
	// Limits are the other rules in words, e.g. "1 to 99".
	Limits string
	// Doc is a sentence or more.
	Doc string
	// Children are the fields of a mapping, or of the entries of a list, without their children.
	Children []Field
}

// FieldDoc documents a field by its path: spec.backup.retention, metadata.name, environments, or project.argocd.repo for the
// Project. spec alone is the whole of it.
func FieldDoc(path string) (Field, bool) {
	f, s := fieldAt(path)
	if s == nil {
		return Field{}, false
	}
	var doc Field
	if f == nil {
		doc = Field{Name: path, Type: "mapping", Object: s.typ.Name(), Doc: comment(s.typ.Name())}
	} else {
		doc = f.describe()
	}
	doc.Path = path
	for s.class == list {
		s, path = s.elem, path+"[]"
	}
	for _, c := range s.fields {
		child := c.describe()
		child.Path = path + "." + c.name
		doc.Children = append(doc.Children, child)
	}
	return doc, true
}

// fieldAt finds a field and its shape by path. The field is nil for the documents themselves and for the entries of lists
// and maps.
func fieldAt(path string) (*field, *shape) {
	name, rest, _ := strings.Cut(path, ".")
	s, f := shapes().cluster, (*field)(nil)
	switch {
	case name == "project":
		s, path = shapes().project, rest
	case s.named(withoutIndexes(name)) == nil:
		s = shapes().spec // a path below spec
	}
	for path != "" {
		name, index, rest := step(strings.Replace(path, "[]", "[0]", 1))
		path = rest
		switch {
		case index >= 0 || s.class == list && isNumber(name):
			if s.class != list {
				return nil, nil
			}
			f = &field{shape: s.elem, rules: *formatRules(listFormat(f))}
		case s.class == dict:
			f = &field{name: name, shape: &shape{class: text}, rules: *formatRules(valueFormat(f))}
		case s.class == object && s.named(name) != nil:
			f = s.named(name)
		default:
			return nil, nil
		}
		s = f.shape
	}
	return f, s
}

func isNumber(s string) bool {
	_, err := strconv.Atoi(s)
	return err == nil
}

func listFormat(f *field) string {
	if f == nil {
		return ""
	}
	return f.rules.item.format
}

func valueFormat(f *field) string {
	if f == nil {
		return ""
	}
	return f.rules.value.format
}

// doc is the comment of the field's Go declaration.
func (f *field) doc() string {
	if f.owner == "" {
		return ""
	}
	return comment(f.owner + "." + f.goName)
}

func (f *field) describe() Field {
	out := Field{Name: f.name, Type: typeWords(f.shape), Required: f.rules.required, Default: f.rules.fallback, Example: f.rules.example,
		Enum: f.rules.enum, Limits: limits(&f.rules), Doc: f.doc()}
	s := f.shape
	for s.class == list {
		s = s.elem
	}
	if s.class == object {
		out.Object = s.typ.Name()
	}
	return out
}

func typeWords(s *shape) string {
	switch s.class {
	case object:
		if s.short != nil {
			return "string or mapping"
		}
		return "mapping"
	case dict:
		return "mapping of strings"
	case list:
		switch inner := typeWords(s.elem); inner {
		case "string", "mapping", "boolean":
			return "list of " + inner + "s"
		case "string or mapping":
			return "list of strings or mappings"
		default:
			return "list of " + inner
		}
	case integer:
		return "integer"
	case boolean:
		return "boolean"
	case open:
		return "mapping of anything"
	}
	return "string"
}

// formatWords say what a format is.
var formatWords = map[string]string{
	"cidr": "a network such as 10.0.0.0/8", "cron": "five cron fields in UTC", "destination": "s3://, gs://, azblob:// or pvc://", "dns1035": "a DNS label that begins with a letter",
	"dns1123label": "a DNS label", "dns1123subdomain": "a DNS name of lower-case labels", "dnsName": "a DNS name, with *. or without", "duration": "a duration such as 30s, 5m, 36h or 90d",
	"extension": "the name of an extension", "hba": "lines of pg_hba.conf", "identifier": "a name in the database, at most 63 bytes", "image": "an image with a tag other than latest, or a digest",
	"ip": "an IP address", "labelKey": "label keys", "labelValue": "label values", "parameter": "names of parameters", "quantity": "a quantity such as 500m or 1Gi", "query": "SQL",
	"resource": "cpu, memory, hugepages-2Mi and the like", "rfc3339": "a time with a zone (RFC 3339)", "size": "a size such as 10Gi", "url": "an http or https URL",
}

// limits are a field's rules in words.
func limits(r *rules) string {
	var parts []string
	switch {
	case r.min != nil && r.max != nil:
		parts = append(parts, strconv.Itoa(*r.min)+" to "+strconv.Itoa(*r.max))
	case r.min != nil:
		parts = append(parts, strconv.Itoa(*r.min)+" or more")
	case r.max != nil:
		parts = append(parts, "at most "+strconv.Itoa(*r.max))
	}
	if r.maxLength > 0 {
		parts = append(parts, "at most "+strconv.Itoa(r.maxLength)+" characters")
	}
	for _, l := range []struct{ before, format string }{{"", r.format}, {"each ", r.item.format}, {"keys: ", r.key.format}, {"values: ", r.value.format}} {
		if words := formatWords[l.format]; words != "" {
			parts = append(parts, l.before+words)
		}
	}
	if r.pattern != nil {
		parts = append(parts, "matches "+r.pattern.String())
	}
	if r.unique != "" {
		parts = append(parts, "each "+r.unique+" once")
	}
	if r.group != "" {
		parts = append(parts, "exactly one of its "+r.group+" group")
	}
	return strings.Join(parts, "; ")
}
