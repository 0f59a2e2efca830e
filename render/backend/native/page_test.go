package native_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The page lists what is rendered, all of it and nothing else.
func TestThePageListsWhatIsRendered(t *testing.T) {
	b := compile(t, `{instances: 3, databases: [{name: app}], superuser: {secret: s}, network: {}, pooler: {mode: transaction, readOnly: {}}, monitoring: {alerts: true, dashboards: true},
tls: {certManager: {issuer: i}}, backup: {destination: pvc://claim, schedules: [{name: schedule, cron: 0 1 * * *}], drill: 0 6 * * 0, dumps: [{name: series, schedule: 0 2 * * *}]}}`)
	var rendered []string
	for _, o := range b.Objects {
		ref := o.Ref()
		name := strings.Replace(ref.Name, "pooler-ro", "pooler", 1) // which the page calls the same again
		rendered = append(rendered, ref.Kind+" "+strings.Replace(name, "shop", "name", 1))
	}
	slices.Sort(rendered)
	require.Equal(t, slices.Compact(rendered), listed(t))
}

// listed are the objects of the page's table, as "Kind name".
func listed(t *testing.T) []string {
	t.Helper()
	page, err := os.ReadFile("../../../docs/native.md")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(page), "\n## What is rendered\n")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n## ")
	var out []string
	for line := range strings.Lines(section) {
		cells := strings.Split(line, "|")
		if len(cells) < 3 || !strings.Contains(cells[1], "NAME") {
			continue
		}
		var kinds []string
		named := false
		for _, word := range strings.Fields(strings.NewReplacer(",", " ", " and ", " ").Replace(cells[1])) {
			if !strings.HasPrefix(word, "NAME") {
				if named {
					kinds, named = nil, false
				}
				kinds = append(kinds, word)
				continue
			}
			named = true
			for _, kind := range kinds {
				out = append(out, kind+" "+strings.ToLower(word))
			}
		}
	}
	slices.Sort(out)
	return out
}
