package spec

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/onggi-db/onggi/render/spec/node"
)

// line is one line of one file.
type line struct {
	file *node.File
	n    int32
}

// spill is a line that holds a secret: what may be shown of it, and what may not be quoted anywhere.
type spill struct {
	masked string
	values []string
	spans  [][2]int // columns, from one up to before the other
}

// spills are the lines that no problem may show as they are: what onggi prints ends up in the logs of a CI system.
type spills map[line]spill

// redact takes the secrets out of problems.
func (s spills) redact(ps Problems) Problems {
	if len(s) == 0 {
		return ps
	}
	for i := range ps {
		for l, found := range s {
			if l.file.Name != ps[i].File {
				continue
			}
			if ps[i].Line == int(l.n) {
				ps[i].Source = found.masked
				if !strings.HasPrefix(ps[i].Code, "ONG5") && found.covers(ps[i].Col) {
					ps[i] = found.hush(ps[i])
				}
			}
			for _, v := range found.values {
				ps[i].Path = strings.ReplaceAll(ps[i].Path, v, "***")
				ps[i].Message = strings.ReplaceAll(ps[i].Message, v, "***")
				ps[i].Why = strings.ReplaceAll(ps[i].Why, v, "***")
				ps[i].Fix = strings.ReplaceAll(ps[i].Fix, v, "***")
			}
		}
	}
	return ps
}

func (s spill) covers(col int) bool {
	return slices.ContainsFunc(s.spans, func(span [2]int) bool { return span[0] <= col && col < span[1] })
}

// hush takes out of another problem of the same value what it may have made of the secret: a piece that it quotes, a name that
// it suggests.
func (s spill) hush(p Problem) Problem {
	for _, v := range s.values {
		for _, piece := range strings.FieldsFunc(v, func(r rune) bool { return strings.ContainsRune(" \t\n,;=:@/'\"", r) }) {
			if utf8.RuneCountInString(piece) > 3 {
				p.Message, p.Why = strings.ReplaceAll(p.Message, piece, "***"), strings.ReplaceAll(p.Why, piece, "***")
			}
		}
	}
	if p.Fix != "" {
		p.Fix = "take the secret out first"
	}
	return p
}

func (s spills) add(n *node.Node) {
	at := line{n.File, n.Line}
	found, known := s[at]
	if !known {
		found.masked = n.File.Line(int(n.Line))
	}
	if n.Style != node.Literal && n.Style != node.Folded {
		runes := []rune(found.masked)
		for i := int(n.Col) - 1; i < min(int(n.Col)-1+n.Width(), len(runes)); i++ {
			runes[i] = '*'
		}
		found.masked = string(runes)
	}
	found.spans = append(found.spans, [2]int{int(n.Col), int(n.Col) + n.Width()})
	if utf8.RuneCountInString(n.Value) > 3 {
		found.values = append(found.values, n.Value)
		if quoted := strconv.Quote(n.Value); quoted[1:len(quoted)-1] != n.Value { // as %q in a message has it
			found.values = append(found.values, quoted[1:len(quoted)-1])
		}
	}
	s[at] = found
}

// all adds every scalar below a node.
func (s spills) all(n *node.Node) {
	if n.Kind == node.Scalar {
		s.add(n)
	}
	for _, item := range n.Items {
		s.all(item)
	}
}

// secretScan looks for literal secrets in one document.
type secretScan struct {
	path   []segment
	found  spills
	report func(n *node.Node, path string, v violation)
	// definition is a document about fields, such as a CustomResourceDefinition: what it says of passwords are none, so it is
	// looked at only for what cannot be anything but a key.
	definition bool
}

// secrets reports literal secrets anywhere in a document of ours.
func (l *loader) secrets(root *node.Node) spills {
	s := &secretScan{found: spills{}, report: l.report, path: make([]segment, 0, 16)}
	s.node(root)
	return s.found
}

func (s *secretScan) node(n *node.Node) {
	switch n.Kind {
	case node.Mapping:
		s.env(n)
		secret := !s.definition && scalarOf(n, "kind") == "Secret"
		for i, key := range n.Keys {
			if item := n.Items[i]; item.Kind == node.Scalar && !secret && dull(key) && dull(item) && !passwordKey(key.Value) {
				continue // as nearly all are: nobody has to know the path
			}
			if v := s.scalar(key.Value); v != nil {
				s.hit(key, *v) // before the key is in the path that is told
				continue
			}
			s.below(segment{name: key.Value}, func() {
				switch item := n.Items[i]; {
				case secret && isData(key.Value):
					s.values(key.Value, item)
				case secret && key.Value == "patch" && item.Kind == node.Mapping:
					s.patch(item)
				default:
					s.field(key.Value, item)
				}
			})
		}
	case node.Sequence:
		for i, item := range n.Items {
			if item.Kind == node.Scalar && dull(item) && (i == 0 || !strings.HasPrefix(n.Items[i-1].Value, "--")) {
				continue
			}
			s.below(segment{index: i}, func() {
				if i == 0 || !s.argument(n.Items[i-1], item) {
					s.node(item)
				}
			})
		}
	case node.Scalar:
		if v := s.scalar(n.Value); v != nil {
			s.hit(n, *v)
		}
	}
}

