package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render"
	"github.com/onggi-db/onggi/render/spec"
)

func TestParseGo(t *testing.T) {
	got, err := parseGo(strings.NewReader(`goos: linux
BenchmarkCompile-2   	    1000	    300000 ns/op	  100 B/op	    5 allocs/op
BenchmarkCompile-2   	    1000	    900000 ns/op	  100 B/op	    7 allocs/op
BenchmarkCompile-2   	    1000	    400000 ns/op	  100 B/op	    6 allocs/op
BenchmarkEncode/all/onggi-2 	 2000	  50000 ns/op	 640.00 MB/s	  10 B/op	 1 allocs/op
BenchmarkEncode/one-core 	 2000	  50000 ns/op
PASS
`))
	require.NoError(t, err)
	require.Equal(t, map[string]benchmark{
		"Compile":          {ns: 400000, bytes: 100, allocs: 6},
		"Encode/all/onggi": {ns: 50000, bytes: 10, allocs: 1},
		"Encode/one-core":  {ns: 50000},
	}, got)
}

func TestParseInits(t *testing.T) {
	got, total := parseInits([]byte("init a @0.1 ms, 0.5 ms clock, 8 bytes, 1 allocs\nnoise\ninit b @1 ms, 2 ms clock, 0 bytes, 0 allocs\n"))
	require.Equal(t, []initialised{{"b", 2 * time.Millisecond}, {"a", 500 * time.Microsecond}}, got)
	require.Equal(t, 2500*time.Microsecond, total)
}

func TestMedian(t *testing.T) {
	same := func(i int) int { return i }
	require.Equal(t, 3, median([]int{9, 3, 1}, same))
	require.Equal(t, 3, median([]int{9, 3, 1, 4}, same), "the lower one of the two in the middle")
}

func TestTablesReplaceWhatAPageMarks(t *testing.T) {
	var tab table
	tab.part = "go"
	tab.add("a", "1")
	tab.part = "fleet"
	tab.judge("b", "2", "≤ 1", false)
	got, err := withTables("x\n<!-- bench fleet -->\nold\n<!-- /bench -->\ny\n", "Machine.", tab)
	require.NoError(t, err)
	require.Equal(t, "x\n<!-- bench fleet -->\nMachine.\n\n| what | measured | asked for | reached |\n| --- | --- | --- | --- |\n| b | 2 | ≤ 1 | **no** |\n<!-- /bench -->\ny\n", got)
	_, err = withTables("<!-- bench all -->\n", "", tab)
	require.EqualError(t, err, "there is no <!-- /bench --> after <!-- bench all -->")
}

// A benchmark of specs that are refused would be fast.
func TestGeneratedSpecsCompileInEveryEnvironment(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, generate(dir, 300))
	var sources []spec.Source
	require.NoError(t, filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		sources = append(sources, spec.Source{Name: name, Data: data})
		return err
	}))
	set, problems := spec.Load(sources)
	require.Empty(t, problems)
	require.Len(t, set.Clusters, 300)
	kinds := map[int]bool{}
	for _, doc := range set.Clusters {
		require.Equal(t, environments, doc.Environments())
		for _, env := range environments {
			cluster, problems := doc.Resolve(env)
			require.Empty(t, problems)
			bundle, problems := render.Compile(cluster)
			require.Empty(t, problems)
			kinds[len(bundle.Objects)] = true
		}
	}
	require.Greater(t, len(kinds), 5, "clusters of many sizes")
}
