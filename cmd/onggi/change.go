package main

import (
	"github.com/spf13/cobra"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/cmd/internal/day2/act"
)

// changeCmd is a verb that changes a database that runs.
func changeCmd(s *cli.Streams, cmd *cobra.Command, want *act.Request) *cobra.Command {
	var f databaseFlags
	cmd.Long += "\n\n" + nameOrPath
	if want.Verb != act.Resume { // which takes nothing away
		cmd.Long += " It asks before it takes anything away; where nobody can be asked, it needs --yes."
	}
	cmd.Args = cobra.ExactArgs(1)
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return f.change(cmd.Context(), s, args[0], *want) }
	return day2Cmd(cmd, &f, true)
}

func newSwitchoverCmd(s *cli.Streams) *cobra.Command {
	want := &act.Request{Verb: act.Switchover}
	cmd := &cobra.Command{
		Use: "switchover NAME", Short: "Make another member the primary, without losing a commit",
		Long: `Make another member of a database that runs the primary: --to names it, or whoever is best is chosen. Nothing that was
acknowledged is lost; clients wait for about a second.`,
		Example: `  onggi switchover shop --to shop-2
  onggi switchover shop --scheduled 2026-11-23T02:00+01:00     # native
  onggi switchover shop --cancel`,
	}
	f := cmd.Flags()
	f.StringVar(&want.Member, "to", "", "who is to be the primary; whoever is best if left out")
	f.StringVar(&want.At, "scheduled", "", "when, with its time zone: 2026-11-23T02:00+01:00")
	f.BoolVar(&want.Cancel, "cancel", false, "forget the one that is scheduled")
	return changeCmd(s, cmd, want)
}

func newFailoverCmd(s *cli.Streams) *cobra.Command {
	want := &act.Request{Verb: act.Failover}
	cmd := &cobra.Command{
		Use: "failover NAME --to MEMBER", Short: "Make a member the primary even if commits are lost by it",
		Long: `Make a member the primary when the one that was is gone for good and nobody may take over by itself. Commits that the member
does not have are lost. As long as the primary lives, switchover is for that.`,
		Example: `  onggi failover shop --to shop-1`,
	}
	cmd.Flags().StringVar(&want.Member, "to", "", "who is to be the primary")
	return changeCmd(s, cmd, want)
}

func newRestartCmd(s *cli.Streams) *cobra.Command {
	want := &act.Request{Verb: act.Restart}
	cmd := &cobra.Command{
		Use: "restart NAME", Short: "Restart postgres of the members: replicas first",
		Long: `Restart postgres of all members, replicas before the primary, or of one, or of those where a setting waits for it.`,
		Example: `  onggi restart shop --pending
  onggi restart shop --member shop-1`,
	}
	f := cmd.Flags()
	f.StringVar(&want.Member, "member", "", "only this one")
	f.BoolVar(&want.Pending, "pending", false, "only where a setting waits for it")
	return changeCmd(s, cmd, want)
}

func newReinitCmd(s *cli.Streams) *cobra.Command {
	want := &act.Request{Verb: act.Reinit}
	cmd := &cobra.Command{
		Use: "reinit NAME --member MEMBER", Short: "Throw a replica's data away and copy it again",
		Long:    `Throw the data of a replica away and copy it again from a member that has all of it.`,
		Example: `  onggi reinit shop --member shop-2`,
	}
	cmd.Flags().StringVar(&want.Member, "member", "", "whose data")
	return changeCmd(s, cmd, want)
}

func newPauseCmd(s *cli.Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use: "pause NAME", Short: "No automatic failover until resume",
		Long:    `Turn automatic failover off: the agents of native, or the operator, leave the database as it is. What runs goes on.`,
		Example: `  onggi pause shop`,
	}
	return changeCmd(s, cmd, &act.Request{Verb: act.Pause})
}

func newResumeCmd(s *cli.Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use: "resume NAME", Short: "Automatic failover again",
		Long: `Turn automatic failover on again after pause.`, Example: `  onggi resume shop`,
	}
	return changeCmd(s, cmd, &act.Request{Verb: act.Resume})
}

func newFenceCmd(s *cli.Streams) *cobra.Command {
	want, off := &act.Request{Verb: act.Fence}, false
	cmd := &cobra.Command{
		Use: "fence NAME --member MEMBER", Short: "Keep a member's postgres stopped, or let it run again",
		Long: `Stop postgres of one member and keep it stopped, over restarts too, until --off lets it run again.`,
		Example: `  onggi fence shop --member shop-1
  onggi fence shop --member shop-1 --off`,
		PreRun: func(*cobra.Command, []string) {
			if off {
				want.Verb = act.Unfence
			}
		},
	}
	cmd.Flags().StringVar(&want.Member, "member", "", "which one")
	cmd.Flags().BoolVar(&off, "off", false, "let it run again")
	return changeCmd(s, cmd, want)
}
