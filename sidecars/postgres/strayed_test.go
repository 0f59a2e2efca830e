package postgres_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/postgres"
)

// The volume of the first row is one that a storm of faults left: rewound to a primary that died, short of a segment that nobody had any more, killed
// after it had replayed its own log from after the fork. Postgres: "requested timeline 11 is not a child of this server's history".
func TestAStandbyThatReplayedAnotherLogIsKnown(t *testing.T) {
	const history = "6\t0/B03AFC8\tno recovery target specified\n\n7\t0/100084B8\tno recovery target specified\n\n8\t0/16006358\tno recovery target specified\n"
	for _, row := range []struct {
		name       string
		timeline   uint32
		checkpoint postgres.LSN
		history    string // of timeline 9; "": there is none
		files      []string
		strayed    bool
	}{
		{"behind the fork", 7, 0x10008530, history, []string{"standby.signal"}, true},
		{"at the fork", 7, 0x100084B8, history, []string{"standby.signal"}, true},
		{"before the fork", 7, 0x10008440, history, []string{"standby.signal"}, false},
		{"on the newest timeline", 9, 0x20000000, history, []string{"standby.signal"}, false},
		{"no newer timeline is known", 7, 0x10008530, "", []string{"standby.signal"}, false},
		{"a timeline that was only skipped", 7, 0x10008530, "# begun by another member\n", []string{"standby.signal"}, false},
		{"a history that cannot be read", 7, 0x10008530, "7\n", []string{"standby.signal"}, false},
		{"the label says where to begin", 7, 0x10008530, history, []string{"standby.signal", "backup_label"}, false},
		{"no standby", 7, 0x10008530, history, nil, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.Mkdir(filepath.Join(dir, "pg_wal"), 0o700))
			if row.history != "" {
				require.NoError(t, os.WriteFile(filepath.Join(dir, "pg_wal", fmt.Sprintf("%08X.history", 9)), []byte(row.history), 0o600))
			}
			for _, name := range row.files {
				require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
			}
			strayed, err := postgres.New(postgres.Paths{Data: dir}, nil).Strayed(postgres.Control{Timeline: row.timeline, Checkpoint: row.checkpoint})
			require.NoError(t, err)
			require.Equal(t, row.strayed, strayed)
		})
	}
}

// What is told of a directory is what a real server does with it: it starts no standby from a checkpoint behind the fork, and one from a checkpoint before.
func TestARealServerRefusesWhatHasStrayed(t *testing.T) {
	t.Parallel()
	for _, strayed := range []bool{true, false} {
		t.Run(fmt.Sprint(strayed), func(t *testing.T) {
			a := newPrimary(t, "shop-0")
			a.sql("CREATE TABLE orders AS SELECT 1 AS id")
			b := newStandby(t, a, "shop-1")
			b.caughtUp(a)
			a.sql("CHECKPOINT")
			b.caughtUp(a)
			require.NoError(t, b.Detach(b.ctx()))
			a.sql("INSERT INTO orders VALUES (2)")
			if strayed {
				a.sql("CHECKPOINT")
			}
			a.kill()
			timeline, err := b.Promote(b.ctx(), postgres.Sync{})
			require.NoError(t, err)
			require.EqualValues(t, 2, timeline)
			history, err := os.ReadFile(filepath.Join(b.Paths.Data, "pg_wal", "00000002.history"))
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(a.Paths.Data, "pg_wal", "00000002.history"), history, 0o600))
			require.NoError(t, a.Follow(a.ctx(), b.upstream(a.name)))
			command, err := a.StartCommand(postgres.AsStandby)
			require.NoError(t, err)
			control, err := a.Control(a.ctx())
			require.NoError(t, err)
			told, err := a.Strayed(control)
			require.NoError(t, err)
			require.Equal(t, strayed, told)

			a.run(command)
			refuses := func() bool {
				text, err := os.ReadFile(filepath.Join(a.dir, "log"))
				require.NoError(t, err)
				return strings.Contains(string(text), "requested timeline 2 is not a child of this server's history")
			}
			if strayed {
				require.Eventually(t, refuses, patience, 20*time.Millisecond)
				return
			}
			require.Eventually(t, func() bool {
				_, err := a.Status(a.ctx(), postgres.Brief)
				return err == nil
			}, patience, 20*time.Millisecond)
			require.False(t, refuses())
		})
	}
}
