package cmp

import (
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
	"github.com/spf13/cobra"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/render/argocd/plugin"
	"github.com/onggi-db/onggi/render/tree"
)

// The formats of install.
const (
	formatPlugin    = "plugin"
	formatKustomize = "kustomize"
	formatHelm      = "helm"
)

func installFormats() []string { return []string{formatKustomize, formatHelm, formatPlugin} }

type installOptions struct{ format, discovery, image, dir string }

func newInstallCmd(s *cli.Streams, version string) *cobra.Command {
	var o installOptions
	cmd := &cobra.Command{
		Use:   "install",
		Short: "Print what puts the plugin into Argo CD",
		Long: `Print what puts the plugin beside Argo CD's repo-server:

  kustomize   a component over Argo CD's own manifests: the sidecar, its configuration, what need not be sent to it
  helm        values for the argo-cd chart of argo-helm
  plugin      plugin.yaml alone, for an installation of another kind

Argo CD finds out by itself which applications are onggi's, by a file onggi.yaml in their path (--discovery file). With
--discovery command a spec in the path is enough, for one more start of the plugin each time. With --discovery name only
Applications that name the plugin are rendered by it, and no repository is sent to it just to be looked at: for large
repositories.

Nothing but .git is kept from the plugin. Where no other plugin needs more, the setting reposerver.plugin.use.manifest.generate.paths
sends only the folders that an Application's manifest-generate-paths names, which onggi writes on its Applications.`,
		Example: `  onggi cmp install -o argocd/onggi                  # components: [onggi] in argocd/kustomization.yaml
  onggi cmp install --format helm > onggi-values.yaml`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return runInstall(s, o, version) },
	}
	f := cmd.Flags()
	f.StringVarP(&o.format, "format", "f", formatKustomize, strings.Join(installFormats(), " | "))
	f.StringVar(&o.discovery, "discovery", string(plugin.ByFile), strings.Join(plugin.Discoveries(), " | "))
	f.StringVar(&o.image, "image", "", "image of the plugin; the default is that of this release")
	f.StringVarP(&o.dir, "output", "o", "", "folder to write to")
	complete(cmd, "format", installFormats())
	complete(cmd, "discovery", plugin.Discoveries())
	return cmd
}

func runInstall(s *cli.Streams, o installOptions, version string) error {
	switch {
	case !slices.Contains(installFormats(), o.format):
		return cli.Exit(cli.Usage, "there is no format %q: choose %s", o.format, strings.Join(installFormats(), ", "))
	case !slices.Contains(plugin.Discoveries(), o.discovery):
		return cli.Exit(cli.Usage, "there is no discovery %q: choose %s", o.discovery, strings.Join(plugin.Discoveries(), ", "))
	}
	if o.image == "" {
		tag := release(version)
		if tag == "" {
			return cli.Exit(cli.Usage, "this build is no release, so there is no image of its version: name one with --image")
		}
		o.image = plugin.Image(tag)
	}
	if !pinned(o.image) {
		return cli.Exit(cli.Usage, "--image %s has no tag that stays the same: write one, or a digest", o.image)
	}
	files := installation(o)
	if o.dir != "" {
		return writeFiles(s, o.dir, files)
	}
	for i, file := range files {
		if i > 0 {
			fmt.Fprintln(s.Out, "---")
		}
		if len(files) > 1 {
			fmt.Fprintf(s.Out, "# %s\n", file.Name)
		}
		if _, err := s.Out.Write(file.Data); err != nil {
			return cli.Exit(cli.InOut, "write standard output: %w", err)
		}
	}
	return nil
}

// release is the tag of a release, "" for any other build: Go and git call those by the release before, with a commit behind it.
func release(version string) string {
	v, err := semver.NewVersion(version)
	if err != nil || v.Metadata() != "" {
		return ""
	}
	for _, stage := range []string{"alpha.", "beta.", "rc."} {
		if n, ok := strings.CutPrefix(v.Prerelease(), stage); ok && strings.Trim(n, "0123456789") == "" {
			return v.String()
		}
	}
	if v.Prerelease() != "" {
		return ""
	}
	return v.String()
}

// pinned reports whether an image has a tag other than latest, or a digest. A colon before a slash is a registry's port.
func pinned(image string) bool {
	if strings.Contains(image, "@sha256:") {
		return true
	}
	_, tag, tagged := strings.Cut(image[strings.LastIndexByte(image, '/')+1:], ":")
	return tagged && tag != "" && tag != "latest"
}

func installation(o installOptions) []plugin.File {
	i := plugin.Installation{Image: o.image, Discovery: plugin.Discovery(o.discovery)}
	switch o.format {
	case formatPlugin:
		return []plugin.File{{Name: plugin.ConfigFile, Data: i.Plugin()}}
	case formatHelm:
		return []plugin.File{{Name: "values.yaml", Data: i.Values()}}
	}
	return i.Component()
}

func writeFiles(s *cli.Streams, dir string, files []plugin.File) error {
	var t tree.Tree
	for _, file := range files {
		if err := t.Add(file.Name, file.Data); err != nil {
			return cli.Fail(cli.InOut, err)
		}
	}
	result, err := tree.Sync(dir, t, tree.Options{})
	if err != nil {
		return cli.Fail(cli.InOut, err)
	}
	fmt.Fprintf(s.Out, "%s: %d written, %d removed, %d unchanged\n", dir, len(result.Written), len(result.Removed), len(result.Unchanged))
	return nil
}
