package main

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/cmd/internal/project"
	"github.com/onggi-db/onggi/policies"
	"github.com/onggi-db/onggi/policies/report"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/plan"
	"github.com/onggi-db/onggi/render/provenance"
	"github.com/onggi-db/onggi/render/spec"
)

type checkOptions struct {
	envs    []string
	objects bool
	kube    string
	live    bool
	config  string
	context string
	failOn  string
	outputs []string
}

func newCheckCmd(s *cli.Streams) *cobra.Command {
	var o checkOptions
	cmd := &cobra.Command{
		Use:   "check PATH...",
		Short: "Check rendered objects against the policies, offline",
		Long: `Render every environment (or those of --env) and check the objects against the policies: rules over one
object are ValidatingAdmissionPolicies, evaluated by the API server's own CEL library, so that a cluster
can enforce the same; rules over several objects look for what no cluster would tell in time. Findings
name the object, the field, and the line of the spec that made it.

The exit code is 1 when a finding is as severe as --fail-on. A Project can waive findings, with a reason.`,
		Example: `  onggi check examples/homelab
  onggi check specs -o sarif=findings.sarif -o human
  onggi check manifests --objects                 # manifests, from wherever they come`,
		RunE: func(cmd *cobra.Command, args []string) error { return runCheck(cmd.Context(), s, o, args) },
	}
	f := cmd.Flags()
	f.StringSliceVarP(&o.envs, "env", "e", nil, "environments; without it all of them")
	f.BoolVar(&o.objects, "objects", false, "PATH holds manifests, not specs")
	f.StringVar(&o.kube, "kube-version", "", "version of Kubernetes that the objects are for, e.g. 1.33: rules about what an older one lacks then apply")
	f.BoolVar(&o.live, "live", false, "also look at the databases as they run: a restore that is left in Git once they are up is an error")
	f.StringVar(&o.config, "kubeconfig", "", "with --live: the kubeconfig, if not the one that kubectl takes")
	f.StringVar(&o.context, "context", "", "with --live: the context of the kubeconfig")
	f.StringVar(&o.failOn, "fail-on", "", "error | warning | info; the default is the Project's policies.failOn, or error")
	f.StringArrayVarP(&o.outputs, "output", "o", []string{"human"}, "FORMAT or FORMAT=FILE, repeatable: "+strings.Join(report.Formats(), " | "))
	complete(cmd, "fail-on", []string{"error", "warning", "info"})
	complete(cmd, "output", report.Formats())
	completeEnvs(cmd)
	return cmd
}

var kubeVersion = regexp.MustCompile(`^1[.][0-9]+([.][0-9]+)?$`)

func runCheck(ctx context.Context, s *cli.Streams, o checkOptions, args []string) error {
	outputs, err := parseOutputs(o.outputs)
	if err != nil {
		return err
	}
	if o.failOn != "" && !slices.Contains([]string{"error", "warning", "info"}, o.failOn) {
		return cli.Exit(cli.Usage, "there is no severity %q: choose error, warning or info", o.failOn)
	}
	if o.kube != "" && !kubeVersion.MatchString(o.kube) {
		return cli.Exit(cli.Usage, "--kube-version %q is no version of Kubernetes: write it as 1.33", o.kube)
	}
	c := checker{kube: o.kube}
	if o.live {
		if c.live, err = o.lookAt(ctx); err != nil {
			return err
		}
	}
	if o.objects {
		var objs []manifest.Object
		if err := eachManifest(s, args, func(_ string, found []manifest.Object) { objs = append(objs, found...) }); err != nil {
			return err
		}
		running, err := c.running(objs)
		if err != nil {
			return err
		}
		c.findings = policies.Check(policies.Input{Objects: objs, Live: running, KubeVersion: c.kube})
		c.checked = len(objs)
	} else if err := eachVariant(ctx, s, args, o.envs, c.variant); err != nil {
		return err
	}
	failOn := policies.Error
	if len(c.projects) > 0 {
		failOn = policies.Level(c.projects[0].Policies.FailOn)
		c.findings = policies.Waive(c.findings, waivers(c.projects))
	}
	if o.failOn != "" {
		failOn = policies.Level(o.failOn)
	}
	for _, out := range outputs {
		if err := out.write(s, c.findings, c.checked); err != nil {
			return err
		}
	}
	if report.Fails(c.findings, failOn) {
		return cli.Error{Code: cli.Findings}
	}
	return nil
}

