package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/cmd/internal/watch"
	"github.com/onggi-db/onggi/render/manifest"
)

// told is what a person reads of some states.
func told(color bool, states ...watch.State) string {
	var err bytes.Buffer
	a := account{s: &cli.Streams{Err: &err, Color: color}, o: watchOptions{renderOptions: renderOptions{dir: "out", format: formatManifests}}}
	for _, s := range states {
		a.tell(s)
	}
	return err.String()
}

var (
	shopDatabase = watch.Database{ID: "databases/shop", Name: "shop", Namespace: "databases", Good: true}
	shopCluster  = manifest.Ref{APIVersion: "postgresql.cnpg.io/v1", Kind: "Cluster", Namespace: "databases", Name: "shop"}
)

func change(path string, was, is any) manifest.Difference {
	parsed, _ := manifest.ParsePath(path)
	return manifest.Difference{Ref: shopCluster, Path: parsed, Was: was, Is: is}
}

func TestWhatAWatchTells(t *testing.T) {
	added := change("spec.backup", nil, manifest.Map{"a": "b"})
	added.Change = manifest.Added
	gone := manifest.Difference{Ref: shopCluster, Change: manifest.Removed}
	long := strings.Repeat("abcdefghij", 20)
	state := watch.State{Serial: 2, Took: 31 * time.Millisecond, Databases: []watch.Database{shopDatabase}, Written: 3, Removed: 1, Moved: []watch.Move{{
		Database: shopDatabase, Env: "prod", Count: 4,
		Differences: []manifest.Difference{change("spec.instances", int64(3), int64(5)), added, gone, change("spec.text", long+"x", long+"y")},
	}}}
	require.Equal(t, `shop prod
  ~ Cluster/databases/shop spec.instances: 3 → 5
  + Cluster/databases/shop spec.backup: {"a":"b"}
  - Cluster/databases/shop
  ~ Cluster/databases/shop spec.text: …fghijabcdefghijx" → …fghijabcdefghijy"
out: 3 written, 1 removed in 31ms
`, told(false, state))
	colored := told(true, state)
	require.Contains(t, colored, "\x1b[31m3\x1b[0m → \x1b[32m5\x1b[0m")
	require.Contains(t, colored, "\x1b[1mshop prod\x1b[0m")
}

// A change of a project moves thousands of fields. What is not shown is counted.
func TestAWatchTellsAScreenfulAtMost(t *testing.T) {
	var s watch.State
	for i := range 30 {
		db := shopDatabase
		db.ID = fmt.Sprint(i)
		m := watch.Move{Database: db, Count: 7}
		for j := range 5 { // the engine has dropped two
			m.Differences = append(m.Differences, change(fmt.Sprintf("spec.a%d", j), 1, 2))
		}
		s.Moved = append(s.Moved, m)
	}
	lines := strings.Split(strings.TrimSpace(told(false, s)), "\n")
	require.LessOrEqual(t, len(lines), mostLines+12)
	shown := strings.Count(strings.Join(lines, "\n"), " → ")
	hidden := 0
	for _, line := range lines {
		var n int
		if _, err := fmt.Sscanf(strings.TrimSpace(line), "… and %d more", &n); err == nil {
			hidden += n
		}
	}
	require.Equal(t, 30*7, shown+hidden)
}

func TestAProblemIsToldOnce(t *testing.T) {
	fine := watch.State{Serial: 1, Databases: []watch.Database{shopDatabase}}
	stuck := watch.State{Serial: 2, Databases: []watch.Database{{Name: "shop"}}, Failures: []error{fmt.Errorf("disk full")}}
	text := told(false, fine, stuck, stuck, fine, fine)
	require.Equal(t, 1, strings.Count(text, "onggi: disk full\n"))
	require.Equal(t, 1, strings.Count(text, "kept as it last was good: shop (1 of 1 database)\n"))
	require.Equal(t, 1, strings.Count(text, "all is well again\n"))
}

// Lists are never null, and a line is one cycle.
func TestEventsAreLinesOfJSON(t *testing.T) {
	var out bytes.Buffer
	tellJSON(&cli.Streams{Out: &out}, watch.State{Serial: 1, Took: 1500 * time.Microsecond})
	require.Equal(t, `{"serial":1,"milliseconds":1.5,"databases":0,"stale":[],"moved":[],"problems":[],"failures":[],"written":0,"removed":0,"unchanged":0}`+"\n", out.String())
	out.Reset()
	gone := shopDatabase
	tellJSON(&cli.Streams{Out: &out}, watch.State{Databases: []watch.Database{{ID: "databases/shop"}},
		Moved: []watch.Move{{Database: gone, Change: manifest.Removed}, {Database: shopDatabase, Env: "prod", Count: 1, Differences: []manifest.Difference{change("spec.instances", 3, 5)}}}})
	var got map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &got))
	require.Equal(t, 1, strings.Count(out.String(), "\n"))
	require.Equal(t, []any{"databases/shop"}, got["stale"])
	moved := got["moved"].([]any)
	require.Equal(t, "removed", moved[0].(map[string]any)["change"])
	require.Equal(t, []any{map[string]any{"object": "Cluster/databases/shop", "path": "spec.instances", "change": "changed", "was": 3.0, "is": 5.0}}, moved[1].(map[string]any)["differences"])
}
