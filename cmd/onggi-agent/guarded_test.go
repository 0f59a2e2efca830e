package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What postgres runs for its archive is let go on, or is not, by a file; and its codes are those that postgres understands.
func TestACommandForTheArchive(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "mark")
	run := func(verb string, argv ...string) int {
		var errs bytes.Buffer
		return dispatch(append([]string{verb, mark, "--"}, argv...), &bytes.Buffer{}, &errs)
	}
	set := func() { require.NoError(t, os.WriteFile(mark, nil, 0o600)) }
	for _, row := range []struct {
		name, verb string
		marked     bool
		argv       []string
		code       int
	}{
		{"sends", "unless", false, []string{"true"}, 0},
		{"sends, and fails", "unless", false, []string{"sh", "-c", "exit 44"}, 1},
		{"dies of itself", "unless", false, []string{"sh", "-c", "kill -9 $$"}, 1},
		{"sends nothing while it is held", "unless", true, []string{"true"}, 255},
		{"is not there", "unless", false, []string{"/no/such"}, 1},
		{"asks", "while", true, []string{"true"}, 0},
		{"asks, and there is nothing", "while", true, []string{"false"}, 1},
		{"asks nothing", "while", false, []string{"true"}, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			_ = os.Remove(mark)
			if row.marked {
				set()
			}
			require.Equal(t, row.code, run(row.verb, row.argv...))
		})
	}
	t.Run("is broken off", func(t *testing.T) {
		_ = os.Remove(mark)
		time.AfterFunc(100*time.Millisecond, set)
		begun := time.Now()
		require.Equal(t, 255, run("unless", "sleep", "60"))
		time.AfterFunc(100*time.Millisecond, func() { _ = os.Remove(mark) })
		require.Equal(t, 1, run("while", "sleep", "60"))
		require.Less(t, time.Since(begun), 30*time.Second)
	})
	require.Equal(t, exitUsage, dispatch([]string{"unless", mark, "true"}, &bytes.Buffer{}, &bytes.Buffer{}))
}
