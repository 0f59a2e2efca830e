package cmp

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/cmd/internal/source"
	"github.com/onggi-db/onggi/render/argocd/plugin"
	"github.com/onggi-db/onggi/render/spec"
)

// maxFile is far more than any spec needs.
const maxFile = 8 << 20

// place is an application's path in an unpacked repository. Names in it are slash-separated and below the path; everything
// is opened through root, so that no link leads out of what Argo CD has unpacked.
type place struct {
	root   *os.Root
	folder string // of root on the disk
	path   string // the application's, below root
	shown  string // the application's, in the repository: what problems name
}

// here is the working folder. sourcePath is what Argo CD says that it is in the repository; without it nothing above the
// working folder is read.
func here(sourcePath string) (*place, error) {
	cwd, err := os.Getwd()
	if err != nil {
		return nil, cli.Exit(cli.InOut, "find the working folder: %w", err)
	}
	p := &place{folder: cwd, path: ".", shown: strings.TrimPrefix(path.Clean("/"+sourcePath), "/")}
	for range plugin.Levels(filepath.ToSlash(cwd), sourcePath) {
		p.path = path.Join(filepath.Base(p.folder), p.path)
		p.folder = filepath.Dir(p.folder)
	}
	if p.root, err = os.OpenRoot(p.folder); err != nil {
		return nil, cli.Exit(cli.InOut, "open the repository: %w", err)
	}
	return p, nil
}

func (p *place) close() { _ = p.root.Close() } // nothing is written

// specs lists the files of specs in a folder, or with all below it. A folder that holds output is left out, as everywhere.
func (p *place) specs(dir string, below bool) ([]string, error) {
	var names []string
	err := fs.WalkDir(p.root.FS(), path.Join(p.path, dir), func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		at := p.below(name)
		if d.IsDir() {
			if at != dir && (!below || strings.HasPrefix(d.Name(), ".") || source.IsOutput(filepath.Join(p.folder, filepath.FromSlash(name)))) {
				return fs.SkipDir
			}
			return nil
		}
		if d.Type().IsRegular() && source.IsSpec(d.Name()) {
			names = append(names, at)
		}
		return nil
	})
	if err != nil {
		return nil, cli.Exit(cli.InOut, "read %s: %w", path.Join(p.shown, dir), source.Cause(err))
	}
	return names, nil
}

// below is a name below root as one below the application's path.
func (p *place) below(name string) string {
	if p.path == "." {
		return name
	}
	if name == p.path {
		return "."
	}
	return strings.TrimPrefix(name, p.path+"/")
}

// read is a file as a source under the name that it has in the repository.
func (p *place) read(name string) (spec.Source, error) {
	shown := path.Join(p.shown, name)
	f, err := p.root.Open(filepath.FromSlash(path.Join(p.path, name)))
	if err != nil {
		return spec.Source{}, cli.Exit(cli.InOut, "read %s: %w", shown, source.Cause(err))
	}
	defer f.Close() // only read
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return spec.Source{}, cli.Exit(cli.InOut, "read %s: %w", shown, source.Cause(err))
	}
	if len(data) > maxFile {
		return spec.Source{}, cli.Exit(cli.InOut, "read %s: it is larger than %d MiB", shown, maxFile>>20)
	}
	return spec.Source{Name: shown, Data: data}, nil
}

// selection is what an Application's parameters leave of its path.
type selection struct {
	asked   map[string]bool // files of specs, by their names in the repository
	sources []spec.Source
}

