package render_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render"
	"github.com/onggi-db/onggi/render/spec"
)

// BenchmarkCompile is spec bytes to objects for a cluster with everything on: what one render costs. The target is 500 µs.
func BenchmarkCompile(b *testing.B) {
	sources := folder(b, "../testdata/specs/everything")
	b.ReportAllocs()
	for b.Loop() {
		set, problems := spec.Load(sources)
		if len(problems) > 0 {
			b.Fatal(problems)
		}
		cluster, problems := set.Clusters[0].Resolve("prod")
		if len(problems) > 0 {
			b.Fatal(problems)
		}
		if bundle, problems := render.Compile(cluster); len(problems) > 0 || len(bundle.Objects) == 0 {
			b.Fatal(problems)
		}
	}
}

// BenchmarkStages is the same by stage, so that a slow one shows.
func BenchmarkStages(b *testing.B) {
	sources := folder(b, "../testdata/specs/everything")
	set, problems := spec.Load(sources)
	require.Empty(b, problems)
	cluster, problems := set.Clusters[0].Resolve("prod")
	require.Empty(b, problems)
	b.Run("load", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			spec.Load(sources)
		}
	})
	b.Run("resolve", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			set.Clusters[0].Resolve("prod")
		}
	})
	b.Run("compile", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			render.Compile(cluster)
		}
	})
}
