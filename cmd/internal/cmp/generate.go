package cmp

import (
	"context"
	"errors"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/cmd/internal/project"
	"github.com/onggi-db/onggi/cmd/internal/source"
	"github.com/onggi-db/onggi/render/argocd/plugin"
	"github.com/onggi-db/onggi/render/spec"
)

// deadline is when generate stops by itself; Argo CD kills it after 60 seconds.
const deadline = 45 * time.Second

func newGenerateCmd(s *cli.Streams) *cobra.Command {
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "generate",
		Short: "Render the application of the working folder, as Argo CD asks for it",
		Long: `Render the specs of the working folder as one YAML stream. What to render is in ARGOCD_APP_PARAMETERS:

  env        string   the environment; may be left out where there is only one, or none
  file       array    files or folders of specs below the working folder; left out: all of them
  database   string   one of several databases in those files; left out: all of them
  set        map      fields laid over the spec, after the environment: storage.size to 20Gi, expose to null

Of two parameters with one name the later one counts. Projects (onggi.yaml) are read in the working folder, below it, and
above it as far as the repository goes, which ARGOCD_APP_SOURCE_PATH tells.

Output is written once, when all of it is right. An application without objects is an error, and so are two objects with one
identity and more than a message of Argo CD can hold. Problems are told on standard error, one on a line.`,
		Example: `  ARGOCD_APP_PARAMETERS='[{"name": "env", "string": "prod"}]' onggi cmp generate`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return told(s, runGenerate(cmd.Context(), s, timeout))
		},
	}
	cmd.Flags().DurationVar(&timeout, "timeout", deadline, "when to stop, with a message, before Argo CD would without one")
	return cmd
}

func runGenerate(ctx context.Context, s *cli.Streams, timeout time.Duration) error {
	out, err := within(ctx, timeout, generate)
	if err != nil {
		return err
	}
	if _, err := s.Out.Write(out); err != nil {
		return cli.Exit(cli.InOut, "write standard output: %w", err)
	}
	return nil
}

// within gives work so much time. What does not look at its context in time is left behind: the program ends.
func within(ctx context.Context, timeout time.Duration, work func(context.Context) ([]byte, error)) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	type result struct {
		out []byte
		err error
	}
	done := make(chan result, 1)
	go func() {
		out, err := work(ctx)
		done <- result{out, err}
	}()
	var r result
	select {
	case r = <-done:
	case <-ctx.Done():
		r.err = ctx.Err()
	}
	if errors.Is(r.err, context.DeadlineExceeded) {
		return nil, cli.Exit(cli.Timeout, "%s", plugin.Deadline(timeout.String()))
	}
	return r.out, r.err
}

// generate is the whole of it but for the clock and the writing.
func generate(ctx context.Context) ([]byte, error) {
	parameters, problems := plugin.Parse(os.Getenv("ARGOCD_APP_PARAMETERS"))
	problems = append(problems, plugin.Strays(os.Environ())...)
	problems = append(problems, plugin.Kubernetes(os.Getenv("KUBE_VERSION"))...)
	if len(problems) > 0 {
		return nil, problems.Sort()
	}
	at, err := here(os.Getenv("ARGOCD_APP_SOURCE_PATH"))
	if err != nil {
		return nil, err
	}
	defer at.close()
	sel, err := at.choose(parameters.Files)
	if err != nil {
		return nil, err
	}
	docs, problems := sel.documents()
	docs, err = named(docs, parameters.Database)
	if err := cli.Gather(&problems, err); err != nil {
		return nil, err
	}
	rendered, found, err := render(ctx, docs, parameters)
	if problems = append(problems, found...); err != nil || len(problems) > 0 {
		return nil, errors.Join(err, problems.Sort().Err())
	}
	out, problems := plugin.Stream(plugin.Target{Path: at.shown, Namespace: os.Getenv("ARGOCD_APP_NAMESPACE"), MaxBytes: maxMessage()}, rendered)
	return out, problems.Err()
}

// render compiles the documents, each in its environment and with the settings.
func render(ctx context.Context, docs []*spec.Document, parameters plugin.Parameters) ([]plugin.Rendered, spec.Problems, error) {
	rendered := make([]plugin.Rendered, len(docs))
	var problems spec.Problems
	for _, err := range source.InParallel(ctx, len(docs), func(i int) error {
		doc, found := docs[i].With(parameters.Set)
		if len(found) > 0 {
			return found
		}
		env, err := plugin.Environment(doc.Environments(), parameters.Env)
		if err != nil {
			return spec.Problems{plugin.NoEnvironment(doc)}
		}
		bundle, _, err := project.Compile(doc, env)
		rendered[i] = plugin.Rendered{Doc: doc, Objects: bundle.Objects}
		return err
	}) {
		if err := cli.Gather(&problems, err); err != nil {
			return nil, nil, err
		}
	}
	return rendered, problems, nil
}

// maxMessage is what Argo CD lets through: both of its sides read the same variable.
func maxMessage() int {
	if n, err := strconv.Atoi(os.Getenv("ARGOCD_GRPC_MAX_SIZE_MB")); err == nil && n > 0 {
		return n << 20
	}
	return plugin.MaxBytes
}
