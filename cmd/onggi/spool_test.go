package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/tree"
)

func someTree(t *testing.T, salt, size int) tree.Tree {
	t.Helper()
	var tr tree.Tree
	require.NoError(t, tr.Add("empty", []byte{}))
	require.NoError(t, tr.Add("deep/er/name.yaml", fmt.Appendf(nil, "%0*d", size, salt)))
	return tr
}

func TestSpoolGivesBackWhatWasPut(t *testing.T) {
	tests := []struct {
		name   string
		size   int
		onDisk bool
	}{
		{"a few small folders stay in memory", 10, false},
		{"many go to a file", spoolMemory / 10, true},
		{"a folder larger than the memory goes to a file", spoolMemory + 1, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("TMPDIR", t.TempDir())
			var s spool
			defer s.close()
			var putting sync.WaitGroup
			for i := range 40 {
				out := output{dir: fmt.Sprintf("db-%d", i), tree: someTree(t, i, tt.size)}
				putting.Go(func() { _ = s.put(out) }) // what was lost is missed below
			}
			putting.Wait()
			require.Equal(t, tt.onDisk, s.file != nil)
			require.LessOrEqual(t, len(s.memory), spoolMemory)

			var mu sync.Mutex
			got := map[string]tree.Tree{}
			require.NoError(t, s.each(t.Context(), func(out output) (bool, error) {
				mu.Lock()
				defer mu.Unlock()
				got[out.dir] = out.tree
				return out.dir == "db-7", nil
			}))
			require.Len(t, got, 40)
			for i := range 40 {
				same := bytes.Equal(encodeTree(someTree(t, i, tt.size)), encodeTree(got[fmt.Sprintf("db-%d", i)]))
				require.True(t, same, "db-%d", i)
			}

			again := 0
			require.NoError(t, s.each(t.Context(), func(out output) (bool, error) {
				mu.Lock()
				defer mu.Unlock()
				again++
				require.NotEqual(t, "db-7", out.dir, "it was done with")
				return true, nil
			}))
			require.Equal(t, 39, again)

			left, err := os.ReadDir(os.Getenv("TMPDIR"))
			require.NoError(t, err)
			require.Empty(t, left, "the file has no name, so that a kill leaves nothing behind")
		})
	}
}

func TestSpoolStopsAfterTheFirstError(t *testing.T) {
	var s spool
	for i := range 5000 {
		require.NoError(t, s.put(output{dir: fmt.Sprint(i), tree: someTree(t, i, 1)}))
	}
	full := errors.New("the disk is full")
	var mu sync.Mutex
	calls := 0
	err := s.each(t.Context(), func(output) (bool, error) {
		mu.Lock()
		defer mu.Unlock()
		calls++
		return false, full
	})
	require.ErrorIs(t, err, full)
	require.Less(t, calls, 100, "each core may have begun one")

	ctx, stop := context.WithCancel(t.Context())
	stop()
	require.ErrorIs(t, s.each(ctx, func(output) (bool, error) { return true, nil }), context.Canceled)
}

func TestDecodeTreeRefusesWhatWasCut(t *testing.T) {
	data := encodeTree(someTree(t, 1, 300))
	whole, err := decodeTree(data)
	require.NoError(t, err)
	require.Equal(t, someTree(t, 1, 300).Paths(), whole.Paths())
	for n := 1; n < len(data); n++ {
		if cut, err := decodeTree(data[:n]); err == nil {
			require.Less(t, cut.Len(), whole.Len(), "cut at %d", n)
		}
	}
}
