package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/cmd/internal/day2/act"
	"github.com/onggi-db/onggi/cmd/internal/project"
	"github.com/onggi-db/onggi/cmd/internal/source"
	"github.com/onggi-db/onggi/render/restore"
	"github.com/onggi-db/onggi/render/spec"
)

type restoreOptions struct {
	databaseFlags
	at, as, backup, out string
	finish, inPlace     bool
	withoutCopy         bool
}

func newRestoreCmd(s *cli.Streams) *cobra.Command {
	var o restoreOptions
	cmd := &cobra.Command{
		Use:   "restore PATH",
		Short: "Write the spec of a database restored from another's backups",
		Long: `Write the spec of a database that starts from the backups of the one in PATH: the same major version and
settings, another name, an archive of its own. It runs beside the original, whose backups are only read.
Addresses, standby settings and other environments are left out, and told.

Once the restored database is up, --finish takes the start out of its file again. Left in Git it would bring
the old state back on the day that the cluster is made anew: onggi check --live asks the API server whether
the cluster has a primary, and then it is an error, ONG7029.

With --in-place no spec is written: the database that runs is stopped and set back to the moment, from its own backups. What was
committed since is gone from it; the data that it had is kept beside, if there is room (see --without-copy). Only the native back end can; PATH may then be its name.`,
		Example: `  onggi restore shop.yaml --env prod --at 2026-11-22T06:00:00Z -o shop-restored.yaml
  onggi restore shop.yaml --as shop-before                     # the end of the archive, to stdout
  onggi check shop-restored.yaml --live                        # exit 1 once the restore is done
  onggi restore --finish shop-restored.yaml
  onggi restore shop --in-place --at 2026-11-22T06:00:00Z      # asks first`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return runRestore(cmd.Context(), s, o, args[0]) },
	}
	f := cmd.Flags()
	f.StringVar(&o.at, "at", "", "moment to restore to, RFC 3339 with a zone; without it the end of the archive")
	f.StringVar(&o.as, "as", "", "name of the restored database; NAME-restored if left out")
	f.StringVar(&o.backup, "backup", "", "name of a Backup object to start from, needed with backup.method: snapshot; natively the label of a backup, to come back to")
	f.StringVarP(&o.out, "output", "o", "", "file to write, which must not be there yet; stdout if left out")
	f.BoolVar(&o.finish, "finish", false, "PATH is a restored spec whose database is up: take the restore out of the file")
	f.BoolVar(&o.inPlace, "in-place", false, "stop the database that runs, and set it back to --at")
	f.BoolVar(&o.withoutCopy, "without-copy", false, "with --in-place: where there is no room to keep the data that it has, remove that first")
	day2Cmd(cmd, &o.databaseFlags, true)
	cmd.ValidArgsFunction = nil
	f.Lookup("env").Usage = "environment whose database is restored"
	for _, name := range []string{"namespace", "kubeconfig", "context", "backend", "yes"} {
		f.Lookup(name).Usage = "with --in-place: " + f.Lookup(name).Usage
	}
	completeEnvs(cmd)
	return cmd
}

func runRestore(ctx context.Context, s *cli.Streams, o restoreOptions, path string) error {
	if o.inPlace {
		return o.setBack(ctx, s, path)
	}
	if o.namespace+o.kubeconfig+o.context+o.backend != "" || o.yes || o.withoutCopy {
		return cli.Exit(cli.Usage, "--namespace, --kubeconfig, --context, --backend, --without-copy and --yes belong to --in-place: the spec says the rest")
	}
	if o.finish && (o.env != "" || o.at != "" || o.as != "" || o.backup != "" || o.out != "") {
		return cli.Exit(cli.Usage, "--finish changes the file in its place and takes no other flag")
	}
	if err := o.validMoment(time.Now()); err != nil {
		return err
	}
	doc, err := oneDocument(ctx, s, path)
	if err != nil {
		return err
	}
	if o.finish {
		return finishRestore(s, doc)
	}
	return o.write(s, doc)
}

