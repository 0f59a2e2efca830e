package overlays

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func BenchmarkEmit(b *testing.B) {
	set := sample(b)
	for b.Loop() {
		_, err := Emit(set, Options{})
		require.NoError(b, err)
	}
}

func BenchmarkEmitShipped(b *testing.B) {
	set := sample(b)
	for b.Loop() {
		_, err := Emit(set, Options{Components: []string{"longhorn", "metallb", "arm64"}})
		require.NoError(b, err)
	}
}

func BenchmarkVerify(b *testing.B) {
	set := sample(b)
	files, err := Emit(set, Options{})
	require.NoError(b, err)
	for b.Loop() {
		require.NoError(b, Verify(set, files))
	}
}

func BenchmarkBuild(b *testing.B) {
	files, err := Emit(sample(b), Options{})
	require.NoError(b, err)
	for b.Loop() {
		_, err := Build(files, "overlays/prod")
		require.NoError(b, err)
	}
}

func BenchmarkApply(b *testing.B) {
	objs := sampleObjects(b)
	for b.Loop() {
		_, err := Apply(objs, "longhorn", "metallb", "arm64")
		require.NoError(b, err)
	}
}
