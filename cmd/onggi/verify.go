package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/onggi-db/onggi/charts"
	"github.com/onggi-db/onggi/overlays"
	"github.com/onggi-db/onggi/render/spec"
	"github.com/onggi-db/onggi/render/variant"
)

func newVerifyCmd(s *streams) *cobra.Command {
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

func runVerify(ctx context.Context, s *streams, args []string) error {
	in, err := readInput(s, args)
	if err != nil {
		return err
	}
	var problems spec.Problems
	count, differing := 0, 0
	err = in.batches(ctx, func(docs []*spec.Document) error {
		count += len(docs)
		for _, doc := range docs {
			lines, same, err := verifyOne(doc)
			if err := gather(&problems, err); err != nil {
				return err
			}
			if !same {
				differing++
			}
			for _, line := range lines {
				fmt.Fprintln(s.out, line)
			}
		}
		return nil
	})
	if err := gather(&problems, err); err != nil {
		return err
	}
	switch {
	case len(problems) > 0:
		return problems.Sort()
	case count == 0:
		return noClusters()
	case differing > 0:
		return exit(exitFindings, "%s of %d not the same in every format; please report this", plural(differing, "database"), count)
	}
	return nil
}

// verifyOne renders one database three ways and says how each environment compares.
func verifyOne(doc *spec.Document) (lines []string, same bool, err error) {
	set, err := variant.Build(doc, variant.Options{Transform: transformer(doc), Knobs: true})
	if err != nil {
		return nil, true, err
	}
	chart, err := charts.Emit(set, charts.Options{})
	if err != nil {
		return []string{fmt.Sprintf("%s: helm: %v", doc.Name, err)}, false, nil
	}
	overlay, err := overlays.Emit(set, overlays.Options{})
	if err != nil {
		return []string{fmt.Sprintf("%s: kustomize: %v", doc.Name, err)}, false, nil
	}
	differences := make(map[string]string)
	for _, m := range charts.Verify(set, chart) {
		differences[m.Env] = cmp.Or(differences[m.Env], "helm: "+m.Error())
	}
	var mismatch *overlays.MismatchError
	if err := overlays.Verify(set, overlay); errors.As(err, &mismatch) {
		env := strings.TrimPrefix(strings.TrimPrefix(mismatch.Dir, "base"), "overlays/")
		differences[env] = cmp.Or(differences[env], err.Error())
	} else if err != nil {
		return nil, false, err
	}
	envs := append([]variant.Env{{Objects: set.Base}}, set.Envs...)
	for _, env := range envs {
		line := fmt.Sprintf("%d objects: render = helm template = kustomize build", len(env.Objects))
		lines = append(lines, fmt.Sprintf("%s %-8s %s", doc.Name, orBase(env.Name), cmp.Or(differences[env.Name], line)))
	}
	return lines, len(differences) == 0, nil
}

func orBase(env string) string {
	if env == "" {
		return "(base)"
	}
	return env
}
