package ctl

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"
)

// documents are all that one agent can tell, as it tells it: programs that put the answers of several agents together want the
// positions and the times themselves, and not a table's rounding.
type documents struct {
	Member  json.RawMessage `json:"member"`  // GET /patroni
	Cluster json.RawMessage `json:"cluster"` // GET /cluster
	History json.RawMessage `json:"history"` // GET /history
}

func (a *app) status() *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "all that this agent knows, as JSON, for programs", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := a.within(cmd.Context(), reading)
			defer cancel()
			var d documents
			for _, of := range []struct {
				path string
				into *json.RawMessage
			}{{"/patroni", &d.Member}, {"/cluster", &d.Cluster}, {"/history", &d.History}} {
				if err := a.target.here().get(ctx, of.path, of.into); err != nil {
					return err
				}
			}
			data, err := json.Marshal(d)
			if err == nil && a.output == "yaml" {
				data, err = yaml.JSONToYAML(data)
			}
			if err != nil {
				return fmt.Errorf("write the documents: %w", err)
			}
			_, err = fmt.Fprintf(a.streams.Out, "%s\n", data)
			return err
		},
	}
}
