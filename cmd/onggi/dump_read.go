package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/cmd/internal/day2"
	"github.com/onggi-db/onggi/cmd/internal/day2/status"
	edge "github.com/onggi-db/onggi/cmd/internal/dump"
	"github.com/onggi-db/onggi/render/dump"
)

// howDumpsAreRead is how these verbs reach the store.
const howDumpsAreRead = `The store is read in a pod like those of the CronJobs, which is made for it and removed again: that takes the rights to create, get and delete pods and
to run programs in them.

` + nameOrPath

// globalsWord stands for the file of roles and tablespaces where a database is named.
const globalsWord = "globals"

// dumpReader is where dumps are read: here, with the file of a series, or in a pod.
type dumpReader struct {
	databaseFlags
	config string
}

// dumpReadCmd completes the command of a verb that takes a NAME, or --config in a pod.
func dumpReadCmd(cmd *cobra.Command, r *dumpReader, writes bool) *cobra.Command {
	day2Cmd(cmd, &r.databaseFlags, writes)
	cmd.Flags().StringVar(&r.config, "config", "", "read the store from here, as this file of a CronJob of dumps says")
	if err := cmd.Flags().MarkHidden("config"); err != nil {
		panic("the flag was made above: " + err.Error())
	}
	cmd.Args = func(_ *cobra.Command, args []string) error {
		if want := map[bool]int{true: 0, false: 1}[r.config != ""]; len(args) != want {
			return fmt.Errorf("%s takes the name of a database", cmd.CommandPath())
		}
		return nil
	}
	return cmd
}

func newDumpListCmd(s *cli.Streams) *cobra.Command {
	var r dumpReader
	var output string
	cmd := &cobra.Command{
		Use: "list NAME", Short: "List the dumps that there are, the newest first",
		Long:    "List the dumps of a database that are whole, the newest first.\n\n" + howDumpsAreRead,
		Example: "  onggi dump list shop\n  onggi dump list shop -o json",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := knownOutput(output); err != nil {
				return err
			}
			var all []dump.Manifest
			err := r.read(cmd.Context(), s, args, func(d dumpSource) (err error) {
				all, err = d.list(cmd.Context())
				return err
			})
			if err != nil && len(all) == 0 {
				return err
			}
			if all == nil {
				all = []dump.Manifest{}
			}
			if shown := show(s, output, dumpsTable(all), all); shown != nil {
				return shown
			}
			return err
		},
	}
	outputFlag(cmd, &output)
	return dumpReadCmd(cmd, &r, false)
}

// dumpsTable is the list for a person.
func dumpsTable(all []dump.Manifest) string {
	rows := [][]string{{"DUMP", "BEGUN", "TOOK", "SERVER", "BYTES", "FROM", "DATABASES"}}
	for _, m := range all {
		from := "primary"
		for _, f := range m.Files {
			if f.Standby {
				from = "standby"
			}
		}
		rows = append(rows, []string{
			m.Name + "/" + m.ID, m.Started.Format(time.RFC3339), m.Ended.Sub(m.Started).Round(time.Second).String(), m.Server,
			strconv.FormatInt(m.Bytes(), 10), from, strings.Join(m.Databases(), ", "),
		})
	}
	return status.View{}.Table(rows, len(rows[0]), nil)
}

func newDumpGetCmd(s *cli.Streams) *cobra.Command {
	var r dumpReader
	var wanted, database string
	cmd := &cobra.Command{
		Use: "get NAME --database DB", Short: "Write a database's dump to standard output",
		Long: `Write what a dump has of one database to standard output, as pg_restore reads it; of --database globals, roles and tablespaces as SQL, with what
the server stores of passwords. The exit code tells whether it is what was stored: keep nothing where it is not 0.

` + howDumpsAreRead,
		Example: "  onggi dump get shop --database app > app.dump\n  onggi dump get shop --dump nightly/20261122T030000Z --database globals > globals.sql",
		RunE: func(cmd *cobra.Command, args []string) error {
			if database == "" {
				return cli.Exit(cli.Usage, "say which database with --database, or globals")
			}
			return r.read(cmd.Context(), s, args, func(d dumpSource) error {
				m, f, err := pick(cmd.Context(), d, wanted, database)
				if err != nil {
					return err
				}
				return d.get(cmd.Context(), m, f, s.Out)
			})
		},
	}
	cmd.Flags().StringVar(&database, "database", "", "the database, or globals")
	dumpFlag(cmd, &wanted)
	return dumpReadCmd(cmd, &r, false)
}

