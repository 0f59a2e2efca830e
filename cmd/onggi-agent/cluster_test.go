package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAClusterComesUpAndFailsOver(t *testing.T) {
	l := newLab(t, 3, "")
	for _, p := range l.pods {
		p.start()
	}
	var first *pod
	took := l.eventually(60*time.Second, "one of three is elected and takes writes", func() bool { first = l.primary(); return first != nil })
	t.Logf("the first primary: %s after %s", first.name, took)
	_, err := first.sql("CREATE TABLE t (n int); INSERT INTO t VALUES (1)")
	require.NoError(t, err)
	took = l.eventually(60*time.Second, "two standbys stream", func() bool {
		n, _ := first.sql("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND application_name LIKE 'shop-%'")
		return n == "2"
	})
	t.Logf("two standbys stream after another %s", took)
	l.eventually(20*time.Second, "the labels say so", func() bool {
		for _, p := range l.pods {
			if want := map[bool]string{true: "primary", false: "replica"}[p == first]; p.label() != want {
				return false
			}
		}
		return true
	})
	l.eventually(20*time.Second, "all are members", func() bool { return members(first) == 3 })

	begun := time.Now()
	first.killDatabase()
	var second *pod
	l.eventually(30*time.Second, "another one takes writes", func() bool {
		second = l.primary()
		if second == nil || second == first {
			return false
		}
		_, err := second.sql("INSERT INTO t VALUES (2)")
		return err == nil
	})
	t.Logf("a failover by proof of death took %s", time.Since(begun))
	require.NotEqual(t, first, second)
	n, err := second.sql("SELECT count(*) FROM t")
	require.NoError(t, err)
	require.Equal(t, "2", n, "what was acknowledged is there")

	first.startSupervisor() // the kubelet starts the container again
	l.eventually(60*time.Second, "the old primary follows", func() bool {
		n, _ := second.sql("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND application_name LIKE 'shop-%'")
		return n == "2"
	})
	require.Equal(t, "replica", first.label())
}

func members(p *pod) int {
	_, cluster := p.get("/cluster")
	list, _ := cluster["members"].([]any)
	return len(list)
}
