package postgres_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/postgres"
)

func TestCommitsWaitForWhomTheyShould(t *testing.T) {
	t.Parallel()
	a := newPrimary(t, "shop-0")
	b := newStandby(t, a, "shop-1")

	one := postgres.Sync{W: 1, Standbys: []string{"shop-2", "shop-1"}}
	at, err := a.SetSync(a.ctx(), one)
	require.NoError(t, err)
	require.NotZero(t, at)
	require.False(t, one.Confirmed(a.status(), at+1<<20))
	require.Eventually(t, func() bool { return one.Confirmed(a.status(), at) }, patience, 10*time.Millisecond)
	require.Equal(t, "quorum", a.status().Standbys[0].SyncState)
	a.sql("CREATE TABLE waits (id int)")

	two := postgres.Sync{W: 2, Standbys: []string{"shop-1", "shop-2"}}
	at, err = a.SetSync(a.ctx(), two)
	require.NoError(t, err, "the statement that tells the place does not wait itself")
	time.Sleep(100 * time.Millisecond)
	require.False(t, two.Confirmed(a.status(), at), "only one of two is there")
	waiting := make(chan error, 1)
	go func() { _, err := a.trySQL("INSERT INTO waits VALUES (1)"); waiting <- err }()
	require.Eventually(t, func() bool { return a.status().SyncWaiting == 1 }, patience, 10*time.Millisecond)

	oldest := a.status().SyncOldest
	require.Regexp(t, `^[0-9]+:[0-9]+$`, oldest)
	require.Equal(t, oldest, a.status().SyncOldest, "the same commit still waits")

	none := postgres.Sync{}
	at, err = a.SetSync(a.ctx(), none)
	require.NoError(t, err)
	require.NoError(t, <-waiting)
	require.Empty(t, a.status().SyncOldest)
	require.Eventually(t, func() bool { return none.Confirmed(a.status(), at) }, patience, 10*time.Millisecond)

	t.Run("a server that does not run begins with it", func(t *testing.T) {
		b.stop()
		at, err := b.SetSync(b.ctx(), one)
		require.NoError(t, err)
		require.Zero(t, at)
		b.start(postgres.AsStandby)
		require.Equal(t, `ANY 1 ("shop-1","shop-2")`, b.status().SyncNames)
	})
}

// A map of pg_ident.conf is in force once the server has read it, and what the server cannot use of one is told.
func TestMapsOfNames(t *testing.T) {
	t.Parallel()
	a := newPrimary(t, "shop-0")
	a.sql("CREATE ROLE ada LOGIN")
	_, err := a.client("ada")
	require.Error(t, err)
	lines := func(line string) error {
		a.configure(func(s *postgres.Settings) {
			s.HBA = []string{"local all all peer map=people"}
			s.Ident = []string{"# who is who", line}
		})
		return a.Reload(a.ctx())
	}
	require.NoError(t, lines(`people "`+a.Paths.User+`" ada`))
	conn, err := a.client("ada")
	require.NoError(t, err)
	require.NoError(t, conn.Close(a.ctx()))
	if a.status().Version >= 150000 {
		require.ErrorContains(t, lines("people /( ada"), "pg_ident.conf line")
	}
	require.NoError(t, lines("people somebody ada"))
	_, err = a.client("ada")
	require.Error(t, err)
}

func TestSlotsOfMembersOnEveryNode(t *testing.T) {
	t.Parallel()
	a := newPrimary(t, "shop-0")
	b := newStandby(t, a, "shop-1")
	a.sql("SELECT pg_create_physical_replication_slot('mine')")
	slots := func(n *node, members map[string]postgres.LSN) []postgres.SlotChange {
		done, err := n.Slots(n.ctx(), members)
		require.NoError(t, err)
		return done
	}
	for _, n := range []*node{a, b} {
		slots(n, map[string]postgres.LSN{"shop-1": 0, "shop-2": 0})
		require.Contains(t, slotNames(n.status()), "onggi_shop_2", n.name)
		require.Empty(t, slots(n, map[string]postgres.LSN{"shop-1": 0, "shop-2": 0}), "it is done once")
	}
	a.sql("SELECT pg_switch_wal()")
	a.sql("CREATE TABLE x AS SELECT 1")
	b.caughtUp(a)
	at := a.status().Flush
	for _, n := range []*node{a, b} {
		require.Contains(t, slots(n, map[string]postgres.LSN{"shop-1": 0, "shop-2": at}), postgres.SlotChange{Name: "onggi_shop_2", What: "advanced"}, n.name)
	}
	require.Equal(t, []postgres.SlotChange{{Name: "onggi_shop_2", What: "removed"}}, slots(a, nil), "one in use stays, and one that is not ours")
	require.Equal(t, []string{"mine", "onggi_shop_1"}, slotNames(a.status()))
}

func TestTheGateLetsInOnlyTheAgentAndReplication(t *testing.T) {
	t.Parallel()
	a := newPrimary(t, "shop-0")
	a.sql("CREATE ROLE app LOGIN PASSWORD 'app'")
	tcp := func() error {
		conn, err := pgconn.Connect(a.ctx(), postgres.Conninfo{{"host", "127.0.0.1"}, {"port", portOf(a)}, {"user", "app"}, {"password", "app"},
			{"dbname", "postgres"}, {"sslmode", "disable"}}.String())
		if err != nil {
			return err
		}
		t.Cleanup(func() { _ = conn.Close(context.Background()) })
		return nil
	}
	require.NoError(t, tcp())
	require.Eventually(t, func() bool { return a.status().Sessions == 1 }, patience, 10*time.Millisecond)
	require.NoError(t, a.Gate(a.ctx(), true))
	require.True(t, a.Gated())
	require.ErrorContains(t, tcp(), "pg_hba.conf rejects connection")
	require.Equal(t, 1, a.status().Sessions, "a session that is open stays")
	require.NoError(t, a.Terminate(a.ctx()))
	require.Zero(t, a.status().Sessions)

	b := newStandby(t, a, "shop-1") // replication goes on
	require.False(t, b.Gated(), "a copy begins with an open gate")
	a.configure(func(s *postgres.Settings) { s.HBA = []string{"host all app 127.0.0.1/32 scram-sha-256"} })
	require.NoError(t, a.Reload(a.ctx()))
	require.True(t, a.Gated(), "configuring does not open it")
	require.ErrorContains(t, tcp(), "pg_hba.conf rejects connection")
	outcome, err := a.Probe(a.ctx(), patience)
	require.NoError(t, err)
	require.Equal(t, postgres.ProbeOK, outcome)
	require.NoError(t, a.Gate(a.ctx(), false))
	require.NoError(t, tcp())
	require.ErrorContains(t, connectAs(a, postgres.Replicator, "app"), "pg_hba.conf rejects connection", "the replicator is for replication")
	require.True(t, strings.Contains(a.sql("SHOW hba_file"), a.Paths.Data))
}

func connectAs(n *node, role, database string) error {
	conn, err := pgconn.Connect(n.ctx(), postgres.Conninfo{{"host", "127.0.0.1"}, {"port", portOf(n)}, {"user", role}, {"password", password},
		{"dbname", database}, {"sslmode", "disable"}}.String())
	if err == nil {
		_ = conn.Close(context.Background())
	}
	return err
}
