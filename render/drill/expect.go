package drill

import (
	"fmt"
	"math/big"
	"strings"
)

// Expect is a condition on a text that Postgres returned.
type Expect struct {
	op    string // "" takes anything
	text  string
	value *big.Rat // of the operators that compare numbers
}

// operators, so that the longer of two that begin alike comes first.
var operators = [...]string{">=", "<=", "!=", ">", "<", "="}

// ParseExpect reads a condition:
//
//	""        any value, NULL too
//	> 0       a number: also >=, < and <=; the value and the limit are decimals, compared exactly
//	= text    this text, exactly; the blanks around it do not count
//	!= text   any text but this one
//	text      the same as = text
//
// A text that begins with an operator is written after one: = >5. NULL meets only the empty condition.
func ParseExpect(s string) (Expect, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return Expect{}, nil
	}
	for _, op := range operators {
		rest, found := strings.CutPrefix(s, op)
		if !found {
			continue
		}
		e := Expect{op: op, text: strings.TrimSpace(rest)}
		if op == "=" || op == "!=" {
			return e, nil
		}
		value, ok := decimal(e.text)
		if !ok {
			return Expect{}, fmt.Errorf("%q compares with %q, which is not a decimal number", s, e.text)
		}
		e.value = value
		return e, nil
	}
	return Expect{op: "=", text: s}, nil
}

// String is the condition in its normal form, which ParseExpect reads back.
func (e Expect) String() string {
	if e.op == "" {
		return ""
	}
	return strings.TrimSpace(e.op + " " + e.text)
}

// Met reports whether a value meets the condition; nil is NULL.
func (e Expect) Met(value *string) bool {
	if e.op == "" {
		return true
	}
	if value == nil {
		return false
	}
	got := strings.TrimSpace(*value)
	switch e.op {
	case "=":
		return got == e.text
	case "!=":
		return got != e.text
	}
	n, ok := decimal(got)
	if !ok {
		return false
	}
	switch c := n.Cmp(e.value); e.op {
	case ">":
		return c > 0
	case ">=":
		return c >= 0
	case "<":
		return c < 0
	default:
		return c <= 0
	}
}

// decimal reads [-+]digits[.digits], as Postgres writes numbers. No exponent: 1e999999999 would take all memory.
func decimal(s string) (*big.Rat, bool) {
	digits := strings.TrimLeft(s, "+-")
	if len(s)-len(digits) > 1 || len(s) > 1000 {
		return nil, false
	}
	whole, fraction, point := strings.Cut(digits, ".")
	if !numeric(whole) || point && !numeric(fraction) {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

func numeric(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
