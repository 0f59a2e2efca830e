package manifest

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAppendYAML(t *testing.T) {
	for name, c := range map[string]struct {
		in   any
		want string
	}{
		"keys are sorted, lists stand at their key": {
			Map{"b": []any{"x", Map{"k": 1, "j": Map{"z": true}}}, "a": Map{"n": nil}},
			"a:\n  \"n\": null\nb:\n- x\n- j:\n    z: true\n  k: 1\n",
		},
		"empty collections":       {Map{"a": Map{}, "b": []any{}, "c": Map(nil), "d": []any(nil)}, "a: {}\nb: []\nc: {}\nd: []\n"},
		"lists in lists":          {Map{"a": []any{[]any{1, 2}, []any{}, []any{Map{"k": []any{"v"}}}}}, "a:\n- - 1\n  - 2\n- []\n- - k:\n    - v\n"},
		"builder types":           {Map{"a": []string{"1"}, "b": map[string]string{"k": "on"}, "c": []Map{{"x": int32(1)}}}, "a:\n- \"1\"\nb:\n  k: \"on\"\nc:\n- x: 1\n"},
		"numbers":                 {[]any{1, int64(-1 << 63), 1.0, 0.5, 1e21, -1.5e-9, 1e-7, 123456789.25, math.Copysign(0, -1)}, "- 1\n- -9223372036854775808\n- 1\n- 0.5\n- 1.0e+21\n- -1.5e-09\n- 1.0e-07\n- 123456789.25\n- 0\n"},
		"not finite":              {[]any{math.Inf(1), math.Inf(-1), math.NaN()}, "- .inf\n- -.inf\n- .nan\n"},
		"literal blocks":          {Map{"a": "x\ny", "b": "x\ny\n", "c": "x\n\n", "d": []any{"x\n  y\n"}}, "a: |-\n  x\n  y\nb: |\n  x\n  y\nc: |+\n  x\n\nd:\n- |\n  x\n    y\n"},
		"a literal at the root":   {"a\nb\n", "|\n  a\n  b\n"},
		"blanks that would go":    {Map{"a": "x \ny", "b": " x\ny", "c": "\n"}, `a: "x \ny"` + "\n" + `b: " x\ny"` + "\n" + `c: "\n"` + "\n"},
		"quotes in quotes":        {[]any{`{"a": "b"}`, `\d+`, `it's`, `it's "x"`, "a\tb"}, "- '{\"a\": \"b\"}'\n- \\d+\n- it's\n- it's \"x\"\n- \"a\\tb\"\n"},
		"what no one would see":   {[]any{"a\u202eb", "\ufeff", "a\u00a0b", "\x00", "\U000e0001"}, "- \"a\\u202eb\"\n- \"\\ufeff\"\n- \"a\\u00a0b\"\n- \"\\u0000\"\n- \"\\U000e0001\"\n"},
		"what is not UTF-8":       {Map{"a": "x\xffy"}, "a: \"x\ufffdy\"\n"},
		"a key has its traps too": {Map{"on": 1, "1": 2, "a: b": 3, "": 4, "<<": 5, "x\ny": 6, "- k": 7}, "\"\": 4\n\"- k\": 7\n\"1\": 2\n\"<<\": 5\n\"a: b\": 3\n\"on\": 1\n\"x\\ny\": 6\n"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, string(AppendYAML(nil, c.in)))
			require.Equal(t, "x"+c.want, string(AppendYAML([]byte("x"), c.in)))
		})
	}
	require.PanicsWithValue(t, "manifest: a value of type uint8 is none of nil, bool, int, int32, int64, float64, string, list or map",
		func() { AppendYAML(nil, Map{"a": uint8(1)}) })
}

