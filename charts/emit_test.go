package charts

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestTheChartOfTheShopIsTheGoldenOne(t *testing.T) {
	golden := filepath.Join("testdata", "shop", "chart")
	files := emit(t, shop(t))
	if *update {
		require.NoError(t, os.RemoveAll(golden))
		for p, data := range files {
			p = filepath.Join(golden, p)
			require.NoError(t, os.MkdirAll(filepath.Dir(p), 0o755))
			require.NoError(t, os.WriteFile(p, data, 0o644))
		}
	}
	var want []string
	require.NoError(t, fs.WalkDir(os.DirFS(golden), ".", func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			want = append(want, p)
		}
		return err
	}))
	require.ElementsMatch(t, want, sortedKeys(files))
	for p, data := range files {
		golden, err := os.ReadFile(filepath.Join(golden, p))
		require.NoError(t, err)
		require.Equal(t, string(golden), string(data), p)
	}
}
