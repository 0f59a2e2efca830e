package postgres

import (
	"fmt"
	"strings"
)

// quoteSetting writes a value as a string of postgresql.conf. Line ends cannot stand in such a string as they are. A NUL
// cannot stand there at all; checkParameter has refused it.
func quoteSetting(value string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `''`, "\n", `\n`, "\r", `\r`).Replace(value) + "'"
}

// QuoteIdentifier writes a name as SQL and synchronous_standby_names have it.
func QuoteIdentifier(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// QuoteLiteral writes a string of SQL that means the same whatever standard_conforming_strings is.
func QuoteLiteral(text string) string {
	quoted := "'" + strings.ReplaceAll(text, "'", "''") + "'"
	if strings.Contains(text, `\`) {
		return " E" + strings.ReplaceAll(quoted, `\`, `\\`)
	}
	return quoted
}

// settingsLine is one line of a settings file, as far as it names a parameter.
type settingsLine struct {
	Text  string // with its line end
	Name  string // in lower case, "" for comments, blank lines and what cannot be read
	Value string
}

// parseSettings takes a settings file apart line by line, so that lines can be left out and the others stay as they were.
func parseSettings(text string) []settingsLine {
	var lines []settingsLine
	for line := range strings.Lines(text) {
		name, value := parseSetting(line)
		lines = append(lines, settingsLine{Text: line, Name: strings.ToLower(name), Value: value})
	}
	return lines
}

// parseSetting reads "name = value" or "name value", with or without quotes and a comment behind.
func parseSetting(line string) (name, value string) {
	line = strings.Trim(line, " \t\r\n")
	end := strings.IndexFunc(line, func(r rune) bool { return !isNameRune(r) })
	if end <= 0 {
		return "", ""
	}
	name = line[:end]
	rest := strings.TrimLeft(line[end:], " \t")
	rest = strings.TrimLeft(strings.TrimPrefix(rest, "="), " \t")
	if !strings.HasPrefix(rest, "'") {
		if end := strings.IndexAny(rest, " \t#"); end >= 0 {
			rest = rest[:end]
		}
		return name, rest
	}
	value, err := unquoteSetting(rest)
	if err != nil {
		return "", ""
	}
	return name, value
}

func isNameRune(r rune) bool {
	return r == '_' || r == '.' || r == '$' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= 0x80
}

// unquoteSetting reads the quoted string at the beginning of text, by the rules of postgresql.conf.
func unquoteSetting(text string) (string, error) {
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '\'' && i+1 < len(text) && text[i+1] == '\'':
			i++
			b.WriteByte('\'')
		case text[i] == '\'':
			return b.String(), nil
		case text[i] == '\\' && i+1 < len(text):
			n := unescape(&b, text[i+1:])
			i += n
		default:
			b.WriteByte(text[i])
		}
	}
	return "", fmt.Errorf("a quote is not closed")
}

// unescape writes what follows a backslash and returns how many bytes of it that took.
func unescape(b *strings.Builder, text string) int {
	if i := strings.IndexByte("bfnrt", text[0]); i >= 0 {
		b.WriteByte("\b\f\n\r\t"[i])
		return 1
	}
	digits, octal := 0, 0
	for digits < 3 && digits < len(text) && text[digits] >= '0' && text[digits] <= '7' {
		octal = octal*8 + int(text[digits]-'0')
		digits++
	}
	if digits > 0 {
		b.WriteByte(byte(octal))
		return digits
	}
	b.WriteByte(text[0])
	return 1
}
