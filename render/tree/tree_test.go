package tree

import (
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAddRefuses(t *testing.T) {
	long := strings.Repeat("x", 256)
	tests := []struct {
		name    string
		have    string
		path    string
		message string
	}{
		{"nothing", "", "", `add "": the path is empty`},
		{"an absolute path", "", "/etc/passwd", `add "/etc/passwd": the path is absolute; make it relative to the folder that is written`},
		{"a way out", "", "../x", `add "../x": the path has the element ".."`},
		{"a way out further down", "", "a/../../x", `add "a/../../x": the path has the element ".."`},
		{"a dot", "", "./x", `add "./x": the path has the element "."`},
		{"an empty element", "", "a//b", `add "a//b": the path has an empty element`},
		{"a folder", "", "a/", `add "a/": the path has an empty element`},
		{"a backslash", "", `a\b`, `add "a\\b": the path has a backslash; separate folders with /`},
		{"a drive", "", "c:x", `add "c:x": "c:x" has one of <>:"|?*, which Windows does not allow`},
		{"a line break", "", "a\nb", `add "a\nb": "a\nb" has a control character`},
		{"bytes that are not text", "", "a\xffb", `add "a\xffb": the path is not UTF-8`},
		{"a dot at the end", "", "a./b", `add "a./b": "a." ends in a dot or a space, which Windows drops`},
		{"a device", "", "x/NUL.yaml", `add "x/NUL.yaml": "NUL.yaml" is a device on Windows`},
		{"a port", "", "com1", `add "com1": "com1" is a device on Windows`},
		{"a name no disk holds", "", long, `add "` + long + `": "` + long[:32] + `"… is longer than 255 bytes`},
		{"our own records", "", "a/.Onggi-files", `add "a/.Onggi-files": ".Onggi-files": names that begin with .onggi- are kept for onggi's own records`},
		{"the same file", "a/b", "a/b", `add "a/b": the tree has that file already`},
		{"the same file on macOS", "a/b", "a/B", `add "a/B": differs only in case from "a/b", which is the same file on macOS and Windows`},
		{"the same folder on macOS", "a/b", "A/c", `add "A/c": folder "A" differs only in case from "a", which is the same folder on macOS and Windows`},
		{"a file where a folder is", "a/b", "a", `add "a": the tree has a folder of that name`},
		{"a folder where a file is", "a", "a/b", `add "a/b": "a" is a file of the tree, so it cannot be a folder`},
		{"a Greek name with the other small sigma", "ς", "σ", `add "σ": differs only in case from "ς", which is the same file on macOS and Windows`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var tr Tree
			if tt.have != "" {
				require.NoError(t, tr.Add(tt.have, nil))
			}
			before := tr.Paths()
			require.EqualError(t, tr.Add(tt.path, []byte("x")), tt.message)
			require.Equal(t, before, tr.Paths(), "a refused path must not stay in the tree")
		})
	}
}

func TestAddAccepts(t *testing.T) {
	for _, name := range []string{
		"a", "a/b.yaml", "templates/_helpers.tpl", ".helmignore", "..a", "a..b", "Cluster-shop.yaml", "항아리/옹기.yaml", "com10", "console", "nul-x", "a b",
	} {
		var tr Tree
		require.NoError(t, tr.Add(name, []byte("x")))
		require.Equal(t, []string{name}, tr.Paths())
	}
}

func TestTreeIsReadInOrder(t *testing.T) {
	tr := tree(t, "b", "2", "a/z", "1", "a.yaml", "0")
	require.Equal(t, []string{"a.yaml", "a/z", "b"}, tr.Paths())
	require.Equal(t, 3, tr.Len())
	var got []string
	for name, data := range tr.All() {
		got = append(got, name+"="+string(data))
	}
	require.Equal(t, []string{"a.yaml=0", "a/z=1", "b=2"}, got)
	data, ok := tr.Get("b")
	require.True(t, ok)
	require.Equal(t, "2", string(data))
	_, ok = tr.Get("c")
	require.False(t, ok)
}

// Whatever Add accepts stays inside a folder, is in shortest form, and never means the same file twice.
func FuzzAdd(f *testing.F) {
	for _, seed := range []string{"a/b.yaml", "../x", "a//b", "/x", `a\b`, "a/./b", "K", "\u212a", "con.txt", ".onggi-files", "a.", "a\x00", "옹기", strings.Repeat("x/", 40) + "y"} {
		f.Add(seed, "a/b")
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		var tr Tree
		var accepted []string
		for _, name := range []string{first, second} {
			if tr.Add(name, nil) == nil {
				accepted = append(accepted, name)
			}
		}
		slices.Sort(accepted)
		if !slices.Equal(accepted, tr.Paths()) {
			t.Fatalf("accepted %q, holds %q", accepted, tr.Paths())
		}
		for _, name := range accepted {
			if !filepath.IsLocal(name) || path.Clean(name) != name || strings.ContainsAny(name, "\\\n\x00:") {
				t.Fatalf("accepted %q", name)
			}
			if strings.Contains(strings.ToLower("/"+name), "/"+reserved) {
				t.Fatalf("accepted the reserved %q", name)
			}
		}
		if len(accepted) == 2 {
			a, b := accepted[0], accepted[1]
			if strings.EqualFold(a, b) || strings.HasPrefix(b, a+"/") || strings.HasPrefix(a, b+"/") {
				t.Fatalf("accepted both %q and %q", a, b)
			}
		}
	})
}

// tree makes a tree of pairs of path and content.
func tree(t testing.TB, pairs ...string) Tree {
	t.Helper()
	var tr Tree
	for pair := range slices.Chunk(pairs, 2) {
		require.NoError(t, tr.Add(pair[0], []byte(pair[1])))
	}
	return tr
}
