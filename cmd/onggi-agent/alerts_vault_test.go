package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/backup"
)

// vault is a cluster of two members with backups in a folder, which get too old within a minute, as time is squeezed. So each trouble ends with a
// fresh one.
type vault struct {
	scene
	repository string
	stop       func()
}

// slowly is pgBackRest with a repository that takes a second for a segment, where there is a file that says so.
const slowly = `#!/bin/sh
case " $* " in *" archive-push "*) [ -e %s/slow ] && sleep 1 ;; esac
exec pgbackrest "$@"
`

func playVault(t *testing.T, prom *prometheus, told *table) {
	c := &vault{scene: scene{
		lab:  newLab(t, 2, "backup: {repository: {type: posix, path: LAB/repository}, retentionFull: 2, target: primary, bin: LAB/pgbackrest}\n"),
		name: "vault", prom: prom, table: told,
	}}
	c.repository = c.dir + "/repository"
	c.mkdir(c.repository)
	c.edit("hba: [", "monitor: true\n  initdb: {walSegmentMB: 1}\n  hba: [")
	c.write(c.dir+"/pgbackrest", fmt.Sprintf(slowly, c.dir))
	require.NoError(t, os.Chmod(c.dir+"/pgbackrest", 0o755))
	c.edit("shared_buffers: 16MB", "shared_buffers: 16MB, max_wal_size: 256MB") // initdb makes it 64 of these small segments
	for i, p := range c.pods {
		p.node = "node-" + strconv.Itoa(i)
		p.mount(900)
	}
	c.start()
	c.eventually(120*time.Second, "one leads and the other streams", c.streams)
	c.repositoryIsOurs()
	c.watch()
	c.play(c.troubles())
}

// take makes a backup.
func (c *vault) take(kind string) {
	c.t.Helper()
	out := ""
	c.eventually(90*time.Second, "a backup is made", func() bool {
		var err error
		out, err = c.pods[0].ctl("backup", "--type", kind, "--wait")
		return err == nil
	})
	c.t.Log(out)
}

// closed takes the right to write into the folders below one of the repository away from everybody but root, or gives it back.
func (c *vault) closed(below string, closed bool) {
	c.t.Helper()
	mode := os.FileMode(0o750)
	if closed {
		mode = 0o550
	}
	require.NoError(c.t, filepath.WalkDir(c.repository+below, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		return os.Chmod(path, mode)
	}))
}

// archives gives the archive back. The archiver waits a minute after three failures, unless there is something new.
func (c *vault) archives() {
	c.closed("/archive", false)
	c.leader().must("SELECT pg_logical_emit_message(false, 'a', 'b')::text, pg_switch_wal()::text")
	c.archived()
}

func (c *vault) troubles() []trouble { return slices.Concat(c.ages(), c.failures(), c.archive()) }

func (c *vault) ages() []trouble {
	return []trouble{{
		what: "nobody makes a backup of a new cluster", fires: []string{"PostgresBackupNeverTaken/critical"},
		cause: func() {}, cure: func() { c.take("full") },
	}, {
		what: "nobody makes another backup", fires: []string{"PostgresBackupTooOld/warning", "PostgresBackupTooOld/critical"},
		cause: func() {}, cure: func() { c.take("incr") },
	}, {
		what: "the agents are not scraped any more", fires: []string{"PostgresBackupUnknown/warning"},
		cause: func() {
			var exporters []target
			for _, p := range c.pods {
				exporters = append(exporters, p.target(c.name, "exporter", c.port+3))
			}
			c.prom.scrape(c.name, exporters)
		},
		cure: func() { c.take("incr"); c.watch() },
	}}
}

