package supervise

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWhatAStandbyIsRefused(t *testing.T) {
	const seventh, eighth = "000000010000000000000007", "000000010000000000000008"
	refused := func(segment string) string {
		return "2026-11-23 05:27:39.135 UTC [24922] FATAL:  could not receive data from WAL stream: ERROR:  requested WAL segment " + segment + " has already been removed\n"
	}
	for _, row := range []struct {
		name, said string
		lacks      string
		times      uint64
	}{
		{"nothing", "LOG:  started streaming WAL from primary at 0/7000000 on timeline 1\n", "", 0},
		{"a segment", refused(seventh), seventh, 1},
		{"the same twice", refused(seventh) + "LOG:  waiting for WAL to become available at 0/8002000\n" + refused(seventh), seventh, 2},
		{"the last counts", refused(seventh) + refused(eighth), eighth, 2},
		{"with a prefix and a state", strings.ReplaceAll(refused(seventh), "FATAL:  ", "shop-1 FATAL:  08006: "), seventh, 1},
		{"a primary refuses a standby of its own", "ERROR:  requested WAL segment " + seventh + " has already been removed\n", "", 0},
		{"no segment", refused("00000001000000000000000x"), "", 0},
		{"half a line", strings.TrimSuffix(refused(seventh), "removed\n"), "", 0},
		{"another refusal", "FATAL:  could not receive data from WAL stream: ERROR:  out of memory\n", "", 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			l := &lack{}
			l.said([]byte(row.said))
			lacks, times := l.last()
			require.Equal(t, row.lacks, lacks)
			require.Equal(t, row.times, times)
		})
	}
}

// segments are the whole segments of the log in a folder.
func segments(t *testing.T, dir string) []string {
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		if len(e.Name()) == segmentName && isSegment([]byte(e.Name())) {
			names = append(names, e.Name())
		}
	}
	return names
}

// inconsistent makes a standby that crashed, needs log to be consistent again that only the folder has which is returned, and follows its former self.
func inconsistent(t *testing.T) (standby *pod, archive string) {
	primary := newPod(t).withPostgres().run()
	s := primary.dial()
	s.grant(30 * time.Second)
	s.postgres(Primary, "min_wal_size=32MB", "wal_keep_size=0")
	sql := func(p *pod, statement string) string {
		out, err := p.psql(statement).CombinedOutput()
		require.NoError(t, err, "%s: %s", statement, out)
		return strings.TrimSpace(string(out))
	}
	standby = &pod{t: t, o: primary.o, dir: primary.dir + "/standby"}
	standby.o.Volume, standby.o.Data, standby.o.Socket, standby.o.TerminationLog = standby.dir+"/vol", standby.dir+"/vol/data", standby.dir+"/run/s", ""
	archive = primary.dir + "/archive"
	for _, dir := range []string{standby.dir, standby.dir + "/vol", standby.dir + "/run", archive} {
		require.NoError(t, os.Mkdir(dir, 0o700))
		require.NoError(t, os.Chown(dir, shared.uid, shared.gid))
	}
	out, err := shared.asPostgres(bindir+"/pg_basebackup", "-D", standby.o.Data, "-h", primary.dir+"/run", "-U", "postgres", "-c", "fast").CombinedOutput()
	require.NoError(t, err, "%s", out)
	standby.file("standby.signal", "")
	standby.file("postgresql.auto.conf", fmt.Sprintf("primary_conninfo = 'host=%s/run user=postgres'\nwal_retrieve_retry_interval = 200ms\n", primary.dir))
	standby.run()
	f := standby.dial()
	f.postgres(Standby)
	for range 4 {
		sql(primary, "CREATE TABLE a AS SELECT generate_series(1, 1000) n")
		sql(primary, "DROP TABLE a") // which is on disk before the log goes on: from here on nothing before is consistent
		sql(primary, "SELECT pg_switch_wal()")
	}
	end := sql(primary, "SELECT pg_current_wal_lsn()")
	standby.eventually("it has replayed everything", func() bool { return sql(standby, "SELECT pg_last_wal_replay_lsn() >= '"+end+"'") == "t" })
	_, err = f.Kill(ctx(t), "a crash")
	require.NoError(t, err)
	sql(primary, "CHECKPOINT")
	own := segments(t, primary.o.Data+"/pg_wal")
	mine := segments(t, standby.o.Data+"/pg_wal")
	for _, name := range mine[1 : len(mine)-1] {
		require.NoError(t, os.Rename(filepath.Join(standby.o.Data, "pg_wal", name), filepath.Join(archive, name)))
		if slices.Contains(own, name) { // one that it would have taken for another by and by
			require.NoError(t, os.Remove(filepath.Join(primary.o.Data, "pg_wal", name)))
		}
	}
	return standby, archive
}

// A standby whose log is gone asks for it over and over, and each time it is told so. One that has something to replay asks for nothing, however long
// that takes: not while it works, nor while an archive takes its time.
func TestAStandbyTellsWhatItsUpstreamHasNoMore(t *testing.T) {
	standby, archive := inconsistent(t)
	s := standby.dial()
	start := func(restore string) {
		_, err := s.Start(ctx(t), Start{Mode: Standby, Argv: []string{bindir + "/postgres", "-c", "listen_addresses=", "-c", "unix_socket_directories=" + standby.dir + "/run",
			"-c", "fsync=off", "-c", "restore_command=" + restore}})
		require.NoError(t, err)
	}
	start("")
	first := s.status("it is refused a segment", func(st Status) bool { return st.Lacks != "" })
	again := s.status("and again", func(st Status) bool { return st.Refused > first.Refused+3 })
	require.Equal(t, first.Lacks, again.Lacks)
	out, err := standby.psql("SELECT 1").CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "the database system is")
	_, err = s.Stop(ctx(t), Stop{Mode: Fast})
	require.NoError(t, err)
	require.Empty(t, s.status("it is down", func(st Status) bool { return st.Phase == Down }).Lacks)

	// One that is slow with each segment.
	start(fmt.Sprintf("sleep 1; cp %s/%%f %%p", archive))
	s.status("it replays", func(st Status) bool { return len(standby.named("startup")) > 0 })
	standby.eventually("it is consistent", func() bool {
		require.Zero(t, s.Status().Refused, "while it has something to replay")
		return standby.psql("SELECT 1").Run() == nil
	})
}