// choose reads the specs that the files of the parameters name, or all below the path, with what they depend on: the
// manifests of their folders, which are shared out among all the specs there, and the projects above.
func (p *place) choose(files []string) (selection, error) {
	sel := selection{asked: make(map[string]bool)}
	if len(files) == 0 {
		files = []string{"."}
	}
	names := make(map[string]bool)
	folders := make(map[string]bool) // of which only some files were asked for
	for _, file := range files {
		info, err := p.root.Stat(filepath.FromSlash(path.Join(p.path, file)))
		found := []string{file}
		switch {
		case err != nil:
			return sel, cli.Exit(cli.InOut, "read %s, which the parameter file names: %w", path.Join(p.shown, file), source.Cause(err))
		case info.IsDir():
			if found, err = p.specs(file, true); err != nil {
				return sel, err
			}
		case !info.Mode().IsRegular():
			return sel, cli.Exit(cli.InOut, "read %s, which the parameter file names: it is no file", path.Join(p.shown, file))
		default:
			folders[path.Dir(file)] = true
		}
		for _, name := range found {
			names[name], sel.asked[path.Join(p.shown, name)] = true, true
		}
	}
	sources, pure, err := p.readAll(names)
	if err != nil {
		return sel, err
	}
	neighbours, allPure, err := p.beside(folders, names)
	if err != nil {
		return sel, err
	}
	if sel.sources = sources; !pure || !allPure {
		sel.sources = append(sel.sources, neighbours...)
	}
	return sel, p.projects(&sel, names)
}

// readAll reads files in the order of their names, and tells whether none of them holds a manifest.
func (p *place) readAll(names map[string]bool) (sources []spec.Source, pure bool, err error) {
	pure = true
	for _, name := range slices.Sorted(maps.Keys(names)) {
		src, err := p.read(name)
		if err != nil {
			return nil, false, err
		}
		sources = append(sources, src)
		pure = pure && plugin.Pure(src.Data)
	}
	return sources, pure, nil
}

// beside reads the other specs and manifests of folders. Where there is no manifest at all they have nothing to do with what was
// asked for; where there is one, whose it is can be told only among all.
func (p *place) beside(folders, asked map[string]bool) ([]spec.Source, bool, error) {
	others := make(map[string]bool)
	for dir := range folders {
		names, err := p.specs(dir, false)
		if err != nil {
			return nil, false, err
		}
		for _, name := range names {
			if !asked[name] && path.Base(name) != source.ProjectFile {
				others[name] = true
			}
		}
	}
	return p.readAll(others)
}

// projects reads the projects in the folders of the names and in those above them.
func (p *place) projects(sel *selection, names map[string]bool) error {
	above := make(map[string]bool)
	for name := range names {
		for dir := path.Dir(name); !above[dir]; dir = path.Dir(dir) {
			above[dir] = true
		}
	}
	up := "."
	for at := p.path; at != "."; at = path.Dir(at) {
		up = path.Join(up, "..")
		above[up] = true
	}
	for _, dir := range slices.Sorted(maps.Keys(above)) {
		name := path.Join(dir, source.ProjectFile)
		if names[name] {
			continue
		}
		src, err := p.read(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // this folder has no project
		}
		if err != nil {
			return err
		}
		sel.sources = append(sel.sources, src)
	}
	return nil
}

// documents are those of the files that were asked for. Problems of other files count only where they may change these: a
// file that cannot be read as a whole may hold a manifest.
func (sel selection) documents() ([]*spec.Document, spec.Problems) {
	if len(sel.sources) == 0 {
		return nil, nil // which is an application without objects
	}
	_, docs, problems := source.Load(sel.sources)
	docs = slices.DeleteFunc(docs, func(doc *spec.Document) bool { return !sel.asked[doc.File] })
	return docs, problems
}

// named leaves the database that the parameters name.
func named(docs []*spec.Document, name string) ([]*spec.Document, error) {
	if name == "" {
		return docs, nil
	}
	var known []string
	var out []*spec.Document
	for _, doc := range docs {
		known = append(known, doc.Name)
		if doc.Name == name {
			out = append(out, doc)
		}
	}
	if len(out) == 0 {
		return nil, spec.Problems{plugin.NoDatabase(name, known)}
	}
	return out, nil
}

func described(err error) string { return fmt.Sprint(source.Cause(err)) }
