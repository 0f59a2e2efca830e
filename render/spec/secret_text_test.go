package spec

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTraits holds the one look at a text to what a search for each trait finds.
func TestTraits(t *testing.T) {
	pieces := []string{"password", "PASSWD", "pas", "secret", "Secre", "identified by", "Authorization:", "=", "'", `"`, "$", "@", "://", ":/", "--user", "-u", "-", "--", "-----BEGIN", "\n", " ",
		"AKIA", "ASIA", "AIza", "AccountKey=", "gh", "g", "ghp_", "_", "github_pat_", "glpat-", "xox", "xo", "sig=", "Sig", "é", "abc"}
	random := rand.New(rand.NewPCG(1, 2))
	for range 200_000 {
		var b strings.Builder
		for range random.IntN(8) {
			b.WriteString(pieces[random.IntN(len(pieces))])
		}
		text := b.String()
		lower := strings.ToLower(text)
		_, behind, github := strings.Cut(text, "gh")
		has := func(marks ...string) bool {
			return slices.ContainsFunc(marks, func(mark string) bool { return strings.Contains(text, mark) })
		}
		require.Equal(t, traits{
			pem: has("-----BEGIN"), scheme: has("://"), at: has("@"), assigned: has("=", "'", `"`, "$"), dashes: has("--"), user: has("-u"), lines: has("\n"), quoted: has(`"`),
			cloud: has("AKIA", "ASIA", "AIza", "AccountKey=", "glpat-", "xox", "sig=", "github_pat_") || github && strings.Contains(behind, "_"),
			named: slices.ContainsFunc([]string{"pass", "secret", "identified", "authorization", "--user"}, func(word string) bool { return strings.Contains(lower, word) }),
		}, traitsOf(text), "%q", text)
	}
}
