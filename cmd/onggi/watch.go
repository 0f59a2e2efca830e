package main

import (
	"context"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/cmd/internal/source"
	"github.com/onggi-db/onggi/cmd/internal/watch"
	"github.com/onggi-db/onggi/render/spec"
)

// The forms in which a watch says what happened.
const (
	eventsHuman = "human"
	eventsJSON  = "json"
)

type watchOptions struct {
	renderOptions
	debounce time.Duration
	poll     time.Duration
	events   string
	serve    string // address of the live view; "" for none
}

// gcPercent is Go's own setting. Package collector sets another one for programs that end soon; a watch stays.
const gcPercent = 100

func watchFormats() []string { return []string{formatManifests, formatHelm, formatKustomize} }

func newWatchCmd(s *cli.Streams) *cobra.Command {
	o := watchOptions{renderOptions: renderOptions{version: defaultChartVersion}}
	cmd := &cobra.Command{
		Use:   "watch PATH... [-o DIR] [--serve ADDRESS]",
		Short: "Render again whenever a spec changes, and say which fields of which objects moved",
		Long: `Render specs to a folder as onggi render does, and then again whenever one of them changes: only what
the change reaches, until the watch is ended with Ctrl-C. After each change it says which objects and
fields moved, and how long that took.

A spec with a problem keeps its last good output, and does not hold up the others. What is told of a
problem is told once; when it is gone, that is told too. A file that an editor is still writing, or that
is empty or gone for a moment, is waited for. The folder is locked meanwhile: no other watch or render
can write it.

--serve shows a page besides: the picture of each database, its objects in every environment side by
side, what the last edit moved, and the problems with their lines, renewed as files change. Without -o
nothing is written and every environment is shown.`,
		Example: `  onggi watch examples/homelab --all-envs -o rendered
  onggi watch specs --format kustomize -o deploy
  onggi watch examples/homelab --serve 127.0.0.1:8090
  onggi watch specs -o rendered --events json | jq .moved
  onggi watch /mnt/nfs/specs -o rendered --poll 1s   # where the file system tells nothing`,
		RunE: func(cmd *cobra.Command, args []string) error { return runWatch(cmd.Context(), s, o, args) },
	}
	f := cmd.Flags()
	f.StringSliceVarP(&o.envs, "env", "e", nil, "environment to render; manifests without it are those of the spec alone, other formats have every environment")
	f.BoolVar(&o.allEnvs, "all-envs", false, "render every environment, each into a folder of its own")
	f.StringVarP(&o.format, "format", "f", formatManifests, strings.Join(watchFormats(), " | "))
	f.StringVarP(&o.dir, "output", "o", "", "folder to write to")
	f.BoolVar(&o.force, "force", false, "give up edits that people made to files that onggi wrote")
	f.DurationVar(&o.debounce, "debounce", watch.DefaultDebounce, "how long it has to be quiet before a change counts")
	f.DurationVar(&o.poll, "poll", 0, "look at the files this often in place of having the system tell, e.g. 1s for network file systems")
	f.StringVar(&o.events, "events", eventsHuman, "human: what moved, to standard error | json: a line for each cycle, to standard output")
	f.StringVar(&o.serve, "serve", "", "show a live view on this address, e.g. 127.0.0.1:8090; other machines reach it only if the address says so")
	complete(cmd, "format", watchFormats())
	complete(cmd, "events", []string{eventsHuman, eventsJSON})
	completeEnvs(cmd)
	return cmd
}

func (o watchOptions) validate(args []string) error {
	switch {
	case len(args) == 0:
		return cli.Exit(cli.Usage, "name a spec file or a folder of specs to watch")
	case slices.Contains(args, source.Stdin):
		return cli.Exit(cli.Usage, "standard input cannot be watched: name a file or a folder")
	case o.dir == "" && o.serve == "":
		return cli.Exit(cli.Usage, "a watch writes many files: name a folder with -o, or show a page with --serve 127.0.0.1:8090")
	case o.dir == "" && (o.force || o.format != formatManifests):
		return cli.Exit(cli.Usage, "--format and --force belong to -o")
	case !slices.Contains(watchFormats(), o.format):
		return cli.Exit(cli.Usage, "a watch has no format %q: choose %s", o.format, strings.Join(watchFormats(), ", "))
	case o.events != eventsHuman && o.events != eventsJSON:
		return cli.Exit(cli.Usage, "there are no events %q: choose %s or %s", o.events, eventsHuman, eventsJSON)
	case o.debounce <= 0 || o.debounce > 10*time.Second:
		return cli.Exit(cli.Usage, "--debounce %s: choose more than 0 and at most 10s", o.debounce)
	case o.poll != 0 && o.poll < 100*time.Millisecond:
		return cli.Exit(cli.Usage, "--poll %s: choose at least 100ms", o.poll)
	}
	if o.dir == "" {
		o.dir = "." // a page may show what a stream may not hold: several environments
	}
	return o.renderOptions.validate()
}

func runWatch(ctx context.Context, s *cli.Streams, o watchOptions, args []string) error {
	if err := o.validate(args); err != nil {
		return err
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	tell := (&account{s: s, o: o}).tell
	if o.events == eventsJSON {
		tell = func(state watch.State) { tellJSON(s, state) }
	}
	if o.dir == "" && len(o.envs) == 0 {
		o.allEnvs = true
	}
	page, err := openPage(s, o.serve)
	if err != nil {
		return err
	}
	w, err := watch.New(args, o.engine(ctx, page.tell(tell)))
	if err != nil {
		return cli.Fail(cli.InOut, err)
	}
	defer page.serve(ctx, w)()
	if err := w.Run(ctx); err != nil {
		return cli.Fail(cli.InOut, err)
	}
	return nil
}

// engine has the watch write what render would.
func (o watchOptions) engine(ctx context.Context, tell func(watch.State)) watch.Options {
	w := &writer{ctx: ctx, o: o.renderOptions}
	return watch.Options{
		Dir: o.dir, Envs: o.envs, AllEnvs: o.allEnvs, Bases: o.format != formatManifests, Force: o.force,
		Debounce: o.debounce, Poll: o.poll, OnState: tell,
		Emit: func(doc *spec.Document) ([]watch.Output, error) {
			folders, err := w.emit(doc)
			outputs := make([]watch.Output, len(folders))
			for i, f := range folders {
				outputs[i] = watch.Output{Dir: f.dir, Tree: f.tree}
			}
			return outputs, err
		},
	}
}
