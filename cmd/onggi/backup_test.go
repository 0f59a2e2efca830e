package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/cmd/internal/day2/status"
)

func TestTheListOfBackups(t *testing.T) {
	b := &status.Backups{Archiving: "working", Earliest: "2026-11-21T00:01:30Z", List: []status.Backup{
		{Name: "b", Type: "incr", State: "failed", Started: "2026-11-22T00:00:00Z", Ended: "2026-11-22T00:00:05Z", Error: "the disk is full"},
		{Name: "a", Type: "full", State: "completed", Started: "2026-11-21T00:00:00Z", Ended: "2026-11-21T00:01:30Z", Bytes: 4096},
	}}
	require.Equal(t, `BACKUP  STATE      STARTED               TOOK   TYPE  BYTES  ERROR
b       failed     2026-11-22T00:00:00Z  5s     incr         the disk is full
a       completed  2026-11-21T00:00:00Z  1m30s  full  4096
the archive of the log is working
back to 2026-11-21T00:01:30Z
`, backupsTable(b))
	b.Archiving, b.Detail = "failing", "3 segments wait"
	require.Contains(t, backupsTable(b), "the archive of the log is failing: 3 segments wait\n")
}
