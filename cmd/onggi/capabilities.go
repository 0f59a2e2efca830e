package main

import (
	"encoding/json"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/overlays"
	"github.com/onggi-db/onggi/render/backend"
)

func newCapabilitiesCmd(s *cli.Streams) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "capabilities",
		Short: "Show what each back end can do, and since which release of its operator",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			switch format {
			case "table":
				return capabilityTable(s)
			case "json":
				return capabilityJSON(s)
			}
			return cli.Exit(cli.Usage, "there is no output %q: choose table or json", format)
		},
	}
	cmd.Flags().StringVarP(&format, "output", "o", "table", "table | json")
	return cmd
}

func capabilityTable(s *cli.Streams) error {
	w := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "FIELD\tWHAT")
	for _, n := range backend.Names() {
		mark := ""
		if !n.Builds() {
			mark = "*"
		}
		fmt.Fprintf(w, "\t%s%s", n, mark)
	}
	fmt.Fprintln(w)
	for _, f := range backend.Features() {
		fmt.Fprintf(w, "spec.%s\t%s", f.Path, f.What)
		for _, n := range backend.Names() {
			fmt.Fprintf(w, "\t%s", f.In[n])
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w, "\n* not compiled by this release of onggi. A field without a row is one that every back end has.")
	return w.Flush()
}

func capabilityJSON(s *cli.Streams) error {
	type row struct {
		Field    string            `json:"field"`
		What     string            `json:"what"`
		Backends map[string]string `json:"backends"`
	}
	var rows []row
	for _, f := range backend.Features() {
		cells := make(map[string]string)
		for _, n := range backend.Names() {
			cells[string(n)] = f.In[n].String()
		}
		rows = append(rows, row{"spec." + f.Path, f.What, cells})
	}
	enc := json.NewEncoder(s.Out)
	enc.SetIndent("", "  ")
	return enc.Encode(rows)
}

func newComponentsCmd(s *cli.Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "components",
		Short: "List the Kustomize Components that a Project can name",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			w := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
			for _, c := range overlays.Components() {
				fmt.Fprintf(w, "%s\t%s\n", c.Name, c.Doc)
			}
			return w.Flush()
		},
	}
}
