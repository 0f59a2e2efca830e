package config

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLinesOfIdent(t *testing.T) {
	for _, line := range []string{
		"", "  ", "# a comment", "people ada ada", "people\tada   ada # she", `people "CN=Ada Lovelace, O=x" ada`, `people /^(.*)@example\.com$ \1`,
		`"my map" "say ""hi""" ada`, "onggix a b",
	} {
		require.NoError(t, CheckIdent(line), line)
	}
	for line, why := range map[string]string{
		"people ada":                      "2 fields instead of 3",
		"people CN=Ada Lovelace ada":      "4 fields instead of 3",
		"onggi root postgres":             "the map onggi is the agent's",
		`"onggi" root postgres`:           "the map onggi is the agent's",
		`ong"gi" root postgres`:           "the map onggi is the agent's",
		"people a,b ada":                  "a comma stands in quotes",
		`people "ada ada`:                 "a quote is not closed",
		"people a b\nonggi root postgres": "not one line",
		`people a b\`:                     "not one line",
	} {
		require.ErrorContains(t, CheckIdent(line), why, line)
	}
}

// A line that is taken is one line of three fields, and never one of the agent's map.
func FuzzCheckIdent(f *testing.F) {
	f.Add("people ada ada")
	f.Add(`"onggi" a b`)
	f.Fuzz(func(t *testing.T, line string) {
		if CheckIdent(line) != nil {
			return
		}
		fields, err := identFields(line)
		require.NoError(t, err)
		require.True(t, len(fields) == 0 || len(fields) == 3 && fields[0] != IdentMap)
		require.NotContains(t, line, "\n")
	})
}