// What people write in specs all day reads best without quotes, and no reader takes it for anything else.
func TestPlainStrings(t *testing.T) {
	for _, s := range strings.Fields(`a 10Gi 500m 1.5Gi 10.0.0.1 10.0.0.0/8 1.2.3 v1 17-bookworm -c --config=/etc/x s3://bucket/path 5432/tcp
		ghcr.io/a/b:1.2@sha256:00 app.kubernetes.io/name $(POD) /var/lib ~/x 1h30m yesterday none nullable falsey onset 2001-01-01-x
		longhorn-ssd a:b a#b (x) 한글 😀 é 90d 5m 0xyz 1e3x <none> =1 +a + -e -E .. 1..2`) {
		require.Equal(t, s+"\n", string(AppendYAML(nil, s)))
	}
	require.Equal(t, "0 0 * * *\n", string(AppendYAML(nil, "0 0 * * *")))
}

func TestEncode(t *testing.T) {
	a, b := New(Map{"kind": "A"}), New(Map{"kind": "B", "x": "1\n\n"})
	require.Empty(t, Encode())
	require.Equal(t, "kind: A\n", string(Encode(a)))
	require.Equal(t, "kind: B\nx: |+\n  1\n\n---\nkind: A\n", string(Encode(b, a)))
}

// Readers look ahead 1024 characters for a key's colon.
func TestLongKeys(t *testing.T) {
	m := Map{}
	for _, n := range []int{127, 128, 129, 999, 1000, 1001, 1023, 1024, 1025, 5000} {
		m[strings.Repeat("k", n)] = Map{"list": []any{n, Map{strings.Repeat("\n", n): []any{"a\nb\n"}}}}
		m[strings.Repeat("\x01", n)] = []any{n}
		m[strings.Repeat("😀", n)] = "a\nb\n"
	}
	readsBack(t, m)
	readsBack(t, []any{m, []any{m}})
}

func TestTrapsReadBack(t *testing.T) {
	all := Map{}
	for _, w := range words {
		readsBack(t, w)
		readsBack(t, []any{w, []any{w}, Map{"k": w}})
		k := validString(w)
		readsBack(t, Map{k: w, "zz": Map{k: []any{Map{k: w}}}})
		all[k] = w
	}
	readsBack(t, all)
}

func FuzzEncode(f *testing.F) {
	f.Add([]byte{})
	for i := range words {
		f.Add([]byte{13, 4, byte(i), 13, 3, byte(i), 5, byte(i), byte(i + 1), 11, 3, 5, byte(i), 0, 5, 7, 3, 9, 200, 4, 5, 6})
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s := source(data)
		readsBack(t, s.value(5))
	})
}

// A string that fills whole lines or none, alone and as key and value.
func FuzzEncodeString(f *testing.F) {
	for _, w := range words {
		f.Add(w)
	}
	f.Fuzz(func(t *testing.T, s string) {
		readsBack(t, s)
		readsBack(t, Map{validString(s): s, "a": []any{s, Map{"b": s}}, "z": 1})
	})
}

// readsBack holds the law of the encoder: whoever reads what it wrote has the canonical value. And it is deterministic.
func readsBack(t *testing.T, v any) {
	t.Helper()
	want := Canonical(v)
	text := AppendYAML(nil, v)
	require.Equal(t, string(text), string(AppendYAML(nil, want)), "the canonical value has other bytes")
	for name, read := range readers {
		got, err := read(text)
		require.NoError(t, err, "%s reads:\n%s", name, text)
		require.Equal(t, want, got, "%s reads:\n%s", name, text)
	}
	var got any
	d := json.NewDecoder(strings.NewReader(string(EncodeJSON(v))))
	d.UseNumber()
	require.NoError(t, d.Decode(&got))
	require.Equal(t, want, plainly(got), "JSON")
}

func TestEncodeJSON(t *testing.T) {
	require.Equal(t, `{"a":[1,0.5,null,"<b>\n\u2028\"😀"],"b":{"c":true}}`,
		string(EncodeJSON(Map{"b": Map{"c": true}, "a": []any{1.0, 0.5, nil, "<b>\n\u2028\"😀"}})))
	require.Equal(t, "[null]", string(EncodeJSON([]any{math.NaN()})))
}
