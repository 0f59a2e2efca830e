package main

import (
	"bufio"
	"bytes"
	"context"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
	"github.com/spf13/cobra"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/cmd/internal/project"
	"github.com/onggi-db/onggi/cmd/internal/source"
	"github.com/onggi-db/onggi/render"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec"
)

// The formats of onggi render.
const (
	formatManifests = "manifests"
	formatHelm      = "helm"
	formatKustomize = "kustomize"
	formatArgoCD    = "argocd"
)

// defaultChartVersion is that of a chart that is given none.
const defaultChartVersion = "0.1.0"

func formats() []string { return []string{formatManifests, formatHelm, formatKustomize, formatArgoCD} }

type renderOptions struct {
	envs    []string
	allEnvs bool
	format  string
	dir     string
	check   bool
	force   bool
	archive bool
	version string
}

func newRenderCmd(s *cli.Streams) *cobra.Command {
	var o renderOptions
	cmd := &cobra.Command{
		Use:   "render PATH...",
		Short: "Render specs as manifests, a Helm chart, Kustomize overlays or Argo CD Applications",
		Long: `Render specs. PATH is a file, a folder of specs with all below it, or - for standard input.

Without -o, manifests of one environment go to stdout as one stream. With -o they go to a folder, one
file for each object. The folder may hold other files: only those that onggi wrote are ever replaced or
removed, and only while nobody else has changed them.

A chart and overlays are rendered back with the real Helm and Kustomize before they are written, and
compared with the manifests object by object.`,
		Example: `  onggi render examples/homelab --env prod
  onggi render examples/homelab --format kustomize -o out
  onggi render specs --all-envs -o rendered --check      # exit 1 when rendered/ is out of date
  cat shop.yaml | onggi render -`,
		RunE: func(cmd *cobra.Command, args []string) error { return runRender(cmd.Context(), s, o, args) },
	}
	f := cmd.Flags()
	f.StringSliceVarP(&o.envs, "env", "e", nil, "environment to render; manifests without it are those of the spec alone, other formats have every environment")
	f.BoolVar(&o.allEnvs, "all-envs", false, "render every environment, each into a folder of its own")
	f.StringVarP(&o.format, "format", "f", formatManifests, strings.Join(formats(), " | "))
	f.StringVarP(&o.dir, "output", "o", "", "folder to write to")
	f.BoolVar(&o.check, "check", false, "write nothing; exit 1 when the folder is not what would be written")
	f.BoolVar(&o.force, "force", false, "give up edits that people made to files that onggi wrote")
	f.BoolVar(&o.archive, "package", false, "with --format helm: write the chart as .tgz")
	f.StringVar(&o.version, "chart-version", defaultChartVersion, "with --format helm: version of the chart")
	complete(cmd, "format", formats())
	completeEnvs(cmd)
	return cmd
}

func (o renderOptions) validate() error {
	switch {
	case !slices.Contains(formats(), o.format):
		return cli.Exit(cli.Usage, "there is no format %q: choose %s", o.format, strings.Join(formats(), ", "))
	case o.dir == "" && o.format != formatManifests:
		return cli.Exit(cli.Usage, "--format %s writes many files: name a folder with -o", o.format)
	case o.dir == "" && (o.check || o.force):
		return cli.Exit(cli.Usage, "--check and --force belong to -o")
	case o.dir == "" && (o.allEnvs || len(o.envs) > 1):
		return cli.Exit(cli.Usage, "several environments in one stream would be applied over each other: name a folder with -o")
	case o.allEnvs && len(o.envs) > 0:
		return cli.Exit(cli.Usage, "--env and --all-envs exclude each other")
	case o.version != "" && !isVersion(o.version):
		return cli.Exit(cli.Usage, "--chart-version %q is not a semantic version: write 1.2.3", o.version)
	case o.archive && o.format != formatHelm:
		return cli.Exit(cli.Usage, "--package belongs to --format helm")
	}
	return nil
}

func runRender(ctx context.Context, s *cli.Streams, o renderOptions, args []string) error {
	if err := o.validate(); err != nil {
		return err
	}
	in, err := source.Read(s.In, args)
	if err != nil {
		return err
	}
	if o.dir == "" {
		return stream(ctx, s, in, o.env())
	}
	return writeFolder(ctx, s, in, o)
}

func isVersion(s string) bool {
	_, err := semver.StrictNewVersion(s)
	return err == nil
}

// env is the one environment of a stream.
func (o renderOptions) env() string {
	if len(o.envs) == 0 {
		return ""
	}
	return o.envs[0]
}

// of lists the environments of a document that were asked for.
func (o renderOptions) of(doc *spec.Document) []string {
	switch {
	case o.allEnvs:
		return doc.Environments()
	case len(o.envs) > 0:
		return o.envs
	case o.format == formatManifests:
		return []string{""}
	}
	return doc.Environments()
}

// stream writes one environment of every document to stdout, and nothing at all when anything is wrong.
func stream(ctx context.Context, s *cli.Streams, in *source.Input, env string) error {
	var problems spec.Problems
	var documents [][]byte
	count := 0
	judge := project.Judge{Whole: in.Whole}
	err := in.Batches(ctx, func(docs []*spec.Document) error {
		encoded := make([][]byte, len(docs))
		for _, err := range source.InParallel(ctx, len(docs), func(i int) error {
			return judge.Each(docs[i], []string{env}, func(_ string, bundle render.Bundle, _ *spec.Cluster) error {
				encoded[i] = manifest.Encode(bundle.Objects...)
				return nil
			})
		}) {
			if err := cli.Gather(&problems, err); err != nil {
				return err
			}
		}
		count += len(docs)
		documents = append(documents, encoded...)
		return nil
	})
	if err := cli.Gather(&problems, err); err != nil {
		return err
	}
	if problems = judge.Add(problems); len(problems) > 0 {
		return problems.Sort()
	}
	if count == 0 {
		return noClusters()
	}
	w := bufio.NewWriter(s.Out)
	for i, data := range documents {
		if i > 0 && !bytes.HasPrefix(data, []byte("---")) {
			_, _ = w.WriteString("---\n") // Flush reports what failed
		}
		_, _ = w.Write(data)
	}
	if err := w.Flush(); err != nil {
		return cli.Exit(cli.InOut, "write standard output: %w", err)
	}
	return nil
}

func noClusters() error {
	return cli.Exit(cli.Invalid, "there is no %s in the input: onggi init homelab writes one to start from", spec.KindCluster)
}
