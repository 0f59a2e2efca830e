package archtest

import (
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
