package main

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// leader is the pod of a standby cluster that follows the server outside, nil for none. More than one fail the test.
func (l *lab) standbyLeader() *pod {
	l.t.Helper()
	var found *pod
	for _, p := range l.pods {
		if code, _ := p.get("/standby-leader"); code == http.StatusOK {
			require.Nil(l.t, found, "two leaders")
			found = p
		}
	}
	return found
}

// follows tells that one member follows the server outside, and all others that one.
func (l *lab) follows(outside *pod) bool {
	leader := l.standbyLeader()
	if leader == nil || leader.label() != "primary" || members(leader) != len(l.pods) {
		return false
	}
	from := func(p *pod) string {
		host, _ := p.sql("SELECT sender_host FROM pg_stat_wal_receiver WHERE status = 'streaming'")
		return host
	}
	if from(leader) != outside.ip {
		return false
	}
	for _, p := range l.pods {
		if p != leader && (from(p) != leader.ip || p.label() != "replica") {
			return false
		}
	}
	return true
}

// all tells that every member reads a number.
func (l *lab) all(query, want string) bool {
	for _, p := range l.pods {
		if got, err := p.sql(query); err != nil || got != want {
			return false
		}
	}
	return true
}

// A cluster of three follows another cluster, loses its leader, moves it, and becomes one of its own.
func TestAStandbyClusterAgainstRealPostgres(t *testing.T) {
	e2e(t, "ONGGI_E2E_AGENT")
	site := newLab(t, 1, "")
	source := site.pods[0]
	source.start()
	site.eventually(60*time.Second, "the other site has a primary", func() bool { return site.primary() != nil })
	_, err := source.sql("CREATE TABLE t (n int); INSERT INTO t SELECT generate_series(1, 1000)")
	require.NoError(t, err)

	outside := fmt.Sprintf("outside: {host: %s, port: %d, sslMode: disable, passwordFile: %s/replication}\n", source.ip, site.port, source.dir)
	l := newLab(t, 3, outside)
	l.start()
	took := l.eventually(120*time.Second, "one follows the other site, two follow that one", func() bool { return l.follows(source) })
	t.Logf("a standby cluster of three after %s", took.Round(time.Millisecond))
	const count = "SELECT count(*) FROM t"
	arrives := func(n int) {
		t.Helper()
		_, err := source.sql("INSERT INTO t SELECT generate_series(1, 10)")
		require.NoError(t, err)
		took := l.eventually(30*time.Second, "what is written there is read here", func() bool { return l.all(count, fmt.Sprint(n)) })
		t.Logf("written there, read on all three here after %s", took.Round(time.Millisecond))
	}
	require.True(t, l.all(count, "1000"))
	arrives(1010)

	t.Run("nobody writes here", func(t *testing.T) {
		for _, p := range l.pods {
			_, err := p.sql("INSERT INTO t VALUES (0)")
			require.ErrorContains(t, err, "read-only transaction")
			code, _ := p.get("/primary")
			require.Equal(t, http.StatusServiceUnavailable, code)
		}
	})
	t.Run("the leader is lost", func(t *testing.T) {
		old := l.standbyLeader()
		require.NoError(t, old.sidecar.Process.Kill())
		old.killDatabase()
		took := l.eventually(60*time.Second, "another one leads", func() bool { p := l.standbyLeader(); return p != nil && p != old })
		t.Logf("another leader after %s", took.Round(time.Millisecond))
		old.startSupervisor()
		old.startSidecar()
		l.eventually(90*time.Second, "all is well again", func() bool { return l.follows(source) })
		arrives(1020)
	})
	t.Run("a person switches over", func(t *testing.T) {
		old := l.standbyLeader()
		to := l.other(old)
		l.eventually(15*time.Second, "the switchover is answered with 200", func() bool {
			code, _ := old.post("/switchover", fmt.Sprintf(`{"leader":%q,"candidate":%q}`, old.name, to.name))
			return code == http.StatusOK
		})
		l.eventually(60*time.Second, "the other one leads", func() bool { return l.standbyLeader() == to && l.follows(source) })
		arrives(1030)
	})
	t.Run("the other site restarts", func(t *testing.T) {
		source.killDatabase()
		time.Sleep(2 * time.Second)
		source.startSupervisor()
		site.eventually(60*time.Second, "it takes writes again", func() bool { return site.primary() != nil })
		l.eventually(60*time.Second, "it is followed again", func() bool { return l.follows(source) })
		arrives(1040)
	})
	t.Run("it becomes a cluster of its own", func(t *testing.T) {
		for _, p := range l.pods {
			text, err := os.ReadFile(p.dir + "/config.yaml")
			require.NoError(t, err)
			l.write(p.dir+"/config.yaml", strings.Replace(string(text), outside, "", 1))
			time.Sleep(time.Second)
		}
		took := l.eventually(60*time.Second, "one takes writes, two follow it", func() bool { return l.whole() })
		t.Logf("a cluster of its own after %s", took.Round(time.Millisecond))
		_, err := l.primary().sql("INSERT INTO t VALUES (-1)")
		require.NoError(t, err)
		_, err = source.sql("INSERT INTO t SELECT generate_series(1, 10)")
		require.NoError(t, err)
		l.eventually(30*time.Second, "it has what it wrote, and nothing more of the other's", func() bool { return l.all(count, "1041") })
	})
	t.Run("and fails over like any other", func(t *testing.T) {
		time.Sleep(3 * time.Second) // until the others have seen that they follow a primary, nobody else may lead: docs/agent.md
		old := l.primary()
		old.killDatabase()
		l.eventually(60*time.Second, "another one takes writes", func() bool { p := l.primary(); return p != nil && p != old })
		old.startSupervisor()
		l.eventually(90*time.Second, "all is well again", l.whole)
		require.True(t, l.all(count, "1041"))
	})
}
