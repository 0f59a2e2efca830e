package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"onggi.dev/ci/chaos/internal/manual"
	"onggi.dev/ci/chaos/internal/native"
	"onggi.dev/ci/chaos/internal/world"
)

// manualRun is the suite manual: pages are followed as they stand, against a real API server whose pods come to life.
type manualRun struct {
	*run
	lab    *native.Lab
	reader *manual.Reader
	notes  []string // what was done otherwise than a reader does
	wrong  []error  // what came out otherwise than a page says
	done   int
}

// enough mistakes: what comes after them says little.
const enough = 5

func newManualRun(o options, w *world.World) *manualRun { return &manualRun{run: newRun(o, w)} }

// patience is how long a block may take.
const patience = 10 * time.Minute

// all follows every page, tells what was left out, and returns the exit code.
func (r *manualRun) all(ctx context.Context) (int, error) {
	err := r.pages(ctx)
	if err = errors.Join(append(r.wrong, err)...); err != nil {
		r.logsOfPods()
	}
	r.keepLogs()
	if ctx.Err() != nil {
		err = errors.New("interrupted")
	}
	if err != nil {
		return 1, err
	}
	fmt.Printf("%d blocks were run as they stand, in %s\n", r.done, time.Since(r.begun).Round(time.Second))
	for _, note := range r.notes {
		fmt.Println(note)
	}
	return 0, nil
}

func (r *manualRun) pages(ctx context.Context) error {
	var err error
	r.lab, err = native.NewLab(ctx, r.world, native.Plan{
		Bin: r.options.bin, Onggi: r.options.onggi, Images: native.Images{Postgres: r.options.postgres, Agent: r.options.agent, Onggi: r.options.onggi, PgBouncer: r.options.pgbouncer},
		Nodes: 3, K3s: true, Seed: r.options.seed, Log: r.log,
	})
	if err != nil {
		return err
	}
	r.log("the API server answers")
	client := func(name string) string { return filepath.Join(r.options.postgres, name) }
	home, err := r.lab.Home(r.options.onggi, client("psql"), client("pg_dump"), client("pg_restore"), client("pg_dumpall"))
	if err != nil {
		return err
	}
	for _, page := range strings.Split(r.options.pages, ",") {
		if err := r.page(ctx, home, page); err != nil {
			return err
		}
	}
	return nil
}

// open starts a shell in an empty folder.
func (r *manualRun) open(home, name string) error {
	dir := filepath.Join(home, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var err error
	blocks := filepath.Join(r.world.Dir, "blocks", name+"-"+strconv.Itoa(len(r.wrong)))
	r.reader, err = manual.NewReader(blocks, dir, []string{
		"HOME=" + home, "PATH=" + home + "/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LANG=C.UTF-8", "TERM=dumb", "USER=reader",
	})
	return err
}

// page follows one, from its first block to its last.
func (r *manualRun) page(ctx context.Context, home, file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	name := filepath.Base(file)
	sections, err := manual.Read(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if len(sections) == 0 {
		return fmt.Errorf("%s: nothing in it is to be followed", name)
	}
	folder := strings.TrimSuffix(name, ".md")
	if err := r.open(home, folder); err != nil {
		return err
	}
	defer func() { r.reader.Close() }()
	for _, s := range sections {
		if s.Why != "" && r.options.sections == "" {
			r.notes = append(r.notes, fmt.Sprintf("%s:%d: not followed, %s: %s", name, s.Line, s.Why, s.Title))
			continue
		}
		if !r.chosen(s.Title) {
			r.notes = append(r.notes, fmt.Sprintf("%s:%d: not followed, since -sections leaves it out: %s", name, s.Line, s.Title))
			continue
		}
		began := time.Now()
		for _, step := range s.Steps {
			if err := r.step(ctx, name, step); err != nil {
				err = fmt.Errorf("%s:%d: %s: %w", name, step.Line, s.Title, err)
				r.log("%v", err)
				if r.wrong = append(r.wrong, err); len(r.wrong) >= enough || ctx.Err() != nil {
					return errors.New("the rest was not followed")
				}
				r.reader.Close() // what a block that failed left of its shell is nothing to go on with
				if err := r.open(home, folder); err != nil {
					return err
				}
				// What somebody would look at now.
				looked, _, _ := r.reader.Try(ctx, "kubectl get pods,pvc -o wide; for s in $(kubectl get statefulset -o name); do onggi status ${s#*/}; done")
				r.log("%s", looked)
			}
		}
		r.log("%s: %s: %.1f s", name, s.Title, time.Since(began).Seconds())
	}
	return nil
}

func (r *manualRun) chosen(title string) bool {
	if r.options.sections == "" {
		return true
	}
	for _, part := range strings.Split(r.options.sections, ",") {
		if strings.Contains(title, part) {
			return true
		}
	}
	return false
}

func (r *manualRun) step(ctx context.Context, page string, s manual.Step) error {
	note := func(what, text string) {
		text, _, more := strings.Cut(text, "\n")
		if more {
			text += " …"
		}
		r.notes = append(r.notes, fmt.Sprintf("%s:%d: %s: %s", page, s.Line, what, text))
	}
	ctx, cancel := context.WithTimeout(ctx, max(patience, s.Again))
	defer cancel()
	began := time.Now()
	switch s.Kind {
	case manual.Skip:
		note("not run, "+s.Why, s.Text)
		return nil
	case manual.Break:
		note("done to the machines", s.Text)
		return r.lab.Break(ctx, strings.Fields(s.Text)...)
	case manual.Here:
		note("run here alone", s.Text)
	}
	output, err := r.do(ctx, s)
	if err != nil {
		return fmt.Errorf("%w\n--- run\n%s\n--- printed\n%s", err, s.Text, output)
	}
	r.log("%s:%d: %.1f s", page, s.Line, time.Since(began).Seconds())
	if s.Kind == manual.Run {
		r.done++
	}
	return nil
}

// do runs the commands of a step until what comes out is what the page says.
func (r *manualRun) do(ctx context.Context, s manual.Step) (string, error) {
	judge := func(output string, code int) error {
		if code != s.Exit {
			return fmt.Errorf("it ends with code %d, not %d", code, s.Exit)
		}
		if s.Wanted == nil {
			return nil
		}
		return manual.Match(s.Wanted, output)
	}
	var output string
	var code int
	var err error
	switch {
	case s.Again > 0:
		ctx, cancel := context.WithTimeout(ctx, s.Again)
		defer cancel()
		output, code, err = r.reader.Until(ctx, s.Text, time.Second, judge)
	case s.Exit != 0:
		output, code, err = r.reader.Try(ctx, s.Text)
	default:
		output, code, err = r.reader.Do(ctx, s.Text)
	}
	if err != nil {
		return output, fmt.Errorf("%w, code %d", err, code)
	}
	return output, judge(output, code)
}

// logsOfPods prints the ends of all logs.
func (r *manualRun) logsOfPods() {
	found, _ := filepath.Glob(filepath.Join(r.world.Dir, "logs", "*.log"))
	for _, path := range found {
		r.log("%s:\n%s", filepath.Base(path), world.Tail(path, 8))
	}
}
