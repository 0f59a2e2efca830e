package manifest

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCanonical(t *testing.T) {
	in := Map{
		"int": 1, "int32": int32(2), "int64": int64(3), "whole": 4.0, "half": 0.5, "huge": 1e300, "edge": float64(1 << 63), "low": float64(-1 << 63), "zero": math.Copysign(0, -1),
		"strings": []string{"a"}, "maps": []Map{{"k": 1}, nil}, "map": map[string]string{"k": "v"}, "none": nil, "list": []any(nil), "empty": Map(nil),
		"bytes": "a\xffb", "k\xff": true,
	}
	require.Equal(t, Map{
		"int": int64(1), "int32": int64(2), "int64": int64(3), "whole": int64(4), "half": 0.5, "huge": 1e300, "edge": float64(1 << 63), "low": int64(math.MinInt64), "zero": int64(0),
		"strings": []any{"a"}, "maps": []any{Map{"k": int64(1)}, Map{}}, "map": Map{"k": "v"}, "none": nil, "list": []any{}, "empty": Map{},
		"bytes": "a\ufffdb", "k\ufffd": true,
	}, Canonical(in))
	require.Panics(t, func() { Canonical([]any{struct{}{}}) })
}

func TestCloneSharesNothing(t *testing.T) {
	o := Object{Part: PartBackup, Origin: "x:1"}.With(Map{"a": []any{Map{"b": "c"}}})
	c := o.Clone()
	require.Equal(t, o, c)
	c.Body()["a"].([]any)[0].(Map)["b"] = "changed"
	require.Equal(t, "c", o.Body()["a"].([]any)[0].(Map)["b"])
	require.Equal(t, Map{}, Clone(nil))
}

// Canonical is done after one go, and a copy is equal.
func FuzzCanonical(f *testing.F) {
	f.Add([]byte{4, 200, 3, 'a', 'b', 'c', 13, 2, 1, 0, 2, 11, 3, 0, 1, 2})
	f.Fuzz(func(t *testing.T, data []byte) {
		s := source(data)
		m := s.mapping(5)
		c := Canonical(m)
		require.Equal(t, c, Canonical(c))
		require.True(t, EqualValue(m, c))
	})
}
