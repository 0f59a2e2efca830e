package archtest

import (
	"fmt"
	"path"
	"strings"
)

// Text returns what is wrong with the text of any file: one sentence, with the position, for each thing.
func Text(name string, data []byte) []string {
	var problems []string
	if ext := path.Ext(name); ext == ".orig" || ext == ".rej" {
		problems = append(problems, name+": is what a patch left: delete it")
	}
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		for _, word := range leftovers() {
			if strings.Contains(line, word) {
				problems = append(problems, fmt.Sprintf("%s:%d: has %q: finish it, or file an issue", name, n, word))
			}
		}
		for _, place := range places() {
			if at := strings.Index(line, place); at >= 0 && (at == 0 || !isPathByte(line[at-1])) {
				problems = append(problems, fmt.Sprintf("%s:%d: names %s, a path of somebody's machine", name, n, place))
			}
		}
	}
	if n > MaxFileLines && strings.HasSuffix(name, "_test.go") { // tests may have long functions, as tables are
		problems = append(problems, fmt.Sprintf("%s: %d lines: a file fits a sitting, at most %d", name, n, MaxFileLines))
	}
	return problems
}

// The words are put together here so that this file passes its own rule.
func leftovers() []string { return []string{"TO" + "DO", "FIX" + "ME", "XX" + "X:", "HACK" + ":"} }

func places() []string { return []string{"/wo" + "rk/", "/ro" + "ot/"} }

// isPathByte reports whether a byte before a slash makes it the middle of a longer path.
func isPathByte(b byte) bool {
	return b == '.' || b == '_' || b == '-' || b == '$' || b == '}' || b == ')' ||
		'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9'
}
