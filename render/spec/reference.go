package spec

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Reference is the field reference in Markdown, from the types and their comments. It is the file docs/reference/spec.md.
func Reference() []byte {
	var b bytes.Buffer
	b.WriteString("# The spec, field by field\n\n")
	b.WriteString("<!-- Generated from the types in render/spec by go generate. Do not edit. -->\n\n")
	b.WriteString("Every field of `" + APIVersion + "`. `onggi explain spec.backup.retention` shows one of them, `onggi schema` is the same for editors.\n")
	b.WriteString("A field in **bold** is required; the Project's `defaults` or an environment's patch may be what supplies it.\n")
	written := map[string]bool{}
	used := map[string][]string{}
	for _, root := range []*shape{shapes().cluster, shapes().project} {
		uses(root, map[*shape]string{shapes().cluster: "", shapes().project: "project"}[root], used)
	}
	writeObject(&b, shapes().cluster, written, used)
	writeObject(&b, shapes().project, written, used)
	return b.Bytes()
}

// uses collects the paths at which each object is used.
func uses(s *shape, path string, used map[string][]string) {
	for _, f := range s.fields {
		at := strings.TrimPrefix(path+"."+f.name, ".")
		inner := f.shape
		for inner.class == list {
			inner, at = inner.elem, at+"[]"
		}
		if inner.class == object {
			used[inner.typ.Name()] = append(used[inner.typ.Name()], at)
			uses(inner, at, used)
		}
	}
}

// writeObject writes an object and then those it is made of, depth first, each once.
func writeObject(b *bytes.Buffer, s *shape, written map[string]bool, used map[string][]string) {
	name := s.typ.Name()
	if written[name] {
		return
	}
	written[name] = true
	fmt.Fprintf(b, "\n## %s\n\n%s\n", name, comment(name))
	if places := used[name]; len(places) > 0 {
		slices.Sort(places)
		fmt.Fprintf(b, "\nUsed at `%s`.\n", strings.Join(slices.Compact(places), "`, `"))
	}
	if s.short != nil {
		fmt.Fprintf(b, "\nA bare string stands for `{%s: …}`.\n", s.short.name)
	}
	b.WriteString("\n| Field | Type | Default | Description |\n| --- | --- | --- | --- |\n")
	for _, f := range s.fields {
		b.WriteString(tableRow(f.describe()))
	}
	for _, f := range s.fields {
		inner := f.shape
		for inner.class == list {
			inner = inner.elem
		}
		if inner.class == object {
			writeObject(b, inner, written, used)
		}
	}
}

// patternInLimits is a regular expression among a field's limits. As it is, Markdown takes a part of some for a link.
var patternInLimits = regexp.MustCompile(`matches (\^\S+)`)

// tableRow is one field as a row of a Markdown table.
func tableRow(f Field) string {
	name, kind, fallback := "`"+f.Name+"`", f.Type, ""
	if f.Required {
		name = "**" + name + "**"
	}
	if f.Object != "" {
		kind = fmt.Sprintf("%s: [%s](#%s)", kind, f.Object, strings.ToLower(f.Object))
	}
	if f.Default != "" {
		fallback = "`" + f.Default + "`"
	}
	doc := strings.ReplaceAll(f.Doc, "\n\n", " ")
	if len(f.Enum) > 0 {
		doc += " One of `" + strings.Join(f.Enum, "`, `") + "`."
	}
	if f.Limits != "" {
		doc += " (" + patternInLimits.ReplaceAllString(f.Limits, "matches `$1`") + ")"
	}
	if f.Example != "" {
		doc += " Example: `" + f.Example + "`."
	}
	cells := []string{name, kind, fallback, doc}
	for i, c := range cells {
		cells[i] = strings.ReplaceAll(c, "|", `\|`)
	}
	return "| " + strings.Join(cells, " | ") + " |\n"
}
