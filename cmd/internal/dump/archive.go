package dump

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/onggi-db/onggi/cmd/internal/repository"
	"github.com/onggi-db/onggi/render/dump"
)

// Archive is the dumps of a cluster in its repository.
type Archive struct {
	store *repository.Store
	cfg   *dump.Config
}

// series is the folder of one, which the Config's is unless it is named.
func (a *Archive) series(name string) string {
	return path.Join(dump.Root(a.cfg.Stanza), cmp.Or(name, a.cfg.Name))
}

func (a *Archive) folder(m dump.Manifest) string { return path.Join(a.series(m.Name), m.ID) }

func (a *Archive) path(m dump.Manifest, file string) string { return path.Join(a.folder(m), file) }

// folders are the IDs of the Config's series that there are, and whether each is whole.
func (a *Archive) folders(ctx context.Context) (map[string]bool, error) {
	files, err := a.store.List(ctx, a.series(""))
	if err != nil {
		return nil, err
	}
	there := map[string]bool{}
	for _, name := range files {
		id, file, _ := strings.Cut(name, "/")
		if _, ok := dump.Moment(id); ok {
			there[id] = there[id] || file == dump.ManifestFile
		}
	}
	return there, nil
}

// List are the dumps of all series of the cluster that are whole, the newest first. One whose manifest cannot be read is told in the error; the
// others are there all the same.
func (a *Archive) List(ctx context.Context) ([]dump.Manifest, error) {
	files, err := a.store.List(ctx, dump.Root(a.cfg.Stanza))
	if err != nil {
		return nil, err
	}
	slices.Sort(files)
	var all []dump.Manifest
	var wrong []error
	for _, name := range files {
		parts := strings.Split(name, "/")
		if len(parts) != 3 || parts[2] != dump.ManifestFile {
			continue
		}
		m, err := a.manifest(ctx, path.Join(dump.Root(a.cfg.Stanza), name))
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%s: %w", name, err))
			continue
		}
		m.Name, m.ID = parts[0], parts[1] // where it is
		all = append(all, m)
	}
	slices.SortStableFunc(all, func(x, y dump.Manifest) int { return cmp.Or(cmp.Compare(y.ID, x.ID), cmp.Compare(x.Name, y.Name)) })
	return all, errors.Join(wrong...)
}

func (a *Archive) manifest(ctx context.Context, name string) (dump.Manifest, error) {
	var text bytes.Buffer
	if err := a.store.Get(ctx, name, &text); err != nil {
		return dump.Manifest{}, err
	}
	return dump.DecodeManifest(text.Bytes())
}

// Find is the dump that is wanted: SERIES/ID, an ID, a series, whose newest it is, or nothing: the newest of all. It must have the database, unless
// none is named.
func Find(dumps []dump.Manifest, wanted, database string) (dump.Manifest, error) {
	for _, m := range dumps {
		if wanted != "" && wanted != m.Name+"/"+m.ID && wanted != m.ID && wanted != m.Name {
			continue
		}
		if _, has := m.Of(database); has || database == "" {
			return m, nil
		}
	}
	what := "no dump is there"
	if wanted != "" {
		what = "there is no dump " + wanted
	}
	if database != "" {
		what += " with the database " + database
	}
	return dump.Manifest{}, errors.New(what)
}

// Get writes a file of a dump. An error may come behind all of it: that it is not what was stored.
func (a *Archive) Get(ctx context.Context, m dump.Manifest, f dump.File, w io.Writer) error {
	h := sha256.New()
	if err := a.store.Get(ctx, a.path(m, f.Name), io.MultiWriter(w, h)); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s is not in the store", a.path(m, f.Name))
		}
		return err
	}
	if sum := hex.EncodeToString(h.Sum(nil)); sum != f.SHA256 {
		return fmt.Errorf("%s is not what was stored: its SHA-256 is %s and was %s", a.path(m, f.Name), sum, f.SHA256)
	}
	return nil
}
