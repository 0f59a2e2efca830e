package manifest

import (
	"cmp"
	"encoding/base64"
	"math"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	// maxDepth is how deep collections may be nested: far beyond any manifest, and no stack is in danger.
	maxDepth = 1000
	// maxAliased is how many values aliases may stand for in one stream, so that a few lines cannot fill the memory.
	maxAliased = 100_000
)

// aliases is what has been expanded and what is being expanded.
type aliases struct {
	open  map[*yaml.Node]bool
	count int
}

// value turns a node into a canonical value. It reports what is wrong and returns false where it cannot go on.
func (d *decoder) value(n *yaml.Node, depth int) (any, bool) {
	if depth > maxDepth {
		d.problem(n, "nested deeper than %d levels", maxDepth)
		return nil, false
	}
	if len(d.aliases.open) > 0 {
		if d.aliases.count++; d.aliases.count == maxAliased {
			d.problem(n, "aliases stand for more than %d values", maxAliased)
		}
		if d.aliases.count >= maxAliased {
			return nil, false
		}
	}
	switch n.Kind {
	case yaml.AliasNode:
		return d.aliased(n, func(n *yaml.Node) (any, bool) { return d.value(n, depth+1) })
	case yaml.MappingNode:
		if !d.knownTag(n, "!!map") {
			return nil, false
		}
		return d.mapping(n, depth)
	case yaml.SequenceNode:
		if !d.knownTag(n, "!!seq") {
			return nil, false
		}
		return d.sequence(n, depth)
	default:
		v, ok := d.scalar(n)
		return Canonical(v), ok
	}
}

// aliased does something with the node that an alias stands for, unless that would never end.
func (d *decoder) aliased(n *yaml.Node, do func(*yaml.Node) (any, bool)) (any, bool) {
	if d.aliases.open[n.Alias] {
		d.problem(n, "anchor %q contains itself", n.Value)
		return nil, false
	}
	if d.aliases.open == nil {
		d.aliases.open = map[*yaml.Node]bool{}
	}
	d.aliases.open[n.Alias] = true
	defer delete(d.aliases.open, n.Alias)
	return do(n.Alias)
}

func (d *decoder) sequence(n *yaml.Node, depth int) (any, bool) {
	items := make([]any, 0, len(n.Content))
	for _, c := range n.Content {
		v, ok := d.value(c, depth+1)
		if !ok {
			return nil, false
		}
		items = append(items, v)
	}
	return items, true
}

func (d *decoder) mapping(n *yaml.Node, depth int) (any, bool) {
	m := make(Map, len(n.Content)/2)
	lines := make(map[string]int, len(n.Content)/2)
	var merges []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if k.Kind == yaml.ScalarNode && k.Tag == "!!merge" {
			merges = append(merges, v)
			continue
		}
		key, ok := d.key(k)
		if !ok {
			return nil, false
		}
		if line, seen := lines[key]; seen {
			d.problem(k, "duplicate key %q: it is set in line %d already", key, line)
		}
		lines[key] = k.Line
		if m[key], ok = d.value(v, depth+1); !ok {
			return nil, false
		}
	}
	for _, from := range merges {
		if !d.merge(m, from, depth+1) {
			return nil, false
		}
	}
	return m, true
}

// merge adds what m lacks from the mapping, or from the list of mappings, of a merge key. The earlier mapping wins.
func (d *decoder) merge(m Map, from *yaml.Node, depth int) bool {
	sources := []*yaml.Node{from}
	if from.Kind == yaml.SequenceNode {
		sources = from.Content
	}
	for _, source := range sources {
		if target(source).Kind != yaml.MappingNode {
			d.problem(source, "a merge key takes a mapping, not a %s", nodeKind(target(source)))
			return false
		}
		v, ok := d.value(source, depth)
		if !ok {
			return false
		}
		for k, v := range v.(Map) {
			if _, has := m[k]; !has {
				m[k] = v
			}
		}
	}
	return true
}

