package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// withWAL gives every pod a volume for the log. It comes before the start.
func (l *lab) withWAL() *lab {
	for _, p := range l.pods {
		p.giveWAL()
	}
	return l
}

func (p *pod) giveWAL() {
	p.wal = p.dir + "/wal"
	p.lab.mkdir(p.wal)
}

// mountWAL gives the pod a file system of some MB for the log, which can be filled.
func (p *pod) mountWAL(megabytes int) {
	p.lab.t.Helper()
	require.NoError(p.lab.t, syscall.Mount("tmpfs", p.wal, "tmpfs", 0, fmt.Sprintf("size=%dm,uid=%d,gid=%d,mode=0700", megabytes, p.lab.uid, p.lab.gid)))
	p.lab.t.Cleanup(func() { _ = syscall.Unmount(p.wal, syscall.MNT_DETACH) })
}

// logAt is where the log of a data directory of the volume is, "" where it is inside. It is on the pod's volume for it, and there.
func (p *pod) logAt(data string) string {
	p.lab.t.Helper()
	at, err := os.Readlink(filepath.Join(p.dir, "vol", data, "pg_wal"))
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	require.NoError(p.lab.t, err)
	require.True(p.lab.t, strings.HasPrefix(at, p.wal+"/"), at)
	require.DirExists(p.lab.t, at)
	return at
}

// logs are the folders of logs on the pod's volume for them.
func (p *pod) logs() []string {
	found, err := filepath.Glob(p.wal + "/*/*")
	require.NoError(p.lab.t, err)
	return found
}

// lose ends the pod as a node does that is gone, empties a volume, and makes the pod again.
func (p *pod) lose(volume string, meanwhile ...func()) {
	p.lab.t.Helper()
	require.NoError(p.lab.t, p.sidecar.Process.Kill())
	<-p.left
	p.killDatabase()
	p.lab.api.Remove("pods", "db", p.name)
	require.NoError(p.lab.t, os.RemoveAll(volume))
	p.lab.mkdir(volume)
	for _, f := range meanwhile {
		f()
	}
	p.start()
}

// written fails unless everything that was acknowledged is there.
func (w *writer) written(t *testing.T) {
	t.Helper()
	acknowledged := w.stop()
	got, err := w.lab.primary().sql("SELECT count(DISTINCT n) FROM t")
	require.NoError(t, err)
	n, _ := strconv.Atoi(got)
	require.GreaterOrEqual(t, n, acknowledged)
	t.Logf("%d writes were acknowledged, and there are %d", acknowledged, n)
}

