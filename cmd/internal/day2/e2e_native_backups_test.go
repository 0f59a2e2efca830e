package day2_test

import (
	"encoding/json"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/cmd/internal/day2/status"
)

// backups are made by the agents, with pgBackRest, into a folder that all members see.
func backups(t *testing.T, l *lab) {
	r := l.run("backup", "now", "shop", "--type", "full", "--wait")
	t.Logf("%s%s", r.out, r.err)
	require.Zero(t, r.code, r.err)
	r = l.run("backup", "list", "shop")
	t.Logf("\n%s", r.out)
	require.Zero(t, r.code, r.err)
	require.Contains(t, r.out, "completed")
	require.Contains(t, r.out, "the archive of the log is working")
	var list status.Backups
	r = l.run("backup", "list", "shop", "-o", "json")
	require.NoError(t, json.Unmarshal([]byte(r.out), &list), r.out)
	require.Len(t, list.List, 1)
	require.Equal(t, "full", list.List[0].Type)
	require.NotEmpty(t, list.Earliest)
	l.record("admin", namespace, "shop", "native-backups")
	require.Contains(t, l.run("status", "shop").out, "last full "+list.List[0].Name+" completed")

	// What was committed after a moment is gone after it was set back.
	sum := func() string {
		return strings.TrimSpace(l.run("psql", "shop", "--", "-XAtc", "select sum(n) from t").out)
	}
	require.Zero(t, l.run("psql", "shop", "--", "-Xqc", "insert into t values (1)").code)
	before := sum()
	moment := strings.TrimSpace(l.run("psql", "shop", "--", "-XAtc", `select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`).out)
	time.Sleep(2 * time.Second)
	require.Zero(t, l.run("psql", "shop", "--", "-Xqc", "insert into t values (1000000)").code)
	require.NotEqual(t, before, sum())
	r = l.run("restore", "shop", "--in-place", "--at", moment, "--yes")
	t.Logf("%s%s", r.out, r.err)
	require.Zero(t, r.code, r.err)
	l.well("")
	require.Equal(t, before, sum())
}

// down: every database container has ended, and the agents are asked still.
func down(t *testing.T, l *lab) {
	for _, p := range l.pods {
		require.NoError(t, syscall.Kill(childOf(p.supervisor), syscall.SIGKILL))
	}
	var r outcome
	l.eventually(30*time.Second, "no member takes writes", func() bool { r = l.run("status", "shop"); return r.code == 8 })
	t.Logf("\n%s", r.out)
	require.Contains(t, r.out, "shop in namespace databases (native): down")
	require.Contains(t, r.out, "! no member takes writes (onggi logs shop")
	l.record("admin", namespace, "shop", "native-down")
	r = l.run("psql", "shop")
	require.Equal(t, 1, r.code)
	require.Contains(t, r.err, "shop has no primary: --member names another member")
	for _, p := range l.pods {
		p.startDatabase()
	}
	l.well("")
}
