package main

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/rest"
)

// backups asks a pod for the document.
func (p *pod) backups() rest.Backups {
	answer, err := p.lab.ask(6 * time.Second).Get(p.url("/backup"))
	if err != nil {
		return rest.Backups{}
	}
	defer answer.Body.Close()
	var b rest.Backups
	_ = json.NewDecoder(answer.Body).Decode(&b)
	return b
}

// ctl runs the program as a CronJob does: with a URL and the token, and nothing else.
func (p *pod) ctl(args ...string) (string, error) {
	argv := []string{"ctl", "--url", p.url(""), "--token-file", p.dir + "/token"}
	if p.lab.secure != nil {
		argv = append(argv, "--cacert", p.lab.dir+"/ca.crt", "--server-name", "shop")
	}
	argv = append(argv, args...)
	out, err := exec.Command(p.program, argv...).CombinedOutput()
	return string(out), err
}

// metric is a sample of a pod, as it is written.
func (p *pod) metric(series string) string {
	answer, err := p.lab.ask(0).Get(p.url("/metrics"))
	if err != nil {
		return ""
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, series+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// withRepository is a lab with a folder for backups, as a claim that every pod has mounted.
func withRepository(t *testing.T, members int, more string) *lab {
	t.Helper()
	_, err := exec.LookPath("pgbackrest")
	need(t, err == nil, "pgbackrest")
	l := newLab(t, members, "backup: {repository: {type: posix, path: LAB/repository}, retentionFull: 2}\n"+more)
	l.mkdir(l.dir + "/repository")
	return l
}

// startAll waits until every member streams.
func (l *lab) startAll() {
	l.t.Helper()
	l.start()
	if len(l.pods) == 3 {
		l.eventually(5*time.Minute, "the cluster is whole", l.whole)
		return
	}
	l.eventually(5*time.Minute, "there is a primary", func() bool { return l.primary() != nil })
}

func (l *lab) repositoryIsOurs() {
	l.t.Helper()
	l.eventually(3*time.Minute, "the stanza is there", func() bool { p := l.primary(); return p != nil && p.backups().State == "ok" })
}

func TestBackupsOfAClusterInAFolder(t *testing.T) {
	t.Parallel()
	l := withRepository(t, 3, "")
	l.startAll()
	l.repositoryIsOurs()
	primary := l.leader()
	_, err := primary.sql("CREATE TABLE t (n int); INSERT INTO t SELECT generate_series(1, 1000)")
	require.NoError(t, err)

	out, err := l.other(primary).ctl("backup", "--type", "full", "--wait")
	require.NoError(t, err, out)
	t.Log(out)
	var b rest.Backups
	l.eventually(60*time.Second, "every member tells of it", func() bool { b = l.other(primary).backups(); return len(b.Backups) == 1 && len(b.Runs) == 1 })
	require.Equal(t, "full", b.Backups[0].Type)
	require.NotEqual(t, primary.name, b.Runs[0].Member, "a standby makes it")
	l.eventually(60*time.Second, "the leader counts it", func() bool {
		return primary.metric(`onggi_backups{type="full"}`) == "1" && primary.metric(`onggi_backup_leader`) == "1"
	})

	out, err = primary.ctl("backups")
	require.NoError(t, err)
	t.Log(out)

	l.emptyRepository()
	l.eventually(60*time.Second, "what is gone is not listed, and the stanza is there", func() bool {
		b = l.other(primary).backups()
		return b.State == "ok" && len(b.Backups) == 0
	})
	l.archived()
	l.emptyRepository()
	out, err = l.other(primary).ctl("backup", "--type", "full", "--wait")
	require.NoError(t, err, out)
	require.Len(t, l.primary().backups().Backups, 1)
}

// emptyRepository takes everything out of the folder, as somebody who gives a cluster an empty place does.
func (l *lab) emptyRepository() {
	l.t.Helper()
	all, err := filepath.Glob(l.dir + "/repository/*")
	require.NoError(l.t, err)
	for _, one := range all {
		require.NoError(l.t, os.RemoveAll(one))
	}
}

// requireNoGap looks through the archive: from the first segment on, each follows the one before, over all timelines.
func requireNoGap(t *testing.T, dir string) {
	t.Helper()
	seen := map[uint64]bool{}
	var low, high uint64
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		name := entry.Name()
		if err != nil || entry.IsDir() || len(name) < 24 || strings.Contains(name, ".partial") || strings.Contains(name, ".backup") {
			return err
		}
		high32, err1 := strconv.ParseUint(name[8:16], 16, 32)
		low32, err2 := strconv.ParseUint(name[16:24], 16, 32)
		if err1 != nil || err2 != nil {
			return nil
		}
		n := high32<<8 | low32
		seen[n] = true
		if low == 0 || n < low {
			low = n
		}
		high = max(high, n)
		return nil
	}))
	require.NotZero(t, high, "something is archived")
	for n := low; n <= high; n++ {
		require.True(t, seen[n], "segment %X is in no timeline of the archive", n)
	}
}
