package overlays

import (
	"fmt"
	"maps"
	"slices"
	"sync"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/onggi-db/onggi/render/manifest"
)

// kustomizing is held while Kustomize runs: it keeps the OpenAPI schema in package variables, and parallel builds have
// panicked in it.
var kustomizing sync.Mutex

// Build is `kustomize build dir` over files in memory, their paths relative to one folder. The objects come in the order
// of the kustomizations. Kustomize's own file restrictions hold, and plugins are off.
func Build(files map[string][]byte, dir string) ([]manifest.Object, error) {
	stream, err := run(files, dir)
	if err != nil {
		return nil, fmt.Errorf("kustomize build %s: %v", dir, err)
	}
	objs, err := manifest.Decode(dir, stream)
	if err != nil {
		return nil, fmt.Errorf("read what kustomize built of %s: %v", dir, err)
	}
	for i := range objs {
		objs[i].Origin = ""
	}
	return objs, nil
}

// run returns the bytes that the kustomize command prints. Kustomize panics on some malformed objects, such as one whose
// annotations are a list: they are someone's input, so that is an error here.
func run(files map[string][]byte, dir string) (stream []byte, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			stream, err = nil, fmt.Errorf("kustomize panics: %v", reason)
		}
	}()
	disk := filesys.MakeFsInMemory()
	for _, path := range slices.Sorted(maps.Keys(files)) {
		if err := disk.WriteFile(path, files[path]); err != nil {
			return nil, err
		}
	}
	kustomizing.Lock()
	defer kustomizing.Unlock()
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(disk, dir)
	if err != nil {
		return nil, err
	}
	var out []byte
	for i, object := range built.Resources() {
		text, err := object.AsYAML()
		if err != nil {
			return nil, fmt.Errorf("%s %s: kustomize cannot read back what it made of it: %v", object.GetKind(), object.GetName(), err)
		}
		if i > 0 {
			out = append(out, "---\n"...)
		}
		out = append(out, text...)
	}
	return out, nil
}
