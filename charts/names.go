package charts

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// names hands out places in values.yaml: first come, first served, and no place below another's.
type names struct{ taken map[string]bool } // path → whether a value stands there; false: something stands below it

func newNames() *names {
	// Helm gives every chart that is a dependency a mapping named global.
	return &names{taken: map[string]bool{"global": true}}
}

// give sets v.path to the first place it wants that is free. Where none is, the words of the first are run together, and
// then numbered, so that the same chart always has the same names.
func (n *names) give(v *value) {
	for _, path := range v.want {
		if n.take(path) {
			v.path = path
			return
		}
	}
	joined := camel(strings.Join(v.want[0], " "))
	for i := 1; ; i++ {
		path := []string{joined}
		if i > 1 {
			path[0] = fmt.Sprint(joined, i)
		}
		if n.take(path) {
			v.path = path
			return
		}
	}
}

func (n *names) take(path []string) bool {
	if _, ok := n.taken[key(path)]; ok || len(path) == 0 {
		return false
	}
	for i := 1; i < len(path); i++ {
		if n.taken[key(path[:i])] {
			return false
		}
	}
	for i := 1; i < len(path); i++ {
		n.taken[key(path[:i])] = false
	}
	n.taken[key(path)] = true
	return true
}

func key(path []string) string { return strings.Join(path, "\x00") }

// camel turns text into one word that a template can name: the first letter of each further word is capital, and what
// is no letter, digit or underscore separates words.
func camel(text string) string {
	words := strings.FieldsFunc(text, func(r rune) bool {
		return r > unicode.MaxASCII || r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	for i, w := range words {
		if i == 0 {
			words[i] = lowerFirst(w)
		} else {
			words[i] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	word := strings.Join(words, "")
	switch {
	case word == "":
		return "value"
	case unicode.IsDigit(rune(word[0])):
		return "n" + word
	}
	return word
}

// lowerFirst is PrometheusRule → prometheusRule, HTTPRoute → httpRoute, TLS → tls.
func lowerFirst(w string) string {
	if strings.Contains(w, "_") {
		return w // a constant or a setting: people look for it as it is
	}
	upper := 0
	for upper < len(w) && unicode.IsUpper(rune(w[upper])) {
		upper++
	}
	if upper > 1 && upper < len(w) && unicode.IsLower(rune(w[upper])) {
		upper--
	}
	return strings.ToLower(w[:upper]) + w[upper:]
}

// words splits what [camel] joined, in lower case.
func words(s string) []string {
	var out []string
	start := 0
	for i := 1; i <= len(s); i++ {
		if i == len(s) || unicode.IsUpper(rune(s[i])) && !unicode.IsUpper(rune(s[i-1])) {
			out = append(out, strings.ToLower(s[start:i]))
			start = i
		}
	}
	return out
}

// shortKey is the last part of a qualified name: metallb.io/loadBalancerIPs → loadBalancerIPs.
func shortKey(k string) string {
	if _, name, ok := strings.Cut(k, "/"); ok && name != "" {
		return camel(name)
	}
	return camel(k)
}

// identifier reports whether a template can name s behind a dot.
func identifier(s string) bool {
	for i, r := range s {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}

// place is where a node stands, for naming its value and describing it.
type place struct {
	object *object
	path   []any    // in the first variant that has it
	short  []string // below values, without what a reader can do without
	full   []string
}

func (p place) key(k string) place {
	word := strings.TrimLeft(strings.ReplaceAll(k, nsToken, ""), ".")
	short := p.short
	if len(p.path) > 0 || k != "spec" && k != "metadata" {
		short = with(short, shortKey(word))
	}
	return place{p.object, with(p.path, any(k)), short, with(p.full, camel(word))}
}

// item is the place of a list's item. Id names it among the others; an only item needs no name.
func (p place) item(index int, id string) place {
	word := id
	if word == "" {
		word = "item" + strconv.Itoa(index)
	}
	short := p.short
	if id != onlyItem {
		short = with(short, camel(word))
	}
	return place{p.object, with(p.path, any(index)), short, with(p.full, camel("item "+word))}
}

// names for a value at this place, best first; further words name what is said about it.
func (p place) names(words ...string) [][]string {
	if len(p.short) == len(p.object.root) && len(words) == 0 {
		words = []string{"value"}
	}
	return [][]string{slices.Concat(p.short, words), slices.Concat(p.full, words)}
}

// with appends without ever sharing the slice's tail.
func with[T any](s []T, more ...T) []T { return slices.Concat(s, more) }
