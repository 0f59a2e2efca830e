package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/onggi-db/onggi/charts"
	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/cmd/internal/project"
	"github.com/onggi-db/onggi/cmd/internal/source"
	"github.com/onggi-db/onggi/overlays"
	"github.com/onggi-db/onggi/render/spec"
	"github.com/onggi-db/onggi/render/variant"
)

func newVerifyCmd(s *cli.Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "verify PATH...",
		Short: "Prove that manifests, Helm chart and Kustomize overlays are the same objects",
		Long: `Render every environment of every database three ways - directly, through the Helm engine on the
chart with each values file, through Kustomize on the overlays - and compare object by object. The
first field that differs is printed, and the exit code is 1.`,
		Example: `  onggi verify examples/homelab`,
		RunE:    func(cmd *cobra.Command, args []string) error { return runVerify(cmd.Context(), s, args) },
	}
}

func runVerify(ctx context.Context, s *cli.Streams, args []string) error {
	in, err := source.Read(s.In, args)
	if err != nil {
		return err
	}
	var problems spec.Problems
	count, differing := 0, 0
	judge := project.Judge{Whole: in.Whole}
	err = in.Batches(ctx, func(docs []*spec.Document) error {
		count += len(docs)
		for _, doc := range docs {
			lines, same, err := verifyOne(doc)
			if err == nil {
				err = judge.Each(doc, nil, nil) // it compiles only what it takes to find a use for each Component
			}
			if err := cli.Gather(&problems, err); err != nil {
				return err
			}
			if !same {
				differing++
			}
			for _, line := range lines {
				fmt.Fprintln(s.Out, line)
			}
		}
		return nil
	})
	if err := cli.Gather(&problems, err); err != nil {
		return err
	}
	problems = judge.Add(problems)
	switch {
	case len(problems) > 0:
		return problems.Sort()
	case count == 0:
		return noClusters()
	case differing > 0:
		return cli.Exit(cli.Findings, "%s of %d not the same in every format; please report this", cli.Plural(differing, "database"), count)
	}
	return nil
}

// verifyOne has both emitters write one database; neither returns files that the real Helm or Kustomize does not render to
// the same objects, in every environment.
func verifyOne(doc *spec.Document) (lines []string, same bool, err error) {
	set, err := variant.Build(doc, variant.Options{Transform: project.Transformer(doc), Knobs: true})
	if err != nil {
		return nil, true, err
	}
	_, helm := charts.Emit(set, charts.Options{})
	_, kustomize := overlays.Emit(set, overlays.Options{})
	for _, failed := range []struct {
		format string
		err    error
	}{{formatHelm, helm}, {formatKustomize, kustomize}} {
		if failed.err != nil {
			lines = append(lines, fmt.Sprintf("%s %s: %v", doc.Name, failed.format, failed.err))
		}
	}
	if len(lines) > 0 {
		return lines, false, nil
	}
	for _, env := range append([]variant.Env{{Objects: set.Base}}, set.Envs...) {
		lines = append(lines, fmt.Sprintf("%s %-8s %d objects: render = helm template = kustomize build", doc.Name, orBase(env.Name), len(env.Objects)))
	}
	return lines, true, nil
}

func orBase(env string) string {
	if env == "" {
		return "(base)"
	}
	return env
}
