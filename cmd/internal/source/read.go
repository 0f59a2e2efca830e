// Package source reads what the arguments of a verb name, files, folders with all below them and standard input, as documents.
//
// [Read] only sorts names, so that a fleet of any size can be walked; [Input.Batches] then loads a few files at a time, each
// with the projects above it. Manifests beside several clusters are shared out among them.
package source

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/render/spec"
)

// maxSource is far more than any spec needs; a larger file was named by mistake.
const maxSource = 8 << 20

// ProjectFile is the name of the file that holds the Project.
const ProjectFile = "onggi.yaml"

// Stdin is the argument that means the standard input.
const Stdin = "-"

// folder is what one folder holds: the files with clusters, and what they share.
type folder struct {
	clusters []string
	others   []string // manifests
	walked   bool     // with all below it, as an argument or on the way down from one
}

// Input is what the arguments of a command name.
type Input struct {
	folders  map[string]*folder
	projects []string // project files, of any folder
	piped    *spec.Source
	seen     int // how often a cluster's kind is named
}

// Read finds the specs, projects and manifests that the arguments name: files, folders with all below them, and "-".
// With a file comes the project file of its folder. Only names are kept, so that a fleet of any size can be walked.
func Read(stdin io.Reader, args []string) (*Input, error) {
	if len(args) == 0 {
		return nil, cli.Exit(cli.Usage, "name a spec file or a folder of specs, or - for standard input")
	}
	in := &Input{folders: make(map[string]*folder)}
	var names []string
	walked := make(map[string]bool)
	for _, arg := range args {
		if arg == Stdin {
			source, err := ReadStdin(stdin)
			if err != nil {
				return nil, err
			}
			in.piped = source
			in.seen += bytes.Count(source.Data, []byte(spec.KindCluster))
			continue
		}
		found, isFolder, err := specFiles(arg)
		if err != nil {
			return nil, cli.Fail(cli.InOut, err)
		}
		if len(found) == 0 {
			return nil, cli.Exit(cli.InOut, "%s holds no .yaml, .yml or .json file", arg)
		}
		names = append(names, found...)
		for _, name := range found {
			walked[filepath.Dir(name)] = walked[filepath.Dir(name)] || isFolder
		}
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if err := in.add(name); err != nil {
			return nil, cli.Fail(cli.InOut, err)
		}
	}
	for dir, f := range in.folders {
		f.walked = walked[dir]
	}
	return in, nil
}

// Whole reports whether every database of a project is read: its folder was, with all below. Of files, or of a folder below the
// project's, nobody knows what lies beside them.
func (in *Input) Whole(p *spec.ProjectFile) bool {
	f := in.folders[filepath.FromSlash(p.Dir)]
	return p.File != Stdin && f != nil && f.walked
}

// Documents is about how many clusters there are, before they are loaded: good enough to tell how far a run is.
func (in *Input) Documents() int { return in.seen }

// ReadStdin reads a spec that is piped in.
func ReadStdin(stdin io.Reader) (*spec.Source, error) {
	data, err := io.ReadAll(io.LimitReader(stdin, maxSource+1))
	if err != nil {
		return nil, cli.Exit(cli.InOut, "read standard input: %w", err)
	}
	if len(data) > maxSource {
		return nil, cli.Exit(cli.InOut, "standard input is larger than %d MiB", maxSource>>20)
	}
	return &spec.Source{Name: Stdin, Data: data}, nil
}

// add sorts a file by what it may hold. A word in a comment costs nothing: the file is then read with the clusters.
func (in *Input) add(name string) error {
	data, err := ReadFile(name)
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
	case filepath.Base(name) == ProjectFile:
		in.projects = append(in.projects, name)
	case bytes.Contains(data, []byte(spec.KindCluster)):
		in.seen += bytes.Count(data, []byte(spec.KindCluster))
		f.clusters = append(f.clusters, name)
	default:
		f.others = append(f.others, name)
	}
	return nil
}

// ReadFile reads a file that a person would have written: a much larger one was named by mistake.
func ReadFile(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, Cause(err))
	}
	if info.Size() > maxSource {
		return nil, fmt.Errorf("read %s: it is larger than %d MiB", name, maxSource>>20)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, Cause(err))
	}
	return data, nil
}

// Cause drops the operation and path that fs errors repeat.
func Cause(err error) error {
	if p, ok := err.(*fs.PathError); ok {
		return p.Err
	}
	return err
}

// specFiles lists the files that an argument stands for.
func specFiles(arg string) (names []string, isFolder bool, err error) {
	info, err := os.Stat(arg)
	if err != nil {
		return nil, false, fmt.Errorf("read %s: %w", arg, Cause(err))
	}
	if info.IsDir() {
		names, err = folderFiles(arg)
		return names, true, err
	}
	names = []string{filepath.Clean(arg)}
	project := filepath.Join(filepath.Dir(arg), ProjectFile)
	if filepath.Base(arg) != ProjectFile {
		if _, err := os.Stat(project); err == nil {
			names = append(names, project)
		}
	}
	return names, false, nil
}

// walk visits a folder with all below it. The folder may be a link, which WalkDir follows only with a separator behind it; links
// below it are not followed.
func walk(dir string, visit func(path string, d fs.DirEntry) error) error {
	return filepath.WalkDir(dir+string(filepath.Separator), func(path string, d fs.DirEntry, err error) error {
		path = filepath.Clean(path)
		if err != nil {
			return fmt.Errorf("read %s: %w", path, Cause(err))
		}
		return visit(path, d)
	})
}

// folderFiles walks a folder. Hidden files and folders, what onggi or Helm or Kustomize keep there, and links are not specs.
func folderFiles(dir string) ([]string, error) {
	var names []string
	err := walk(dir, func(path string, d fs.DirEntry) error {
		name := d.Name()
		if d.IsDir() {
			if path != filepath.Clean(dir) && (strings.HasPrefix(name, ".") || generated(path)) {
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

// ManifestFiles lists the manifests of a folder, output of onggi included.
func ManifestFiles(dir string) ([]string, error) {
	var names []string
	err := walk(dir, func(path string, d fs.DirEntry) error {
		if d.Type().IsRegular() && isSpec(d.Name()) && d.Name() != "kustomization.yaml" {
			names = append(names, path)
		}
		return nil
	})
	return names, err
}