func (c *vault) failures() []trouble {
	old := []string{"PostgresBackupTooOld/warning", "PostgresBackupTooOld/critical"}
	return []trouble{{
		what: "the repository takes no backup", fires: []string{"PostgresBackupFailed/warning"}, may: old,
		cause: func() {
			c.closed("/backup", true)
			out, err := c.pods[0].ctl("backup", "--type", "incr", "--wait")
			require.Error(c.t, err, out)
		},
		cure: func() { c.closed("/backup", false); c.take("incr") },
	}, {
		what: "a page of a table is damaged on disk", fires: []string{"AgentBackupDamaged/critical"}, may: old,
		cause: func() { c.damage(); c.take("incr") },
		cure:  func() { c.leader().must("DROP TABLE torn"); c.take("full") },
	}, {
		what: "the repository cannot be entered when the sidecar starts", fires: []string{"AgentBackupRepository/critical"}, may: old,
		cause: func() {
			require.NoError(c.t, os.Chmod(c.repository, 0))
			c.leader().again()
		},
		cure: func() { require.NoError(c.t, os.Chmod(c.repository, 0o700)); c.repositoryIsOurs(); c.take("incr") },
	}}
}

// damage writes into the middle of a page, past the server.
func (c *vault) damage() {
	p := c.leader()
	p.must("CREATE TABLE IF NOT EXISTS torn AS SELECT generate_series(1, 20000) AS n")
	p.must("CHECKPOINT")
	f, err := os.OpenFile(p.dir+"/vol/pgdata/"+p.must("SELECT pg_relation_filepath('torn')"), os.O_WRONLY, 0)
	require.NoError(c.t, err)
	defer f.Close()
	_, err = f.WriteAt([]byte("what a broken disk gives back"), 3*8192+4000)
	require.NoError(c.t, err)
}

func (c *vault) archive() []trouble {
	old := []string{"PostgresBackupTooOld/warning", "PostgresBackupTooOld/critical"}
	failing := []string{"PostgresWALArchivingFailing/warning", "PostgresWALArchivingFailing/critical"}
	return []trouble{{
		what: "the archive takes nothing", fires: failing, may: old,
		cause: func() {
			c.closed("/archive", true)
			c.leader().must("SELECT pg_logical_emit_message(false, 'a', 'b')::text, pg_switch_wal()::text")
		},
		cure: func() { c.archives(); c.take("incr") },
	}, {
		what: "the primary is lost with log that no archive has", fires: []string{"AgentArchiveGap/warning"}, also: []string{"PostgresFailover/info"},
		may:   slices.Concat(lost, failing, old, []string{"AgentMemberMissing/warning", "AgentNoPrimary/critical", "AgentReplicaNotStreaming/warning"}),
		cause: c.gap,
		cure: func() {
			for _, p := range c.pods {
				if p != c.leader() {
					p.start()
				}
			}
			c.archives()
			c.eventually(120*time.Second, "the old primary follows", c.streams)
			c.take("full")
		},
	}, {
		what: "log is written faster than it is archived", fires: []string{"PostgresWALArchiveBacklog/warning"}, may: old,
		cause: func() {
			p := c.leader()
			c.write(c.dir+"/slow", "")
			c.stop = every(func() {
				if n, err := p.sql("SELECT count(*) FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'"); err == nil && len(n) < 3 {
					_, _ = p.sql(segments(30))
				}
			})
		},
		cure: func() { c.stop(); require.NoError(c.t, os.Remove(c.dir+"/slow")); c.take("incr") },
	}}
}

// gap ends the primary when the archive lacks log that the standby does not have either: it was copied since.
func (c *vault) gap() {
	old := c.leader()
	to := c.other(old)
	c.closed("/archive", true)
	last := old.backups().Archive.Max
	_, _ = old.sql(segments(5))
	to.tell("reinit", to.name, "--force")
	c.eventually(240*time.Second, "the standby has none of it any more", func() bool {
		names, _ := filepath.Glob(to.dir + "/vol/pgdata/pg_wal/0*0*")
		for i := range names {
			names[i] = filepath.Base(names[i])
		}
		_, gap := backup.Gap(last, slices.DeleteFunc(names, func(name string) bool { return len(name) != 24 }))
		return gap && c.streams()
	})
	time.Sleep(2 * time.Second) // for the primary to have heard of it
	end(old.sidecar, old.left)
	old.killDatabase()
	c.lab.api.Remove("pods", "db", old.name)
	c.eventually(60*time.Second, "the other leads", func() bool { return c.primary() == to })
}
