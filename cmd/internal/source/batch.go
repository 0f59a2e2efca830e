package source

import (
	"cmp"
	"context"
	"maps"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/render/spec"
)

// batchSize is how many cluster files are in memory at once: enough to keep every core busy, few enough that memory does
// not grow with the fleet.
const batchSize = 32

// Batches calls work with the documents of a few files at a time, in the order of folders and names. Problems of loading are
// gathered over all of them; work sees only what could be loaded.
func (in *Input) Batches(ctx context.Context, work func([]*spec.Document) error) error {
	var problems spec.Problems
	if in.piped != nil {
		set, found := spec.Load([]spec.Source{*in.piped})
		problems = append(problems, found...)
		if err := handOut(set, work); err != nil {
			return err
		}
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	for b := range in.load(ctx) {
		if b.err != nil {
			return b.err
		}
		// The loader may hand over a batch that was ready when ctx ended, and another after that.
		if err := ctx.Err(); err != nil {
			return err
		}
		problems = append(problems, b.problems...)
		if err := handOut(b.set, work); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return problems.Sort().Err()
}

// loaded is one batch of files.
type loaded struct {
	set      *spec.Set
	problems spec.Problems
	err      error
}

// load loads one batch while the one before is worked on, and ends with the last, the first that cannot be read, or ctx.
func (in *Input) load(ctx context.Context) <-chan loaded {
	batches := make(chan loaded)
	go func() {
		defer close(batches)
		for _, names := range in.batchNames() {
			var b loaded
			sources, err := readSources(append(in.projectsAbove(names), names...))
			if err == nil {
				b.set, b.problems = spec.Load(sources)
			}
			b.err = err
			select {
			case batches <- b:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return batches
}

// batchNames splits the files into batches. Folders are put together until a batch is full, and a folder of specs is split
// where it is larger; one with manifests stays whole, since whose they are is decided among all its clusters.
func (in *Input) batchNames() [][]string {
	var batches [][]string
	var batch []string
	clusters := 0
	flush := func() {
		if len(batch) > 0 {
			batches = append(batches, batch)
		}
		batch, clusters = nil, 0
	}
	for _, dir := range slices.Sorted(maps.Keys(in.folders)) {
		f := in.folders[dir]
		size := batchSize
		if len(f.others) > 0 {
			size = max(1, len(f.clusters))
		}
		batch = append(batch, f.others...)
		for names := range slices.Chunk(f.clusters, size) {
			batch, clusters = append(batch, names...), clusters+len(names)
			if clusters >= batchSize {
				flush()
			}
		}
	}
	flush()
	return batches
}

// projectsAbove are the project files in the folders of the names and in those above: no other can hold for them.
func (in *Input) projectsAbove(names []string) []string {
	folders := make(map[string]bool)
	for _, name := range names {
		for dir := filepath.Dir(name); !folders[dir]; dir = filepath.Dir(dir) {
			folders[dir] = true
		}
	}
	var out []string
	for _, project := range in.projects {
		if folders[filepath.Dir(project)] {
			out = append(out, project)
		}
	}
	return out
}

func readSources(names []string) ([]spec.Source, error) {
	sources := make([]spec.Source, 0, len(names))
	for _, name := range names {
		data, err := ReadFile(name)
		if err != nil {
			return nil, cli.Fail(cli.InOut, err)
		}
		sources = append(sources, spec.Source{Name: filepath.ToSlash(name), Data: data})
	}
	return sources, nil
}

// handOut gives the documents of a set to work, each with the manifests that are its own.
func handOut(set *spec.Set, work func([]*spec.Document) error) error {
	byFolder := make(map[string][]*spec.Document)
	for _, doc := range set.Clusters {
		dir := path.Dir(doc.File)
		byFolder[dir] = append(byFolder[dir], doc)
	}
	var docs []*spec.Document
	for _, dir := range slices.Sorted(maps.Keys(byFolder)) {
		beside := byFolder[dir]
		slices.SortFunc(beside, func(a, b *spec.Document) int {
			return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Namespace, b.Namespace))
		})
		if len(beside) > 1 && len(beside[0].Extras) > 0 {
			beside = shareOut(beside)
		}
		docs = append(docs, beside...)
	}
	if len(docs) == 0 {
		return nil
	}
	return work(docs)
}

// shareOut gives each manifest beside several clusters to one of them: the first whose spec names it, or else the first of
// all. An object that two of them rendered would belong to two charts or two Applications.
func shareOut(docs []*spec.Document) []*spec.Document {
	mentioned := make([]map[string]bool, len(docs))
	for i, doc := range docs {
		mentioned[i] = doc.Words()
	}
	out := make([]*spec.Document, len(docs))
	for i, doc := range docs {
		mine := *doc
		mine.Extras = nil
		for _, extra := range doc.Extras {
			owner := slices.IndexFunc(mentioned, func(m map[string]bool) bool { return m[extra.Ref().Name] })
			if max(owner, 0) == i {
				mine.Extras = append(mine.Extras, extra)
			}
		}
		out[i] = &mine
	}
	return out
}

// InParallel calls work for every index below n on all cores and returns the errors by index.
func InParallel(ctx context.Context, n int, work func(i int) error) []error {
	errs := make([]error, n)
	next := make(chan int)
	var running sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		running.Add(1)
		go func() {
			defer running.Done()
			for i := range next {
				if errs[i] = ctx.Err(); errs[i] == nil {
					errs[i] = work(i)
				}
			}
		}()
	}
	for i := range n {
		next <- i
	}
	close(next)
	running.Wait()
	return errs
}
