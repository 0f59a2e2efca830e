package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/policies"
	"github.com/onggi-db/onggi/render/spec"
)

// explainField prints what the types say about a field: the same words as the schema and the reference.
func explainField(w io.Writer, path string) error {
	f, known := spec.FieldDoc(path)
	if !known {
		return cli.Exit(cli.Usage, "the spec has no field %q: start from onggi explain spec, or onggi explain project", path)
	}
	fmt.Fprintf(w, "%s  %s", f.Path, f.Type)
	if f.Required {
		fmt.Fprint(w, ", required")
	}
	fmt.Fprintf(w, "\n\n%s\n", indented(f.Doc))
	for _, line := range []struct{ label, text string }{
		{"default", f.Default}, {"one of", strings.Join(f.Enum, ", ")}, {"limits", f.Limits}, {"example", f.Example},
	} {
		if line.text != "" {
			fmt.Fprintf(w, "\n  %s: %s", line.label, line.text)
		}
	}
	if len(f.Children) > 0 {
		fmt.Fprintln(w, "\n  fields:")
		for _, c := range f.Children {
			fmt.Fprintf(w, "    %-20s %-20s %s\n", c.Name, c.Type, firstSentence(c.Doc))
		}
		return nil
	}
	fmt.Fprintln(w)
	return nil
}

func firstSentence(doc string) string {
	first, _, _ := strings.Cut(doc, ". ")
	return strings.TrimSuffix(first, ".")
}

// explainPolicy prints a rule of onggi check.
func explainPolicy(w io.Writer, code string) error {
	for _, p := range policies.Builtin() {
		if p.ID == code {
			fmt.Fprintf(w, "%s: %s (%s)\n\n%s\n\nfix: %s\n", p.ID, p.Title, p.Level, p.Why, p.Fix)
			return nil
		}
	}
	return cli.Exit(cli.Usage, "there is no code %s", code)
}
