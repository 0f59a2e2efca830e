package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/yaml"
)

// files are what there is to judge.
type files struct {
	yaml    []string            // everything but chart templates
	objects []string            // of those, the whole Kubernetes objects: no patches, no kustomizations, no values
	folders map[string][]string // objects that are applied together, by their folder
}

func gather(dirs []string) (files, error) {
	found := files{folders: map[string][]string{}}
	patches := map[string]bool{}
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() && d.Name() == "templates" {
				return filepath.SkipDir
			}
			if ext := filepath.Ext(name); d.IsDir() || ext != ".yaml" && ext != ".yml" {
				return nil
			}
			found.yaml = append(found.yaml, name)
			if d.Name() == "kustomization.yaml" {
				return notePatches(name, patches)
			}
			return nil
		})
		if err != nil {
			return files{}, err
		}
	}
	slices.Sort(found.yaml)
	for _, name := range found.yaml {
		whole, err := isObject(name)
		if err != nil {
			return files{}, fmt.Errorf("%s: %w", name, err)
		}
		if whole && !patches[name] {
			found.objects = append(found.objects, name)
			found.folders[filepath.Dir(name)] = append(found.folders[filepath.Dir(name)], name)
		}
	}
	return found, nil
}

// notePatches remembers the files that a kustomization applies as patches: each looks like an object and is only a part of one.
func notePatches(kustomization string, patches map[string]bool) error {
	data, err := os.ReadFile(kustomization)
	if err != nil {
		return err
	}
	var k struct{ Patches []struct{ Path string } }
	if err := yaml.Unmarshal(data, &k); err != nil {
		return fmt.Errorf("%s: %w", kustomization, err)
	}
	for _, p := range k.Patches {
		patches[filepath.Join(filepath.Dir(kustomization), p.Path)] = true
	}
	return nil
}

// isObject reports whether every document of a file is an object of the Kubernetes API: what onggi itself reads, what Kustomize
// reads and what Helm reads are not.
func isObject(name string) (bool, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return false, err
	}
	docs := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096)
	found := false
	for {
		var doc struct {
			APIVersion string `json:"apiVersion"`
			Kind       string
			Metadata   struct{ Name string }
		}
		err := docs.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil || doc.APIVersion == "" || doc.Kind == "" || doc.Metadata.Name == "" || isOfATool(doc.APIVersion) {
			return false, nil // yamllint says what is wrong with a file that is not YAML
		}
		found = true
	}
}

func isOfATool(apiVersion string) bool {
	return strings.HasPrefix(apiVersion, "onggi.dev/") || strings.HasPrefix(apiVersion, "kustomize.config.k8s.io/")
}
