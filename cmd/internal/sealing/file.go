package sealing

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/cmd/internal/source"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/seal"
)

// sealedFile is a sealed secret in a file beside a spec.
type sealedFile struct {
	name   string
	have   *seal.Have
	data   []byte // of the whole file
	shared bool   // with other documents
}

// identity tells one sealed secret from the others of a folder.
type identity struct{ namespace, name, environments string }

// readFolder finds the sealed secrets in a folder.
func readFolder(dir string) (map[identity]sealedFile, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, cli.Exit(cli.InOut, "read %s: %w", dir, source.Cause(err))
	}
	out := make(map[identity]sealedFile)
	for _, e := range entries {
		if !e.Type().IsRegular() || !source.IsSpec(e.Name()) {
			continue
		}
		name := filepath.Join(dir, e.Name())
		data, err := source.ReadFile(name)
		if err != nil {
			return nil, cli.Fail(cli.InOut, err)
		}
		if !bytes.Contains(data, []byte(seal.Kind)) {
			continue
		}
		objs, err := manifest.Decode(name, data)
		if err != nil {
			return nil, cli.Fail(cli.Invalid, err)
		}
		for _, o := range objs {
			if ref := o.Ref(); ref.Kind != seal.Kind || ref.Group() != "bitnami.com" {
				continue
			}
			if err := add(out, sealedFile{name: name, data: data, shared: len(objs) > 1}, o); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func add(found map[identity]sealedFile, f sealedFile, o manifest.Object) error {
	have, err := seal.Read(o)
	if err != nil {
		return cli.Exit(cli.Invalid, "%s: SealedSecret %s: %w", f.name, o.Ref().Name, err)
	}
	f.have = have
	environments, _ := manifest.Get(o.Body(), "metadata", "annotations", seal.EnvironmentsAnnotation)
	listed, _ := environments.(string)
	id := identity{o.Ref().Namespace, o.Ref().Name, listed}
	if first, twice := found[id]; twice {
		return cli.Exit(cli.Invalid, "%s and %s: both seal %s/%s: delete one of them", first.name, f.name, id.namespace, id.name)
	}
	found[id] = f
	return nil
}

// newName is a file name that is free: the plain one for a secret in the database's own namespace, one that tells the others
// apart otherwise. Neither @ nor + can be part of a name or a namespace.
func (w *wanted) newName(taken map[string]bool) (string, error) {
	names := []string{"sealed-" + w.want.Name + "@" + w.want.Namespace}
	if env := strings.Join(w.want.Environments, "+"); env != "" {
		names[0] += "+" + env
	} else if w.home {
		names = append([]string{"sealed-" + w.want.Name}, names...)
	}
	for _, base := range names {
		name := filepath.Join(w.dir, base+".yaml")
		if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) && !taken[name] {
			taken[name] = true
			return name, nil
		}
	}
	return "", cli.Exit(cli.InOut, "%s: there is a file of that name, and it does not hold the SealedSecret %s: move it away", filepath.Join(w.dir, names[0]+".yaml"), w.want)
}

// place writes a file under a temporary name, flushes it, and puts it where it belongs: os.Rename replaces a file that is there,
// os.Link refuses to.
func place(into func(from, to string) error, name string, data []byte, mode fs.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".onggi-*")
	if err != nil {
		return source.Cause(err)
	}
	defer os.Remove(f.Name()) // gone already after a rename
	_, err = f.Write(data)
	if err := errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return source.Cause(err)
	}
	return into(f.Name(), name)
}

// write puts one sealed secret in its place, unless the file became another one since it was read.
func write(name string, old, data []byte) error {
	if old == nil {
		err := place(os.Link, name, data, 0o644)
		if errors.Is(err, fs.ErrExist) {
			return cli.Exit(cli.InOut, "write %s: somebody made it in the meantime: run again", name)
		}
		return told(name, err)
	}
	now, err := os.ReadFile(name)
	if err != nil {
		return told(name, source.Cause(err))
	}
	if !bytes.Equal(now, old) {
		return cli.Exit(cli.InOut, "write %s: somebody changed it in the meantime: run again", name)
	}
	return told(name, place(os.Rename, name, data, 0o644))
}

func told(name string, err error) error {
	if err == nil {
		return nil
	}
	return cli.Fail(cli.InOut, fmt.Errorf("write %s: %w", name, err))
}
