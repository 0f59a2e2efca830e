package repository

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"github.com/onggi-db/onggi/sidecars/backup"
)

// Store is the files of a repository. Names are paths within it.
type Store struct {
	settings backup.Settings
	cipher   string
}

// Open writes the configuration and is the store.
func Open(s backup.Settings) (*Store, error) {
	secrets, err := keys(s.Repository)
	if err != nil {
		return nil, err
	}
	if err := write(s, secrets); err != nil {
		return nil, err
	}
	return &Store{s, secrets.Cipher}, nil
}

// program is the pgBackRest for files that are no backup's. Those of backups have to be new, as servers are; new ones store no such file, and read none that
// is encrypted. Images have an older one beside it.
const program = "pgbackrest-files"

func (s *Store) command(verb string, args ...string) []string {
	bin := s.settings.Bin
	if path, err := exec.LookPath(program); err == nil {
		bin = path
	}
	return append([]string{bin, "--config=" + s.settings.Config(), verb}, args...)
}

// env tells the passphrase of a file that is no backup's. pgBackRest takes it from its configuration for what it knows itself, and for all else only so
// or on the command line, where everybody could read it.
func (s *Store) env() []string {
	if s.cipher == "" {
		return nil
	}
	return []string{"PGBACKREST_CIPHER_PASS=" + s.cipher}
}

// Put stores a file, whole or not at all, and in the place of one that has the name.
func (s *Store) Put(ctx context.Context, name, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("store %s: %w", name, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("store %s: %w", name, err)
	}
	argv := s.command("repo-put")
	if s.settings.Repository.Type != "posix" {
		argv = append(argv, "--repo1-storage-upload-chunk-size="+strconv.FormatInt(chunk(info.Size()), 10))
	}
	switch code, err := run(ctx, append(argv, name), f, io.Discard, s.env()); {
	case code == exitNoCommand:
		return fmt.Errorf("store %s: this pgBackRest stores no files but its own: the image needs an older one on its PATH, as %s: %w", name, program, err)
	case err != nil:
		return fmt.Errorf("store %s: %w", name, err)
	}
	return nil
}

// exitNoCommand is pgBackRest's exit code for a command that it does not have.
const exitNoCommand = 48

// chunk is the size of the parts that a file of this size is sent in: stores take 10,000 of them, and pgBackRest holds one in memory.
func chunk(size int64) int64 {
	part := int64(8 << 20)
	for part*9000 < size {
		part *= 2
	}
	return part
}

// exitMissing is pgBackRest's exit code for a file that is not there, where that is no error.
const exitMissing = 1

// Get writes a file's content. One that is not there is fs.ErrNotExist.
func (s *Store) Get(ctx context.Context, name string, w io.Writer) error {
	code, err := run(ctx, s.command("repo-get", "--ignore-missing", name), nil, w, s.env())
	switch {
	case err == nil:
		return nil
	case code == exitMissing:
		return fmt.Errorf("read %s: %w", name, fs.ErrNotExist)
	}
	return fmt.Errorf("read %s: %w", name, err)
}

// List are the names of the files below a folder, relative to it. A folder that is not there has none.
func (s *Store) List(ctx context.Context, folder string) ([]string, error) {
	var out bytes.Buffer
	if _, err := run(ctx, s.command("repo-ls", "--output=json", "--recurse", folder), nil, &out, nil); err != nil {
		return nil, fmt.Errorf("list %s: %w", folder, err)
	}
	return parseList(out.Bytes())
}

func parseList(text []byte) ([]string, error) {
	var entries map[string]struct{ Type string }
	if err := json.Unmarshal(text, &entries); err != nil {
		return nil, fmt.Errorf("read what pgbackrest repo-ls says: %w", err)
	}
	var names []string
	for name, e := range entries {
		if e.Type == "file" {
			names = append(names, name)
		}
	}
	return names, nil
}

// Drop removes a file. One that is not there is no error.
func (s *Store) Drop(ctx context.Context, name string) error {
	if _, err := run(ctx, s.command("repo-rm", name), nil, io.Discard, nil); err != nil {
		return fmt.Errorf("remove %s: %w", name, err)
	}
	return nil
}

// Remove removes a folder and all that is in it.
func (s *Store) Remove(ctx context.Context, folder string) error {
	if strings.Trim(folder, "/.") == "" { // of the whole repository
		return errors.New("remove a folder of the repository: it has no name")
	}
	if _, err := run(ctx, s.command("repo-rm", "--recurse", folder), nil, io.Discard, nil); err != nil {
		return fmt.Errorf("remove %s: %w", folder, err)
	}
	return nil
}
