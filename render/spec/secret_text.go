package spec

import (
	"regexp"
	"strings"
	"sync"
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

// maybeCloudKey is a cheap look before cloudKey is tried.
func maybeCloudKey(s string) bool {
	if len(s) < 20 {
		return false
	}
	for _, mark := range [...]string{"AKIA", "ASIA", "AccountKey=", "glpat-", "xox", "AIza", "sig="} {
		if strings.Contains(s, mark) {
			return true
		}
	}
	return strings.Contains(s, "gh") && strings.Contains(s, "_") || strings.Contains(s, "github_pat_")
}

// harmless is a quick look at most of the scalars of a spec: they are shorter than any key, and have nothing in them that
// assigns, quotes or names a user.
func harmless(text string) bool {
	if len(text) >= 20 {
		return false
	}
	for i := range len(text) {
		switch text[i] {
		case '=', '\'', '"', '$', '@', '\n':
			return false
		case '-':
			if i == 0 || text[i-1] == '-' || text[i-1] == ' ' || text[i-1] == '\t' {
				return false
			}
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
	if s.definition {
		return nil
	}
	if strings.Contains(text, "://") && strings.Contains(text, "@") {
		if m := expressions().urlPassword.FindStringSubmatch(text); m != nil && !noSecret(m[1]) {
			return &violation{codeSecretURL, "a URL with a password in it", secretWhy, "write the URL without user:password@, and put the password into a Secret with onggi seal"}
		}
	}
	if strings.ContainsAny(text, "='\"$") {
		if v := assigned(text); v != nil {
			return v
		}
	}
	return lines(text)
}

// mentions is a quick look for a word that every one of the slower expressions asks for, in any case: password, passwd and
// passphrase, secret, identified, authorization, --user.
func mentions(text string) bool {
	for i := range len(text) {
		var word string
		switch text[i] | 0x20 {
		case 'p':
			word = "pass"
		case 's':
			word = "secret"
		case 'i':
			word = "identified"
		case 'a':
			word = "authorization"
		case '-':
			word = "--user"
		default:
			continue
		}
		if end := i + len(word); end <= len(text) && strings.EqualFold(text[i:end], word) {
			return true
		}
	}
	return false
}

// assigned looks for secrets that are assigned or quoted.
func assigned(text string) *violation {
	if !mentions(text) {
		return nil
	}
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
func lines(text string) *violation {
	literal := func(what string) *violation {
		return &violation{codeSecretParameter, what + " with a literal secret", secretWhy, secretFix}
	}
	named := mentions(text)
	if named && strings.Contains(text, "--") || strings.Contains(text, "-u") {
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
	if named && len(text) >= 20 {
		if m := expressions().authorization.FindStringSubmatch(text); m != nil && !noSecret(m[1]) {
			return literal("an Authorization header")
		}
	}
	if !named || !strings.Contains(text, "\n") && !strings.Contains(text, `"kind"`) {
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
