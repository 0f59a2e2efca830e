package backend_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/backend"
	"github.com/onggi-db/onggi/render/spec"
)

// Every row of the table is about a field that there is, and some back end or release of onggi has it.
func TestFeatures(t *testing.T) {
	seen := make(map[string]bool)
	for _, f := range backend.Features() {
		path, value, valued := strings.Cut(f.Path, "=")
		field, known := spec.FieldDoc("spec." + path)
		require.True(t, known, "spec.%s does not exist", path)
		if valued && len(field.Enum) > 0 {
			require.Contains(t, field.Enum, value, f.Path)
		}
		require.NotEmpty(t, f.What)
		require.False(t, seen[f.Path+f.What], "%s is there twice", f.Path)
		seen[f.Path+f.What] = true
		for name, cell := range f.In {
			require.Contains(t, backend.Names(), name, f.Path)
			require.True(t, cell.Major == 0 || cell.Yes, "%s: since a release, and not at all", f.Path)
		}
	}
}

func TestNames(t *testing.T) {
	field, known := spec.FieldDoc("spec.backend")
	require.True(t, known)
	var names []string
	for _, n := range backend.Names() {
		names = append(names, string(n))
		require.NotEmpty(t, n.Title())
	}
	require.ElementsMatch(t, field.Enum, names, "the table and the spec name the same back ends")
}

func TestSupportInWords(t *testing.T) {
	for want, cell := range map[string]backend.Support{
		"no":          {},
		"yes":         {Yes: true},
		"1.25":        {Yes: true, Major: 1, Minor: 25},
		"before 1.31": {Yes: true, UntilMajor: 1, UntilMinor: 31},
	} {
		require.Equal(t, want, cell.String())
	}
}
