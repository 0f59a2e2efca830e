package main

import (
	"github.com/spf13/cobra"

	"github.com/onggi-db/onggi/cmd/internal/cli"
)

// newRootCmd builds the command tree. Every verb is a constructor in a file of its own.
func newRootCmd(s *cli.Streams) *cobra.Command {
	root := &cobra.Command{
		Use:   commandOnggi,
		Short: "Compile one spec of a highly available database into what runs it on Kubernetes",
		Long: `onggi compiles one compact spec of a highly available database into manifests, a Helm chart,
Kustomize overlays and Argo CD Applications, and proves that all of them are the same objects.`,
		Example: `  onggi init homelab                                  # write a starter spec
  onggi render shop.yaml --env prod                   # manifests to stdout
  onggi render shop.yaml --format helm -o out         # manifests | helm | kustomize | argocd
  onggi check shop.yaml --env prod                    # policies, offline
  onggi explain spec.backup.retention                 # a field, or an error's code`,
		SilenceUsage:      true,
		SilenceErrors:     true,
		DisableAutoGenTag: true,
	}
	root.PersistentFlags().BoolFunc("no-color", "print without colours (also NO_COLOR=1)", func(string) error {
		s.Color, s.OutColor = false, false
		return nil
	})
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return cli.Fail(cli.Usage, err) })
	root.AddCommand(
		newRenderCmd(s), newWatchCmd(s), newVerifyCmd(s), newCheckCmd(s), newValidateCmd(s),
		newSealCmd(s), newRestoreCmd(s),
		newStatusCmd(s), newSwitchoverCmd(s), newFailoverCmd(s), newRestartCmd(s), newReinitCmd(s), newPauseCmd(s), newResumeCmd(s),
		newFenceCmd(s), newBackupCmd(s), newScaleCmd(s), newPsqlCmd(s), newLogsCmd(s),
		newExplainCmd(s), newInitCmd(s), newSchemaCmd(s), newCapabilitiesCmd(s), newComponentsCmd(s),
		newDrillCmd(s), newDumpCmd(s), newCmpCmd(s), newVersionCmd(s), newManCmd(s), newExitCodesTopic(),
	)
	usageErrors(root)
	return root
}

// usageErrors gives wrong arguments the exit code of wrong usage.
func usageErrors(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(c *cobra.Command, args []string) error {
			if err := check(c, args); err != nil {
				return cli.Fail(cli.Usage, err)
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		usageErrors(sub)
	}
}

func newExitCodesTopic() *cobra.Command {
	return &cobra.Command{
		Use:   "exit-codes",
		Short: "What the exit codes mean",
		Long: `The exit codes are the same for every verb:

  0  done
  1  something differs, or there are findings
  2  wrong usage
  3  the spec is invalid
  4  the back end, or its operatorVersion, cannot do what the spec asks for
  5  a secret stands in plain text
  6  input or output failed
  7  stopped, or out of time
  8  the database takes no writes (status)`,
	}
}
