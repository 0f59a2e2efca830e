package manifest

import (
	"strings"
	"unicode/utf8"
)

// look is what the characters of a string allow.
type look uint8

const (
	hasBreak  look = 1 << iota // a newline
	hasEscape                  // a character that only an escape can carry, or that no one would see
	hasTab                     // a tab, which plain style would make look like a space
	hasMark                    // ": ", ":" at the end or " #", which would end a plain scalar
	hasQuote                   // a double quote or a backslash
	hasEdge                    // blanks at the end of a line, or before the first character
	allBreaks                  // nothing but newlines
)

// literal says whether the string is written as a literal block: it has lines, and every character of them survives an
// editor that strips trailing blanks and a reader that guesses the indent from the first line.
func (l look) literal() bool {
	return l&hasBreak != 0 && l&(hasEscape|hasEdge|allBreaks) == 0
}

// classes has one letter per ASCII character; what is not '.' deserves a second look: n newline, t tab, x other control
// character, h hash, c colon, q what double quotes have to escape.
const classes = "xxxxxxxxxtnxxxxx" + "xxxxxxxxxxxxxxxx" + // 00
	"..qh............" + "..........c....." + // 20
	"................" + "............q..." + // 40
	"................" + "...............x" // 60

// survey reads a string once.
func survey(s string) look {
	var l look
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if hidden(r) {
				l |= hasEscape
			}
			i += n - 1
			continue
		}
		switch classes[c] {
		case '.':
		case 'n':
			l |= hasBreak
			if i > 0 && (s[i-1] == ' ' || s[i-1] == '\t') {
				l |= hasEdge
			}
		case 't':
			l |= hasTab
		case 'x':
			l |= hasEscape
		case 'h':
			if i > 0 && s[i-1] == ' ' {
				l |= hasMark
			}
		case 'c':
			if i+1 == len(s) || s[i+1] == ' ' {
				l |= hasMark
			}
		case 'q':
			l |= hasQuote
		}
	}
	return l | edges(s, l)
}

func edges(s string, l look) look {
	if s == "" {
		return l
	}
	if last := s[len(s)-1]; last == ' ' || last == '\t' {
		l |= hasEdge
	}
	first := s
	if l&hasBreak != 0 {
		first = strings.TrimLeft(s, "\n")
	}
	switch {
	case first == "":
		l |= allBreaks
	case first[0] == ' ' || first[0] == '\t':
		l |= hasEdge
	}
	return l
}

// hidden reports a character beyond ASCII that YAML readers refuse, take for a line break, or that nobody sees: what a
// manifest says must be what a reviewer reads. The two joiners that scripts and emoji are spelled with stay.
func hidden(r rune) bool {
	switch {
	case r < 0xa0: // C1 controls, with the line break U+0085
		return true
	case r < 0xad:
		return r == 0xa0
	case r == 0xad, r == 0x61c, r == 0x180e, r == 0x200e, r == 0x200f:
		return true
	case r >= 0x2000 && r <= 0x200b: // blanks of every width, zero too
		return true
	case r < 0x2028:
		return false
	case r <= 0x202f, r >= 0x205f && r <= 0x206f: // line separators, direction overrides
		return true
	case r == 0xfeff, r >= 0xfff9 && r <= 0xfffb, r&0xfffe == 0xfffe: // byte order mark, annotations, not characters
		return true
	case r == utf8.RuneError: // what was not UTF-8, now or once
		return true
	}
	return r >= 0xe0000 && r <= 0xe0fff // tags
}

// appendLine writes a string on one line: plain where every reader takes it for that string, in single quotes where
// double quotes would need a backslash, else in double quotes.
func appendLine(dst []byte, s string, l look) []byte {
	switch {
	case l&^hasQuote == 0 && plain(s):
		return append(dst, s...)
	case l&hasQuote != 0 && l&(hasBreak|hasEscape|hasTab) == 0 && strings.IndexByte(s, '\'') < 0:
		dst = append(dst, '\'')
		dst = append(dst, s...)
		return append(dst, '\'')
	}
	return appendQuoted(dst, s, l)
}

