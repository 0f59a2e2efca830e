package charts

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The whole way: compare the variants, write the files, prove them with Helm's engine.
func BenchmarkEmit(b *testing.B) {
	set := shop(b)
	b.ReportAllocs()
	for b.Loop() {
		_, err := Emit(set, Options{})
		require.NoError(b, err)
	}
}

// Without the proof: what onggi itself does.
func BenchmarkCompile(b *testing.B) {
	set := shop(b)
	b.ReportAllocs()
	for b.Loop() {
		chart, err := compile(set)
		require.NoError(b, err)
		_, err = chart.files(Options{ChartVersion: "0.1.0"})
		require.NoError(b, err)
	}
}

// The proof of one values file: what Helm does.
func BenchmarkRender(b *testing.B) {
	files := emit(b, shop(b))
	b.ReportAllocs()
	for b.Loop() {
		_, err := Render(files, "values-prod.yaml", "databases")
		require.NoError(b, err)
	}
}