// The log has a volume of its own: whatever happens to a cluster, each member's log is there, and whichever volume is lost, the member is another one that copies.
func TestAClusterWithVolumesForTheLog(t *testing.T) {
	e2e(t, "ONGGI_E2E_AGENT")
	l := newLab(t, 3, "replication: {mode: required, minSync: 1}\n").withWAL()
	l.startAll()
	l.query("CREATE TABLE t (n int)")
	outside := func(t *testing.T) {
		t.Helper()
		for _, p := range l.pods {
			require.NotEmpty(t, p.logAt("pgdata"), p.name)
		}
	}
	outside(t)
	w := newWriter(l)

	t.Run("both volumes are measured", func(t *testing.T) {
		p := l.primary()
		for _, volume := range []string{"data", "wal"} {
			free, _ := strconv.ParseFloat(p.metric(`onggi_disk_free_bytes{volume="`+volume+`"}`), 64)
			size, _ := strconv.ParseFloat(p.metric(`onggi_disk_size_bytes{volume="`+volume+`"}`), 64)
			require.Positive(t, free, volume)
			require.Greater(t, size, free, volume)
		}
		locks, err := filepath.Glob(p.dir + "/*/.onggi.lock")
		require.NoError(t, err)
		require.Len(t, locks, 2)
		keep, err := p.sql("SHOW max_slot_wal_keep_size")
		require.NoError(t, err)
		require.NotEmpty(t, keep)
	})
	t.Run("a failover, and a rewind", func(t *testing.T) {
		old := l.primary()
		before := old.logAt("pgdata")
		old.killDatabase()
		w.outage(t, 15*time.Second, old)
		old.startSupervisor()
		l.eventually(60*time.Second, "the old primary follows", l.whole)
		require.Equal(t, before, old.logAt("pgdata"), "its log is where it was")
	})
	t.Run("a copy that is asked for", func(t *testing.T) {
		p := l.other(l.primary())
		before := p.logAt("pgdata")
		l.eventually(15*time.Second, "it is begun", func() bool {
			code, _ := p.post("/reinitialize", `{"force":true}`)
			return code == http.StatusOK || code == http.StatusAccepted
		})
		l.eventually(60*time.Second, "it has a new log", func() bool { at := p.logAt("pgdata"); return at != "" && at != before })
		l.eventually(60*time.Second, "it follows", l.whole)
	})
	t.Run("the volume of a standby's log is lost", func(t *testing.T) { l.losesLog(t, l.other(l.primary())) })
	t.Run("the volume of the primary's log is lost", func(t *testing.T) {
		old := l.primary()
		l.losesLog(t, old)
		w.outage(t, 30*time.Second, nil)
		require.NotEqual(t, old, l.primary())
	})
	t.Run("the volume of a standby's data is lost", func(t *testing.T) {
		p := l.other(l.primary())
		left := p.logAt("pgdata")
		before := p.member()
		p.lose(p.dir + "/vol")
		l.eventually(90*time.Second, "it is copied and follows", func() bool { return p.logAt("pgdata") != "" && p.logAt("pgdata") != left && l.whole() })
		require.NotEqual(t, before, p.member())
		require.DirExists(t, left, "what it had not sent may be there and nowhere else")
	})
	t.Run("all are killed", func(t *testing.T) {
		for _, p := range l.pods {
			require.NoError(t, p.sidecar.Process.Kill())
			<-p.left
			p.killDatabase()
		}
		for _, p := range l.pods {
			p.startSupervisor()
			p.startSidecar()
		}
		w.outage(t, 60*time.Second, nil)
		l.eventually(90*time.Second, "all is well again", l.whole)
	})
	outside(t)
	w.written(t)
}

// A log's volume that is full is its primary's trouble alone: it hands over while it can, and is left to follow until there is room.
func TestALogsVolumeThatIsFull(t *testing.T) {
	e2e(t, "ONGGI_E2E_AGENT")
	l := newLab(t, 3, "replication: {mode: required, minSync: 1}\n").withWAL()
	for _, p := range l.pods {
		p.mountWAL(256)
	}
	l.startAll()
	l.query("CREATE TABLE t (n int)")
	w := newWriter(l)
	full := l.primary()
	var st syscall.Statfs_t
	require.NoError(t, syscall.Statfs(full.wal, &st))
	ballast := full.wal + "/ballast" // all but 40 MB
	require.NoError(t, os.WriteFile(ballast, make([]byte, int64(st.Bavail)*st.Bsize-40<<20), 0o600))
	w.outage(t, 30*time.Second, full)
	require.Contains(t, full.log.String(), "the volume is full")
	free, _ := strconv.ParseFloat(full.metric(`onggi_disk_free_bytes{volume="wal"}`), 64)
	require.Less(t, free, float64(64<<20), "which of the two it is")
	freeOfData, _ := strconv.ParseFloat(full.metric(`onggi_disk_free_bytes{volume="data"}`), 64)
	require.Greater(t, freeOfData, free)
	l.eventually(60*time.Second, "it follows", l.whole)
	require.NotEqual(t, full, l.primary(), "it is not elected meanwhile")
	require.NoError(t, os.Remove(ballast))
	l.eventually(60*time.Second, "it can lead again", func() bool {
		now := l.primary()
		if now != nil && now != full {
			now.post("/switchover", `{"leader":"`+now.name+`","candidate":"`+full.name+`"}`)
		}
		return now == full
	})
	l.eventually(60*time.Second, "all follow it", l.whole)
	w.written(t)
}

