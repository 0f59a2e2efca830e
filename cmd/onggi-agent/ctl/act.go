package ctl

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"
)

// confirm asks a person, or wants --force where there is none.
func (a *app) confirm(question string) error {
	if a.force {
		return nil
	}
	if !a.streams.Terminal {
		return fail(Usage, "%s: nobody is here to be asked, --force goes ahead", question)
	}
	fmt.Fprintf(a.streams.Err, "%s? [y/N]: ", question)
	line, _ := bufio.NewReader(a.streams.In).ReadString('\n')
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		return nil
	}
	return fail(Findings, "not done: nobody said yes")
}

// move is the body of /switchover and /failover.
type move struct {
	Leader    string `json:"leader,omitempty"`
	Candidate string `json:"candidate,omitempty"`
	At        string `json:"scheduled_at,omitempty"`
}

func (a *app) switchover() *cobra.Command {
	var want move
	var cancel bool
	cmd := &cobra.Command{
		Use: "switchover", Short: "make another member the primary, without losing a commit", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cancel {
				return a.tell(cmd.Context(), http.MethodDelete, "/switchover", nil)
			}
			c, err := a.read(cmd.Context())
			if err != nil {
				return err
			}
			if want.Leader == "" {
				leader, ok := c.leader()
				if !ok {
					return fail(Findings, "%s has no leader: failover --candidate is for that", c.Scope)
				}
				want.Leader = leader.Name
			}
			if err := known(c, want.Leader, want.Candidate); err != nil {
				return err
			}
			question := fmt.Sprintf("Switch %s over from %s to %s", c.Scope, want.Leader, cmp.Or(want.Candidate, "whoever is best"))
			if want.At != "" {
				question += " at " + want.At
			}
			return a.ask(cmd.Context(), c, question, "/switchover", want)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&want.Leader, "leader", "", "who has to be the leader now (default: who is)")
	flags.StringVar(&want.Candidate, "candidate", "", "who is to become the primary (default: whoever is best)")
	flags.StringVar(&want.At, "scheduled", "", "when, with its time zone: 2026-11-23T02:00+01:00")
	flags.BoolVar(&cancel, "cancel", false, "forget the one that is scheduled")
	return cmd
}

func (a *app) failover() *cobra.Command {
	var want move
	cmd := &cobra.Command{
		Use: "failover --candidate MEMBER", Short: "make a member the primary even if commits are lost by it", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if want.Candidate == "" {
				return fail(Usage, "--candidate is missing")
			}
			c, err := a.read(cmd.Context())
			if err != nil {
				return err
			}
			if err := known(c, want.Candidate); err != nil {
				return err
			}
			question := fmt.Sprintf("Fail %s over to %s, which may lose commits that it does not have", c.Scope, want.Candidate)
			return a.ask(cmd.Context(), c, question, "/failover", want)
		},
	}
	cmd.Flags().StringVar(&want.Candidate, "candidate", "", "who is to become the primary")
	return cmd
}

// ask shows the cluster, asks, and has it done.
func (a *app) ask(ctx context.Context, c cluster, question, path string, body any) error {
	if !a.force && a.streams.Terminal && a.output == "table" {
		if err := a.showCluster(c, false); err != nil {
			return err
		}
	}
	if err := a.confirm(question); err != nil {
		return err
	}
	return a.tell(ctx, http.MethodPost, path, body)
}

// tell has something done by the agent that is asked, and says what came of it.
func (a *app) tell(ctx context.Context, method, path string, body any) error {
	ctx, cancel := a.within(ctx, moving)
	defer cancel()
	text, err := a.target.here().do(ctx, method, path, body)
	if err != nil {
		return err
	}
	fmt.Fprintln(a.streams.Out, text)
	return nil
}

// each has something done by one member after the other, and stops at the first that does not do it: what holds for one may hold for all.
func (a *app) each(ctx context.Context, members []member, method, path string, body any) error {
	here := ""
	if a.target.local != nil {
		var self struct {
			Patroni struct{ Name string } `json:"patroni"`
		}
		brief, cancel := a.within(ctx, reading)
		defer cancel()
		if err := a.target.here().get(brief, "/patroni", &self); err != nil {
			return err
		}
		here = self.Patroni.Name
	}
	for _, m := range members {
		agent := a.target.here()
		if m.Name != here {
			var err error
			if agent, err = a.target.at(m); err != nil {
				return err
			}
		}
		bounded, cancel := a.within(ctx, moving)
		text, err := agent.do(bounded, method, path, body)
		cancel()
		if err != nil {
			return Error{Code(err), fmt.Errorf("%s: %w", m.Name, err)}
		}
		fmt.Fprintf(a.streams.Out, "%s: %s\n", m.Name, text)
	}
	return nil
}

// restartBody is the body of /restart.
type restartBody struct {
	Pending bool   `json:"restart_pending,omitempty"`
	Role    string `json:"role,omitempty"`
	Below   string `json:"postgres_version,omitempty"`
	Timeout string `json:"timeout,omitempty"`
	At      string `json:"schedule,omitempty"`
}

