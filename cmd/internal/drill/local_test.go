package drill

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/onggi-db/onggi/render/drill"
	"github.com/onggi-db/onggi/sidecars/backup"
	"github.com/onggi-db/onggi/sidecars/config"
)

// childConfig names the file of a drill that this program runs in place of the tests, as the user that Postgres runs as.
const childConfig = "ONGGI_TEST_LOCAL_DRILL"

func TestLocalChild(t *testing.T) {
	file := os.Getenv(childConfig)
	if file == "" {
		t.Skip("is a part of TestLocal")
	}
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	cfg, err := drill.DecodeLocal(data)
	require.NoError(t, err)
	var draw float64
	_, err = fmt.Sscan(os.Getenv("ONGGI_TEST_DRAW"), &draw)
	require.NoError(t, err)
	o := Local(context.Background(), cfg, drill.Run{Job: "job", Started: time.Now()}, draw, func(line string) { fmt.Fprintln(os.Stderr, line) })
	text, err := json.Marshal(o)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file+".out", text, 0o644))
}

// lab is a server with a repository: 100 rows in a full backup, 200 in an incremental one, 300 at the end of the archive.
type lab struct {
	*postgres
	t       *testing.T
	program string
}

func newLab(t *testing.T) *lab {
	t.Helper()
	if _, err := exec.LookPath("pgbackrest"); err != nil {
		if os.Getenv("ONGGI_REQUIRE_TOOLS") == "1" {
			require.NoError(t, err)
		}
		t.Skip("pgbackrest is not installed")
	}
	l := &lab{postgres: newPostgres(t), t: t}
	self, err := os.Executable()
	require.NoError(t, err)
	l.program = filepath.Join(l.dir, "drill.test") // go's own folder is closed to other users
	program, err := os.ReadFile(self)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(l.program, program, 0o755))
	l.must("initdb", "-D", l.data(), "-U", "postgres", "--auth=trust", "--data-checksums")
	conf := fmt.Sprintf("[global]\nrepo1-path=%[1]s/repository\nlock-path=%[1]s/lock\nlog-level-file=off\nlog-level-stderr=warn\nstart-fast=y\narchive-timeout=60\n[shop]\npg1-path=%[2]s\npg1-port=%[3]d\npg1-socket-path=%[1]s\npg1-user=postgres\n", l.dir, l.data(), l.port)
	require.NoError(t, os.WriteFile(filepath.Join(l.dir, "source.conf"), []byte(conf), 0o644))
	settings := fmt.Sprintf("port=%d\nlisten_addresses=''\nunix_socket_directories='%s'\narchive_mode=on\narchive_command='pgbackrest --config=%s/source.conf --stanza=shop archive-push \"%%p\"'\nmax_connections=37\nshared_buffers=16MB\nfsync=off\n", l.port, l.dir, l.dir)
	f, err := os.OpenFile(filepath.Join(l.data(), "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.WriteString(settings)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	l.must("pg_ctl", "-D", l.data(), "-w", "-l", filepath.Join(l.dir, "log"), "start")
	l.pgbackrest("stanza-create")
	l.sql("CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders SELECT generate_series(1, 100)")
	l.pgbackrest("--type=full", "backup")
	l.sql("INSERT INTO orders SELECT generate_series(101, 200)")
	l.pgbackrest("--type=incr", "backup")
	l.sql("INSERT INTO orders SELECT generate_series(201, 300)")
	l.sql("SELECT pg_switch_wal()")
	l.must("pg_ctl", "-D", l.data(), "-w", "-m", "fast", "stop") // archives what is left
	return l
}

func (l *lab) must(name string, args ...string) {
	l.t.Helper()
	out, err := l.try(name, args...)
	require.NoError(l.t, err, "%s %v: %s", name, args, out)
}

func (l *lab) sql(text string) {
	l.t.Helper()
	l.must("psql", "-XAt", "-v", "ON_ERROR_STOP=1", "-h", l.dir, "-p", fmt.Sprint(l.port), "-U", "postgres", "-d", "postgres", "-c", text)
}

func (l *lab) pgbackrest(args ...string) {
	l.t.Helper()
	cmd := l.command("pgbackrest", append([]string{"--config=" + filepath.Join(l.dir, "source.conf"), "--stanza=shop"}, args...)...)
	out, err := cmd.CombinedOutput()
	require.NoError(l.t, err, "%v: %s", args, out)
}

// command runs as the server's user, with its programs on the PATH.
func (l *lab) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = l.dir
	cmd.Env = append(os.Environ(), "PATH="+l.bin+":"+os.Getenv("PATH"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: l.as}
	return cmd
}

// drill runs one.
func (l *lab) drill(cfg drill.Local, draw float64) drill.Outcome {
	l.t.Helper()
	cfg.Cluster, cfg.Repository = "shop", config.Repository{Type: "posix", Path: filepath.Join(l.dir, "repository")}
	cfg.Volume, cfg.Run = filepath.Join(l.dir, "volume"), filepath.Join(l.dir, "run")
	if cfg.Stanza == "" {
		cfg.Stanza = "shop"
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = drill.Duration(5 * time.Minute)
	}
	text, err := yaml.Marshal(cfg)
	require.NoError(l.t, err)
	file := filepath.Join(l.dir, "drill.yaml")
	require.NoError(l.t, os.WriteFile(file, text, 0o644))
	cmd := l.command(l.program, "-test.run=^TestLocalChild$")
	cmd.Env = append(cmd.Env, childConfig+"="+file, fmt.Sprintf("ONGGI_TEST_DRAW=%v", draw))
	said, err := cmd.CombinedOutput()
	require.NoError(l.t, err, "%s", said)
	data, err := os.ReadFile(file + ".out")
	require.NoError(l.t, err)
	var o drill.Outcome
	require.NoError(l.t, json.Unmarshal(data, &o))
	require.NoDirExists(l.t, filepath.Join(cfg.Volume, "pgdata"), "what was restored is removed")
	return o
}

func counts(expect string) []drill.Check {
	return []drill.Check{{Name: "orders", Database: "postgres", SQL: "SELECT count(*) FROM orders", Expect: expect}}
}

// A drill restores what the repository has, with the real pgBackRest and a real server, and says what it found.
func TestLocal(t *testing.T) {
	l := newLab(t)

	o := l.drill(drill.Local{Point: drill.Newest, Checks: counts("= 300"), Amcheck: true}, 0)
	require.True(t, o.OK || amcheckMissing(o), o.Text())
	require.NotNil(t, o.Recovered)
	t.Log(o.Text())

	o = l.drill(drill.Local{Point: drill.Newest, Checks: counts("= 301")}, 0)
	require.False(t, o.OK)
	require.Equal(t, "a check failed: orders", o.Reason)

	// A random position of the log lies between the first backup's end and the last one's.
	for draw, rows := range map[float64]string{0: "= 100", 0.9999: "= 200"} {
		o = l.drill(drill.Local{Point: drill.Random, Checks: counts(rows)}, draw)
		require.True(t, o.OK, o.Text())
	}

	o = l.drill(drill.Local{Point: drill.Newest, Stanza: "other", Checks: counts("= 300")}, 0)
	require.False(t, o.OK)
	require.Contains(t, o.Reason, "there is no backup of stanza other to restore")

	o = l.drill(drill.Local{Point: drill.Newest, Timeout: drill.Duration(50 * time.Millisecond)}, 0)
	require.False(t, o.OK)
	require.Contains(t, o.Reason, "it was not done within")

	// The log is gone that the newest backup needs to become consistent.
	logs, err := filepath.Glob(filepath.Join(l.dir, "repository", "archive", "shop", "*-1"))
	require.NoError(t, err)
	require.Len(t, logs, 1)
	require.NoError(t, os.RemoveAll(logs[0]))
	o = l.drill(drill.Local{Point: drill.Newest, Checks: counts("= 300")}, 0)
	require.False(t, o.OK)
	require.Contains(t, o.Reason, "the restored server ended: ")
}

// amcheckMissing: the extension is a package of its own on some machines.
func amcheckMissing(o drill.Outcome) bool {
	for _, r := range o.Checks {
		if r.Name != drill.AmcheckName && !r.Passed {
			return false
		}
	}
	return o.Reason == "a check failed: "+drill.AmcheckName
}

func TestRandomPoint(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 11, n, 3, 0, 0, 0, time.UTC) }
	backups := []backup.Backup{
		{Label: "a", Stop: day(1), LSNStop: "0/1000"}, {Label: "b", Stop: day(2), LSNStop: "0/2000"}, {Label: "c", Stop: day(3), LSNStop: "1/0"},
	}
	for _, tt := range []struct {
		since      time.Time
		draw       float64
		label, lsn string
	}{
		{time.Time{}, 0, "a", "0/1000"},
		{time.Time{}, 0.5, "b", "0/80000800"},
		{day(2), 0, "b", "0/2000"},
		{day(3), 0.7, "c", "1/0"},
		{day(9), 0.7, "c", "1/0"}, // nothing is inside: the newest
	} {
		label, lsn, err := randomPoint(backups, tt.since, tt.draw)
		require.NoError(t, err)
		require.Equal(t, tt.label+" "+tt.lsn, label+" "+lsn)
	}
	for _, end := range []string{"?", "0/1000 and more"} {
		_, _, err := randomPoint([]backup.Backup{{Label: "a", LSNStop: end}}, time.Time{}, 0)
		require.ErrorContains(t, err, "end of backup a: ")
	}
}
