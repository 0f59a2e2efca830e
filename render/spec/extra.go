package spec

import (
	"math"
	"strconv"
	"strings"

	"github.com/onggi-db/onggi/render/spec/node"
)

// legacyValue is a node of a foreign manifest as kubectl, Helm and Argo CD read it: by the rules of their library, which are
// those of YAML 1.1 for the most part, so that what is taken in is the object the author has been applying.
func legacyValue(n *node.Node) any {
	switch n.Kind {
	case node.Mapping:
		m := make(map[string]any, len(n.Keys))
		for i, key := range n.Keys {
			m[legacyKey(key)] = legacyValue(n.Items[i])
		}
		return m
	case node.Sequence:
		l := make([]any, len(n.Items))
		for i, item := range n.Items {
			l[i] = legacyValue(item)
		}
		return l
	}
	if n.Style == node.Plain {
		return legacyScalar(n.Value)
	}
	return n.Value
}

// legacyKey is a key as JSON has it: on becomes "true".
func legacyKey(n *node.Node) string {
	switch v := legacyValue(n).(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	}
	return n.Value
}

// legacyScalar is a plain scalar: a number in any base, with underscores or without, a boolean in any of its words, null, or
// a string. A number that is not finite stays a string, as JSON has no other word for it.
func legacyScalar(s string) any {
	switch s {
	case "", "~", "null", "Null", "NULL":
		return nil
	case "true", "True", "TRUE", "y", "Y", "yes", "Yes", "YES", "on", "On", "ON":
		return true
	case "false", "False", "FALSE", "n", "N", "no", "No", "NO", "off", "Off", "OFF":
		return false
	}
	if c := s[0]; c != '+' && c != '-' && c != '.' && (c < '0' || c > '9') {
		return s
	}
	plain := strings.ReplaceAll(s, "_", "")
	if s[0] != '.' {
		if i, err := strconv.ParseInt(plain, 0, 64); err == nil {
			return i
		}
	}
	if t := node.Resolve(plain); (t == node.Float || t == node.Int) && strings.ContainsAny(plain, "0123456789") && (s[0] != '.' || plain == s) {
		if f, err := strconv.ParseFloat(plain, 64); err == nil && !math.IsInf(f, 0) {
			return f
		}
	}
	return s
}

// plainSecret refuses a Secret that has its values in the file. One without values, such as a request for a service account's
// token, is a manifest like any other.
func (l *loader) plainSecret(root *node.Node) bool {
	var at *node.Node
	found := spills{}
	for _, field := range []string{"stringData", "data"} {
		if k, v := root.Pair(field); k != nil && len(v.Items) > 0 {
			at = k
			found.all(v)
		}
	}
	if at == nil {
		return false
	}
	l.spills(found)
	l.report(at, "", violation{codeSecretObject, "a Secret in plain text", "whoever can read the repository can read it, for as long as its history lives; base64 hides nothing",
		"seal it with onggi seal and delete this document, then change the password"})
	return true
}
