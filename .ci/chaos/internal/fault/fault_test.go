package fault

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCatalogue(t *testing.T) {
	names := map[string]bool{}
	for _, f := range All() {
		require.NotEmpty(t, f.What, f.Name)
		require.NotNil(t, f.Break, f.Name)
		require.False(t, names[f.Name], "two faults are named %s", f.Name)
		names[f.Name] = true
		require.True(t, f.Takes || f.Hold > 0, "%s is not held", f.Name)
		require.True(t, !f.Expect.Quiet || f.Expect.Stays, "%s is not quiet if the primary moves", f.Name)
	}
	found, err := Named("switchover", "drain")
	require.NoError(t, err)
	require.Equal(t, "drain", found[1].Name)
	_, err = Named("sunshine")
	require.ErrorContains(t, err, `no fault is named "sunshine"`)
}