func (a *app) restart() *cobra.Command {
	var want restartBody
	var cancel bool
	cmd := &cobra.Command{
		Use: "restart [MEMBER...]", Short: "restart postgres of some members, or of all: replicas first",
		RunE: func(cmd *cobra.Command, names []string) error {
			c, err := a.read(cmd.Context())
			if err != nil {
				return err
			}
			members, err := c.named(names)
			if err != nil {
				return err
			}
			if cancel {
				return a.each(cmd.Context(), members, http.MethodDelete, "/restart", nil)
			}
			var chosen []member
			for _, m := range members {
				if (!want.Pending || m.PendingRestart) && fits(m, want.Role) {
					chosen = append(chosen, m)
				}
			}
			if len(chosen) == 0 {
				fmt.Fprintln(a.streams.Out, "no member needs a restart")
				return nil
			}
			question := "Restart postgres of " + nameAll(chosen)
			if want.At != "" {
				question += " at " + want.At
			}
			if err := a.confirm(question); err != nil {
				return err
			}
			return a.each(cmd.Context(), chosen, http.MethodPost, "/restart", want)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&want.Pending, "pending", false, "only where a setting waits for it")
	flags.StringVarP(&want.Role, "role", "r", "", "only of this role: primary or replica")
	flags.StringVar(&want.Below, "pg-version", "", "only where the server is older, such as 17.4")
	flags.StringVar(&want.Timeout, "start-timeout", "", "how long postgres may take to start")
	flags.StringVar(&want.At, "scheduled", "", "when, with its time zone")
	flags.BoolVar(&cancel, "cancel", false, "forget those that are scheduled")
	return cmd
}

func fits(m member, role string) bool {
	switch role {
	case "primary", "master", "leader":
		return m.Role == "leader"
	case "replica":
		return m.Role != "leader"
	}
	return true
}

func (a *app) reinit() *cobra.Command {
	var fromLeader, wait bool
	cmd := &cobra.Command{
		Use: "reinit MEMBER...", Short: "throw a replica's data away and copy it again", Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, names []string) error {
			c, err := a.read(cmd.Context())
			if err != nil {
				return err
			}
			members, err := c.named(names)
			if err != nil {
				return err
			}
			for _, m := range members {
				if m.Role == "leader" {
					return fail(Invalid, "%s is the leader: others copy from it", m.Name)
				}
			}
			if err := a.confirm("Throw away the data of " + nameAll(members) + " and copy it again"); err != nil {
				return err
			}
			body := map[string]bool{"force": wait, "from-leader": fromLeader}
			return a.each(cmd.Context(), members, http.MethodPost, "/reinitialize", body)
		},
	}
	cmd.Flags().BoolVar(&fromLeader, "from-leader", false, "copy from the leader, not from a replica")
	cmd.Flags().BoolVar(&wait, "interrupt", false, "break off what the member is trying")
	return cmd
}

// verb is a command that asks the cluster for one thing.
func (a *app) verb(use, short, method, path, question string) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if question != "" {
				if err := a.confirm(question); err != nil {
					return err
				}
			}
			return a.tell(cmd.Context(), method, path, nil)
		},
	}
}

func (a *app) pause() *cobra.Command {
	return a.verb("pause", "no automatic failover until resume", http.MethodPost, "/pause", "Turn automatic failover off")
}

func (a *app) resume() *cobra.Command {
	return a.verb("resume", "automatic failover again", http.MethodDelete, "/pause", "")
}

// perMember is a command that asks members for one thing.
func (a *app) perMember(use, short, method, path, question string, args cobra.PositionalArgs) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: args,
		RunE: func(cmd *cobra.Command, names []string) error {
			c, err := a.read(cmd.Context())
			if err != nil {
				return err
			}
			members, err := c.named(names)
			if err != nil {
				return err
			}
			if question != "" {
				if err := a.confirm(fmt.Sprintf(question, nameAll(members))); err != nil {
					return err
				}
			}
			return a.each(cmd.Context(), members, method, path, nil)
		},
	}
}

func (a *app) reload() *cobra.Command {
	return a.perMember("reload [MEMBER...]", "read the configuration again", http.MethodPost, "/reload", "", cobra.ArbitraryArgs)
}

func (a *app) fence() *cobra.Command {
	return a.perMember("fence MEMBER...", "keep postgres stopped until unfence", http.MethodPost, "/fence", "Stop postgres of %s and keep it stopped",
		cobra.MinimumNArgs(1))
}

func (a *app) unfence() *cobra.Command {
	return a.perMember("unfence MEMBER...", "let postgres run again", http.MethodDelete, "/fence", "", cobra.MinimumNArgs(1))
}

// known refuses names that are not members. An empty name is nobody in particular.
func known(c cluster, names ...string) error {
	for _, name := range names {
		if name == "" {
			continue
		}
		if _, err := c.named([]string{name}); err != nil {
			return err
		}
	}
	return nil
}

// nameAll is the names of members as a list.
func nameAll(members []member) string {
	var names []string
	for _, m := range members {
		names = append(names, m.Name)
	}
	return strings.Join(names, ", ")
}
