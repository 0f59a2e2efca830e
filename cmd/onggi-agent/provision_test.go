package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

// Roles and databases of the file, and every password that is followed when its Secret changes, on a cluster of two real servers.
func TestRolesAndTheirPasswords(t *testing.T) {
	e2e(t, "ONGGI_E2E_AGENT")
	t.Parallel()
	l := newLab(t, 2, "")
	l.secret("app", "one")
	l.edit("hba: [", `rotationSeconds: 12
  hba: ["host app app all scram-sha-256", `)
	l.edit("listen: {port", fmt.Sprintf(`provision:
  roles: [{name: app, login: true, loose: true, passwordFile: %s/app}]
  databases: [{name: app, owner: app, extensions: [{name: pg_trgm}]}]
listen: {port`, l.dir))
	l.start()
	l.eventually(60*time.Second, "one leads and the other streams", l.streams)
	took := l.eventually(30*time.Second, "its role is let into its database", func() bool { return l.leader().login("app", "app", "one") == nil })
	t.Logf("after %s", took)
	l.eventually(10*time.Second, "on the standby too", func() bool { return l.other(l.leader()).login("app", "app", "one") == nil })
	_, status := l.leader().get("/patroni")
	require.Contains(t, fmt.Sprint(status["onggi"]), "last_success")

	t.Run("the password of a role changes", func(t *testing.T) {
		l.secret("app", "two")
		took := l.eventually(30*time.Second, "the new one is let in", func() bool { return l.leader().login("app", "app", "two") == nil })
		t.Logf("after %s", took)
		require.Error(t, l.leader().login("app", "app", "one"))
	})
	t.Run("the replicator's changes, and its standby streams on", func(t *testing.T) {
		before := l.walsender()
		for _, p := range l.pods {
			l.write(p.dir+"/replication", "a new secret")
		}
		begun := time.Now()
		_, err := l.leader().sql("SELECT pg_terminate_backend(pid) FROM pg_stat_replication")
		require.NoError(t, err)
		l.eventually(10*time.Second, "a standby that connects anew does so by the old one", func() bool { now := l.walsender(); return now != "" && now != before })
		require.Error(t, l.leader().login("onggi_replicator", "postgres", "a new secret"), "it is not in force before every standby knows it")
		before = l.walsender()
		l.eventually(40*time.Second, "it is in force", func() bool { return l.leader().login("onggi_replicator", "postgres", "a new secret") == nil })
		t.Logf("after %s", time.Since(begun))
		require.Equal(t, before, l.walsender(), "the stream goes on")
		l.eventually(30*time.Second, "every member connects by it from now on", func() bool {
			for _, p := range l.pods {
				if text, _ := os.ReadFile(p.dir + "/run/pgpass"); !strings.Contains(string(text), "a new secret") {
					return false
				}
			}
			return true
		})
		_, err = l.leader().sql("SELECT pg_terminate_backend(pid) FROM pg_stat_replication")
		require.NoError(t, err)
		l.eventually(10*time.Second, "and does", func() bool { now := l.walsender(); return now != "" && now != before })
	})
	t.Run("the superuser's changes, and what cannot be done is told", func(t *testing.T) {
		stored := func() string {
			text, _ := l.leader().sql("SELECT rolpassword FROM pg_authid WHERE rolname = 'postgres'")
			return text
		}
		before := stored()
		for _, p := range l.pods {
			l.write(p.dir+"/super", "another secret")
		}
		l.configure("databases: [", "databases: [{name: lost, owner: nobody's}, ")
		l.eventually(30*time.Second, "it does", func() bool { return stored() != before })
		l.eventually(10*time.Second, "and is told", func() bool {
			_, status := l.leader().get("/patroni")
			return strings.Contains(fmt.Sprint(status["onggi"]), `create database "lost": role "nobody's" does not exist`)
		})
	})
	t.Run("another primary goes on with it", func(t *testing.T) {
		old := l.leader()
		to := l.other(old)
		l.configure("{name: lost, owner: nobody's}", "{name: late, owner: app}")
		l.eventually(15*time.Second, "the primary moves", func() bool {
			code, _ := to.post("/switchover", fmt.Sprintf(`{"leader":%q,"candidate":%q}`, old.name, to.name))
			return code == http.StatusOK
		})
		l.eventually(40*time.Second, "the other leads and is followed", l.streams)
		l.eventually(30*time.Second, "the database is there, and nothing is told any more", func() bool {
			there, _ := to.sql("SELECT count(*) FROM pg_database WHERE datname = 'late'")
			_, status := to.get("/patroni")
			return there == "1" && !strings.Contains(fmt.Sprint(status["onggi"]), "lost")
		})
	})
	for _, p := range l.pods {
		for _, secret := range []string{"a new secret", "another secret", "secret too", "SCRAM-SHA-256$"} {
			require.NotContains(t, p.log.String(), secret)
		}
	}
}

// leader waits for the primary: a busy machine may answer late.
func (l *lab) leader() (p *pod) {
	l.t.Helper()
	l.eventually(30*time.Second, "one leads", func() bool { p = l.primary(); return p != nil })
	return p
}

// secret writes a file that all pods read.
func (l *lab) secret(name, text string) { l.write(l.dir+"/"+name, text) }

// edit changes the configuration of each pod before it is read.
func (l *lab) edit(old, by string) {
	l.t.Helper()
	for _, p := range l.pods {
		text, err := os.ReadFile(p.dir + "/config.yaml")
		require.NoError(l.t, err)
		require.Contains(l.t, string(text), old)
		l.write(p.dir+"/config.yaml", strings.Replace(string(text), old, by, 1))
	}
}

// streams tells that one member leads and that every other streams from it.
func (l *lab) streams() bool {
	p := l.primary()
	if p == nil {
		return false
	}
	n, _ := p.sql("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND application_name LIKE 'shop-%'")
	return n == fmt.Sprint(len(l.pods)-1)
}

// walsender is the process that the only standby streams from, "" for none.
func (l *lab) walsender() string {
	pid, _ := l.leader().sql("SELECT coalesce(max(pid)::text, '') FROM pg_stat_replication WHERE state = 'streaming'")
	return pid
}

// login tells whether a role is let in with a password, over the network.
func (p *pod) login(role, database, password string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	config, err := pgconn.ParseConfig(fmt.Sprintf("host=%s port=%d sslmode=disable", p.ip, p.lab.port))
	require.NoError(p.lab.t, err)
	config.User, config.Database, config.Password = role, database, password
	conn, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}
