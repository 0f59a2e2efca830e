package main

import (
	"context"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/onggi-db/onggi/render/provenance"
	"github.com/onggi-db/onggi/render/spec"
)

// batchSize is how many cluster files are in memory at once: enough to keep every core busy, few enough that memory does
// not grow with the fleet.
const batchSize = 64

// batches calls work with the documents of a few files at a time, folder by folder, in the order of names. Problems of
// loading are gathered over all of them; work sees only what could be loaded.
func (in *input) batches(ctx context.Context, work func([]*spec.Document) error) error {
	var problems spec.Problems
	if in.piped != nil {
		found, err := in.batch(nil, nil, work)
		if err != nil {
			return err
		}
		problems = append(problems, found...)
	}
	for _, dir := range slices.Sorted(maps.Keys(in.folders)) {
		f := in.folders[dir]
		size := batchSize
		if len(f.others) > 0 {
			size = max(1, len(f.clusters)) // whose the manifests are is decided among all clusters of the folder
		}
		files := slices.Collect(slices.Chunk(f.clusters, size))
		if len(files) == 0 && len(f.others) > 0 {
			files = [][]string{nil} // nothing to render, but they may have problems
		}
		for _, names := range files {
			if err := ctx.Err(); err != nil {
				return err
			}
			found, err := in.batch(f, names, work)
			if err != nil {
				return err
			}
			problems = append(problems, found...)
		}
	}
	return problems.Sort().Err()
}

func (in *input) batch(f *folder, clusters []string, work func([]*spec.Document) error) (spec.Problems, error) {
	var sources []spec.Source
	names := slices.Concat(in.projects, clusters)
	if f == nil {
		sources = append(sources, *in.piped)
	} else {
		names = append(names, f.others...)
	}
	for _, name := range names {
		data, err := readFile(name)
		if err != nil {
			return nil, exitError{exitInOut, err}
		}
		sources = append(sources, spec.Source{Name: filepath.ToSlash(name), Data: data})
	}
	set, problems := spec.Load(sources)
	docs := set.Clusters
	slices.SortFunc(docs, func(a, b *spec.Document) int {
		return strings.Compare(a.Name+"/"+a.Namespace, b.Name+"/"+b.Namespace)
	})
	if len(docs) > 1 && len(set.Extras) > 0 {
		docs = shareOut(docs)
	}
	if len(docs) == 0 {
		return problems, nil
	}
	return problems, work(docs)
}

// shareOut gives each manifest beside several clusters to one of them: the first whose spec names it, or else the first of
// all. An object that two of them rendered would belong to two charts or two Applications.
func shareOut(docs []*spec.Document) []*spec.Document {
	mentioned := make([]map[string]bool, len(docs))
	for i, doc := range docs {
		mentioned[i] = words(doc)
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

// words are the texts in a spec, in any environment.
func words(doc *spec.Document) map[string]bool {
	found := make(map[string]bool)
	for _, env := range append([]string{""}, doc.Environments()...) {
		c, problems := doc.Resolve(env)
		if len(problems) > 0 {
			continue // they are reported when it is rendered
		}
		for _, leaf := range provenance.Leaves(c.Spec) {
			if text, ok := leaf.Value.(string); ok {
				found[text] = true
			}
		}
	}
	return found
}

// inParallel calls work for every index below n on all cores and returns the errors by index.
func inParallel(ctx context.Context, n int, work func(i int) error) []error {
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
