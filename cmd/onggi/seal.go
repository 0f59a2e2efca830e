package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/cmd/internal/sealing"
	"github.com/onggi-db/onggi/cmd/internal/source"
	"github.com/onggi-db/onggi/render/seal"
	"github.com/onggi-db/onggi/render/spec"
)

type sealOptions struct {
	envs                 []string
	allEnvs              bool
	env, file, stdin     []string
	literal              []string
	certificate          string
	fromCluster          bool
	controller           sealing.Controller
	scope                string
	rotate               []string
	rotateCert, onlyLook bool
	free                 sealing.Free
	output               string
}

func newSealCmd(s *cli.Streams) *cobra.Command {
	var o sealOptions
	cmd := &cobra.Command{
		Use:   "seal PATH...",
		Short: "Make passwords, read other secrets, and seal them for the cluster's controller",
		Long: `Seal every Secret that the specs want and whose provider is sealed-secrets, into files beside the
specs: ciphertext that only the controller in the cluster can open, safe to commit. Without --env that
is what the spec alone and all of its environments want.

Passwords of the database's own roles are made; nobody ever sees them but the cluster. Everything else,
such as the keys of an object store, is read from where --from-env, --from-file and --from-stdin say.
What is sealed already and did not change stays as it is.`,
		Example: `  onggi seal shop.yaml --cert sealing.crt --from-env ACCESS_KEY_ID=AWS_KEY --from-env SECRET_ACCESS_KEY=AWS_SECRET
  onggi seal specs --from-cluster                       # certificate from the controller
  pass show aws | onggi seal shop.yaml --from-stdin aws-secrets/SECRET_ACCESS_KEY
  onggi seal shop.yaml --rotate app                     # a new password
  onggi seal specs --check                              # exit 1 when something is not sealed
  onggi seal --secret deploy-key --namespace argocd --from-file sshPrivateKey=key argocd`,
		RunE: func(cmd *cobra.Command, args []string) error { return runSeal(cmd.Context(), s, o, args) },
	}
	f := cmd.Flags()
	f.StringSliceVarP(&o.envs, "env", "e", nil, "environments; without it the spec alone and all of them")
	f.BoolVar(&o.allEnvs, "all-envs", false, "every environment, without the spec alone")
	f.StringArrayVar(&o.env, "from-env", nil, "KEY=VARIABLE: read the value of a key from a variable; SECRET/KEY= where several Secrets have it")
	f.StringArrayVar(&o.file, "from-file", nil, "KEY=FILE: read the value of a key from a file")
	f.StringArrayVar(&o.stdin, "from-stdin", nil, "KEY: read the value of a key from standard input")
	f.StringArrayVar(&o.literal, "from-literal", nil, "refused: a value is never an argument")
	_ = f.MarkHidden("from-literal") // it exists
	f.StringVar(&o.certificate, "cert", "", "the controller's certificate, a file or a URL; the default is the project's sealing.certificate")
	f.BoolVar(&o.fromCluster, "from-cluster", false, "ask the controller for its certificate")
	f.StringVar(&o.controller.Name, "controller-name", "sealed-secrets-controller", "with --from-cluster: name of the controller's Service")
	f.StringVar(&o.controller.Namespace, "controller-namespace", "kube-system", "with --from-cluster: namespace of the controller")
	f.StringVar(&o.controller.Kubeconfig, "kubeconfig", "", "with --from-cluster: kubeconfig file")
	f.StringVar(&o.controller.Context, "context", "", "with --from-cluster: context of the kubeconfig")
	f.StringVar(&o.scope, "scope", "", "strict | namespace-wide | cluster-wide; the default is the project's sealing.scope")
	f.StringArrayVar(&o.rotate, "rotate", nil, "SECRET or SECRET/KEY: make a new password, or seal the given value again")
	f.BoolVar(&o.rotateCert, "rotate-cert", false, "seal anew what is sealed for another certificate or scope; its values have to be given")
	f.BoolVar(&o.onlyLook, "check", false, "write nothing; exit 1 when something is not sealed")
	f.StringVar(&o.free.Name, "secret", "", "seal one Secret that no spec asks for; PATH is the folder to write to")
	f.StringVar(&o.free.Namespace, "namespace", "", "with --secret: its namespace")
	f.StringVar(&o.free.Type, "type", "", "with --secret: its type; the default is Opaque, or the type that it has")
	f.StringToStringVar(&o.free.Labels, "label", nil, "with --secret: a label, KEY=VALUE")
	f.StringArrayVar(&o.free.Make, "make", nil, "with --secret: KEY whose value is made up")
	f.StringVarP(&o.output, "output", "o", "human", "human | json")
	complete(cmd, "scope", []string{string(seal.Strict), string(seal.NamespaceWide), string(seal.ClusterWide)})
	complete(cmd, "output", []string{"human", "json"})
	completeEnvs(cmd)
	return cmd
}

