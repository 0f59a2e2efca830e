package node

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// pieces are what lines are made of in TestAssembled: every construct, well and badly formed.
var pieces = []string{
	"a: 1", "b: x y", "- x", "- a: 1", "a:", "-", "- - x", "- - a: b", "c: |", "c: >", "c: |-", "c: >+", "- |", "- >-", "text of a block", "  more", "'q': 1", "\"q\": 'v'", "d: 'it''s'",
	"e: \"a\\tb\\u00e9\"", "f: {a: 1, b: [x, y]}", "g: [1, 2,", "3]", "h: {a: 1,", "b: 2}", "# comment", "a: 1 # c", "", "   ", "한: 글", "'open", "close'", "\"open", "close\"", "k: \"two", "k: 'two",
	"{a: b}", "[a, {b: c}]", "- {a: b}", "- [a]", "a : 1", "a: ", "- ", "x:y", "http://a:1/b", "- 'q'", "\"a\" : {b: }", "{\"a\":1}", "[ , ]", "a: -", "a: - b", "a: b: c", "-x", "- # c", "a: # c", "? a", ": b", "&x a: 1",
	"y: *x", "a: !!str 1", "---", "...", "<<: {}", "a: 'x' y", "a: [x] y", "~: 1", "null", "a: ,", "a: {,}", "a: [b c, 'd' , \"e\"]", "- a\t", "a:\tb", "\tb: 1", "a: x#y", "a: #y", "l: >\n\n  a\n   b\n\n  c", "%x", "@x: 1",
}

// TestAssembled holds the two parsers equal on texts that are put together from pieces of YAML at random indentations, which
// reaches what a fuzzer that turns bytes rarely does.
func TestAssembled(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range assembledCases {
		var b strings.Builder
		indent := 0
		for range 1 + r.IntN(8) {
			switch r.IntN(4) {
			case 0:
				indent = r.IntN(7)
			case 1:
				indent = max(0, indent-2)
			case 2:
				indent += 2
			}
			b.WriteString(strings.Repeat(" ", indent) + pieces[r.IntN(len(pieces))])
			if r.IntN(30) > 0 {
				b.WriteByte('\n')
			}
		}
		compare(t, b.String())
	}
}

const assembledCases = 5_000
