package spec

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
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
			}
			for _, v := range found.values {
				ps[i].Message = strings.ReplaceAll(ps[i].Message, v, "***")
				ps[i].Why = strings.ReplaceAll(ps[i].Why, v, "***")
				ps[i].Fix = strings.ReplaceAll(ps[i].Fix, v, "***")
			}
		}
	}
	return ps
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
	if utf8.RuneCountInString(n.Value) > 3 {
		found.values = append(found.values, n.Value)
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

// expressions find the secrets in texts; they are compiled when the first text asks for them.
var expressions = sync.OnceValue(func() (e struct {
	urlPassword, pairPassword, sqlPassword, cloudKey, awsSecretKey, privateKey *regexp.Regexp
}) {
	e.urlPassword = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^/\s:@]*:([^/\s@]+)@`)
	e.pairPassword = regexp.MustCompile(`(?i)\b(password|ldapbindpasswd|radiussecrets)\s*=\s*('[^']+'|"[^"]+"|[^\s'"]+)`)
	e.sqlPassword = regexp.MustCompile(`(?i)\b(password|identified\s+by)\s+(e|u&)?('[^']+'|\$\w*\$)`)
	e.cloudKey = regexp.MustCompile(`\b(AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}\b|\bAccountKey=[A-Za-z0-9+/]{20,}`)
	e.awsSecretKey = regexp.MustCompile(`^[A-Za-z0-9/+]{40}$`)
	e.privateKey = regexp.MustCompile(`-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----`)
	return e
})

// secretScan looks for literal secrets in one document.
type secretScan struct {
	path   []segment
	found  spills
	report func(n *node.Node, path string, v violation)
	// foreign documents are looked at for what cannot be anything but a key; in our own a field called password is enough.
	foreign bool
}

// secrets reports literal secrets anywhere in a document of ours.
func (l *loader) secrets(root *node.Node) spills {
	s := &secretScan{found: spills{}, report: l.report}
	s.node(root)
	return s.found
}

// keys reports private keys and cloud keys in a foreign manifest.
func (l *loader) keys(root *node.Node) spills {
	s := &secretScan{found: spills{}, report: l.report, foreign: true}
	s.node(root)
	return s.found
}

func (s *secretScan) node(n *node.Node) {
	switch n.Kind {
	case node.Mapping:
		s.env(n)
		for i, key := range n.Keys {
			s.path = append(s.path, segment{name: key.Value})
			if item := n.Items[i]; item.Kind != node.Scalar || !s.key(key.Value, item) {
				s.node(item)
			}
			s.path = s.path[:len(s.path)-1]
		}
	case node.Sequence:
		for i, item := range n.Items {
			s.path = append(s.path, segment{index: i})
			s.node(item)
			s.path = s.path[:len(s.path)-1]
		}
	case node.Scalar:
		if v := s.scalar(n.Value); v != nil {
			s.hit(n, *v)
		}
	}
}

func (s *secretScan) hit(n *node.Node, v violation) {
	s.found.add(n)
	s.report(n, (&decoder{path: s.path}).where(), v)
}

// env looks at the name and value pairs of an environment list.
func (s *secretScan) env(n *node.Node) {
	if s.foreign || len(n.Keys) != 2 {
		return
	}
	if value := n.Get("value"); value != nil {
		if name := scalarOf(n, "name"); name != "" {
			s.key(name, value)
		}
	}
}

// passwordKey reports whether a key says that its value is a secret. Those that are called so and hold none are the name of
// a key in a Secret, and the token of a planned promotion.
func passwordKey(key string) bool {
	if len(key) < len("token") {
		return false
	}
	switch key[len(key)-1] | 0x20 {
	case 'd', 'e', 'y', 'n': // no other letter ends any of them
	default:
		return false
	}
	for _, end := range [...]string{"password", "passwd", "passphrase", "secretaccesskey", "secret_access_key", "apikey", "api_key", "token"} {
		if n := len(key) - len(end); n >= 0 && strings.EqualFold(key[n:], end) {
			return key != "sessionToken" && key != "promotionToken"
		}
	}
	return false
}

// key reports a string under a key that says password.
func (s *secretScan) key(key string, value *node.Node) bool {
	if s.foreign || value.Type != node.String && value.Type != node.Int || value.Value == "" || strings.HasPrefix(value.Value, "$") {
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

const (
	secretWhy = "whoever can read the repository can read it, for as long as its history lives"
	secretFix = "put it into a Secret with onggi seal and write the Secret's name here; change the password, it is known now"
)

// maybeCloudKey is a cheap look before cloudKey is tried.
func maybeCloudKey(s string) bool {
	return len(s) >= 20 && (strings.Contains(s, "AKIA") || strings.Contains(s, "ASIA") || strings.Contains(s, "AccountKey=") || strings.Contains(s, "gh") && strings.Contains(s, "_"))
}

// harmless is a quick look at most of the scalars of a spec: they are shorter than any key, and have nothing in them that
// assigns, quotes or names a user.
func harmless(text string) bool {
	if len(text) >= 20 {
		return false
	}
	for i := range len(text) {
		switch text[i] {
		case '=', '\'', '$', '@':
			return false
		}
	}
	return true
}

// scalar says which kind of secret a string holds, nil for none.
func (s *secretScan) scalar(text string) *violation {
	if harmless(text) {
		return nil
	}
	if strings.Contains(text, "-----BEGIN") && expressions().privateKey.MatchString(text) {
		return &violation{codeSecretPEM, "a private key in plain text", secretWhy, "put it into a Secret with onggi seal, and make a new key: this one is known now"}
	}
	if maybeCloudKey(text) && expressions().cloudKey.MatchString(text) {
		return &violation{codeSecretCloudKey, "a cloud access key in plain text", secretWhy, "put it into a Secret with onggi seal, write the Secret's name here, and revoke this key"}
	}
	if s.foreign {
		return nil
	}
	if strings.Contains(text, "://") && strings.Contains(text, "@") {
		if m := expressions().urlPassword.FindStringSubmatch(text); m != nil && !strings.HasPrefix(m[1], "$") {
			return &violation{codeSecretURL, "a URL with a password in it", secretWhy, "write the URL without user:password@, and put the password into a Secret with onggi seal"}
		}
	}
	if !strings.ContainsAny(text, "='$") {
		return nil // nothing is assigned and nothing is quoted
	}
	if m := expressions().pairPassword.FindStringSubmatch(text); m != nil && !strings.HasPrefix(m[2], "$") {
		return &violation{codeSecretParameter, strings.ToLower(m[1]) + "= with a literal secret", secretWhy, secretFix}
	}
	if expressions().sqlPassword.MatchString(text) {
		return &violation{codeSecretSQL, "SQL with a password in it", "whoever can read the repository or the server's log can read it",
			"list the role under roles with secret: NAME, and seal the password with onggi seal"}
	}
	return nil
}