func (o sealOptions) validate(args []string) error {
	switch {
	case len(o.literal) > 0:
		return cli.Exit(cli.Usage, "a value is never an argument: every process of this machine can read it there, and the shell keeps it; use --from-env KEY=VARIABLE, --from-file KEY=FILE or --from-stdin KEY, and change that value")
	case slices.ContainsFunc(args, isAssignment):
		return cli.Exit(cli.Usage, "an argument is a PATH, and a value is never one: use --from-env KEY=VARIABLE, --from-file KEY=FILE or --from-stdin KEY")
	case slices.Contains(args, source.Stdin):
		return cli.Exit(cli.Usage, "sealed secrets lie beside their spec, so it has to be in a file")
	case o.allEnvs && len(o.envs) > 0:
		return cli.Exit(cli.Usage, "--env and --all-envs exclude each other")
	case o.certificate != "" && o.fromCluster:
		return cli.Exit(cli.Usage, "--cert and --from-cluster exclude each other")
	case o.free.Name == "" && (o.free.Namespace+o.free.Type != "" || len(o.free.Labels)+len(o.free.Make) > 0):
		return cli.Exit(cli.Usage, "--namespace, --type, --label and --make belong to --secret: what the specs want is in the specs")
	case o.free.Name != "" && (o.allEnvs || len(o.envs) > 0):
		return cli.Exit(cli.Usage, "--secret has no environments: name its --namespace")
	case o.output != "human" && o.output != "json":
		return cli.Exit(cli.Usage, "there is no output %q: choose human or json", o.output)
	}
	_, err := seal.ParseScope(o.scope)
	if err != nil {
		return cli.Exit(cli.Usage, "--scope: %w", err)
	}
	return nil
}

// isAssignment tells KEY=VALUE that somebody wrote where a path belongs.
func isAssignment(arg string) bool {
	_, err := os.Stat(arg)
	return strings.Contains(arg, "=") && err != nil
}

// freeIn is the free Secret, in the folder that was named, or in this one.
func (o sealOptions) freeIn(args []string) (*sealing.Free, error) {
	free := o.free
	switch free.Dir = "."; {
	case len(args) > 1:
		return nil, cli.Exit(cli.Usage, "--secret is written to one folder: name one, or none for this one")
	case len(args) == 1:
		free.Dir = args[0]
	}
	if info, err := os.Stat(free.Dir); err != nil || !info.IsDir() {
		return nil, cli.Exit(cli.InOut, "%s is not a folder", free.Dir)
	}
	return &free, nil
}

