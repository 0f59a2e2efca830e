package node

import (
	"math"
	"strconv"
	"strings"
)

// Resolve is what the core schema of YAML 1.2 makes of a plain scalar.
func Resolve(s string) Type {
	if s == "" {
		return Null
	}
	switch s[0] {
	case '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '+', '-', '.':
		return number(s)
	case '~', 'n', 'N', 't', 'T', 'f', 'F':
		switch s {
		case "~", "null", "Null", "NULL":
			return Null
		case "true", "True", "TRUE", "false", "False", "FALSE":
			return Bool
		}
	}
	return String
}

func number(s string) Type {
	if strings.HasPrefix(s, "0x") && len(s) > 2 && only(s[2:], "0123456789abcdefABCDEF") ||
		strings.HasPrefix(s, "0o") && len(s) > 2 && only(s[2:], "01234567") {
		return Int
	}
	t := unsigned(s)
	switch t {
	case ".inf", ".Inf", ".INF":
		return Float
	case ".nan", ".NaN", ".NAN":
		if t == s {
			return Float
		}
		return String
	}
	whole, rest := digits(t)
	if rest == "" && whole > 0 {
		return Int
	}
	fraction := 0
	if strings.HasPrefix(rest, ".") {
		fraction, rest = digits(rest[1:])
	}
	if whole+fraction == 0 {
		return String
	}
	if rest == "" {
		return Float
	}
	if rest[0] != 'e' && rest[0] != 'E' {
		return String
	}
	rest = rest[1:]
	if rest != "" && (rest[0] == '+' || rest[0] == '-') {
		rest = rest[1:]
	}
	if n, tail := digits(rest); n > 0 && tail == "" {
		return Float
	}
	return String
}

// unsigned is s without a sign before it.
func unsigned(s string) string {
	if s[0] == '+' || s[0] == '-' {
		return s[1:]
	}
	return s
}

// digits counts the decimal digits that s begins with, and returns what follows them.
func digits(s string) (int, string) {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n, s[n:]
}

func only(s, set string) bool { return strings.Trim(s, set) == "" }

// Integer is the value of an Int scalar; false when it does not fit 64 bits.
func (n *Node) Integer() (int64, bool) {
	s := strings.TrimPrefix(n.Value, "+")
	base := 10
	if strings.HasPrefix(s, "0x") {
		s, base = s[2:], 16
	} else if strings.HasPrefix(s, "0o") {
		s, base = s[2:], 8
	}
	i, err := strconv.ParseInt(s, base, 64)
	return i, err == nil
}

// Number is the value of a Float scalar; false when it is not a finite number, which JSON has no word for.
func (n *Node) Number() (float64, bool) {
	f, err := strconv.ParseFloat(n.Value, 64)
	return f, err == nil && !math.IsInf(f, 0) && !math.IsNaN(f)
}

// True reports whether a Bool scalar is true.
func (n *Node) True() bool { return n.Value[0] == 't' || n.Value[0] == 'T' }

// Legacy says what a YAML 1.1 reader, such as those in Helm and kubectl, makes of a plain scalar where that differs from
// YAML 1.2: "the boolean false" for no, "a number in base 60" for 12:30. It is "" where all readers agree.
func Legacy(s string) string {
	if s == "" {
		return ""
	}
	switch s {
	case "y", "Y", "yes", "Yes", "YES", "on", "On", "ON":
		return "the boolean true"
	case "n", "N", "no", "No", "NO", "off", "Off", "OFF":
		return "the boolean false"
	case "=":
		return "a default value marker"
	case "<<":
		return "a merge key"
	}
	c := s[0]
	if c != '-' && c != '+' && c != '.' && (c < '0' || c > '9') {
		return ""
	}
	return legacyNumber(s)
}

func legacyNumber(s string) string {
	t := unsigned(s)
	if t == "" {
		return ""
	}
	if isDate(t) && t == s {
		return "a date"
	}
	if !strings.ContainsAny(t[:1], "0123456789.") {
		return ""
	}
	switch {
	case strings.HasPrefix(t, "0b") && len(t) > 2 && only(t[2:], "01_"):
		return "a number in base 2"
	case strings.HasPrefix(t, "0x") && len(t) > 2 && strings.Contains(t, "_") && only(t[2:], "0123456789abcdefABCDEF_"):
		return "a number in base 16"
	case len(t) > 1 && t[0] == '0' && only(t, "01234567_"):
		return "a number in base 8"
	case strings.HasPrefix(t, "0o") && len(t) > 2 && only(t[2:], "01234567"), len(t) > 1 && t[0] == '0' && only(t, "0123456789"):
		return "a string"
	case strings.Contains(t, ":") && isBase60(t):
		return "a number in base 60"
	case strings.Contains(t, "_") && only(t, "0123456789_.eE+-") && t[0] != '_':
		return "a number without the underscores"
	}
	return ""
}

// isBase60 matches [0-9][0-9_]*(:[0-5]?[0-9])+(.[0-9_]*)?, by which YAML 1.1 reads 12:30 as 750.
func isBase60(t string) bool {
	t, _, _ = strings.Cut(t, ".")
	parts := strings.Split(t, ":")
	if parts[0] == "" || !only(parts[0], "0123456789_") {
		return false
	}
	for _, p := range parts[1:] {
		n, rest := digits(p)
		if rest != "" || n < 1 || n > 2 || n == 2 && p[0] > '5' {
			return false
		}
	}
	return true
}

// isDate matches what YAML 1.1 takes for a date or a time: 2026-11-22, 2026-11-22T06:00:00Z.
func isDate(t string) bool {
	if len(t) < 8 || t[4] != '-' || !only(t[:4], "0123456789") {
		return false
	}
	month, rest := digits(t[5:])
	if month < 1 || month > 2 || !strings.HasPrefix(rest, "-") {
		return false
	}
	day, rest := digits(rest[1:])
	return day >= 1 && day <= 2 && (rest == "" || strings.ContainsAny(rest[:1], "Tt ") && strings.Contains(rest, ":"))
}