// losesLog takes the volume of a pod's log, and expects another member on the same data volume, with a whole copy.
func (l *lab) losesLog(t *testing.T, p *pod) {
	t.Helper()
	before, member, clones := p.logAt("pgdata"), p.member(), strings.Count(p.log.String(), "msg=\"clone is done\"")
	p.lose(p.wal)
	took := l.eventually(90*time.Second, "it is copied and follows", func() bool {
		return strings.Count(p.log.String(), "msg=\"clone is done\"") > clones && p.logAt("pgdata") != before && l.whole()
	})
	t.Logf("%s has a copy and follows after %s", p.name, took.Round(time.Millisecond))
	require.NotEqual(t, member, p.member(), "it may lack what it acknowledged, so it is another member")
	require.NotContains(t, p.log.String(), "rewind:", "there is nothing to rewind")
}

// A member that is alone and lost its log has nobody to copy, and is neither started nor made anew, whatever became of the record.
func TestALostLogIsNeverMadeAnew(t *testing.T) {
	e2e(t, "ONGGI_E2E_AGENT")
	for name, recorded := range map[string]bool{"with the record of before": true, "without any record": false} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, 1, "").withWAL()
			p := l.pods[0]
			p.start()
			l.eventually(60*time.Second, "it takes writes", func() bool { return l.primary() == p })
			system := l.query("SELECT system_identifier FROM pg_control_system()")
			p.lose(p.wal, func() {
				if !recorded {
					l.api.Remove("leases", "db", "shop-primary")
				}
			})
			for end := time.Now().Add(25 * time.Second); time.Now().Before(end); time.Sleep(500 * time.Millisecond) {
				require.Nil(t, l.primary())
			}
			out, err := exec.Command(bindir+"/pg_controldata", "-D", p.dir+"/vol/pgdata").CombinedOutput()
			require.NoError(t, err)
			require.Contains(t, string(out), system, "its data is as it was")
			require.Empty(t, p.logs())
			require.Equal(t, 1, strings.Count(p.log.String(), "msg=\"init is done\""))
			require.NoDirExists(t, p.dir+"/vol/pgdata.new")
		})
	}
}

// A volume for the log that came later gets the log at the next start of each member; one that is too small does not.
func TestAVolumeForTheLogThatCameLater(t *testing.T) {
	e2e(t, "ONGGI_E2E_AGENT")
	l := newLab(t, 3, "replication: {mode: required, minSync: 1}\n")
	l.startAll()
	l.query("CREATE TABLE t (n int)")
	w := newWriter(l)
	first := l.primary()
	for _, p := range []*pod{l.other(first), nil, first} { // the primary last, as the agents do it
		if p == nil {
			for _, one := range l.pods {
				if one.wal == "" && one != first {
					p = one
				}
			}
		}
		require.Empty(t, p.logAt("pgdata"))
		member := p.member()
		p.terminate()
		select {
		case <-p.gone:
		case <-time.After(40 * time.Second):
			require.Fail(t, "the supervisor did not end")
		}
		p.endSidecar()
		p.giveWAL()
		if p == first { // one that is too small
			p.mountWAL(8)
		}
		p.start()
		l.eventually(60*time.Second, p.name+" follows", l.whole)
		require.Equal(t, p != first, p.logAt("pgdata") != "", p.name)
		require.Equal(t, member, p.member(), "nothing was lost")
	}
	require.Contains(t, first.log.String(), "the log stays in the data directory")
	require.Equal(t, 2, strings.Count(l.logs(), "msg=\"clone is done\""), "nobody was copied but when the cluster was made")
	w.written(t)
}
