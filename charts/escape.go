package charts

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/onggi-db/onggi/render/manifest"
)

// noValue is what Helm takes out of everything it renders: text/template's word for a missing value.
const noValue = "<no value>"

// fragile reports text that must not stand in a template as the encoder writes it: Helm would take noValue out of it, and
// an action that trims the blanks before it would take more than one newline at the end of a block.
func fragile(v any) bool {
	switch v := v.(type) {
	case string:
		return strings.Contains(v, noValue) || strings.HasSuffix(v, "\n\n")
	case []any:
		for _, item := range v {
			if fragile(item) {
				return true
			}
		}
	case manifest.Map:
		for k, item := range v {
			if fragile(k) || fragile(item) {
				return true
			}
		}
	}
	return false
}

// scalarText is v on one line as YAML, or several in a literal block, without the last newline; lines after the first
// are indented by two.
func scalarText(v any) string {
	if s, ok := v.(string); ok && fragile(s) {
		return strings.ReplaceAll(goQuote(s), noValue, `\x3cno value>`)
	}
	text := string(manifest.AppendYAML(nil, v))
	return strings.TrimSuffix(text, "\n")
}

// goQuote is a Go string literal, which is also a double-quoted YAML scalar and a string in a template.
func goQuote(s string) string { return strconv.Quote(s) }

// action finds what looks like a template action and can stand in a raw string.
var action = regexp.MustCompile("\\{\\{[^`\n]*?\\}\\}")

// escape makes text come out of a template as it is. A whole expression of another template language, such as an alert's
// {{ $labels.pod }}, stays readable in one raw string.
func escape(text string) string {
	if !strings.Contains(text, "{{") {
		return text
	}
	var out strings.Builder
	for {
		at := strings.Index(text, "{{")
		if at < 0 {
			out.WriteString(text)
			return out.String()
		}
		out.WriteString(text[:at])
		text = text[at:]
		raw := "{{"
		if m := action.FindStringIndex(text); m != nil && m[0] == 0 {
			raw = text[:m[1]]
		}
		out.WriteString("{{`" + raw + "`}}")
		text = text[len(raw):]
	}
}
