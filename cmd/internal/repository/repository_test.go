package repository

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/backup"
	"github.com/onggi-db/onggi/sidecars/config"
)

// The parts that a file is sent in are as many as stores take, and no larger than they have to be.
func TestChunks(t *testing.T) {
	for size, want := range map[int64]int64{0: 8 << 20, 70 << 30: 8 << 20, 80 << 30: 16 << 20, 5 << 40: 1 << 30} {
		got := chunk(size)
		require.Equal(t, want, got, size)
		require.LessOrEqual(t, size/got, int64(9999))
	}
}

func TestParseList(t *testing.T) {
	names, err := parseList([]byte(`{".":{"type":"path"},"nightly":{"type":"path"},"nightly/a":{"type":"file","size":1},"b":{"type":"link"}}`))
	require.NoError(t, err)
	require.Equal(t, []string{"nightly/a"}, names)
	_, err = parseList([]byte("ERROR"))
	require.ErrorContains(t, err, "repo-ls")
}

func FuzzParseList(f *testing.F) {
	f.Add([]byte(`{"a":{"type":"file"}}`))
	f.Fuzz(func(t *testing.T, text []byte) { _, _ = parseList(text) })
}

func TestLastWords(t *testing.T) {
	require.Equal(t, "a b", LastWords("a\n  b\n"))
	require.Len(t, []rune(LastWords(strings.Repeat("x", 5000))), 601)
	var tail Tail
	for range 10 {
		_, err := tail.Write([]byte(strings.Repeat("y", 5000) + "!"))
		require.NoError(t, err)
	}
	require.Len(t, tail.String(), tailBytes)
	require.True(t, strings.HasSuffix(tail.String(), "y!"))
}

// A file that was put is there whole and encrypted where it has to be, comes back as it was, and goes.
func TestStore(t *testing.T) {
	if _, err := exec.LookPath("pgbackrest"); err != nil {
		if os.Getenv("ONGGI_REQUIRE_TOOLS") == "1" {
			require.NoError(t, err)
		}
		t.Skip("pgbackrest is not installed")
	}
	for name, cipher := range map[string]string{"plain": "", "encrypted": "a passphrase"} {
		t.Run(name, func(t *testing.T) {
			ctx, dir := context.Background(), t.TempDir()
			s := backup.Settings{Repository: config.Repository{Type: "posix", Path: dir + "/repository"}, Stanza: "shop", Bin: "pgbackrest", Dir: dir + "/run", Data: dir + "/data", Socket: dir, Port: 5432, User: "postgres"}
			if cipher != "" {
				s.Repository.CipherFile = dir + "/cipher"
				require.NoError(t, os.WriteFile(s.Repository.CipherFile, []byte(cipher+"\n"), 0o600))
			}
			store, err := Open(s)
			require.NoError(t, err)
			file := filepath.Join(dir, "file")
			require.NoError(t, os.WriteFile(file, []byte("what is kept"), 0o600))
			require.NoError(t, store.Put(ctx, "dumps/shop/a/one", file))
			require.NoError(t, store.Put(ctx, "dumps/shop/a/two", file))
			stored, err := os.ReadFile(dir + "/repository/dumps/shop/a/one")
			require.NoError(t, err)
			require.Equal(t, cipher == "", strings.Contains(string(stored), "what is kept"))
			var got strings.Builder
			require.NoError(t, store.Get(ctx, "dumps/shop/a/one", &got))
			require.Equal(t, "what is kept", got.String())
			names, err := store.List(ctx, "dumps")
			require.NoError(t, err)
			slices.Sort(names)
			require.Equal(t, []string{"shop/a/one", "shop/a/two"}, names)
			require.NoError(t, store.Drop(ctx, "dumps/shop/a/one"))
			require.NoError(t, store.Drop(ctx, "dumps/shop/a/one"), "it is gone")
			require.True(t, errors.Is(store.Get(ctx, "dumps/shop/a/one", &got), fs.ErrNotExist))
			require.NoError(t, store.Remove(ctx, "dumps/shop/a"))
			names, err = store.List(ctx, "dumps/shop/a")
			require.NoError(t, err)
			require.Empty(t, names)
			for _, all := range []string{"", "/", "."} {
				require.Error(t, store.Remove(ctx, all), "the whole repository")
			}
			require.ErrorContains(t, store.Put(ctx, "dumps/x", dir+"/missing"), "no such file")
		})
	}
}

func TestKeys(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty")
	require.NoError(t, os.WriteFile(empty, []byte("\n"), 0o600))
	_, err := keys(config.Repository{KeyFile: empty})
	require.ErrorContains(t, err, "is empty")
	_, err = keys(config.Repository{CAFile: filepath.Join(dir, "missing")})
	require.ErrorContains(t, err, "no such file")
}

// Files are the older pgBackRest's where there is one, and where there is none that stores them, the error says what the image lacks.
func TestFilesGoToThePgBackRestThatStoresThem(t *testing.T) {
	dir := t.TempDir()
	program := func(name, does string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+does+"\n"), 0o755))
		return path
	}
	t.Setenv("PATH", dir)
	s := backup.Settings{Repository: config.Repository{Type: "posix", Path: dir + "/repository"}, Stanza: "shop", Bin: program("pgbackrest", "exit 48"), Dir: dir + "/run", Data: dir + "/data", Socket: dir, Port: 5432, User: "postgres"}
	store, err := Open(s)
	require.NoError(t, err)
	file := program("file", "")
	require.ErrorContains(t, store.Put(t.Context(), "dumps/x", file), "the image needs an older one on its PATH, as pgbackrest-files")
	program("pgbackrest-files", "exit 0")
	require.NoError(t, store.Put(t.Context(), "dumps/x", file))
}
