package node

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// remarkable is what no bare scalar has in it.
var remarkable = regexp.MustCompile(`[=$@'"\n]|(^|[ \t-])-`)

// TestBare holds that the flag is true of words, and false of all that assigns, quotes or begins a flag.
func TestBare(t *testing.T) {
	for value, bare := range map[string]bool{
		"app": true, "cloud-native": true, "a b": true, "10Gi": true, "0 0 * * 0": true, "http://x/y": true,
		"-1": false, "--user": false, "a --b": false, "a -b": false, "a=b": false, "$x": false, "a'b": false, `"app"`: false, "'a b'": false, "me@x": false,
	} {
		for _, src := range []string{"k: " + value + "\n", "[x, " + value + "]", "- " + value + " # c\n"} {
			docs, errs := Parse("x.yaml", []byte(src))
			require.Empty(t, errs, src)
			items := docs[0].Items
			require.Equal(t, bare, items[len(items)-1].Bare, src)
		}
	}
}

// checkBare holds the flag to its word in a tree.
func checkBare(t *testing.T, n *Node) {
	if n.Bare {
		require.Equal(t, []any{Scalar, Plain}, []any{n.Kind, n.Style})
		require.NotRegexp(t, remarkable, n.Value)
	}
	for _, list := range [][]*Node{n.Keys, n.Items} {
		for _, item := range list {
			checkBare(t, item)
		}
	}
}
