package spec

import (
	"regexp"
	"strings"
	"sync"

	"github.com/onggi-db/onggi/render/spec/node"
)

// expressions find the secrets in texts; they are compiled when the first text asks for them.
var expressions = sync.OnceValue(func() (e struct {
	urlPassword, pairPassword, linePassword, flagPassword, sqlPassword, authorization, cloudKey, awsSecretKey, privateKey, secretText, secretData *regexp.Regexp
}) {
	e.urlPassword = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^/\s:@]*:([^/\s@]+)@`)
	e.pairPassword = regexp.MustCompile(`(?i)\b(\w*(?:password|passwd|passphrase|secret_access_key)|ldapbindpasswd|radiussecrets)\s*=\s*('[^']+'|"[^"]+"|[^\s'"&]+)`)
	e.linePassword = regexp.MustCompile(`(?im)^[ \t-]*["']?([\w.-]*(?:password|passwd|passphrase|secret_access_key|secretaccesskey))["']?[ \t]*:[ \t]+["']?([^\s"'|>&*#!{\[][^\s"']*)`)
	e.flagPassword = regexp.MustCompile(`(?:^|\s)(?:(--[a-z-]*password)\s+|(-u|--user)[ =])(?:"([^"]+)"|'([^']+)'|(\S+))`)
	e.sqlPassword = regexp.MustCompile(`(?i)\bpassword\s+(e|u&)?('[^']+'|\$\w*\$)|\bidentified\s+(with\s+\S+\s+)?(by|as)\s+('[^']+'|"[^"]+")|\bset\s+password\b[^;=]*=\s*(password\s*\()?\s*'[^']+'`)
	e.authorization = regexp.MustCompile(`(?i)\bauthorization["']?\s*[:=]\s*["']?(?:bearer|basic|token)\s+([^\s"']{8,})`)
	e.cloudKey = regexp.MustCompile(`\b(AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}\b|\bgithub_pat_\w{40,}|\bglpat-[\w-]{20,}|\bxox[abprs]-[\w-]{20,}|\bAIza[\w-]{35}\b|\bAccountKey=[A-Za-z0-9+/]{20,}|[?&]sig=[A-Za-z0-9%+/]{40,}`)
	e.awsSecretKey = regexp.MustCompile(`^[A-Za-z0-9/+]{40}$`)
	e.privateKey = regexp.MustCompile(`-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----`)
	e.secretText = regexp.MustCompile(`(?m)^[ \t-]*kind:[ \t]*["']?Secret["']?[ \t]*$|"kind"\s*:\s*"Secret"`)
	e.secretData = regexp.MustCompile(`(?m)^[ \t]*(stringData|data)[ \t]*:|"(stringData|data)"\s*:`)
	return e
})

// suspicious are the characters that assign, quote, or name a user or a flag.
var suspicious = [256]bool{'=': true, '\'': true, '"': true, '$': true, '@': true, '\n': true, '-': true}

// harmless is a quick look at most of the scalars of a spec: they are shorter than any key, and have nothing in them that
// assigns, quotes or names a user.
func harmless(text string) bool {
	if len(text) >= 20 {
		return false
	}
	for i := range len(text) {
		if suspicious[text[i]] && (text[i] != '-' || i == 0 || text[i-1] == '-' || text[i-1] == ' ' || text[i-1] == '\t') {
			return false
		}
	}
	return true
}

// traits are what the slower looks at a text ask for.
type traits struct {
	pem, cloud    bool // -----BEGIN, and what a cloud's keys have in them
	scheme, at    bool // :// and @
	assigned      bool // an assignment, or a quote
	dashes, user  bool // -- and -u
	lines, quoted bool // a line break, and a double quote
	named         bool // a word that every one of the slower expressions asks for, in any case
}

// notable are the characters that begin a trait.
var notable = func() (t [256]bool) {
	for _, c := range "-:@='\"$\nAagIiPpSsx" {
		t[c] = true
	}
	return t
}()