// setBack has the agents restore a database that runs.
func (o restoreOptions) setBack(ctx context.Context, s *cli.Streams, name string) error {
	switch {
	case o.finish || o.as != "" || o.out != "":
		return cli.Exit(cli.Usage, "--in-place writes no spec: --as, --output and --finish are for a database beside it")
	case o.at == "":
		return cli.Exit(cli.Usage, "--in-place needs --at: to which moment")
	}
	backup := o.backup
	o.backup = "" // it is where to begin, and not instead of a moment
	if err := o.validMoment(time.Now()); err != nil {
		return err
	}
	return o.change(ctx, s, name, act.Request{Verb: act.Restore, At: o.at, Backup: backup, Room: o.withoutCopy})
}

func (o restoreOptions) validMoment(now time.Time) error {
	if o.at == "" {
		return nil
	}
	if o.backup != "" {
		return cli.Exit(cli.Usage, "--at is a moment in an archive, and --backup starts without one: choose")
	}
	at, err := time.Parse(time.RFC3339, o.at)
	switch {
	case err != nil:
		return cli.Exit(cli.Usage, "--at %q is not a moment: write it as RFC 3339 with a zone, 2026-11-22T06:00:00Z or 2026-11-22T15:00:00+09:00", o.at)
	case at.After(now):
		return cli.Exit(cli.Usage, "--at %s is in the future: the archive ends now", o.at)
	}
	return nil
}

// oneDocument is the only database that a path holds.
func oneDocument(ctx context.Context, s *cli.Streams, path string) (*spec.Document, error) {
	in, err := source.Read(s.In, []string{path})
	if err != nil {
		return nil, err
	}
	var all []*spec.Document
	if err := in.Batches(ctx, func(docs []*spec.Document) error {
		all = append(all, docs...)
		return nil
	}); err != nil {
		return nil, err
	}
	switch len(all) {
	case 0:
		return nil, noClusters()
	case 1:
		return all[0], nil
	}
	return nil, cli.Exit(cli.Usage, "%s holds %d databases: name the file of one", path, len(all))
}

// write makes the restored spec, and proves that it renders before anything is written.
func (o restoreOptions) write(s *cli.Streams, doc *spec.Document) error {
	if envs := doc.Environments(); o.env == "" && len(envs) > 1 {
		return cli.Exit(cli.Usage, "each environment of %s has data of its own: say whose is restored with --env: %s", doc.Name, strings.Join(envs, ", "))
	}
	bundle, cluster, err := project.Compile(doc, o.env)
	if err != nil {
		return err
	}
	if o.as == "" {
		o.as = doc.Name + "-restored"
	}
	if problems := o.refuse(cluster); len(problems) > 0 {
		return problems.Sort()
	}
	var secrets []string
	if cluster.Spec.Secrets.Provider != "existing" {
		for _, need := range bundle.Plan.Needs {
			secrets = append(secrets, need.Name)
		}
	}
	var elsewhere []string
	if doc.Project != nil && o.env != "" {
		for _, e := range doc.Project.Environments {
			if e.Name != o.env {
				elsewhere = append(elsewhere, e.Name)
			}
		}
	}
	text, notes := restore.Spec(cluster, restore.Options{As: o.as, At: o.at, Backup: o.backup, Elsewhere: elsewhere, Existing: secrets})
	read, err := o.prove(doc, text)
	if err != nil {
		return err
	}
	if len(secrets) == 0 && len(read) > 0 { // nobody makes them but who reads this
		notes = append(notes, o.as+" reads the Secrets "+strings.Join(read, ", ")+": make those that are not there")
	}
	for _, note := range notes {
		fmt.Fprintln(s.Err, note)
	}
	if o.out == "" {
		_, err := s.Out.Write(text)
		return err
	}
	if err := writeFile(os.Link, o.out, text); errors.Is(err, fs.ErrExist) {
		return cli.Exit(cli.InOut, "%s is there already: choose another name", o.out)
	} else if err != nil {
		return cli.Exit(cli.InOut, "write %s: %w", o.out, err)
	}
	fmt.Fprintf(s.Err, "%s: commit it; once %s is up: onggi restore --finish %s\n", o.out, o.as, o.out)
	return nil
}

