package spec

import (
	"encoding/json"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/spec/node"
)

func parsed(t testing.TB, src string) *node.Node {
	docs, errs := node.Parse("x.yaml", []byte(src))
	require.Empty(t, errs)
	require.Len(t, docs, 1)
	return docs[0]
}

func plain(n *node.Node) any { return (&decoder{}).value(n, false) }

func TestMerge(t *testing.T) {
	for _, c := range []struct{ target, patch, want string }{
		{"{a: 1}", "{a: 2}", "{a: 2}"},
		{"{a: 1}", "{b: 2}", "{a: 1, b: 2}"},
		{"{a: 1, b: 2}", "{a: null}", "{b: 2}"},
		{"{a: {b: 1, c: 2}}", "{a: {b: 3}}", "{a: {b: 3, c: 2}}"},
		{"{a: {b: 1}}", "{a: [1]}", "{a: [1]}"},
		{"{a: [1, 2]}", "{a: [3]}", "{a: [3]}"},
		{"{a: [1]}", "{a: {b: 1, c: null}}", "{a: {b: 1}}"},
		{"{a: 1}", "{b: {c: {d: null}}}", "{a: 1, b: {c: {}}}"},
		{"{a: 1}", "{}", "{a: 1}"},
		{"{a: 1}", "{x: null}", "{a: 1}"},
	} {
		require.Equal(t, plain(parsed(t, c.want)), plain(merge(nil, parsed(t, c.target), parsed(t, c.patch))), "%s + %s", c.target, c.patch)
	}
}

// A bare string and the mapping that it stands for are one thing to a patch: neither way round does it take the rest away.
func TestMergeOfShortForms(t *testing.T) {
	for _, c := range []struct{ target, patch, want string }{
		{`{drill: a}`, `{drill: {point: random}}`, `{drill: {schedule: a, point: random}}`},
		{`{drill: {schedule: a, point: random}}`, `{drill: b}`, `{drill: {schedule: b, point: random}}`},
		{`{drill: a}`, `{drill: b}`, `{drill: {schedule: b}}`},
		{`{drill: a}`, `{drill: null}`, `{}`},
		{`{}`, `{drill: a}`, `{drill: a}`},
		{`{drill: a}`, `{drill: {schedule: null}}`, `{drill: {}}`},
		{`{schedules: [a]}`, `{schedules: [b]}`, `{schedules: [b]}`},
	} {
		backup := func(s string) *node.Node { return parsed(t, "{backup: "+s+"}") }
		require.Equal(t, plain(backup(c.want)), plain(merge(shapes().spec, backup(c.target), backup(c.patch))), "%s + %s", c.target, c.patch)
	}
}

// randomTree writes a small mapping whose keys are few, so that trees overlap.
func randomTree(r *rand.Rand, depth int, nulls bool) string {
	var parts []string
	for _, key := range []string{"a", "b", "c"} {
		switch n := r.IntN(7); {
		case n == 0 && nulls:
			parts = append(parts, key+": null")
		case n == 1:
			parts = append(parts, key+": "+strconv.Itoa(r.IntN(4)))
		case n == 2:
			parts = append(parts, key+": ["+strconv.Itoa(r.IntN(4))+", {a: 1}]")
		case n <= 4 && depth > 0:
			parts = append(parts, key+": "+randomTree(r, depth-1, nulls))
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// TestMergeLaws holds for random trees: a merge is what another implementation of RFC 7386 makes of it; an empty patch
// changes nothing; a patch laid over twice is as good as once; neither tree is changed; and every node of the result was
// written in one of the two, at a place where it still stands.
func TestMergeLaws(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		mergeLaws(t, randomTree(r, 3, false), randomTree(r, 3, true))
	}
}

func FuzzMerge(f *testing.F) {
	f.Add("{a: {b: 1}}", "{a: {b: null}}")
	f.Add("a: [1]", "a: {b: {c: null}}")
	f.Fuzz(func(t *testing.T, target, patch string) {
		for _, src := range []string{target, patch} {
			docs, errs := node.Parse("x.yaml", []byte(src))
			if len(errs) > 0 || len(docs) != 1 || docs[0].Kind != node.Mapping || strings.ContainsAny(src, "!&*.\\\x00") {
				return
			}
		}
		mergeLaws(t, target, patch)
	})
}

func mergeLaws(t *testing.T, target, patch string) {
	a, b := parsed(t, target), parsed(t, patch)
	before, patchBefore := plain(a), plain(b)
	once := merge(nil, a, b)
	require.Equal(t, before, plain(a))
	require.Equal(t, patchBefore, plain(b))
	require.Equal(t, plain(once), plain(merge(nil, once, b)))
	require.Equal(t, before, plain(merge(nil, a, parsed(t, "{}"))))

	written := map[*node.Node]bool{}
	leaves(a, written)
	leaves(b, written)
	kept := map[*node.Node]bool{}
	leaves(once, kept)
	for n := range kept {
		require.True(t, written[n], "%s + %s: %q was made up", target, patch, n.Value)
	}

	original, err := json.Marshal(before)
	require.NoError(t, err)
	change, err := json.Marshal(patchBefore)
	require.NoError(t, err)
	want, err := jsonpatch.MergePatch(original, change)
	require.NoError(t, err)
	got, err := json.Marshal(plain(once))
	require.NoError(t, err)
	if !strings.Contains(string(original), "null") { // what a null in the target means, RFC 7386 leaves open
		require.JSONEq(t, string(want), string(got), "%s + %s", target, patch)
	}
}

// leaves collects the scalars of a tree.
func leaves(n *node.Node, into map[*node.Node]bool) {
	if n.Kind == node.Scalar {
		into[n] = true
	}
	for _, k := range n.Keys {
		into[k] = true
	}
	for _, item := range n.Items {
		leaves(item, into)
	}
}
