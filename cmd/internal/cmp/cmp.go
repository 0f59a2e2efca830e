// Package cmp is the edge of the Argo CD plugin: the verbs that a config management plugin has, as constructors that both
// programs use, `onggi cmp VERB` and the small onggi-cmp of the plugin's image.
//
//	discover   whether the working folder is onggi's
//	announce   the parameters, for Argo CD's user interface
//	generate   the objects, as one YAML stream
//	install    plugin.yaml, and the sidecar for Kustomize or the argo-helm chart
//	doctor     what is wrong with the place it runs in
//
// The first three are called by Argo CD: in the application's path of an unpacked repository, with everything else in the
// environment. They read the repository and nothing above it, follow no link out of it, write nothing, and open no socket. What
// they decide is in render/argocd/plugin.
package cmp

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/render/argocd/plugin"
	"github.com/onggi-db/onggi/render/spec"
)

// Commands are the verbs. version is the program's, which is the tag of its image too; "" where it was built without one.
func Commands(s *cli.Streams, version string) []*cobra.Command {
	return []*cobra.Command{newGenerateCmd(s), newDiscoverCmd(s), newAnnounceCmd(s), newInstallCmd(s, version), newDoctorCmd(s, version)}
}

// told prints problems as Argo CD has room for them, and leaves their exit code.
func told(s *cli.Streams, err error) error {
	var problems spec.Problems
	if !errors.As(err, &problems) {
		return err
	}
	fmt.Fprint(s.Err, plugin.Lines(problems))
	return cli.Error{Code: problems.Exit()}
}

// complete offers the values of a flag to the shell.
func complete(cmd *cobra.Command, flag string, values []string) {
	if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // the flag does not exist: a mistake in this program, met by any test
	}
}