func (s *secretScan) below(step segment, look func()) {
	s.path = append(s.path, step)
	look()
	s.path = s.path[:len(s.path)-1]
}

func (s *secretScan) field(key string, item *node.Node) {
	if item.Kind != node.Scalar || !s.key(key, item) {
		s.node(item)
	}
}

// patch looks at a merge patch for a Secret.
func (s *secretScan) patch(n *node.Node) {
	for i, key := range n.Keys {
		s.below(segment{name: key.Value}, func() {
			if isData(key.Value) {
				s.values(key.Value, n.Items[i])
				return
			}
			s.field(key.Value, n.Items[i])
		})
	}
}

func isData(field string) bool { return field == "data" || field == "stringData" }

// values reports everything in the data of a Secret, wherever one is written: whatever it is called, it is a secret.
func (s *secretScan) values(key string, n *node.Node) {
	switch n.Kind {
	case node.Mapping:
		for i, k := range n.Keys {
			s.below(segment{name: k.Value}, func() { s.values(k.Value, n.Items[i]) })
		}
	case node.Sequence:
		for i, item := range n.Items {
			s.below(segment{index: i}, func() { s.values(key, item) })
		}
	case node.Scalar:
		if !n.IsNull() && n.Value != "" && !s.key(key, n) {
			s.hit(n, violation{codeSecretParameter, fmt.Sprintf("%s of a Secret in plain text", key), secretWhy, secretFix})
		}
	}
}

func (s *secretScan) hit(n *node.Node, v violation) {
	s.found.add(n)
	s.report(n, (&decoder{path: s.path}).where(), v)
}

// env looks at the name and value pairs of an environment list, or of a chart's parameters.
func (s *secretScan) env(n *node.Node) {
	if value := n.Get("value"); value != nil && value.Kind == node.Scalar {
		if name := scalarOf(n, "name"); name != "" {
			s.key(name, value)
		}
	}
}

// argument looks at the value of a flag that is an argument of its own: ["--password", "…"].
func (s *secretScan) argument(flag, value *node.Node) bool {
	name, long := strings.CutPrefix(flag.Value, "--")
	return long && flag.Kind == node.Scalar && value.Kind == node.Scalar && !strings.HasPrefix(value.Value, "-") && s.key(name, value)
}

// passwordKey reports whether a key says that its value is a secret. Those that are called so and hold none are the name of
// a key in a Secret, and the token of a planned promotion.
func passwordKey(key string) bool {
	if len(key) < len("token") {
		return false
	}
	switch [2]byte{key[len(key)-2] | 0x20, key[len(key)-1] | 0x20} {
	case [2]byte{'r', 'd'}, [2]byte{'w', 'd'}, [2]byte{'s', 'e'}, [2]byte{'e', 'y'}, [2]byte{'e', 'n'}: // no other letters end any of them
	default:
		return false
	}
	for _, end := range [...]string{"password", "passwd", "passphrase", "secretaccesskey", "secret_access_key", "apikey", "api_key", "token"} {
		if n := len(key) - len(end); n >= 0 && strings.EqualFold(key[n:], end) {
			return key != "sessionToken" && key != "sasToken" && key != "promotionToken"
		}
	}
	return false
}

// key reports a string under a key that says password.
func (s *secretScan) key(key string, value *node.Node) bool {
	if s.definition || !passwordKey(key) && key != "secretKey" {
		return false // by far the most keys: nothing else is asked of them
	}
	if value.Type != node.String && value.Type != node.Int || noSecret(value.Value) {
		return false
	}
	if key == "secretKey" && expressions().awsSecretKey.MatchString(value.Value) {
		s.hit(value, violation{codeSecretCloudKey, "this looks like a secret access key itself", secretWhy, "write the name of the key in the Secret here, and seal the value with onggi seal"})
		return true
	}
	if !passwordKey(key) {
		return false
	}
	s.hit(value, violation{codeSecretParameter, fmt.Sprintf("%s is a literal secret", key), secretWhy, secretFix})
	return true
}

// noSecret tells values that stand where a secret would and are none: a reference, a template, a placeholder, a choice.
func noSecret(value string) bool {
	if value == "" || value[0] == '$' || value[0] == '<' || strings.HasPrefix(value, "{{") {
		return true
	}
	switch strings.ToLower(strings.TrimRight(value, ",;)")) {
	case "true", "false", "yes", "no", "on", "off", "none", "null", "required":
		return true
	}
	return false
}

const (
	secretWhy = "whoever can read the repository can read it, for as long as its history lives"
	secretFix = "put it into a Secret with onggi seal and write the Secret's name here; change the password, it is known now"
)
