package main

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/render"
)

var codePattern = regexp.MustCompile(`^(?i)ONG[0-9]{4}$`)

func newExplainCmd(s *cli.Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "explain FIELD|CODE",
		Short: "Explain a field of the spec, or the code of an error or finding",
		Example: `  onggi explain spec.backup.retention
  onggi explain project.argocd
  onggi explain ONG1001`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if codePattern.MatchString(args[0]) {
				return explainCode(s.Out, strings.ToUpper(args[0]))
			}
			return explainField(s.Out, args[0])
		},
	}
}

func explainCode(w io.Writer, code string) error {
	doc, known := render.Explain(code)
	if !known {
		return explainPolicy(w, code)
	}
	fmt.Fprintf(w, "%s: %s\n\n%s\n", doc.Code, doc.Title, doc.Text)
	if doc.Wrong != "" {
		fmt.Fprintf(w, "\nwrong:\n%s\n", indented(doc.Wrong))
	}
	if doc.Right != "" {
		fmt.Fprintf(w, "\nright:\n%s\n", indented(doc.Right))
	}
	return nil
}

func indented(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n  ")
}
