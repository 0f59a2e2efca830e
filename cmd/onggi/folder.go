package main

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"sync"

	"github.com/onggi-db/onggi/charts"
	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/cmd/internal/project"
	"github.com/onggi-db/onggi/cmd/internal/source"
	"github.com/onggi-db/onggi/cmd/onggi/collector"
	"github.com/onggi-db/onggi/overlays"
	"github.com/onggi-db/onggi/render"
	"github.com/onggi-db/onggi/render/argocd"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec"
	"github.com/onggi-db/onggi/render/tree"
	"github.com/onggi-db/onggi/render/variant"
)

// output is one folder below the root: a database, or one environment of it.
type output struct {
	dir  string
	tree tree.Tree
}

// writeFolder renders everything into a folder. First all is rendered, so that a problem in any document is told with the
// others; then all folders are looked at, so that what is in the way anywhere is told too. Only then is anything written.
func writeFolder(ctx context.Context, s *cli.Streams, in *source.Input, o renderOptions) error {
	w := &writer{ctx: ctx, o: o, progress: cli.NewProgress(s, in.Documents()), judge: project.Judge{Whole: in.Whole}}
	defer w.spool.close()
	err := w.render(in)
	w.progress.End()
	if err != nil {
		return err
	}
	// A fleet is too many files to wait for each to reach the disk; what that means is in the decision records of tree.
	w.fleet, err = tree.Open(o.dir, tree.Options{Force: o.force || o.check, DryRun: o.check, NoFlush: w.count > 1})
	if err != nil {
		return cli.Fail(cli.InOut, err)
	}
	defer w.fleet.Close()
	if err := w.write(); err != nil {
		return err
	}
	return w.summary(s)
}

// writer renders documents into a spool, and writes from there.
type writer struct {
	ctx      context.Context
	o        renderOptions
	count    int // databases
	spool    spool
	fleet    *tree.Fleet
	progress *cli.Progress
	judge    project.Judge // of the first pass over all documents

	mu        sync.Mutex
	written   files
	removed   files
	unchanged int
	inTheWay  *tree.ConflictError // with --check: what a run without it would stop at
}

// render fills the spool. A chart and overlays are proved as they are made, which takes many times what compiling takes:
// before that, all documents are compiled once, so that a problem in the last is not told after minutes.
func (w *writer) render(in *source.Input) error {
	if w.o.format != formatManifests {
		if err := w.batches(in, w.compile); err != nil {
			return err
		}
		w.judge.Whole = nil // it has seen everything
	}
	if w.o.format == formatArgoCD {
		applications, err := compileApplications(w.ctx, in, w.o)
		if err != nil {
			return err
		}
		if err := w.spool.put(applications); err != nil {
			return err
		}
	}
	return w.batches(in, w.emitAll)
}

// compile renders a document without keeping the result.
func (w *writer) compile(doc *spec.Document) error {
	return w.judge.Each(doc, append([]string{""}, w.o.of(doc)...), func(string, render.Bundle, *spec.Cluster) error { return nil })
}

// largeFleet is how many databases are rendered before memory matters more than the last tenth of the time.
const largeFleet = 1000

// batches calls work for every document, a batch of them at once, and returns the problems of all.
func (w *writer) batches(in *source.Input, work func(*spec.Document) error) error {
	var problems spec.Problems
	folders := make(map[string]string)
	w.count = 0
	err := in.Batches(w.ctx, func(docs []*spec.Document) error {
		before := w.count
		if w.count += len(docs); before <= largeFleet && w.count > largeFleet {
			collector.Fleet()
		}
		problems = append(problems, sameFolder(folders, docs)...)
		for _, err := range source.InParallel(w.ctx, len(docs), func(i int) error { return work(docs[i]) }) {
			if err := cli.Gather(&problems, err); err != nil {
				return err
			}
		}
		return nil
	})
	if err := cli.Gather(&problems, err); err != nil {
		return err
	}
	if problems = w.judge.Add(problems); len(problems) == 0 && w.count == 0 {
		return noClusters()
	}
	return problems.Sort().Err()
}

// emitAll puts the folders of one document into the spool.
func (w *writer) emitAll(doc *spec.Document) error {
	outputs, err := w.emit(doc)
	if err != nil {
		return err
	}
	for _, out := range outputs {
		if err := w.spool.put(out); err != nil {
			return err
		}
	}
	w.progress.Step(doc.Name)
	return nil
}