func isTerminal(in io.Reader) bool {
	f, isFile := in.(*os.File)
	if !isFile {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func (o sealOptions) of(doc *spec.Document) []string {
	switch {
	case len(o.envs) > 0:
		return o.envs
	case o.allEnvs:
		return doc.Environments()
	}
	return append([]string{""}, doc.Environments()...)
}

func runSeal(ctx context.Context, s *cli.Streams, o sealOptions, args []string) error {
	if err := o.validate(args); err != nil {
		return err
	}
	values, err := sealing.ParseValues(o.env, o.file, o.stdin)
	if err != nil {
		return err
	}
	if len(o.stdin) > 0 && isTerminal(s.In) {
		return cli.Exit(cli.Usage, "--from-stdin: nothing is piped into standard input, and what is typed there would stand on the screen")
	}
	var in *source.Input
	var free *sealing.Free
	if o.free.Name != "" {
		free, err = o.freeIn(args)
	} else {
		in, err = source.Read(s.In, args)
	}
	if err != nil {
		return err
	}
	digestKey := ""
	if dir, err := os.UserConfigDir(); err == nil {
		digestKey = filepath.Join(dir, commandOnggi, "seal.key")
	}
	result, err := sealing.Run(ctx, in, sealing.Options{
		Environments: o.of, Free: free, Values: values, Certificate: o.certificate, FromCluster: o.fromCluster, Controller: o.controller,
		Scope: o.scope, Rotate: o.rotate, Anew: o.rotateCert, Check: o.onlyLook,
		Env: os.LookupEnv, Stdin: s.In, Entropy: rand.Reader, Now: time.Now(), DigestKeyFile: digestKey,
	})
	if err != nil {
		return err
	}
	if err := tellSealed(s, o, result); err != nil {
		return err
	}
	if len(result.Findings) > 0 {
		return cli.Error{Code: cli.Findings}
	}
	return nil
}

func tellSealed(s *cli.Streams, o sealOptions, r sealing.Result) error {
	for _, w := range r.Warnings {
		fmt.Fprintf(s.Err, "%s: warning: %s\n", commandOnggi, w)
	}
	var b strings.Builder
	if o.output == "json" {
		data, err := json.MarshalIndent(r, "", "  ")
		if err != nil {
			return fmt.Errorf("write json: %w", err)
		}
		b.Write(append(data, '\n'))
	} else {
		sealedText(&b, r)
	}
	if _, err := s.Out.Write([]byte(b.String())); err != nil {
		return cli.Exit(cli.InOut, "write standard output: %w", err)
	}
	return nil
}

// sealedText is a line for each Secret that changed, or with --check for each finding, and a sum.
func sealedText(b *strings.Builder, r sealing.Result) {
	count := make(map[sealing.State]int)
	for _, secret := range r.Secrets {
		count[secret.State]++
		if secret.State != sealing.Sealed {
			continue
		}
		fmt.Fprintf(b, "%s: %s\n", secret.File, changes(secret))
	}
	for _, f := range r.Findings {
		fmt.Fprintln(b, f)
	}
	fmt.Fprintf(b, "%s:", cli.Plural(len(r.Secrets), "Secret"))
	sep := " "
	for _, state := range []sealing.State{sealing.Sealed, sealing.Unsealed, sealing.Unchanged, sealing.Foreign} {
		if count[state] > 0 || state == sealing.Sealed && len(r.Findings) == 0 && len(r.Secrets) == 0 {
			fmt.Fprintf(b, "%s%d %s", sep, count[state], stateText(state))
			sep = ", "
		}
	}
	b.WriteByte('\n')
}

func stateText(s sealing.State) string {
	switch s {
	case sealing.Foreign:
		return "sealed by somebody else"
	case sealing.Unsealed:
		return "not sealed"
	}
	return string(s)
}

func changes(s sealing.Secret) string {
	var parts []string
	for _, t := range s.Keys {
		if t.Action != seal.Keep {
			parts = append(parts, fmt.Sprintf("%s %s (%s)", t.Key, t.Action, t.Why))
		}
	}
	if s.Reshaped != "" {
		parts = append(parts, s.Reshaped)
	}
	return strings.Join(parts, ", ")
}
