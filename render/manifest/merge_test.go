package manifest

import (
	"encoding/json"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// The examples are those of RFC 7386, appendix A.
func TestMergePatch(t *testing.T) {
	for _, c := range [][3]string{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		{`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`["a","b"]`, `["c","d"]`, `["c","d"]`},
		{`{"a":"b"}`, `["c"]`, `["c"]`},
		{`{"a":"foo"}`, `null`, `null`},
		{`{"a":"foo"}`, `"bar"`, `"bar"`},
		{`{"e":null}`, `{"a":1}`, `{"a":1,"e":null}`},
		{`[1,2]`, `{"a":"b","c":null}`, `{"a":"b"}`},
		{`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
	} {
		target, patch := parse(t, c[0]), parse(t, c[1])
		require.Equal(t, c[2], string(EncodeJSON(MergePatch(target, patch))), "%s + %s", c[0], c[1])
		require.Equal(t, c[0], string(EncodeJSON(target)), "the target stays")
		require.Equal(t, c[1], string(EncodeJSON(patch)), "the patch stays")
	}
}

func TestCreateMergePatch(t *testing.T) {
	for _, c := range [][3]string{
		{`{"a":1}`, `{"a":1}`, `{}`},
		{`{"a":1}`, `{"a":1.0}`, `{}`},
		{`{"a":1,"b":2}`, `{"b":3,"c":4}`, `{"a":null,"b":3,"c":4}`},
		{`{"a":{"b":1,"c":2}}`, `{"a":{"b":1}}`, `{"a":{"c":null}}`},
		{`{"a":{"b":1}}`, `{"a":{}}`, `{"a":{"b":null}}`},
		{`{"a":1}`, `{"a":{}}`, `{"a":{}}`},
		{`{"a":{"b":1}}`, `{"a":[1]}`, `{"a":[1]}`},
		{`{"a":[1,{"b":2}]}`, `{"a":[1,{"b":3}]}`, `{"a":[1,{"b":3}]}`},
		{`{"a":[1]}`, `{"a":[null]}`, `{"a":[null]}`},
		{`{"a":null,"b":null}`, `{"a":null}`, `{"b":null}`},
		{`{}`, `{"a":null,"b":{"c":null}}`, `{"b":{}}`},
	} {
		from, to := parse(t, c[0]).(Map), parse(t, c[1]).(Map)
		require.Equal(t, c[2], string(EncodeJSON(CreateMergePatch(from, to))), "%s to %s", c[0], c[1])
	}
}

func TestMergePatchSharesNothing(t *testing.T) {
	target, patch := Map{"a": Map{"b": []any{1}}}, Map{"c": Map{"d": []any{1}}}
	out := MergePatch(target, patch).(Map)
	require.NoError(t, Set(out, "x", "a", "b", 0))
	require.NoError(t, Set(out, "x", "c", "d", 0))
	require.Equal(t, Map{"a": Map{"b": []any{1}}}, target)
	require.Equal(t, Map{"c": Map{"d": []any{1}}}, patch)
}

// For mappings without nulls, the patch makes the one out of the other, does nothing twice, and is empty when it is not
// needed.
func FuzzMergePatch(f *testing.F) {
	f.Add([]byte{2, 200, 1, 'a', 2, 7, 200, 1, 'b', 13, 1, 200, 1, 'c', 2, 1}, []byte{2, 200, 1, 'a', 2, 8})
	f.Fuzz(func(t *testing.T, x, y []byte) {
		s, u := source(x), source(y)
		from, to := s.mapping(4), withoutNulls(u.mapping(4)).(Map)
		before := string(EncodeJSON(from))
		patch := CreateMergePatch(from, to)
		got := MergePatch(from, patch)
		require.Equal(t, string(EncodeJSON(to)), string(EncodeJSON(got)))
		require.Equal(t, got, MergePatch(got, patch))
		require.Empty(t, CreateMergePatch(to, to))
		require.Equal(t, before, string(EncodeJSON(from)), "the target stays")
	})
}

func parse(t *testing.T, text string) any {
	t.Helper()
	var v any
	require.NoError(t, json.Unmarshal([]byte(text), &v))
	return v
}

// An object says after a patch what MergePatch makes of what it said, as fields and as a body; neither the patch nor the fields that
// other objects may share are changed by it.
func TestPatchIsMergePatch(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 2))
	for range 2000 {
		target, patch := randomMap(random, 3), randomMap(random, 3)
		want := MergePatch(target, patch)
		before := Clone(patch)
		shared := asFields(target)
		for _, o := range []Object{New(Clone(target)), Object{}.Made(shared)} {
			o.Patch(patch)
			require.True(t, EqualValue(want, o.Body()), "%v\npatched with %v\ngives    %v\nand not  %v", target, patch, o.Body(), want)
			o.Patch(Map{"a": nil, "b": Map{"a": "changed", "b": Map{"a": "changed"}}})
			require.True(t, EqualValue(before, patch), "the patch is changed with what it made")
		}
		require.True(t, EqualValue(target, shared), "what others may share is changed")
	}
}

// asFields is a mapping as a builder would have written it.
func asFields(m Map) *Fields {
	out := Room(len(m))
	for k, v := range m {
		if below, is := v.(Map); is {
			v = asFields(below)
		}
		out.Set(k, v)
	}
	return out
}

// randomMap is small on purpose: a few keys, so that patch and target meet often.
func randomMap(random *rand.Rand, depth int) Map {
	out := Map{}
	for _, key := range []string{"a", "b", "c"} {
		switch n := random.IntN(7); {
		case n == 0:
			out[key] = nil
		case n == 1:
			out[key] = int64(random.IntN(3))
		case n == 2:
			out[key] = []any{"x", Map{"a": nil}}
		case n < 6 && depth > 0:
			out[key] = randomMap(random, depth-1)
		}
	}
	return out
}