func appendQuoted(dst []byte, s string, l look) []byte {
	dst = append(dst, '"')
	if l&(hasBreak|hasEscape|hasTab|hasQuote) == 0 {
		dst = append(dst, s...)
		return append(dst, '"')
	}
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			dst = appendEscaped(dst, c)
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError:
			dst = append(dst, "\ufffd"...)
		case !hidden(r):
			dst = append(dst, s[i:i+n]...)
		case r > 0xffff:
			dst = append(dst, `\U`...)
			dst = appendHex(dst, r, 8)
		default:
			dst = append(dst, `\u`...)
			dst = appendHex(dst, r, 4)
		}
		i += n
	}
	return append(dst, '"')
}

// appendEscaped writes an ASCII character between double quotes. These escapes are those of JSON.
func appendEscaped(dst []byte, c byte) []byte {
	switch {
	case c == '"' || c == '\\':
		return append(dst, '\\', c)
	case c == '\n':
		return append(dst, `\n`...)
	case c == '\t':
		return append(dst, `\t`...)
	case c == '\r':
		return append(dst, `\r`...)
	case c < ' ' || c == 0x7f:
		return appendHex(append(dst, `\u`...), rune(c), 4)
	default:
		return append(dst, c)
	}
}

func appendHex(dst []byte, r rune, digits int) []byte {
	for shift := 4 * (digits - 1); shift >= 0; shift -= 4 {
		dst = append(dst, "0123456789abcdef"[r>>shift&0xf])
	}
	return dst
}

// plain reports whether s, whose characters survey passed, may stand without quotes. It asks what its beginning could
// mean to a YAML 1.1 reader, to a 1.2 reader, and to Ruby, whose integers may have commas.
func plain(s string) bool {
	if s == "" {
		return false
	}
	switch c := s[0]; c {
	case ' ', '\t', '?', ':', ',', '[', ']', '{', '}', '#', '&', '*', '!', '|', '>', '\'', '"', '%', '@', '`':
		return false
	case '=', '~':
		return len(s) > 1
	case '<':
		return s != "<<"
	case 'y', 'Y', 'n', 'N', 't', 'T', 'f', 'F', 'o', 'O':
		return len(s) > len("false") || !keyword(s)
	case '-':
		return len(s) > 1 && s[1] != ' ' && !strings.HasPrefix(s, "---") && !number(s)
	case '.':
		return !strings.HasPrefix(s, "...") && !number(s)
	case 'e', 'E':
		return len(s) == 1 || strings.IndexByte("+-0123456789", s[1]) < 0 || !number(s)
	case '+', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return !number(s) && !date(s)
	default:
		return true
	}
}

// keyword reports the words that are booleans or null to some reader, in any case.
func keyword(s string) bool {
	for _, word := range [...]string{"y", "yes", "n", "no", "true", "false", "on", "off", "null"} {
		if strings.EqualFold(s, word) {
			return true
		}
	}
	return false
}

// number reports what some reader takes for an integer or a float: decimal, hexadecimal, octal, binary, base 60, with
// underscores or commas, infinite or not a number.
func number(s string) bool {
	if strings.ContainsAny(s, "_,") {
		s = strings.ReplaceAll(strings.ReplaceAll(s, "_", ""), ",", "")
	}
	s = unsigned(s)
	if strings.EqualFold(s, ".inf") || strings.EqualFold(s, ".nan") {
		return true
	}
	if len(s) > 1 && s[0] == '0' {
		switch s[1] {
		case 'x', 'X', 'o', 'O', 'b', 'B':
			return skip(unsigned(s[2:]), "0123456789abcdefABCDEF") == ""
		}
	}
	rest := skip(s, "0123456789:.")
	if rest != "" && (rest[0] == 'e' || rest[0] == 'E') && len(s) > 1 {
		rest = skip(unsigned(rest[1:]), "0123456789") // some readers ask for no digit before the exponent
	}
	return rest == "" && s != "" && strings.Count(s, ".") < 2
}

// date reports what begins with year, month and day: a timestamp in YAML 1.1.
func date(s string) bool {
	year := skip(s, "0123456789")
	if len(s)-len(year) != 4 || year == "" || year[0] != '-' {
		return false
	}
	month := skip(year[1:], "0123456789")
	if month == "" || month[0] != '-' {
		return false
	}
	day := skip(month[1:], "0123456789")
	return len(day) < len(month)-1 && (day == "" || strings.IndexByte("Tt ", day[0]) >= 0)
}

func unsigned(s string) string {
	if s != "" && (s[0] == '+' || s[0] == '-') {
		return s[1:]
	}
	return s
}

// skip drops leading characters that are in set.
func skip(s, set string) string {
	return strings.TrimLeft(s, set)
}