// write makes the folders what the spool has. Folders that are right already are done with after the first look.
func (w *writer) write() error {
	if err := w.spool.each(w.ctx, func(out output) (done bool, err error) {
		result, right, err := w.fleet.Look(out.dir, out.tree)
		if err == nil && (right || w.o.check) {
			w.note(out.dir, result)
		}
		return right || w.o.check, err
	}); err != nil {
		return cli.Fail(cli.InOut, err)
	}
	if err := w.fleet.Ready(); err != nil && !(w.o.check && errors.As(err, &w.inTheWay)) {
		return cli.Fail(cli.InOut, err)
	}
	if err := w.spool.each(w.ctx, func(out output) (done bool, err error) {
		result, err := w.fleet.Sync(out.dir, out.tree)
		if err == nil {
			w.note(out.dir, result)
		}
		return true, err
	}); err != nil {
		return cli.Fail(cli.InOut, err)
	}
	result, err := w.fleet.Commit()
	if err != nil && w.inTheWay == nil {
		return cli.Fail(cli.InOut, err)
	}
	w.note("", tree.Result{Removed: result.Removed})
	return nil
}

func (w *writer) note(dir string, result tree.Result) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.written.add(dir, result.Written, w.o.check)
	w.removed.add(dir, result.Removed, w.o.check)
	w.unchanged += len(result.Unchanged)
}

// files counts files. It has their names too when they are to be told one by one, which is with --check: those of a whole
// fleet would be megabytes.
type files struct {
	count int
	names []string
}

func (f *files) add(dir string, names []string, keep bool) {
	f.count += len(names)
	if !keep {
		return
	}
	for _, name := range names {
		f.names = append(f.names, path.Join(dir, name))
	}
}

// emit makes the folders of one document.
func (w *writer) emit(doc *spec.Document) ([]output, error) {
	format := w.o.format
	if format == formatArgoCD {
		format = doc.Project.ArgoCD.Source
	}
	if format == argocd.Plugin {
		return nil, nil // the plugin renders the specs themselves
	}
	if format == formatManifests {
		return w.emitManifests(doc)
	}
	set, err := w.o.variants(doc, format == formatHelm)
	if err != nil {
		return nil, err
	}
	var files map[string][]byte
	if format == formatHelm {
		files, err = w.chart(set)
	} else {
		files, err = overlays.Emit(set, overlays.Options{})
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doc.File, err)
	}
	out, err := folderOf(doc.Name, files)
	return []output{out}, err
}

func (w *writer) chart(set variant.Set) (map[string][]byte, error) {
	files, err := charts.Emit(set, charts.Options{ChartVersion: w.o.version})
	if err != nil || !w.o.archive {
		return files, err
	}
	data, err := charts.Package(files, set.Name, w.o.version)
	return map[string][]byte{set.Name + "-" + w.o.version + ".tgz": data}, err
}

// emitManifests makes one folder for each environment, named after it when there are several.
func (w *writer) emitManifests(doc *spec.Document) ([]output, error) {
	envs := w.o.of(doc)
	if w.o.format == formatArgoCD && len(w.o.envs) == 0 {
		envs = doc.Environments()
	}
	var outputs []output
	err := w.judge.Each(doc, envs, func(env string, bundle render.Bundle, _ *spec.Cluster) error {
		dir := doc.Name
		if w.o.allEnvs || len(envs) > 1 || w.o.format == formatArgoCD {
			dir = path.Join(env, doc.Name)
		}
		files := make(map[string][]byte, len(bundle.Objects))
		for i, name := range manifest.FileNames(bundle.Objects) {
			files[name] = manifest.Encode(bundle.Objects[i])
		}
		out, err := folderOf(dir, files)
		outputs = append(outputs, out)
		return err
	})
	return outputs, err
}

func folderOf(dir string, files map[string][]byte) (output, error) {
	out := output{dir: dir}
	for name, data := range files {
		if err := out.tree.Add(name, data); err != nil {
			return output{}, fmt.Errorf("write %s: %w", dir, err)
		}
	}
	return out, nil
}

// summary says what was done, or with --check what would have been.
func (w *writer) summary(s *cli.Streams) error {
	if !w.o.check {
		fmt.Fprintf(s.Out, "%s: %s as %s: %d written, %d removed, %d unchanged\n", w.o.dir, cli.Plural(w.count, "database"), w.o.format, w.written.count, w.removed.count, w.unchanged)
		return nil
	}
	slices.Sort(w.written.names)
	slices.Sort(w.removed.names)
	for _, name := range w.written.names {
		fmt.Fprintf(s.Out, "differs: %s\n", path.Join(w.o.dir, name))
	}
	for _, name := range w.removed.names {
		fmt.Fprintf(s.Out, "left over: %s\n", path.Join(w.o.dir, name))
	}
	if w.inTheWay != nil {
		for _, c := range w.inTheWay.Conflicts {
			fmt.Fprintf(s.Out, "in the way: %s: %s\n", path.Join(w.o.dir, c.Path), c.Reason)
		}
	}
	if w.written.count+w.removed.count > 0 || w.inTheWay != nil {
		return cli.Exit(cli.Findings, "%s is not what would be written: run the same command without --check", w.o.dir)
	}
	return nil
}
