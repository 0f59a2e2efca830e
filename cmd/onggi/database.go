package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/cmd/internal/day2"
	"github.com/onggi-db/onggi/cmd/internal/day2/act"
	"github.com/onggi-db/onggi/cmd/internal/kube"
	"github.com/onggi-db/onggi/cmd/internal/source"
)

// databaseFlags say which database of which cluster a verb of day 2 is about. They are kubectl's where kubectl has them.
type databaseFlags struct {
	namespace, kubeconfig, context string
	backend, env                   string
	yes                            bool
}

// nameOrPath is how the argument of these verbs is told of.
const nameOrPath = `NAME is the name of a database, or the path of its spec, from which name, namespace and back end are taken.
The cluster is the one that kubectl would talk to.`

// day2Cmd completes the command of a verb for a database that runs.
func day2Cmd(cmd *cobra.Command, f *databaseFlags, writes bool) *cobra.Command {
	flags := cmd.Flags()
	flags.StringVarP(&f.namespace, "namespace", "n", "", "namespace of the database; the default is the spec's, or the context's")
	flags.StringVar(&f.kubeconfig, "kubeconfig", "", "the kubeconfig, if not the one that kubectl takes")
	flags.StringVar(&f.context, "context", "", "the context of the kubeconfig")
	flags.StringVar(&f.backend, "backend", "", "the back end, where two have a database of this name")
	flags.StringVarP(&f.env, "env", "e", "", "with a spec: the environment")
	if writes {
		flags.BoolVarP(&f.yes, "yes", "y", false, "do not ask")
	}
	cmd.ValidArgsFunction = func(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx, cancel := context.WithTimeout(c.Context(), 3*time.Second)
		defer cancel()
		server, err := kube.Connect(f.kubeconfig, f.context)
		if err != nil {
			return nil, cobra.ShellCompDirectiveDefault
		}
		namespace := f.namespace
		if namespace == "" {
			namespace = server.Namespace()
		}
		return day2.Named(ctx, server, namespace), cobra.ShellCompDirectiveDefault
	}
	return cmd
}

// find connects, and looks for the database.
func (f *databaseFlags) find(ctx context.Context, s *cli.Streams, arg string) (*day2.Database, error) {
	name, namespace, backend := arg, f.namespace, f.backend
	if isPath(arg) {
		it, err := f.fromSpec(ctx, s, arg)
		if err != nil {
			return nil, err
		}
		name = it.name
		if namespace == "" {
			namespace = it.namespace
		}
		if backend == "" {
			backend = it.backend
		}
	} else if f.env != "" {
		return nil, cli.Exit(cli.Usage, "--env belongs to the path of a spec, and %s is a name", arg)
	}
	server, err := kube.Connect(f.kubeconfig, f.context)
	if err != nil {
		return nil, cli.Fail(cli.InOut, err)
	}
	if namespace == "" {
		namespace = server.Namespace()
	}
	return day2.Find(ctx, server, namespace, name, backend)
}

// isPath tells the path of a spec from a name: by how it is written, or since there is a file.
func isPath(arg string) bool {
	if strings.ContainsAny(arg, `/\`) || slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(arg)) || arg == source.Stdin || arg == "." {
		return true
	}
	info, err := os.Stat(arg)
	return err == nil && info.Mode().IsRegular()
}

// identity is what a spec says of which database it is.
type identity struct{ name, namespace, backend string }

// fromSpec reads it, in one environment, or in all of them where they agree.
func (f *databaseFlags) fromSpec(ctx context.Context, s *cli.Streams, path string) (identity, error) {
	doc, err := oneDocument(ctx, s, path)
	if err != nil {
		return identity{}, err
	}
	envs := doc.Environments()
	if f.env != "" || len(envs) == 0 {
		envs = []string{f.env}
	}
	var it identity
	for i, env := range envs {
		cluster, problems := doc.Resolve(env)
		if len(problems) > 0 {
			return it, problems
		}
		one := identity{cluster.Name, cluster.Namespace, cluster.Spec.Backend}
		if i > 0 && one != it {
			return it, cli.Exit(cli.Usage, "%s is another database in each environment: say which with --env: %s", path, strings.Join(envs, ", "))
		}
		it = one
	}
	return it, nil
}

// confirm asks a person, until the context is done, or wants --yes where there is none.
func (f *databaseFlags) confirm(ctx context.Context, s *cli.Streams, question string) error {
	if f.yes || question == "" {
		return nil
	}
	in, typed := typing(s.In)
	if !s.Terminal || !typed {
		return cli.Exit(cli.Usage, "%s? Nobody is here to be asked: --yes goes ahead", question)
	}
	fmt.Fprintf(s.Err, "%s? [y/N]: ", question)
	said := make(chan string, 1)
	go func() { // nothing ends the read of a terminal but its end of line
		line, _ := bufio.NewReader(in).ReadString('\n')
		said <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(s.Err)
		return ctx.Err()
	case answer := <-said:
		if answer == "y" || answer == "yes" {
			return nil
		}
	}
	return cli.Exit(cli.Findings, "not done: nobody said yes")
}

// change does what a verb wants: look, decide, ask, write.
func (f *databaseFlags) change(ctx context.Context, s *cli.Streams, arg string, want act.Request) error {
	want.Now = time.Now()
	d, err := f.find(ctx, s, arg)
	if err != nil {
		return err
	}
	now, seen, err := d.Status(ctx)
	if err != nil {
		return err
	}
	plan, err := act.For(now, seen.Object, want)
	if err != nil {
		return refused(err)
	}
	if plan.Nothing != "" {
		fmt.Fprintln(s.Out, plan.Nothing)
		return nil
	}
	if err := f.confirm(ctx, s, plan.Question); err != nil {
		return err
	}
	for _, action := range plan.Actions {
		if err := d.Do(ctx, action, s.Out, s.Err); err != nil {
			return err
		}
	}
	return nil
}

// refused gives a refusal its exit code.
func refused(err error) error {
	var r act.Refusal
	if !errors.As(err, &r) {
		return cli.Fail(cli.InOut, err)
	}
	switch r.Kind {
	case act.Unfit:
		return cli.Fail(cli.Findings, err)
	case act.Lacking:
		return cli.Fail(cli.Lacking, err)
	}
	return cli.Fail(cli.Usage, err)
}
