package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"onggi.dev/ci/chaos/internal/fault"
)

func TestSuitesNameFaultsThatThereAre(t *testing.T) {
	covered := map[string]bool{}
	for _, suite := range []string{"short", "chaos-1", "chaos-2", "bench-onggi", "bench-patroni"} {
		stages, err := options{suite: suite, runs: 1}.stages()
		require.NoError(t, err)
		for _, s := range stages {
			_, err := fault.Named(s.faults...)
			require.NoError(t, err, suite)
			for _, name := range s.faults {
				covered[name] = covered[name] || !strings.HasPrefix(suite, "bench")
			}
		}
	}
	for _, f := range fault.All() {
		require.True(t, covered[f.Name], "make chaos leaves out %s", f.Name)
	}
}

func TestModesAreWhatDriversAreComparedIn(t *testing.T) {
	require.Equal(t, "async", stage{members: 3, profile: "default"}.mode())
	require.Equal(t, "sync 5", stage{members: 5, sync: true}.mode())
	require.Equal(t, stage{members: 3, profile: "fast"}.mode(), stage{members: 3, profile: "ttl20"}.mode())
}

func TestOptions(t *testing.T) {
	o, err := parse([]string{"-suite", "chaos", "-suite", "chaos-1"}, nil)
	require.NoError(t, err)
	require.Equal(t, "chaos-1", o.suite, "of a flag that stands twice the last counts")
	_, err = parse([]string{"sunshine"}, nil)
	require.ErrorContains(t, err, "is no flag")
	_, err = options{modes: "half"}.stages()
	require.ErrorContains(t, err, `no mode is named "half"`)
	_, err = options{suite: "none"}.stages()
	require.ErrorContains(t, err, `no suite is named "none"`)
}
