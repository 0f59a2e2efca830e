package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/cmd/internal/project"
	"github.com/onggi-db/onggi/cmd/internal/source"
	"github.com/onggi-db/onggi/policies/crd"
	"github.com/onggi-db/onggi/render"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/plan"
	"github.com/onggi-db/onggi/render/spec"
)

type validateOptions struct {
	crds     string
	releases []string
	envs     []string
	objects  bool
}

func newValidateCmd(s *cli.Streams) *cobra.Command {
	var o validateOptions
	cmd := &cobra.Command{
		Use:   "validate PATH... --crds DIR",
		Short: "Validate rendered objects against the real CustomResourceDefinitions, offline",
		Long: `Render every environment (or those of --env) and validate each object as an API server would: strict
fields, the schema, its defaults and its CEL rules. DIR holds the CRDs as YAML files, in any folders.
Objects of Kubernetes itself are decoded strictly. A kind without a definition is reported.`,
		Example: `  kubectl get crd -o yaml > crds/all.yaml
  onggi validate specs --crds crds
  onggi validate rendered --objects --crds crds            # manifests, from wherever they come`,
		RunE: func(cmd *cobra.Command, args []string) error { return runValidate(cmd.Context(), s, o, args) },
	}
	cmd.Flags().StringVar(&o.crds, "crds", "", "folder of CustomResourceDefinitions")
	cmd.Flags().StringSliceVar(&o.releases, "crd-release", nil, "prefer the definitions in folders of this name, for a kind that has several")
	cmd.Flags().StringSliceVarP(&o.envs, "env", "e", nil, "environments; without it all of them")
	cmd.Flags().BoolVar(&o.objects, "objects", false, "PATH holds manifests, not specs")
	completeEnvs(cmd)
	return cmd
}

func runValidate(ctx context.Context, s *cli.Streams, o validateOptions, args []string) error {
	if o.crds == "" {
		return cli.Exit(cli.Usage, "name the folder of CustomResourceDefinitions with --crds")
	}
	if _, err := os.Stat(o.crds); err != nil {
		return cli.Exit(cli.InOut, "read %s: %w", o.crds, source.Cause(err))
	}
	schemas, err := crd.Load(os.DirFS(o.crds), o.releases...)
	if err != nil {
		return cli.Fail(cli.InOut, err)
	}
	checked, found := 0, 0
	each := func(where string, objs []manifest.Object) {
		for _, obj := range objs {
			checked++
			for _, v := range schemas.Validate(obj) {
				found++
				fmt.Fprintf(s.Out, "%s%v\n", where, v)
			}
		}
	}
	if o.objects {
		err = eachManifest(s, args, each)
	} else {
		err = eachVariant(ctx, s, args, o.envs, func(doc *spec.Document, r rendered) error {
			each(fmt.Sprintf("%s %s: ", doc.Name, orBase(r.cluster.Env)), r.objs)
			return nil
		})
	}
	if err != nil {
		return err
	}
	if found > 0 {
		return cli.Exit(cli.Findings, "%s in %s", cli.Plural(found, "violation"), cli.Plural(checked, "object"))
	}
	fmt.Fprintf(s.Out, "%s valid\n", cli.Plural(checked, "object"))
	return nil
}

// eachManifest reads objects as they stand.
func eachManifest(s *cli.Streams, args []string, work func(where string, objs []manifest.Object)) error {
	if len(args) == 0 {
		return cli.Exit(cli.Usage, "name a file or folder of manifests, or - for standard input")
	}
	for _, arg := range args {
		names := []string{arg}
		if arg == source.Stdin {
			piped, err := source.ReadStdin(s.In)
			if err != nil {
				return err
			}
			if err := decodeEach(source.Stdin, piped.Data, work); err != nil {
				return err
			}
			continue
		}
		if info, err := os.Stat(arg); err == nil && info.IsDir() {
			if names, err = source.ManifestFiles(arg); err != nil {
				return cli.Fail(cli.InOut, err)
			}
			if len(names) == 0 {
				return cli.Exit(cli.InOut, "%s holds no .yaml, .yml or .json file", arg)
			}
		}
		for _, name := range names {
			data, err := source.ReadFile(name)
			if err != nil {
				return cli.Fail(cli.InOut, err)
			}
			if err := decodeEach(name, data, work); err != nil {
				return err
			}
		}
	}
	return nil
}

func decodeEach(name string, data []byte, work func(string, []manifest.Object)) error {
	objs, err := manifest.Decode(name, data)
	if err != nil {
		return cli.Fail(cli.Invalid, err)
	}
	work(name+": ", objs)
	return nil
}

// rendered is a document in one environment.
type rendered struct {
	cluster *spec.Cluster
	objs    []manifest.Object
	needs   []plan.Need
}

// eachVariant renders every document in every environment that was asked for, and once without any when it has none or
// none was named. Problems are told all together.
func eachVariant(ctx context.Context, s *cli.Streams, args, only []string, work func(*spec.Document, rendered) error) error {
	in, err := source.Read(s.In, args)
	if err != nil {
		return err
	}
	var problems spec.Problems
	count := 0
	judge := project.Judge{Whole: in.Whole}
	err = in.Batches(ctx, func(docs []*spec.Document) error {
		for _, doc := range docs {
			count++
			envs := only
			if len(envs) == 0 {
				envs = append([]string{""}, doc.Environments()...)
			}
			err := judge.Each(doc, envs, func(_ string, bundle render.Bundle, cluster *spec.Cluster) error {
				return work(doc, rendered{cluster, bundle.Objects, bundle.Plan.Needs})
			})
			if err := cli.Gather(&problems, err); err != nil {
				return err
			}
		}
		return nil
	})
	if err := cli.Gather(&problems, err); err != nil {
		return err
	}
	if problems = judge.Add(problems); len(problems) == 0 && count == 0 {
		return noClusters()
	}
	return problems.Sort().Err()
}