var databaseName = regexp.MustCompile(`^[a-z]([-a-z0-9]*[a-z0-9])?$`)

// refuse finds what makes the restore impossible, at the lines of the spec.
func (o restoreOptions) refuse(c *spec.Cluster) spec.Problems {
	var problems spec.Problems
	b := c.Spec.Backup
	switch {
	case o.backup != "" && c.Spec.Backend != "native":
	case b == nil || b.Destination == "" && b.Method != "snapshot":
		problems = append(problems, c.Problem("ONG3030", "spec.backup", c.Name+" has no backup to restore from",
			"a database is restored from the archive that its spec names", "name the environment that has one with --env, or a Backup object with --backup"))
	case b.Method == "dumps":
		problems = append(problems, c.Problem("ONG3030", "spec.backup.method", c.Name+" has dumps, and no backup to restore from",
			"a dump is of a database and not of the cluster", "restore a database with onggi dump restore "+c.Name))
	case b.Method == "snapshot":
		problems = append(problems, c.Problem("ONG3030", "spec.backup.method", "a restore from snapshots starts from one Backup object",
			"which snapshots there are only the cluster knows", "see kubectl get backups, and name one with --backup"))
	}
	switch {
	case o.as == c.Name:
		problems = append(problems, c.Problem("ONG3031", "metadata.name", "the restored database has the name of the original",
			"it would take the original's place, and archive over the backup that it came from", "give it another name with --as"))
	case !databaseName.MatchString(o.as) || len(o.as) > 50:
		problems = append(problems, c.Problem("ONG3031", "metadata.name", fmt.Sprintf("%q cannot be the name of a database", o.as), "",
			"write --as with lower-case letters, digits and dashes, at most 50, beginning with a letter"))
	}
	return problems
}

// prove compiles the restored spec as if it lay beside the original, and returns the Secrets that it reads: those that the spec names are the original's too,
// the others have the new name.
func (o restoreOptions) prove(doc *spec.Document, text []byte) ([]string, error) {
	name := o.out
	if name == "" {
		name = o.as + ".yaml"
	}
	sources := []spec.Source{{Name: filepath.ToSlash(filepath.Join(filepath.Dir(doc.File), filepath.Base(name))), Data: text}}
	if doc.Project != nil {
		data, err := source.ReadFile(filepath.FromSlash(doc.Project.File))
		if err != nil {
			return nil, cli.Fail(cli.InOut, err)
		}
		sources = append(sources, spec.Source{Name: doc.Project.File, Data: data})
	}
	set, problems := spec.Load(sources)
	if len(problems) > 0 {
		return nil, problems
	}
	bundle, _, err := project.Compile(set.Clusters[0], "")
	if err != nil {
		return nil, err
	}
	var read []string
	for _, need := range bundle.Plan.Needs {
		if !slices.Contains(read, need.Name) {
			read = append(read, need.Name)
		}
	}
	return read, nil
}

func finishRestore(s *cli.Streams, doc *spec.Document) error {
	text, err := restore.Finish(doc)
	if err != nil {
		return cli.Exit(cli.Invalid, "%s: %w", doc.File, err)
	}
	if doc.File == source.Stdin {
		_, err := s.Out.Write(text)
		return err
	}
	name, err := filepath.EvalSymlinks(filepath.FromSlash(doc.File)) // a link stays one
	if err != nil {
		return cli.Exit(cli.InOut, "write %s: %w", doc.File, err)
	}
	if err := writeFile(os.Rename, name, text); err != nil {
		return cli.Exit(cli.InOut, "write %s: %w", name, err)
	}
	fmt.Fprintf(s.Err, "%s: the restore is taken out; the database itself does not change\n", name)
	return nil
}
