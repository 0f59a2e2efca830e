package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/agent"
	"github.com/onggi-db/onggi/sidecars/postgres"
)

// none runs no program.
type none struct{}

var errNone = errors.New("it runs no program")

func (none) Run(context.Context, postgres.Command) (postgres.Result, error) {
	return postgres.Result{}, errNone
}

// silentStandby is a standby that is not consistent yet, lets nobody in, and follows a server that is not there.
func silentStandby(t *testing.T) (primary, standby *node) {
	t.Helper()
	primary = newPrimary(t, "shop-0")
	standby = newStandby(t, primary, "shop-1")
	for range 3 {
		primary.sql("CREATE TABLE orders AS SELECT generate_series(1, 1000) AS id")
		primary.sql("DROP TABLE orders") // which is on disk before the log goes on: from here on nothing before is consistent
		primary.sql("SELECT pg_switch_wal()")
	}
	standby.caughtUp(primary)
	standby.kill()
	segments, err := filepath.Glob(standby.Paths.Data + "/pg_wal/0000000100000000????????")
	require.NoError(t, err)
	require.Greater(t, len(segments), 2)
	for _, segment := range segments[1:] {
		require.NoError(t, os.Remove(segment))
	}
	gone := primary.upstream(standby.name)
	gone.Port = freePort(t)
	require.NoError(t, standby.Follow(standby.ctx(), gone))
	command, err := standby.StartCommand(postgres.AsStandby)
	require.NoError(t, err)
	standby.run(command)
	var silent error
	require.Eventually(t, func() bool {
		_, silent = standby.Status(standby.ctx(), postgres.Brief)
		require.Error(t, silent)
		return !errors.Is(silent, postgres.ErrNotRunning)
	}, patience, 20*time.Millisecond)
	require.ErrorIs(t, silent, postgres.ErrReplaying)
	return primary, standby
}

// becomesConsistent waits until the standby lets people in and has what the primary has.
func (n *node) becomesConsistent(primary *node) {
	require.Eventually(n.t, func() bool {
		_, err := n.Status(n.ctx(), postgres.Brief)
		return err == nil
	}, patience, 20*time.Millisecond, "it becomes consistent")
	n.caughtUp(primary)
}

// A standby that is not consistent yet lets nobody in, and may need another upstream to become so.
func TestAStandbyThatLetsNobodyInFollowsAnother(t *testing.T) {
	t.Parallel()
	primary, standby := silentStandby(t)

	// Where it cannot be told, its file goes on saying whom it follows: whoever reads there that it was told tells it no more.
	file := filepath.Join(standby.Paths.Data, "onggi.upstream.conf")
	before, err := os.ReadFile(file)
	require.NoError(t, err)
	tools := standby.Server.Tools
	standby.Server.Tools = none{}
	require.ErrorIs(t, standby.Follow(standby.ctx(), primary.upstream(standby.name)), errNone)
	standby.Server.Tools = tools
	after, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(before), string(after))

	require.NoError(t, standby.Follow(standby.ctx(), primary.upstream(standby.name)))
	standby.becomesConsistent(primary)
}

// A sidecar that is killed between writing whom its standby follows and telling it leaves a file that says more than the server knows. The next one
// tells it again as it configures it, though nothing has changed.
func TestTheNextSidecarTellsWhatTheLastDidNot(t *testing.T) {
	t.Parallel()
	primary, standby := silentStandby(t)
	file := filepath.Join(standby.Paths.Data, "onggi.upstream.conf")
	before, err := os.ReadFile(file)
	require.NoError(t, err)
	port := regexp.MustCompile(`port=('*)\d+`)
	require.Regexp(t, port, string(before))
	written := port.ReplaceAllString(string(before), fmt.Sprintf("port=${1}%d", primary.Paths.Port))
	require.NoError(t, os.WriteFile(file, []byte(written), 0o600))

	next := &agent.Database{Postgres: standby.Server, Port: standby.Paths.Port}
	require.NoError(t, next.Configure(standby.ctx(), standby.settings()))
	standby.becomesConsistent(primary)
}
