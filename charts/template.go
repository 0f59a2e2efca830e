package charts

import (
	"slices"
	"strconv"
	"strings"

	"github.com/onggi-db/onggi/render/manifest"
)

// template writes nodes as the text of a Helm template.
type template struct{ strings.Builder }

// objectTemplate is the template of one object.
func objectTemplate(o *object) []byte {
	t := &template{}
	if !o.when.always() {
		t.open(0, o.when)
	}
	t.mapping(0, o.body)
	if !o.when.always() {
		t.end(0)
	}
	return []byte(t.String())
}

func (t *template) line(indent int, text string) {
	t.WriteString(strings.Repeat(" ", indent))
	t.WriteString(text)
	t.WriteByte('\n')
}

func (t *template) open(indent int, c cond) {
	word := "if "
	if c.with {
		word = "with "
	}
	t.line(indent, "{{- "+word+c.expr()+" }}")
}

func (t *template) end(indent int) { t.line(indent, "{{- end }}") }

// expr is the condition as a template writes it.
func (c cond) expr() string {
	if len(c.terms) == 1 {
		return c.terms[0].expr()
	}
	word := "and"
	if c.any {
		word = "or"
	}
	for _, v := range c.terms {
		word += " " + v.expr()
	}
	return word
}

func (t *template) mapping(indent int, m *mapping) {
	for _, e := range m.entries {
		t.entry(indent, e)
	}
}

func (t *template) entry(indent int, e entry) {
	if e.when.always() {
		t.body(indent, e)
		return
	}
	t.open(indent, e.when)
	t.body(indent, e)
	t.end(indent)
}

// body writes "key: node" in the column indent.
func (t *template) body(indent int, e entry) {
	key := e.text()
	switch n := e.node.(type) {
	case *literal:
		t.entryLiteral(indent, e, n.value)
	case *scoped:
		t.line(indent, key+": "+n.yaml(indent))
	case *leaf:
		t.leaf(indent, key, e, n)
	case *choice:
		t.choice(indent, n, func(v any) { t.entryLiteral(indent, e, v) })
	case *text:
		t.line(indent, key+": "+n.header)
		t.text(indent+2, n)
	case *mapping:
		t.line(indent, key+":"+n.otherwise(e.when))
		t.mapping(indent+2, n)
	case *sequence:
		t.line(indent, key+":"+n.otherwise(e.when))
		t.sequence(indent, n)
	}
}

// text is the key as the template has it.
func (e entry) text() string {
	return strings.ReplaceAll(escape(keyText(e.key)), nsToken, releaseNamespace)
}

func keyText(key string) string {
	if fragile(key) {
		return scalarText(key)
	}
	return strings.TrimSuffix(string(manifest.AppendYAML(nil, manifest.Map{key: nil})), ": null\n")
}

// entryLiteral writes "key: value", where the key may name the namespace.
func (t *template) entryLiteral(indent int, e entry, v any) {
	if !strings.Contains(e.key, nsToken) {
		t.literal(indent, e.key, v)
		return
	}
	text := &template{}
	text.literal(indent, e.key, v)
	t.WriteString(strings.ReplaceAll(text.String(), nsToken, releaseNamespace))
}

// literal writes "key: value" as the encoder does, in one piece where it can.
func (t *template) literal(indent int, key string, v any) {
	if !fragile(key) && !fragile(v) {
		t.piece(indent, manifest.Map{key: v})
		return
	}
	head := escape(keyText(key)) + ":"
	if m, ok := v.(manifest.Map); ok && len(m) > 0 {
		t.line(indent, head)
		for _, k := range sortedKeys(m) {
			t.literal(indent+2, k, m[k])
		}
		return
	}
	if list, ok := v.([]any); ok && len(list) > 0 {
		t.line(indent, head)
		for _, item := range list {
			t.literalItem(indent, item)
		}
		return
	}
	t.line(indent, head+" "+below(indent, scalarText(v)))
}

// literalItem writes "- value".
func (t *template) literalItem(indent int, v any) {
	if !fragile(v) {
		t.piece(indent, []any{v})
		return
	}
	switch v := v.(type) {
	case manifest.Map:
		t.line(indent, "-")
		for _, k := range sortedKeys(v) {
			t.literal(indent+2, k, v[k])
		}
	case []any:
		t.line(indent, "-")
		for _, item := range v {
			t.literalItem(indent+2, item)
		}
	default:
		t.line(indent, "- "+below(indent, scalarText(v)))
	}
}

// piece writes what the encoder makes of v, in the column indent.
func (t *template) piece(indent int, v any) {
	text := strings.TrimSuffix(string(manifest.AppendYAML(nil, v)), "\n")
	t.WriteString(indented(indent, escape(text)))
	t.WriteByte('\n')
}

// indented moves lines that say something to the right.
func indented(indent int, text string) string {
	pad := strings.Repeat(" ", indent)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if line != "" {
			lines[i] = pad + line
		}
	}
	return strings.Join(lines, "\n")
}

// below is the text of a scalar behind a key or a dash in the column indent.
func below(indent int, text string) string {
	return strings.TrimLeft(escape(indented(indent, text)), " ")
}

// yaml is the scoped text as a scalar, with the release's namespace where the token was.
func (n *scoped) yaml(indent int) string {
	if n.text == nsToken {
		return "{{ .Release.Namespace | quote }}"
	}
	return strings.ReplaceAll(below(indent, scalarText(n.text)), nsToken, releaseNamespace)
}

