//go:build unix

package policies

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkCheck is one cluster with everything: some twenty objects.
func BenchmarkCheck(b *testing.B) {
	in := sample(b, "testdata/full.yaml")
	require.GreaterOrEqual(b, len(in.Objects), 20)
	require.Empty(b, print(Check(in)))
	b.ReportAllocs()
	before := cpuTime(b)
	for b.Loop() {
		Check(in)
	}
	b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N), "cpu-ns/op") // of all threads: the garbage collector's too
}

// BenchmarkCompile is what the first Check pays.
func BenchmarkCompile(b *testing.B) {
	before := cpuTime(b)
	for b.Loop() {
		_, err := load(vapFiles)
		require.NoError(b, err)
	}
	b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N), "cpu-ns/op")
}

// cpuTime is what the process has used so far, in nanoseconds. Unlike the clock it means something on a busy machine.
func cpuTime(b *testing.B) int64 {
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return u.Utime.Nano() + u.Stime.Nano()
}
