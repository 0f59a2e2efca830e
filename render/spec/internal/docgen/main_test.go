package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestUpToDate fails when a comment of the types was changed and go generate was not run.
func TestUpToDate(t *testing.T) {
	files, err := filepath.Glob("../../types*.go")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	want, err := generate(files)
	require.NoError(t, err)
	got, err := os.ReadFile("../../docs_gen.go")
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "run go generate in render/spec")
}
