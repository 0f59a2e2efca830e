package archtest

import (
	"bytes"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The programs that test the others are modules of their own, which no go list of this one sees. They keep its rules.
func TestTheProgramsOfTheTestsKeepTheRules(t *testing.T) {
	root := repository(t)
	packages := map[string]map[string][]byte{}
	require.NoError(t, fs.WalkDir(os.DirFS(root), ".ci", func(name string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		data, err := os.ReadFile(filepath.Join(root, name))
		if packages[path.Dir(name)] == nil {
			packages[path.Dir(name)] = map[string][]byte{}
		}
		packages[path.Dir(name)][path.Base(name)] = data
		return err
	}))
	require.Greater(t, len(packages), 10)
	var problems []string
	for rel, files := range packages {
		found, err := Source(rel, files)
		require.NoError(t, err)
		problems = append(problems, found...)
	}
	require.Empty(t, problems)
}

// Tests may have long functions, as tables are. Their files are read in one sitting all the same.
func TestEveryFileFitsASitting(t *testing.T) {
	root := os.DirFS(repository(t))
	read := 0
	require.NoError(t, fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (name == ".cache" || name == ".git" || name == "build" || name == "dist") {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, "_test.go") {
			return nil
		}
		data, err := fs.ReadFile(root, name)
		read++
		if lines := bytes.Count(data, []byte("\n")); lines > MaxFileLines {
			t.Errorf("%s: %d lines: a file fits a sitting, at most %d", name, lines, MaxFileLines)
		}
		return err
	}))
	require.Greater(t, read, 100)
}
