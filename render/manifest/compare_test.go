package manifest

import (
	"math"
	"math/rand"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func cluster(name string, spec Map) Object {
	return New(Map{"apiVersion": "postgresql.cnpg.io/v1", "kind": "Cluster", "metadata": Map{"name": name, "namespace": "databases"}, "spec": spec})
}

func TestDiff(t *testing.T) {
	long := strings.Repeat("한글 ", 40)
	a := []Object{
		cluster("shop", Map{"instances": 3, "gone": nil, "backup": Map{"retention": "90d"}, "type": "1", "plugins": []any{Map{"name": "a"}, "b"}, "args": []string{"x"}, "same": []string{"y"}, "text": long + "a" + long}),
		cluster("crm", nil),
		New(Map{"apiVersion": "v1", "kind": "Secret", "metadata": Map{"name": "s"}}),
	}
	b := []Object{
		New(Map{"apiVersion": "v1", "kind": "ConfigMap", "metadata": Map{"name": "c"}}),
		cluster("shop", Map{"instances": 1.0, "backup": Map{"retention": "90d", "drill": true}, "type": 1, "plugins": []any{Map{"name": "z"}, "b"}, "args": []any{"x", "w"}, "same": []any{"y"}, "text": long + "b" + long}),
		cluster("crm", Map{}),
	}
	b[2].Body()["apiVersion"] = "postgresql.cnpg.io/v2"
	require.Equal(t, []string{
		`Cluster/databases/crm apiVersion: "postgresql.cnpg.io/v1" != "postgresql.cnpg.io/v2"`,
		`Cluster/databases/shop spec.args: ["x"] != ["x","w"]`,
		`Cluster/databases/shop spec.backup.drill: nothing != true`,
		`Cluster/databases/shop spec.gone: null != nothing`,
		`Cluster/databases/shop spec.instances: 3 != 1`,
		`Cluster/databases/shop spec.plugins[0].name: "a" != "z"`,
		`Cluster/databases/shop spec.text: …한글 한글 한글 a한글 한글 한글 한글 한글 한글 한글 한글 한… (222 more bytes) != …한글 한글 한글 b한글 한글 한글 한글 한글 한글 한글 한글 한… (222 more bytes)`,
		`Cluster/databases/shop spec.type: "1" != 1`,
		`ConfigMap/c: only in the second`,
		`Secret/s: only in the first`,
	}, lines(Diff(a, b)))
	require.False(t, Equal(a, b))
	require.Empty(t, Diff(a, []Object{a[2], a[0], a[1]}), "order does not matter")
	require.Equal(t, Difference{Ref: a[0].Ref(), Path: []any{"spec", "backup", "drill"}, Change: Added, Is: true}, Diff(a, b)[2])
	require.Equal(t, Difference{Ref: a[2].Ref(), Change: Removed, Was: a[2].Body()}, Diff(a, b)[9])
}

// An object that is there twice is two objects.
func TestDiffCountsObjects(t *testing.T) {
	x, y := cluster("shop", Map{"instances": 1}), cluster("shop", Map{"instances": 2})
	require.Equal(t, []string{"Cluster/databases/shop: only in the first"}, lines(Diff([]Object{x, y}, []Object{x})))
	require.Equal(t, []string{"Cluster/databases/shop: only in the second"}, lines(Diff([]Object{x}, []Object{x, x})))
	require.Equal(t, []string{"Cluster/databases/shop spec.instances: 2 != 1"}, lines(Diff([]Object{x, y}, []Object{x, x})))
}

func TestEqualValue(t *testing.T) {
	for _, pair := range [][2]any{
		{1, 1.0}, {int32(1), int64(1)}, {nil, nil}, {math.NaN(), math.NaN()}, {Map{}, Map(nil)}, {[]any{}, []string(nil)}, {0.0, math.Copysign(0, -1)},
		{map[string]string{"a": "b"}, Map{"a": "b"}}, {[]Map{{"a": 1}}, []any{Map{"a": 1.0}}},
	} {
		require.True(t, EqualValue(pair[0], pair[1]), "%v", pair)
		require.True(t, EqualValue(pair[1], pair[0]), "%v", pair)
	}
	for _, pair := range [][2]any{
		{1, "1"}, {1, 1.5}, {nil, ""}, {nil, Map{}}, {Map{}, []any{}}, {Map{"a": nil}, Map{}}, {int64(1<<53 + 1), float64(1 << 53)}, {[]any{1, 2}, []any{2, 1}}, {true, "true"}, {math.Inf(1), math.Inf(-1)},
	} {
		require.False(t, EqualValue(pair[0], pair[1]), "%v", pair)
		require.False(t, EqualValue(pair[1], pair[0]), "%v", pair)
	}
}

// A difference is found exactly where the bytes differ, both ways, and Set can undo it.
func FuzzDiff(f *testing.F) {
	f.Add([]byte{2, 200, 1, 'a', 2, 7, 200, 1, 'b', 13, 1, 200, 1, 'c', 2, 1}, []byte{2, 200, 1, 'a', 2, 8})
	f.Fuzz(func(t *testing.T, x, y []byte) {
		s, u := source(x), source(y)
		a, b := []Object{cluster("a", s.mapping(4))}, []Object{cluster("a", u.mapping(4))}
		there, back := Diff(a, b), Diff(b, a)
		require.Equal(t, string(Encode(a...)) == string(Encode(b...)), len(there) == 0)
		require.Equal(t, len(there) == 0, Equal(a, b))
		require.Len(t, back, len(there))
		fixed := a[0].Clone()
		for i, d := range there {
			require.Equal(t, d.Path, back[i].Path)
			if d.Change == Removed {
				parent, _ := Get(fixed, d.Path[:len(d.Path)-1]...)
				delete(parent.(Map), d.Path[len(d.Path)-1].(string))
				continue
			}
			require.NoError(t, Set(fixed.Body(), d.Is, d.Path...))
		}
		require.Empty(t, Diff([]Object{fixed}, b))
	})
}

func TestDiffIsDeterministic(t *testing.T) {
	a, b := fleetMember(), fleetMember()
	b[0].Body()["spec"].(Map)["instances"], b[1].Body()["spec"] = 5, Map{}
	want := lines(Diff(a, b))
	require.Len(t, want, 2)
	for range 20 {
		rand.Shuffle(len(a), func(i, j int) { a[i], a[j] = a[j], a[i] })
		require.Equal(t, want, lines(Diff(a, b)))
	}
}

func lines(diffs []Difference) []string {
	var out []string
	for _, d := range diffs {
		out = append(out, d.String())
	}
	return out
}