// checker gathers the findings of every variant, each finding once.
type checker struct {
	findings []policies.Finding
	checked  int
	kube     string                                             // version of Kubernetes, "" when nobody said
	live     func([]manifest.Object) ([]manifest.Object, error) // nil when nobody looks at the cluster
	projects []*spec.ProjectFile                                // each once; the first decides what fails
}

func (c *checker) variant(doc *spec.Document, r rendered) error {
	c.checked += len(r.objs)
	known := func(p *spec.ProjectFile) bool { return p.File == doc.Project.File }
	if doc.Project != nil && !slices.ContainsFunc(c.projects, known) {
		c.projects = append(c.projects, doc.Project)
	}
	running, err := c.running(r.objs)
	if err != nil {
		return err
	}
	found := policies.Check(policies.Input{
		Objects: r.objs, Live: running, KubeVersion: c.kube, External: external(r.cluster, r.needs), Namespace: r.cluster.Namespace,
		OperatorVersion: r.cluster.Spec.OperatorVersion, Backend: r.cluster.Spec.Backend,
	})
	var sources *provenance.Sources
	for _, f := range found {
		if f.Origin == "" {
			if sources == nil { // tracing renders once for every field of the spec, so only when there is something to find
				traced := provenance.Trace(r.cluster, project.Transformer(doc), r.objs)
				sources = &traced
			}
			locate(&f, r.cluster, *sources)
		}
		if !slices.ContainsFunc(c.findings, func(known policies.Finding) bool { return sameFinding(known, f) }) {
			c.findings = append(c.findings, f)
		}
	}
	return nil
}

// locate adds the line of the spec that made the field; where none did, the line that names the database.
func locate(f *policies.Finding, c *spec.Cluster, sources provenance.Sources) {
	path := "metadata.name"
	if leaf, ok := sources.Of(f.Ref, f.Path); ok {
		path = "spec." + leaf.Path
		f.SpecPath = path
	}
	f.Origin = c.At(path).String()
}

// sameFinding compares what a person would read: the same thing in two environments is told once.
func sameFinding(a, b policies.Finding) bool {
	return a.Policy == b.Policy && a.Ref.Kind == b.Ref.Kind && a.Ref.Name == b.Ref.Name && a.Message == b.Message &&
		manifest.FormatPath(a.Path) == manifest.FormatPath(b.Path) && a.Origin == b.Origin
}

// external are the Secrets that exist although nothing beside the spec makes them.
func external(c *spec.Cluster, needs []plan.Need) []policies.SecretRef {
	var out []policies.SecretRef
	for _, e := range c.Spec.Secrets.Existing {
		out = append(out, policies.SecretRef{Name: e.Name, Keys: e.Keys})
	}
	if c.Spec.Secrets.Provider == "existing" {
		for _, n := range needs {
			out = append(out, policies.SecretRef{Name: n.Name})
		}
	}
	return out
}

func waivers(projects []*spec.ProjectFile) []policies.Waiver {
	var out []policies.Waiver
	for _, p := range projects {
		for _, w := range p.Policies.Waive {
			object := w.Object
			if object == "*" {
				object = "*/*"
			}
			out = append(out, policies.Waiver{Policy: w.Policy, Object: object, Reason: w.Reason})
		}
	}
	return out
}

// outcome is one report to write: to a file, or to stdout.
type outcome struct{ format, file string }

func parseOutputs(flags []string) ([]outcome, error) {
	var out []outcome
	toStdout := 0
	for _, flag := range flags {
		format, file, _ := strings.Cut(flag, "=")
		if !slices.Contains(report.Formats(), format) {
			return nil, cli.Exit(cli.Usage, "there is no output %q: choose %s", format, strings.Join(report.Formats(), ", "))
		}
		if file == "" {
			toStdout++
		}
		out = append(out, outcome{format, file})
	}
	if toStdout > 1 {
		return nil, cli.Exit(cli.Usage, "only one report can go to standard output: give the others a file, as in -o sarif=findings.sarif")
	}
	return out, nil
}

func (o outcome) write(s *cli.Streams, findings []policies.Finding, checked int) error {
	data, err := report.Encode(o.format, findings, report.Options{Color: s.Color && o.file == "", Objects: checked})
	if err != nil {
		return fmt.Errorf("write %s report: %w", o.format, err)
	}
	if o.file == "" {
		if _, err := s.Out.Write(data); err != nil {
			return cli.Exit(cli.InOut, "write standard output: %w", err)
		}
		return nil
	}
	if err := writeFile(os.Rename, o.file, data); err != nil {
		return cli.Exit(cli.InOut, "write %s: %w", o.file, err)
	}
	return nil
}
