package source

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/spec"
)

// specs writes n specs, some to a folder of their own, and reads their names.
func specs(t *testing.T, n int) (dir string, in *Input) {
	t.Helper()
	dir = t.TempDir()
	for i := range n {
		name := filepath.Join(dir, fmt.Sprintf("team-%d", i/(2*batchSize)), fmt.Sprintf("db-%04d.yaml", i))
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
		require.NoError(t, os.WriteFile(name, fmt.Appendf(nil, "apiVersion: onggi.dev/v1alpha1\nkind: DatabaseCluster\nmetadata: {name: db-%04d}\nspec: {storage: {size: 1Gi}}\n", i), 0o644))
	}
	in, err := Read(strings.NewReader(""), []string{dir})
	require.NoError(t, err)
	return dir, in
}

func TestBatchesComeInOrderAndOneAtATime(t *testing.T) {
	const n = 5*batchSize + 3
	_, in := specs(t, n)
	require.Equal(t, n, in.Documents())
	var names []string
	working := false
	require.NoError(t, in.Batches(t.Context(), func(docs []*spec.Document) error {
		require.False(t, working, "while one batch is worked on, the next is only loaded")
		working = true
		require.LessOrEqual(t, len(docs), batchSize)
		for _, doc := range docs {
			names = append(names, doc.Name)
		}
		runtime.Gosched()
		working = false
		return nil
	}))
	require.Len(t, names, n)
	require.IsIncreasing(t, names)
}

func TestBatchesEndEarly(t *testing.T) {
	tests := []struct {
		name string
		work func(dir string, stop func()) error
		want string
		most int // batches
	}{
		{"when the work fails", func(string, func()) error { return errors.New("full") }, "full", 1},
		{"when they are stopped", func(_ string, stop func()) error { stop(); return nil }, "context canceled", 1},
		{"at a file that cannot be read", func(dir string, _ func()) error {
			return os.RemoveAll(filepath.Join(dir, "team-1"))
		}, "team-1/db-", 5},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := runtime.NumGoroutine()
			dir, in := specs(t, 9*batchSize)
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			batches := 0
			err := in.Batches(ctx, func([]*spec.Document) error {
				batches++
				return tt.work(dir, stop)
			})
			require.ErrorContains(t, err, tt.want)
			require.LessOrEqual(t, batches, tt.most)
			for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
				require.True(t, time.Now().Before(deadline), "the loading goes on")
			}
		})
	}
}

// Problems of all batches are told, in the order of files, and what could be loaded is still worked on.
func TestBatchesGatherProblems(t *testing.T) {
	dir, in := specs(t, 3*batchSize)
	for _, i := range []int{2 * batchSize, 1} {
		name := filepath.Join(dir, fmt.Sprintf("team-%d", i/(2*batchSize)), fmt.Sprintf("db-%04d.yaml", i))
		require.NoError(t, os.WriteFile(name, []byte("kind: DatabaseCluster\nbroken: [\n"), 0o644))
	}
	worked := 0
	err := in.Batches(t.Context(), func(docs []*spec.Document) error {
		worked += len(docs)
		return nil
	})
	var problems spec.Problems
	require.ErrorAs(t, err, &problems)
	require.GreaterOrEqual(t, len(problems), 2)
	require.Contains(t, problems[0].Error(), "db-0001.yaml")
	require.Contains(t, problems[len(problems)-1].Error(), fmt.Sprintf("db-%04d.yaml", 2*batchSize))
	require.Equal(t, 3*batchSize-2, worked)
}

// A project is whole when its folder is read with all below it, however else its files are named.
func TestWhole(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a/onggi.yaml", "a/db.yaml", "a/team/db.yaml", "b/db.yaml", "b/deep/onggi.yaml", "b/deep/db.yaml"} {
		file := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte("kind: DatabaseCluster\n"), 0o644))
	}
	t.Chdir(dir)
	tests := []struct {
		args  []string
		of    string
		whole bool
	}{
		{[]string{"."}, "a", true},
		{[]string{"."}, "b/deep", true},
		{[]string{"a"}, "a", true},
		{[]string{"a/"}, "a", true},
		{[]string{"a/db.yaml", "a"}, "a", true},
		{[]string{"b", "a/db.yaml"}, "b/deep", true},
		{[]string{"b", "a/db.yaml"}, "a", false},
		{[]string{"a/db.yaml"}, "a", false},
		{[]string{"a/db.yaml", "a/team/db.yaml", "a/onggi.yaml"}, "a", false},
		{[]string{"a/team", "a/onggi.yaml"}, "a", false},
		{[]string{"a/team"}, "a", false},
	}
	for _, tt := range tests {
		in, err := Read(strings.NewReader(""), tt.args)
		require.NoError(t, err)
		require.Equal(t, tt.whole, in.Whole(&spec.ProjectFile{File: tt.of + "/onggi.yaml", Dir: tt.of}), "%v of %s", tt.args, tt.of)
	}
	in, err := Read(strings.NewReader("kind: DatabaseCluster"), []string{"-", "."})
	require.NoError(t, err)
	require.False(t, in.Whole(&spec.ProjectFile{File: Stdin, Dir: "."}), "what is piped in has no folder")
}
