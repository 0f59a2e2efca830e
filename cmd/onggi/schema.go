package main

import (
	"bytes"
	"encoding/json"

	"github.com/spf13/cobra"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec"
)

func newSchemaCmd(s *cli.Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "schema [DatabaseCluster|Project]",
		Short: "Print the JSON Schema (draft-07) of the spec, for editors",
		Example: `  onggi schema > onggi.schema.json
  # and as the first line of a spec: # yaml-language-server: $schema=onggi.schema.json`,
		Args:      cobra.MatchAll(cobra.MaximumNArgs(1), cobra.OnlyValidArgs),
		ValidArgs: []string{spec.KindCluster, spec.KindProject},
		RunE: func(_ *cobra.Command, args []string) error {
			kind := ""
			if len(args) == 1 {
				kind = args[0]
			}
			return printSchema(s, kind)
		},
	}
}

func printSchema(s *cli.Streams, kind string) error {
	if _, err := s.Out.Write(indentJSON(manifest.EncodeJSON(spec.JSONSchema(kind)))); err != nil {
		return cli.Exit(cli.InOut, "write standard output: %w", err)
	}
	return nil
}

// indentJSON lays out JSON of our own making for people.
func indentJSON(data []byte) []byte {
	var out bytes.Buffer
	if err := json.Indent(&out, data, "", "  "); err != nil {
		panic(err) // the encoder wrote something that is not JSON
	}
	out.WriteByte('\n')
	return out.Bytes()
}
