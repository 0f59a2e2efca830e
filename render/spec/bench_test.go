package spec_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/onggi-db/onggi/render/spec"
	"github.com/onggi-db/onggi/render/spec/node"
)

func everything(tb testing.TB) []byte {
	src, err := os.ReadFile("testdata/everything.yaml")
	require.NoError(tb, err)
	return src
}

// BenchmarkParse is bytes to nodes.
func BenchmarkParse(b *testing.B) {
	src := everything(b)
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		if _, errs := node.Parse("everything.yaml", src); errs != nil {
			b.Fatal(errs)
		}
	}
}

// BenchmarkParseYAMLv3 is what BenchmarkParse is measured against.
func BenchmarkParseYAMLv3(b *testing.B) {
	src := everything(b)
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		var doc yaml.Node
		if err := yaml.Unmarshal(src, &doc); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLoad is bytes to a document: parsed, patches checked, secrets looked for.
func BenchmarkLoad(b *testing.B) {
	sources := []spec.Source{{Name: "everything.yaml", Data: everything(b)}}
	b.ReportAllocs()
	for b.Loop() {
		if _, problems := spec.Load(sources); problems != nil {
			b.Fatal(problems)
		}
	}
}

// BenchmarkResolve is a document to a checked cluster in one environment.
func BenchmarkResolve(b *testing.B) {
	set, problems := spec.Load([]spec.Source{{Name: "everything.yaml", Data: everything(b)}})
	require.Empty(b, problems)
	b.ReportAllocs()
	for b.Loop() {
		if _, problems := set.Clusters[0].Resolve("prod"); problems != nil {
			b.Fatal(problems)
		}
	}
}