// leaf writes a value in its form. Below `with`, the value is the dot.
func (t *template) leaf(indent int, key string, e entry, n *leaf) {
	expr := n.value.expr()
	if e.when.with {
		expr = "."
	}
	switch {
	case e.splice:
		t.line(indent, block(indent, expr))
	case n.form == formBlock:
		t.line(indent, key+":")
		t.line(indent+2, block(indent+2, expr))
	default:
		t.line(indent, key+": "+n.form.inline(expr))
	}
}

func block(indent int, expr string) string {
	return "{{- toYaml " + expr + " | nindent " + strconv.Itoa(indent) + " }}"
}

// inline is the expression that writes a scalar of this form.
func (f form) inline(expr string) string {
	switch f {
	case formString:
		return "{{ " + expr + " | quote }}"
	case formInt:
		return "{{ " + expr + " | int64 }}"
	case formBool:
		return "{{ " + expr + " }}"
	default:
		return "{{ " + expr + " | toJson }}"
	}
}

// choice writes the alternatives, one of which the value names; the last one needs no name.
func (t *template) choice(indent int, n *choice, write func(any)) {
	for i, a := range n.alternatives {
		switch {
		case i == 0:
			t.line(indent, "{{- if eq "+n.value.expr()+" "+goQuote(a.name)+" }}")
		case i == len(n.alternatives)-1:
			t.line(indent, "{{- else }}")
		default:
			t.line(indent, "{{- else if eq "+n.value.expr()+" "+goQuote(a.name)+" }}")
		}
		write(a.value)
	}
	t.end(indent)
}

// text writes the lines of a block. An action on a line of its own takes the newline before it away and leaves its own.
func (t *template) text(indent int, n *text) {
	for _, h := range n.hunks {
		if !h.differs() {
			t.textLine(indent, h.common)
			continue
		}
		word := "if "
		for i, own := range h.own {
			first := slices.IndexFunc(h.own, func(o []string) bool { return slices.Equal(o, own) })
			if len(own) == 0 || first < i {
				continue
			}
			t.line(indent, "{{- "+word+n.is(h, own)+" }}")
			for _, l := range own {
				t.textLine(indent, l)
			}
			word = "else if "
		}
		t.end(indent)
	}
}

func (t *template) textLine(indent int, l string) {
	if l == "" {
		indent = 0
	}
	t.line(indent, strings.ReplaceAll(escape(l), nsToken, releaseNamespace))
}

// is is the condition that the value names a version that has these lines.
func (n *text) is(h hunk, lines []string) string {
	var names []string
	for i, own := range h.own {
		if slices.Equal(own, lines) {
			names = append(names, n.names[i])
		}
	}
	if len(names) == 1 {
		return "eq " + n.value.expr() + " " + goQuote(names[0])
	}
	return "has " + n.value.expr() + " (list " + strings.Join(quoteAll(names), " ") + ")"
}

func (t *template) sequence(indent int, n *sequence) {
	for _, it := range n.items {
		if !it.when.always() {
			t.open(indent, it.when)
		}
		t.item(indent, it)
		if !it.when.always() {
			t.end(indent)
		}
	}
}

// item writes "- node" with the dash in the column indent.
func (t *template) item(indent int, it item) {
	switch n := it.node.(type) {
	case *literal:
		t.literalItem(indent, n.value)
	case *scoped:
		t.line(indent, "- "+n.yaml(indent))
	case *leaf:
		if n.form == formBlock {
			t.line(indent, "-")
			t.line(indent+2, block(indent+2, n.value.expr()))
			return
		}
		t.line(indent, "- "+n.form.inline(n.value.expr()))
	case *choice:
		t.choice(indent, n, func(v any) { t.literalItem(indent, v) })
	case *text:
		t.line(indent, "- "+n.header)
		t.text(indent+2, n)
	case *mapping:
		t.itemMapping(indent, n)
	case *sequence:
		t.line(indent, "-"+n.otherwise(cond{}))
		t.sequence(indent+2, n)
	}
}

// itemMapping writes a mapping behind a dash. The line of the dash must be there in every case, so an entry that always
// is goes first; where there is none, the dash stands alone.
func (t *template) itemMapping(indent int, m *mapping) {
	for i, e := range m.entries {
		if _, isChoice := e.node.(*choice); isChoice || !e.when.always() {
			continue
		}
		first := &template{}
		first.entry(indent+2, e)
		t.WriteString(strings.Repeat(" ", indent) + "- " + strings.TrimLeft(first.String(), " "))
		for j, rest := range m.entries {
			if j != i {
				t.entry(indent+2, rest)
			}
		}
		return
	}
	t.line(indent, "-"+m.otherwise(cond{}))
	t.mapping(indent+2, m)
}

// otherwise is what follows a key whose mapping may be left without entries: "key:" alone would be a null.
func (m *mapping) otherwise(key cond) string {
	whens := make([]cond, len(m.entries))
	for i, e := range m.entries {
		whens[i] = e.when
	}
	return otherwise(key, whens, "{}")
}

func (s *sequence) otherwise(key cond) string {
	whens := make([]cond, len(s.items))
	for i, it := range s.items {
		whens[i] = it.when
	}
	return otherwise(key, whens, "[]")
}

func otherwise(key cond, whens []cond, empty string) string {
	var terms []*value
	for _, w := range whens {
		if w.always() {
			return ""
		}
		terms = append(terms, w.terms...)
	}
	if key.any {
		return "" // the key is there only when one of its entries is
	}
	all := cond{terms: terms, any: true}.expr()
	if len(terms) > 1 {
		all = "(" + all + ")"
	}
	return "{{ if not " + all + " }} " + empty + "{{ end }}"
}
