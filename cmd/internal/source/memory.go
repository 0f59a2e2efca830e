package source

import "github.com/onggi-db/onggi/render/spec"

// Load loads sources that are in memory, with the manifests beside several clusters shared out as Batches does. The set has
// everything that was found, the documents are those of its clusters in the order of folders and names.
func Load(sources []spec.Source) (set *spec.Set, docs []*spec.Document, problems spec.Problems) {
	set, problems = spec.Load(sources)
	_ = handOut(set, func(found []*spec.Document) error { // it fails only where its callback does
		docs = found
		return nil
	})
	return set, docs, problems
}

// IsSpec reports whether a file of this name is read in a folder of specs.
func IsSpec(name string) bool { return isSpec(name) }

// IsOutput reports whether a folder holds what onggi, Helm or Kustomize wrote, which is never input.
func IsOutput(dir string) bool { return generated(dir) }