// key turns a key into the string that kubectl makes of it.
func (d *decoder) key(n *yaml.Node) (string, bool) {
	if n.Kind == yaml.AliasNode {
		v, ok := d.aliased(n, func(n *yaml.Node) (any, bool) { return d.key(n) })
		return str(v), ok
	}
	if n.Kind != yaml.ScalarNode {
		d.problem(n, "a key has to be a string, not a %s", nodeKind(n))
		return "", false
	}
	v, ok := d.scalar(n)
	if !ok {
		return "", false
	}
	switch v := v.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		key := strconv.FormatFloat(v, 'g', -1, 32) // as sigs.k8s.io/yaml writes it, even where that loses digits
		if read, err := strconv.ParseFloat(key, 64); err == nil && read == v {
			return key, true
		}
	}
	d.problem(n, "a key has to be a string, not %s: quote it", cmp.Or(n.Value, "null"))
	return "", false
}

// scalar turns a scalar into nil, bool, int64, float64 or string.
func (d *decoder) scalar(n *yaml.Node) (any, bool) {
	quoted := n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0
	var v any
	switch {
	case n.Style&yaml.TaggedStyle != 0:
		var ok bool
		if v, ok = tagged(n.Tag, n.Value); !ok {
			d.problem(n, "%q is no value for the tag %s", n.Value, n.Tag)
			return nil, false
		}
	case quoted:
		v = n.Value
	default:
		v = resolve(n.Value)
	}
	switch t := v.(type) {
	case float64:
		if math.IsInf(t, 0) || math.IsNaN(t) {
			d.problem(n, "%s is no number that JSON can hold: quote it if it is a string", n.Value)
			return nil, false
		}
	case string:
		return validString(t), true
	}
	return v, true
}

func (d *decoder) knownTag(n *yaml.Node, want string) bool {
	if n.Style&yaml.TaggedStyle != 0 && n.Tag != want {
		d.problem(n, "a %s cannot have the tag %s", nodeKind(n), n.Tag)
		return false
	}
	return true
}

// tagged reads a scalar that has an explicit tag.
func tagged(tag, s string) (v any, ok bool) {
	switch tag {
	case "!!str", "!!timestamp":
		return s, true
	case "!!binary":
		data, err := base64.StdEncoding.DecodeString(s)
		return string(data), err == nil
	}
	v = resolve(s)
	switch t := v.(type) {
	case nil:
		return v, tag == "!!null"
	case bool:
		return v, tag == "!!bool"
	case int64:
		if tag == "!!float" {
			return float64(t), true
		}
		return v, tag == "!!int"
	case float64:
		return v, tag == "!!float"
	default:
		return v, false
	}
}

var decimal = regexp.MustCompile(`^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`)

// resolve reads a scalar without quotes as YAML 1.1, the way sigs.k8s.io/yaml does.
func resolve(s string) any {
	switch s {
	case "", "~", "null", "Null", "NULL":
		return nil
	case "true", "True", "TRUE", "y", "Y", "yes", "Yes", "YES", "on", "On", "ON":
		return true
	case "false", "False", "FALSE", "n", "N", "no", "No", "NO", "off", "Off", "OFF":
		return false
	case ".nan", ".NaN", ".NAN":
		return math.NaN()
	case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF":
		return math.Inf(1)
	case "-.inf", "-.Inf", "-.INF":
		return math.Inf(-1)
	}
	if strings.IndexByte("+-.0123456789", s[0]) < 0 {
		return s
	}
	digits := s
	if s[0] != '.' {
		digits = strings.ReplaceAll(s, "_", "")
		if n, err := strconv.ParseInt(digits, 0, 64); err == nil {
			return n
		}
		if n, err := strconv.ParseUint(digits, 0, 64); err == nil {
			return float64(n)
		}
	}
	if decimal.MatchString(digits) {
		if f, err := strconv.ParseFloat(digits, 64); err == nil {
			return f
		}
	}
	return s
}
