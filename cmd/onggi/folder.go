package main

import (
	"context"
	"fmt"
	"path"
	"slices"
	"sync"

	"github.com/onggi-db/onggi/charts"
	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/cmd/internal/project"
	"github.com/onggi-db/onggi/cmd/internal/source"
	"github.com/onggi-db/onggi/overlays"
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

// writeFolder renders everything into a folder. It first compiles all documents, so that a problem in any of them is told
// with the others and nothing is written; then it emits and writes a batch at a time.
func writeFolder(ctx context.Context, s *cli.Streams, in *source.Input, o renderOptions) error {
	count, err := compileAll(ctx, in, o)
	if err != nil {
		return err
	}
	if count == 0 {
		return noClusters()
	}
	var applications output
	if o.format == formatArgoCD {
		if applications, err = compileApplications(ctx, in, o); err != nil {
			return err
		}
	}
	fleet, err := tree.Open(o.dir, tree.Options{Force: o.force, DryRun: o.check, NoFlush: count > 1})
	if err != nil {
		return cli.Fail(cli.InOut, err)
	}
	defer fleet.Close()
	w := writer{ctx: ctx, o: o, fleet: fleet, progress: cli.NewProgress(s, count)}
	if err := in.Batches(ctx, w.batch); err != nil {
		w.progress.End()
		return err
	}
	if o.format == formatArgoCD {
		if err := w.sync(applications); err != nil {
			w.progress.End()
			return err
		}
	}
	result, err := fleet.Commit()
	w.progress.End()
	if err != nil {
		return cli.Fail(cli.InOut, err)
	}
	w.removed.add("", result.Removed, o.check)
	return w.summary(s, count)
}

// compileAll renders every document without keeping the result.
func compileAll(ctx context.Context, in *source.Input, o renderOptions) (count int, err error) {
	var problems spec.Problems
	folders := make(map[string]string)
	err = in.Batches(ctx, func(docs []*spec.Document) error {
		count += len(docs)
		problems = append(problems, sameFolder(folders, docs)...)
		for _, err := range source.InParallel(ctx, len(docs), func(i int) error {
			var found spec.Problems
			envs := o.of(docs[i])
			if o.format != formatManifests {
				envs = append([]string{""}, envs...)
			}
			for _, env := range envs {
				_, _, err := project.Compile(docs[i], env)
				if err := cli.Gather(&found, err); err != nil {
					return err
				}
			}
			return found.Err()
		}) {
			if err := cli.Gather(&problems, err); err != nil {
				return err
			}
		}
		return nil
	})
	if err := cli.Gather(&problems, err); err != nil {
		return count, err
	}
	return count, problems.Sort().Err()
}

// writer emits documents and writes them as they come.
type writer struct {
	ctx      context.Context
	o        renderOptions
	fleet    *tree.Fleet
	progress *cli.Progress

	mu        sync.Mutex
	written   files
	removed   files
	unchanged int
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

func (w *writer) batch(docs []*spec.Document) error {
	for _, err := range source.InParallel(w.ctx, len(docs), func(i int) error {
		outputs, err := w.emit(docs[i])
		if err != nil {
			return err
		}
		for _, out := range outputs {
			if err := w.sync(out); err != nil {
				return err
			}
		}
		w.progress.Step(docs[i].Name)
		return nil
	}) {
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) sync(out output) error {
	result, err := w.fleet.Sync(out.dir, out.tree)
	if err != nil {
		return cli.Fail(cli.InOut, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.written.add(out.dir, result.Written, w.o.check)
	w.removed.add(out.dir, result.Removed, w.o.check)
	w.unchanged += len(result.Unchanged)
	return nil
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
	for _, env := range envs {
		bundle, _, err := project.Compile(doc, env)
		if err != nil {
			return nil, err
		}
		dir := doc.Name
		if w.o.allEnvs || len(envs) > 1 || w.o.format == formatArgoCD {
			dir = path.Join(env, doc.Name)
		}
		files := make(map[string][]byte, len(bundle.Objects))
		for i, name := range manifest.FileNames(bundle.Objects) {
			files[name] = manifest.Encode(bundle.Objects[i])
		}
		out, err := folderOf(dir, files)
		if err != nil {
			return nil, err
		}
		outputs = append(outputs, out)
	}
	return outputs, nil
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
func (w *writer) summary(s *cli.Streams, count int) error {
	if !w.o.check {
		fmt.Fprintf(s.Out, "%s: %s as %s: %d written, %d removed, %d unchanged\n", w.o.dir, cli.Plural(count, "database"), w.o.format, w.written.count, w.removed.count, w.unchanged)
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
	if w.written.count+w.removed.count > 0 {
		return cli.Exit(cli.Findings, "%s is not what would be written: run the same command without --check", w.o.dir)
	}
	return nil
}
