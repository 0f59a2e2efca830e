package tree

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// cluster is what one database is on disk: 16 files of 2 KiB.
func cluster(b *testing.B, salt int) Tree {
	var tr Tree
	for i := range 16 {
		require.NoError(b, tr.Add(fmt.Sprintf("base/object-%d.yaml", i), fmt.Appendf(nil, "%d %02048d", salt, i)))
	}
	return tr
}

func BenchmarkSync(b *testing.B) {
	for _, bench := range []struct {
		name string
		o    Options
		salt func(i int) int
	}{
		{"changed", Options{NoFlush: true}, func(i int) int { return i }},
		{"changed/flushed", Options{}, func(i int) int { return i }},
		{"unchanged", Options{}, func(int) int { return 0 }},
	} {
		b.Run(bench.name, func(b *testing.B) {
			dir := b.TempDir()
			for i := 0; b.Loop(); i++ {
				_, err := Sync(dir, cluster(b, bench.salt(i)), bench.o)
				require.NoError(b, err)
			}
		})
	}
}

func BenchmarkFleet(b *testing.B) {
	f, err := Open(b.TempDir(), Options{NoFlush: true})
	require.NoError(b, err)
	defer f.Close()
	for i := 0; b.Loop(); i++ {
		_, err := f.Sync(fmt.Sprintf("cluster-%d", i), cluster(b, i))
		require.NoError(b, err)
	}
}