func dumpFlag(cmd *cobra.Command, wanted *string) {
	cmd.Flags().StringVar(wanted, "dump", "", "the dump, as dump list calls it, or a series; the default is the newest that has the database")
}

// pick finds a file of a dump.
func pick(ctx context.Context, d dumpSource, wanted, database string) (dump.Manifest, dump.File, error) {
	all, err := d.list(ctx)
	if err != nil && len(all) == 0 {
		return dump.Manifest{}, dump.File{}, err
	}
	has := database
	if database == globalsWord {
		has = ""
	}
	m, err := edge.Find(all, wanted, has)
	if err != nil {
		return m, dump.File{}, cli.Fail(cli.Findings, err)
	}
	f, ok := m.Of(has)
	if !ok {
		return m, f, cli.Exit(cli.Findings, "dump %s/%s has no globals", m.Name, m.ID)
	}
	return m, f, nil
}

// dumpSource reads a store.
type dumpSource interface {
	list(ctx context.Context) ([]dump.Manifest, error)
	get(ctx context.Context, m dump.Manifest, f dump.File, w io.Writer) error
}

// read opens the source, and closes it afterwards.
func (r *dumpReader) read(ctx context.Context, s *cli.Streams, args []string, use func(dumpSource) error) error {
	if r.config != "" {
		cfg, err := dumpConfig(r.config)
		if err != nil {
			return err
		}
		archive, err := edge.Open(cfg)
		if err != nil {
			return err
		}
		return use(dumpsHere{archive})
	}
	d, err := r.find(ctx, s, args[0])
	if err != nil {
		return err
	}
	pod, err := d.Dumps(ctx, func(line string) { fmt.Fprintln(s.Err, line) })
	if err != nil {
		return err
	}
	defer pod.Close()
	return use(dumpsThere{pod, s.Err})
}

// dumpsHere is the store as it is reached from this very process.
type dumpsHere struct{ archive *edge.Archive }

func (d dumpsHere) list(ctx context.Context) ([]dump.Manifest, error) { return d.archive.List(ctx) }

func (d dumpsHere) get(ctx context.Context, m dump.Manifest, f dump.File, w io.Writer) error {
	return d.archive.Get(ctx, m, f, w)
}

// dumpsThere is the store as a pod reaches it.
type dumpsThere struct {
	pod  *day2.Dumps
	errs io.Writer
}

func (d dumpsThere) list(ctx context.Context) ([]dump.Manifest, error) {
	var text bytes.Buffer
	failed := d.pod.Run(ctx, []string{"list", "-o", "json"}, &text, d.errs)
	var all []dump.Manifest
	if err := json.Unmarshal(text.Bytes(), &all); err != nil && failed == nil {
		return nil, cli.Exit(cli.InOut, "read the list of dumps: %w", err)
	}
	return all, failed
}

func (d dumpsThere) get(ctx context.Context, m dump.Manifest, f dump.File, w io.Writer) error {
	database := f.Database
	if database == "" {
		database = globalsWord
	}
	return d.pod.Run(ctx, []string{"get", "--dump", m.Name + "/" + m.ID, "--database=" + database}, w, d.errs)
}

// newDumpWaitCmd is for the pod that reads dumps: it is there until it is told to end.
func newDumpWaitCmd() *cobra.Command {
	return &cobra.Command{
		Use: "wait", Short: "Do nothing until told to end", Hidden: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			<-cmd.Context().Done()
			return nil
		},
	}
}
