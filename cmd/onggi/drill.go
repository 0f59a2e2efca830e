package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	edge "github.com/onggi-db/onggi/cmd/internal/drill"
	"github.com/onggi-db/onggi/render/drill"
)

func newDrillCmd(s *cli.Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "drill",
		Short: "Restore the newest backup into a scratch cluster, check it, and remove it again",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return cli.Exit(cli.Usage, "drill needs a verb: run or local") },
	}
	cmd.AddCommand(newDrillRunCmd(s), newDrillLocalCmd(s), newDrillInstallCmd(s))
	return cmd
}

// drillRun are the flags of onggi drill run.
type drillRun struct {
	config, job, jobUID, pod, account, output string
}

func newDrillRunCmd(s *cli.Streams) *cobra.Command {
	var f drillRun
	cmd := &cobra.Command{
		Use:   "run --config FILE --job NAME --job-uid UID",
		Short: "Run one drill, in a pod of the Job that spec.backup.drill compiles to",
		Long: `Run one restore drill: remove what an earlier one left, restore into a scratch Cluster that this Job owns, wait for it, run the
checks, record the outcome in a ConfigMap of metrics and as an Event, and remove everything again, whatever happened.

It is the program of the CronJob that spec.backup.drill compiles to, which also gives it its file, its flags and its rights.`,
		Example: `  onggi drill run --config /etc/onggi/drill.yaml --job "$JOB_NAME" --job-uid "$JOB_UID" --pod "$POD_NAME"`,
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return runDrill(cmd.Context(), s, f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.config, "config", "", "the file that says what to restore and check")
	flags.StringVar(&f.job, "job", "", "name of the Job that this runs in, which will own the scratch cluster")
	flags.StringVar(&f.jobUID, "job-uid", "", "uid of that Job")
	flags.StringVar(&f.pod, "pod", "", "name of the pod that this runs in")
	flags.StringVar(&f.account, "service-account", edge.ServiceAccount, "folder with the token and ca.crt of the API server")
	flags.StringVarP(&f.output, "output", "o", "text", "text or json, one line")
	return cmd
}

func runDrill(ctx context.Context, s *cli.Streams, f drillRun) error {
	switch {
	case f.config == "" || f.job == "" || f.jobUID == "":
		return cli.Exit(cli.Usage, "drill run needs --config, --job and --job-uid")
	case f.output != "text" && f.output != "json":
		return cli.Exit(cli.Usage, "-o is %q: it is text or json", f.output)
	}
	data, err := os.ReadFile(f.config)
	if err != nil {
		return err
	}
	cfg, err := drill.Decode(data)
	if err != nil {
		return cli.Exit(cli.Invalid, "%s: %w", f.config, err)
	}
	if cfg.Namespace == "" {
		namespace, err := os.ReadFile(filepath.Join(f.account, "namespace"))
		if err != nil {
			return fmt.Errorf("find the namespace of the pod: %w", err)
		}
		if err := cfg.In(strings.TrimSpace(string(namespace))); err != nil {
			return cli.Exit(cli.Invalid, "%s: %w", f.config, err)
		}
	}
	run := drill.Run{Job: f.job, JobUID: f.jobUID, Pod: f.pod, Started: time.Now()}
	cluster, err := edge.Connect(cfg, run, f.account, os.Getenv)
	if err != nil {
		return err
	}
	d := drill.New(cfg, run, rand.Float64())
	exit := edge.Run(ctx, d, cluster, func(line string) { fmt.Fprintln(s.Err, line) })
	return concludeDrill(s, f.output, d, exit)
}

// concludeDrill prints the outcome and turns it into an exit code.
func concludeDrill(s *cli.Streams, output string, d *drill.Drill, exit drill.Exit) error {
	if d.Busy() != "" {
		return cli.Exit(cli.Findings, "Job %s runs a drill: two never run at once", d.Busy())
	}
	o := d.Outcome()
	if output == "json" {
		line, err := json.Marshal(o)
		if err != nil {
			return fmt.Errorf("write the outcome: %w", err)
		}
		fmt.Fprintf(s.Out, "%s\n", line)
	} else {
		fmt.Fprintln(s.Out, o.Text())
	}
	reason := o.Reason
	if d.Unsaved() != "" {
		reason += "; the outcome could not be recorded: " + d.Unsaved()
	}
	switch exit {
	case drill.ExitGood:
		return nil
	case drill.ExitTimeout:
		return cli.Fail(cli.Timeout, errors.New(reason))
	case drill.ExitInOut:
		return cli.Fail(cli.InOut, errors.New(reason))
	default:
		return cli.Fail(cli.Findings, errors.New(reason))
	}
}
