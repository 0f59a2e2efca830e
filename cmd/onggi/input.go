package main

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/onggi-db/onggi/render/spec"
)

// maxSource is far more than any spec needs; a larger file was named by mistake.
const maxSource = 8 << 20

// projectFile is the name of the file that holds the Project.
const projectFile = "onggi.yaml"

// stdin is the argument that means the standard input.
const stdin = "-"

// folder is what one folder holds: the files with clusters, and what they share.
type folder struct {
	clusters []string
	others   []string // manifests
}

// input is what the arguments of a command name.
type input struct {
	folders  map[string]*folder
	projects []string // project files, of any folder
	piped    *spec.Source
}

// readInput finds the specs, projects and manifests that the arguments name: files, folders with all below them, and "-".
// With a file comes the project file of its folder. Only names are kept, so that a fleet of any size can be walked.
func readInput(s *streams, args []string) (*input, error) {
	if len(args) == 0 {
		return nil, exit(exitUsage, "name a spec file or a folder of specs, or - for standard input")
	}
	in := &input{folders: make(map[string]*folder)}
	var names []string
	for _, arg := range args {
		if arg == stdin {
			source, err := readStdin(s)
			if err != nil {
				return nil, err
			}
			in.piped = source
			continue
		}
		found, err := specFiles(arg)
		if err != nil {
			return nil, exitError{exitInOut, err}
		}
		if len(found) == 0 {
			return nil, exit(exitInOut, "%s holds no .yaml, .yml or .json file", arg)
		}
		names = append(names, found...)
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if err := in.add(name); err != nil {
			return nil, exitError{exitInOut, err}
		}
	}
	return in, nil
}

func readStdin(s *streams) (*spec.Source, error) {
	data, err := io.ReadAll(io.LimitReader(s.in, maxSource+1))
	if err != nil {
		return nil, exit(exitInOut, "read standard input: %w", err)
	}
	if len(data) > maxSource {
		return nil, exit(exitInOut, "standard input is larger than %d MiB", maxSource>>20)
	}
	return &spec.Source{Name: stdin, Data: data}, nil
}

// add sorts a file by what it may hold. A word in a comment costs nothing: the file is then read with the clusters.
func (in *input) add(name string) error {
	data, err := readFile(name)
	if err != nil {
		return err
	}
	dir := filepath.Dir(name)
	f := in.folders[dir]
	if f == nil {
		f = &folder{}
		in.folders[dir] = f
	}
	switch {
	case filepath.Base(name) == projectFile:
		in.projects = append(in.projects, name)
	case bytes.Contains(data, []byte(spec.KindCluster)):
		f.clusters = append(f.clusters, name)
	default:
		f.others = append(f.others, name)
	}
	return nil
}

func readFile(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, cause(err))
	}
	if info.Size() > maxSource {
		return nil, fmt.Errorf("read %s: it is larger than %d MiB", name, maxSource>>20)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, cause(err))
	}
	return data, nil
}

// cause drops the operation and path that fs errors repeat.
func cause(err error) error {
	if p, ok := err.(*fs.PathError); ok {
		return p.Err
	}
	return err
}

// specFiles lists the files that an argument stands for.
func specFiles(arg string) ([]string, error) {
	info, err := os.Stat(arg)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", arg, cause(err))
	}
	if info.IsDir() {
		return folderFiles(arg)
	}
	names := []string{filepath.Clean(arg)}
	project := filepath.Join(filepath.Dir(arg), projectFile)
	if filepath.Base(arg) != projectFile {
		if _, err := os.Stat(project); err == nil {
			names = append(names, project)
		}
	}
	return names, nil
}

// folderFiles walks a folder. Hidden files and folders, what onggi or Helm or Kustomize keep there, and links are not specs.
func folderFiles(dir string) ([]string, error) {
	var names []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("read %s: %w", path, cause(err))
		}
		name := d.Name()
		if d.IsDir() {
			if path != dir && (strings.HasPrefix(name, ".") || generated(path)) {
				return fs.SkipDir
			}
			return nil
		}
		if d.Type().IsRegular() && isSpec(name) {
			names = append(names, path)
		}
		return nil
	})
	return names, err
}

// generated reports whether a folder holds output: what onggi wrote there is never its own input.
func generated(dir string) bool {
	for _, name := range []string{".onggi-files", "Chart.yaml", "kustomization.yaml"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return true
		}
	}
	return false
}

func isSpec(name string) bool {
	if strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".schema.json") {
		return false
	}
	switch strings.ToLower(filepath.Ext(name)) {
	case ".yaml", ".yml", ".json":
		return true
	}
	return false
}

// manifestFiles lists the manifests of a folder, output of onggi included.
func manifestFiles(dir string) ([]string, error) {
	var names []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("read %s: %w", path, cause(err))
		}
		if d.Type().IsRegular() && isSpec(d.Name()) && d.Name() != "kustomization.yaml" {
			names = append(names, path)
		}
		return nil
	})
	return names, err
}
