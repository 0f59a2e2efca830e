package manifest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGet(t *testing.T) {
	o := New(Map{"spec": Map{"plugins": []any{Map{"name": "barman"}}, "none": nil}, "args": []string{"a"}, "labels": map[string]string{"k": "v"}, "envs": []Map{{"x": 1}}})
	for path, want := range map[string]any{
		"spec.plugins[0].name": "barman", "spec.none": nil, "args[0]": "a", "labels.k": "v", "envs[0].x": 1, "spec.plugins[0]": Map{"name": "barman"},
	} {
		steps, err := ParsePath(path)
		require.NoError(t, err)
		got, found := Get(o, steps...)
		require.True(t, found, path)
		require.Equal(t, want, got, path)
		_, found = Get(o.Body(), steps...)
		require.True(t, found, path)
	}
	for _, path := range []string{"nope", "spec.nope", "spec.plugins[1]", "spec.plugins[-1]", "spec.plugins.name", "spec[0]", "spec.none.x", "args[1]", "spec.plugins[0].name.x"} {
		steps, err := ParsePath(path)
		require.NoError(t, err)
		_, found := Get(o, steps...)
		require.False(t, found, path)
	}
	all, found := Get(o)
	require.True(t, found)
	require.Equal(t, o.Body(), all)
}

func TestSet(t *testing.T) {
	for path, want := range map[string]Map{
		"a":          {"a": "x", "list": []any{int64(1)}, "n": nil},
		"b.c":        {"b": Map{"c": "x"}, "list": []any{int64(1)}, "n": nil},
		"list[0]":    {"list": []any{"x"}, "n": nil},
		"list[1]":    {"list": []any{int64(1), "x"}, "n": nil},
		"list[1].k":  {"list": []any{int64(1), Map{"k": "x"}}, "n": nil},
		"n.m":        {"list": []any{int64(1)}, "n": Map{"m": "x"}},
		"new[0][0]":  {"list": []any{int64(1)}, "n": nil, "new": []any{[]any{"x"}}},
		`p["a.b"].c`: {"list": []any{int64(1)}, "n": nil, "p": Map{"a.b": Map{"c": "x"}}},
	} {
		m := Map{"list": []any{int64(1)}, "n": nil}
		steps, err := ParsePath(path)
		require.NoError(t, err)
		require.NoError(t, Set(m, "x", steps...))
		require.Equal(t, want, m, path)
	}
	for path, want := range map[string]string{
		"":               "set the object itself: a path is needed",
		"[0]":            `set [0]: the object is {"list":[1],"s":"text"}`,
		"s.k":            `set s.k: s is "text"`,
		"new.x.s[1]":     "set new.x.s[1]: new.x.s is null",
		"list[2]":        "set list[2]: list is [1]",
		"list.k":         "set list.k: list is [1]",
		"list[0].k":      "set list[0].k: list[0] is 1",
		"list[-1]":       "set list[-1]: list is [1]",
		"list[1].a.b[1]": "set list[1].a.b[1]: list[1].a.b is null",
	} {
		m := Map{"list": []any{int64(1)}, "s": "text"}
		steps, err := ParsePath(path)
		require.NoError(t, err)
		require.EqualError(t, Set(m, "x", steps...), want)
		require.Equal(t, Map{"list": []any{int64(1)}, "s": "text"}, m, "%s: nothing changes", path)
	}
}

func TestPathForm(t *testing.T) {
	for want, path := range map[string][]any{
		"":                                  nil,
		"spec":                              {"spec"},
		`spec.postgresql.parameters["a.b"]`: {"spec", "postgresql", "parameters", "a.b"},
		"spec.plugins[0].name":              {"spec", "plugins", 0, "name"},
		"[0][1].a":                          {0, 1, "a"},
		`["a b"].c`:                         {"a b", "c"},
		`x[""]["\""]["["]["한"]["\xff"]`:     {"x", "", `"`, "[", "한", "\xff"},
		"a-b_c.0.$d":                        {"a-b_c", "0", "$d"},
	} {
		require.Equal(t, want, FormatPath(path))
		got, err := ParsePath(want)
		require.NoError(t, err, want)
		require.Equal(t, path, got)
	}
	for in, want := range map[string]string{
		".a":      `parse path ".a": at character 1: "" has to be in quotes and brackets`,
		"a.":      `parse path "a.": at character 2: "" has to be in quotes and brackets`,
		"a..b":    `parse path "a..b": at character 2: "" has to be in quotes and brackets`,
		"a[0]b":   `parse path "a[0]b": at character 5: a key has to follow a dot`,
		"a[x]":    `parse path "a[x]": at character 2: brackets have to hold an index or a quoted key`,
		"a[00]":   `parse path "a[00]": at character 2: brackets have to hold an index or a quoted key`,
		"a[1":     `parse path "a[1": at character 2: brackets have to hold an index or a quoted key`,
		`a["b`:    `parse path "a[\"b": at character 2: a quoted key has to end in "]`,
		`a["b"`:   `parse path "a[\"b\"": at character 2: a quoted key has to end in "]`,
		"a b":     `parse path "a b": at character 1: "a b" has to be in quotes and brackets`,
		"a.한":     `parse path "a.한": at character 2: "한" has to be in quotes and brackets`,
		"a[9][9a": `parse path "a[9][9a": at character 5: brackets have to hold an index or a quoted key`,
	} {
		_, err := ParsePath(in)
		require.EqualError(t, err, want)
	}
}

// ParsePath and FormatPath are each other's inverse, on every path and on every string that parses.
func FuzzPath(f *testing.F) {
	f.Add([]byte{1, 2, 3}, "a.b[0]")
	f.Add([]byte{200, 3, 'a', '.', 'b', 7}, `["\x00"].a`)
	f.Add([]byte("\x00\x01\x02"), "[`a`]['b'][-1]")
	f.Fuzz(func(t *testing.T, data []byte, text string) {
		s := source(data)
		var path []any
		for len(s) > 0 {
			if s.byte()%2 == 0 {
				path = append(path, int(int8(s.byte())))
			} else {
				path = append(path, s.text())
			}
		}
		again, err := ParsePath(FormatPath(path))
		require.NoError(t, err)
		require.Equal(t, path, again)
		if path, err = ParsePath(text); err == nil {
			again, err = ParsePath(FormatPath(path))
			require.NoError(t, err)
			require.Equal(t, path, again)
		}
	})
}
