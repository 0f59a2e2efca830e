package main

import (
	"fmt"
	"os"
	"strings"
)

// A page marks where a table goes: after <!-- bench PART --> up to <!-- /bench -->. PART is what the run calls the part that
// measured the rows, or allParts.
const (
	pageBegin = "<!-- bench "
	pageEnd   = "<!-- /bench -->"
	allParts  = "all"
)

// updatePage replaces the tables of a page.
func updatePage(name, about string, t table) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	page, err := withTables(string(data), about, t)
	if err != nil {
		return fmt.Errorf("update %s: %w", name, err)
	}
	return os.WriteFile(name, []byte(page), 0o644)
}

func withTables(page, about string, t table) (string, error) {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(page, pageBegin)
		b.WriteString(before)
		if !found {
			return b.String(), nil
		}
		part, rest, ok := strings.Cut(rest, " -->")
		if !ok {
			return "", fmt.Errorf("%q does not end", pageBegin)
		}
		_, after, ok := strings.Cut(rest, pageEnd)
		if !ok {
			return "", fmt.Errorf("there is no %s after %s%s -->", pageEnd, pageBegin, part)
		}
		fmt.Fprintf(&b, "%s%s -->\n%s\n\n%s%s", pageBegin, part, about, t.markdown(part), pageEnd)
		page = after
	}
}
