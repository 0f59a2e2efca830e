package charts

import (
	"strings"

	"github.com/onggi-db/onggi/render/manifest"
)

// nsToken stands in a scoped text where the release's namespace is named. It is a word that YAML needs no quotes for.
const nsToken = "ONGGI0RELEASE0NAMESPACE"

// releaseNamespace is what the token becomes.
const releaseNamespace = "{{ .Release.Namespace }}"

// scope finds text that names the namespace of the database, so that the chart can be installed in another one. What can
// mean nothing else is one: a field that holds a namespace, a qualified name, a Service's DNS name, a label matcher of a
// query. Where variants differ by nothing but their namespace, every mention is.
func (b *build) scope(at place, cs cells) (string, bool) {
	if text, ok := b.reading(at, cs, false); ok {
		return text, true
	}
	if cs.agree() {
		return "", false
	}
	return b.reading(at, cs, true)
}

// reading is the text that all variants have once the namespace is marked.
func (b *build) reading(at place, cs cells, everyMention bool) (string, bool) {
	var text string
	for i, c := range cs {
		if !c.has {
			continue
		}
		s, isText := c.value.(string)
		if !isText || b.variants[i].namespace == "" || strings.Contains(s, nsToken) || fragile(s) {
			return "", false
		}
		marked := b.mark(s, b.variants[i].namespace, at.holdsNamespace(), everyMention)
		if text == "" {
			text = marked
		}
		if marked != text || !strings.Contains(marked, nsToken) {
			return "", false
		}
	}
	return text, text != ""
}

// holdsNamespace reports a field whose value is a namespace by its key: namespace, a selector's matchNames, and the
// label that every namespace has.
func (p place) holdsNamespace() bool {
	for i := len(p.path) - 1; i >= 0; i-- {
		switch p.path[i] {
		case "namespace", "matchNames", "kubernetes.io/metadata.name":
			return true
		}
		if _, isKey := p.path[i].(string); isKey {
			return false
		}
	}
	return false
}

// mark puts the token where s names the namespace.
func (b *build) mark(s, namespace string, isField, everyMention bool) string {
	switch {
	case namespace == "" || !strings.Contains(s, namespace):
		return s
	case s == namespace:
		if isField || everyMention {
			return nsToken
		}
		return s
	case everyMention:
		return replaceWord(s, namespace, nsToken)
	}
	if rest, ok := strings.CutPrefix(s, namespace+"."+b.set.Name+"."); ok {
		s = nsToken + "." + b.set.Name + "." + rest
	}
	s = replaceWord(s, namespace+"/"+b.set.Name, nsToken+"/"+b.set.Name)
	return strings.NewReplacer(
		"."+namespace+".svc", "."+nsToken+".svc",
		`namespace="`+namespace+`"`, `namespace="`+nsToken+`"`,
		`namespace=\"`+namespace+`\"`, `namespace=\"`+nsToken+`\"`,
	).Replace(s)
}

// replaceWord replaces word where no letter, digit, dash or underscore is beside it.
func replaceWord(s, word, by string) string {
	if word == "" {
		return s
	}
	var out strings.Builder
	for start := 0; ; {
		i := strings.Index(s[start:], word)
		if i < 0 {
			out.WriteString(s[start:])
			return out.String()
		}
		i += start
		end := i + len(word)
		out.WriteString(s[start:i])
		if i > 0 && inWord(s[i-1]) || end < len(s) && inWord(s[end]) {
			out.WriteString(word)
		} else {
			out.WriteString(by)
		}
		start = end
	}
}

func inWord(c byte) bool {
	return c == '-' || c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// scopedKeys are the keys of all variants' mappings, sorted. A key that begins with the namespace and the database's name,
// such as a dashboard's file, is the same key in every namespace.
func (b *build) scopedKeys(cs cells) []string {
	keys := map[string]bool{}
	for i, c := range cs {
		if c.has {
			for k := range c.value.(manifest.Map) {
				keys[b.scopedKey(k, i)] = true
			}
		}
	}
	return sortedKeys(keys)
}

func (b *build) scopedKey(k string, variant int) string {
	if b.variants[variant].namespace == "" || fragile(k) || strings.Contains(k, nsToken) {
		return k
	}
	if rest, ok := strings.CutPrefix(k, b.variants[variant].namespace+"."+b.set.Name+"."); ok {
		return nsToken + "." + b.set.Name + "." + rest
	}
	return k
}

// below is the view of the place below a scoped key.
func (b *build) below(cs cells, key string) cells {
	out := make(cells, len(cs))
	for i, c := range cs {
		if !c.has {
			continue
		}
		raw := strings.ReplaceAll(key, nsToken, b.variants[i].namespace)
		if b.scopedKey(raw, i) != key {
			raw = key
		}
		if v, ok := c.value.(manifest.Map)[raw]; ok && b.scopedKey(raw, i) == key {
			out[i] = cell{true, v, c.fields.below(raw)}
		}
	}
	return out
}
