package crd

import (
	"bytes"
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"
)

// Schemas are the definitions of one folder. A definition is parsed and compiled when the first object of its kind is
// validated: most runs need five of sixty. Safe for concurrent use.
type Schemas struct {
	sources map[schema.GroupKind]source

	mu       sync.Mutex
	compiled map[schema.GroupVersionKind]*compiled
}

// source is one definition, not yet parsed.
type source struct {
	path string
	data []byte
}

// Load finds every CustomResourceDefinition in the YAML and JSON files of fsys, folders included; other documents are passed
// over. Where two files define the same kind, the one in the folder named by releases wins, then the shallower one, then the
// one that sorts last. A release that names no folder with a definition in it is an error.
func Load(fsys fs.FS, releases ...string) (*Schemas, error) {
	s := &Schemas{sources: map[schema.GroupKind]source{}, compiled: map[schema.GroupVersionKind]*compiled{}}
	found := map[string]bool{}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !isManifest(name) {
			return err
		}
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		kinds, err := definitions(data)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		for _, k := range kinds {
			next := source{name, k.data}
			if release := inRelease(name, releases); release != "" {
				found[release] = true
			}
			if old, ok := s.sources[k.GroupKind]; !ok || preferred(next.path, old.path, releases) {
				s.sources[k.GroupKind] = next
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read custom resource definitions: %w", err)
	}
	for _, r := range releases {
		if !found[r] {
			return nil, fmt.Errorf("read custom resource definitions: no folder %q holds one", r)
		}
	}
	return s, nil
}

// Kinds lists what Load found, sorted by group and kind.
func (s *Schemas) Kinds() []schema.GroupKind {
	var out []schema.GroupKind
	for gk := range s.sources {
		out = append(out, gk)
	}
	slices.SortFunc(out, func(a, b schema.GroupKind) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Kind, b.Kind))
	})
	return out
}

func isManifest(name string) bool {
	switch path.Ext(name) {
	case ".yaml", ".yml", ".json":
		return true
	}
	return false
}

// preferred says whether the definition at a wins over the one at b.
func preferred(a, b string, releases []string) bool {
	inA, inB := inRelease(a, releases) != "", inRelease(b, releases) != ""
	if inA != inB {
		return inA
	}
	return cmp.Or(
		-cmp.Compare(strings.Count(a, "/"), strings.Count(b, "/")),
		cmp.Compare(a, b),
	) > 0
}

// inRelease returns the release whose folder name is in, or "".
func inRelease(name string, releases []string) string {
	for _, dir := range strings.Split(path.Dir(name), "/") {
		if slices.Contains(releases, dir) {
			return dir
		}
	}
	return ""
}

// definition is one CRD document and the kind it defines.
type definition struct {
	schema.GroupKind
	data []byte
}

// definitions splits a file into the CRDs in it. The full parse of a large definition takes longer than everything else a
// validation does, so the kind is read off its lines where it is written in the usual block style.
func definitions(data []byte) ([]definition, error) {
	var out []definition
	for _, doc := range splitDocuments(data) {
		if !bytes.Contains(doc, []byte("CustomResourceDefinition")) {
			continue
		}
		if gk, ok := scanKind(doc); ok {
			out = append(out, definition{gk, doc})
			continue
		}
		parsed, err := parseKinds(doc)
		if err != nil {
			return nil, err
		}
		out = append(out, parsed...)
	}
	return out, nil
}

func splitDocuments(data []byte) [][]byte {
	var docs [][]byte
	for start := 0; start < len(data); {
		i := bytes.Index(data[start:], []byte("\n---"))
		if i < 0 {
			return append(docs, data[start:])
		}
		docs = append(docs, data[start:start+i+1])
		start += i + 4
	}
	return docs
}

// scanKind reads spec.group and spec.names.kind of a CRD in block style. It gives up, rather than guess, on anything else.
func scanKind(doc []byte) (schema.GroupKind, bool) {
	var gk schema.GroupKind
	isCRD, section, sub := false, "", ""
	for line := range bytes.Lines(doc) {
		key, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			continue
		}
		text := strings.Trim(string(bytes.TrimSpace(value)), `"'`)
		switch name := string(key); {
		case !strings.HasPrefix(name, " "):
			section, sub = name, ""
			if name == "kind" {
				isCRD = text == "CustomResourceDefinition"
			}
		case section != "spec" || strings.HasPrefix(name, "     "):
		case strings.HasPrefix(name, "  ") && !strings.HasPrefix(name, "   "):
			sub = name[2:]
			if sub == "group" {
				gk.Group = text
			}
		case sub == "names" && name == "    kind":
			gk.Kind = text
		}
		if isCRD && gk.Group != "" && gk.Kind != "" {
			return gk, true
		}
	}
	return gk, false
}

// parseKinds is the slow way: any YAML or JSON, lists of definitions included.
func parseKinds(doc []byte) ([]definition, error) {
	var list struct {
		Kind  string
		Spec  apiextensionsv1.CustomResourceDefinitionSpec
		Items []apiextensionsv1.CustomResourceDefinition
	}
	if err := yaml.Unmarshal(doc, &list); err != nil {
		return nil, err
	}
	if list.Kind == "CustomResourceDefinition" {
		return []definition{{schema.GroupKind{Group: list.Spec.Group, Kind: list.Spec.Names.Kind}, doc}}, nil
	}
	var out []definition
	for _, crd := range list.Items {
		if crd.Kind != "CustomResourceDefinition" {
			continue
		}
		data, err := yaml.Marshal(crd)
		if err != nil {
			return nil, err
		}
		out = append(out, definition{schema.GroupKind{Group: crd.Spec.Group, Kind: crd.Spec.Names.Kind}, data})
	}
	return out, nil
}