// traitsOf looks for all of them at once: most of a text is no character of any.
func traitsOf(text string) (t traits) {
	github := false
	for i := 0; i < len(text); i++ {
		if !notable[text[i]] {
			continue
		}
		rest := text[i:]
		switch text[i] {
		case '-':
			t.pem = t.pem || strings.HasPrefix(rest, "-----BEGIN")
			t.dashes, t.user = t.dashes || strings.HasPrefix(rest, "--"), t.user || strings.HasPrefix(rest, "-u")
			t.named = t.named || begins(rest, "--user")
		case ':':
			t.scheme = t.scheme || strings.HasPrefix(rest, "://")
		case '@':
			t.at = true
		case '=', '\'', '"', '$':
			t.assigned, t.quoted = true, t.quoted || text[i] == '"'
		case '\n':
			t.lines = true
		case 'x':
			t.cloud = t.cloud || strings.HasPrefix(rest, "xox")
		case 'g':
			if !github && strings.HasPrefix(rest, "gh") { // once: a long text may have many
				github, t.cloud = true, t.cloud || strings.IndexByte(rest, '_') >= 0
			}
			t.cloud = t.cloud || strings.HasPrefix(rest, "glpat-") || strings.HasPrefix(rest, "github_pat_")
		case 'A', 'a':
			t.cloud = t.cloud || strings.HasPrefix(rest, "AKIA") || strings.HasPrefix(rest, "ASIA") || strings.HasPrefix(rest, "AIza") || strings.HasPrefix(rest, "AccountKey=")
			t.named = t.named || begins(rest, "authorization")
		case 'P', 'p':
			t.named = t.named || begins(rest, "pass")
		case 'S', 's':
			t.cloud = t.cloud || strings.HasPrefix(rest, "sig=")
			t.named = t.named || begins(rest, "secret")
		case 'I', 'i':
			t.named = t.named || begins(rest, "identified")
		}
	}
	return t
}

// begins reports whether a text begins with a word in any case.
func begins(text, word string) bool {
	return len(text) >= len(word) && strings.EqualFold(text[:len(word)], word)
}

// dull is harmless of a scalar, most of which the parser has looked at already.
func dull(n *node.Node) bool { return n.Bare && len(n.Value) < 20 || harmless(n.Value) }

// scalar says which kind of secret a string holds, nil for none.
func (s *secretScan) scalar(text string) *violation {
	if harmless(text) {
		return nil
	}
	t := traitsOf(text)
	if t.pem && expressions().privateKey.MatchString(text) {
		return &violation{codeSecretPEM, "a private key in plain text", secretWhy, "put it into a Secret with onggi seal, and make a new key: this one is known now"}
	}
	if t.cloud && len(text) >= 20 && expressions().cloudKey.MatchString(text) {
		return &violation{codeSecretCloudKey, "a cloud access key in plain text", secretWhy, "put it into a Secret with onggi seal, write the Secret's name here, and revoke this key"}
	}
	if s.definition {
		return nil
	}
	if t.scheme && t.at {
		if m := expressions().urlPassword.FindStringSubmatch(text); m != nil && !noSecret(m[1]) {
			return &violation{codeSecretURL, "a URL with a password in it", secretWhy, "write the URL without user:password@, and put the password into a Secret with onggi seal"}
		}
	}
	if t.assigned && t.named {
		if v := assigned(text); v != nil {
			return v
		}
	}
	return lines(text, t)
}

// assigned looks for secrets that are assigned or quoted.
func assigned(text string) *violation {
	for _, m := range expressions().pairPassword.FindAllStringSubmatch(text, -1) {
		if !noSecret(strings.Trim(m[2], `'"`)) {
			return &violation{codeSecretParameter, strings.ToLower(m[1]) + "= with a literal secret", secretWhy, secretFix}
		}
	}
	if expressions().sqlPassword.MatchString(text) {
		return &violation{codeSecretSQL, "SQL with a password in it", "whoever can read the repository or the server's log can read it",
			"list the role under roles with secret: NAME, and seal the password with onggi seal"}
	}
	return nil
}

// lines looks for secrets in what is a text of its own: a command, a header, a file of another format.
func lines(text string, t traits) *violation {
	literal := func(what string) *violation {
		return &violation{codeSecretParameter, what + " with a literal secret", secretWhy, secretFix}
	}
	if t.named && t.dashes || t.user {
		for _, m := range expressions().flagPassword.FindAllStringSubmatch(text, -1) {
			value := m[3] + m[4] + m[5]
			if _, password, pair := strings.Cut(value, ":"); m[2] != "" && pair {
				value = password
			} else if m[2] != "" {
				continue // a user without a password
			}
			if !noSecret(value) && value[0] != '-' {
				return literal(m[1] + m[2])
			}
		}
	}
	if t.named && len(text) >= 20 {
		if m := expressions().authorization.FindStringSubmatch(text); m != nil && !noSecret(m[1]) {
			return literal("an Authorization header")
		}
	}
	if !t.named || !t.lines && !(t.quoted && strings.Contains(text, `"kind"`)) {
		return nil
	}
	for _, m := range expressions().linePassword.FindAllStringSubmatch(text, -1) {
		if !noSecret(m[2]) {
			return literal(m[1] + ":")
		}
	}
	if strings.Contains(text, "Secret") && expressions().secretText.MatchString(text) && expressions().secretData.MatchString(text) {
		return &violation{codeSecretObject, "a Secret in plain text, inside a text", "whoever can read the repository can read it, for as long as its history lives; base64 hides nothing",
			"take it out, seal it with onggi seal, and change the password"}
	}
	return nil
}
