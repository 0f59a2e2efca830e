package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/backend/native"
	"github.com/onggi-db/onggi/render/dump"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/sidecars/postgres/pgtest"
)

const dumpPassword = `it's a \ long: "password"`

var dumpedSpec = `
apiVersion: onggi.dev/v1alpha1
kind: DatabaseCluster
metadata: {name: shop, namespace: db}
spec:
  version: "` + pgtest.Major() + `"
  backend: native
  instances: 3
  storage: {size: 1Gi}
  backup:
    %s
    dumps:
      - {name: nightly, schedule: "0 2 * * *", keep: 2}
      - {name: orders, schedule: "0 3 * * 0", databases: [late], globals: false, retention: 30d}
  databases: [{name: early}, {name: late, owner: early}]
  secrets: {provider: existing}
`

// dumps is what the renderer makes of the spec, for a store of the tests.
type dumps struct {
	*lab
	program string
	store   store
	jobs    map[string]dumpJob
	hosts   string
}

// dumpJob is a rendered CronJob's command line, with the paths of its pod as they are here.
type dumpJob struct {
	command []string
	config  string
}

// newDumps starts a cluster that archives to the store, and puts what is rendered for dumps beside it.
func newDumps(t *testing.T, s store, where, keys string) *dumps {
	d := &dumps{lab: clusterIn(t, s, 3, "/databases", ""), store: s, jobs: map[string]dumpJob{}}
	bundle := compiled(t, fmt.Sprintf(dumpedSpec, where))
	d.program = filepath.Join(d.dir, "pod", "onggi", "onggi")
	for _, dir := range []string{"", "/scratch", "/run", "/secrets", "/secrets/dump", "/repository", "/onggi"} {
		d.mkdir(d.dir + "/pod" + dir)
	}
	build := exec.Command("go", "build", "-o", d.program, "../onggi")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	d.write(d.dir+"/pod/secrets/dump/password", dumpPassword+"\n")
	for name, text := range map[string]string{"key": "access\n", "secret": "secret of s3\n", "passphrase": "of the repository\n"} {
		d.write(d.dir+"/pod/repository/"+name, text)
	}
	if ca, err := os.ReadFile(d.dir + "/ca.crt"); err == nil {
		d.write(d.dir+"/pod/repository/ca.crt", string(ca))
	}
	placed := strings.NewReplacer(
		"/etc/onggi/secrets", d.dir+"/pod/secrets", "/etc/onggi/repository", d.dir+"/pod/repository", "/etc/onggi/dump", d.dir+"/pod",
		"/run/onggi", d.dir+"/pod/run", "/scratch", d.dir+"/pod/scratch", "port: 5432", fmt.Sprintf("port: %d", d.port),
		"/repository/backups", keys, "/onggi/onggi", d.program,
	)
	for _, o := range bundle.Objects {
		name, ours := strings.CutPrefix(o.Ref().Name, "shop-dump-")
		if !ours {
			continue
		}
		job := d.jobs[name]
		switch o.Ref().Kind {
		case "ConfigMap":
			job.config = d.dir + "/pod/" + name + ".yaml"
			d.write(job.config, placed.Replace(manifest.Text(o.Body(), "data", "dump.yaml")))
		case "CronJob":
			containers, _ := manifest.Get(o.Body(), "spec", "jobTemplate", "spec", "template", "spec", "containers")
			for _, word := range containers.([]any)[0].(manifest.Map)["command"].([]any) {
				job.command = append(job.command, strings.Replace(placed.Replace(word.(string)), "/dump.yaml", "/"+name+".yaml", 1))
			}
		}
		d.jobs[name] = job
	}
	require.Len(t, d.jobs, 2)
	var hosts strings.Builder
	fmt.Fprintln(&hosts, "127.0.0.1 localhost")
	for _, p := range d.pods {
		fmt.Fprintln(&hosts, p.ip, "shop-pods")
	}
	d.hosts = d.dir + "/hosts"
	require.NoError(t, os.WriteFile(d.hosts, []byte(hosts.String()), 0o644))
	d.write(d.dir+"/dump", dumpPassword+"\n")
	var lines []string
	for _, line := range native.File(bundle.Plan).Postgres.HBA {
		if strings.Contains(line, "onggi_dump") {
			lines = append(lines, strconv.Quote(line))
		}
	}
	require.Len(t, lines, 2)
	for _, p := range d.pods {
		text, err := os.ReadFile(p.dir + "/config.yaml")
		require.NoError(t, err)
		with := strings.Replace(string(text), `hba: [`, "dumpPasswordFile: "+d.dir+"/dump\n  hba: ["+strings.Join(lines, ", ")+", ", 1)
		d.write(p.dir+"/config.yaml", with)
	}
	return d
}

// dumpsInFolder keeps backups and dumps in a folder, which is returned too.
func dumpsInFolder(t *testing.T) (*dumps, string) {
	s := folder(t)
	dir := strings.TrimSuffix(strings.TrimPrefix(s.repository(""), "{type: posix, path: "), "}")
	return newDumps(t, s, "destination: pvc://backups/databases", dir), dir + "/databases"
}

// command is a program as in the pod: as its user, with the servers' programs on the PATH, in a namespace where shop-pods is a name.
func (d *dumps) command(argv ...string) (*exec.Cmd, *bytes.Buffer, *bytes.Buffer) {
	inside := append([]string{
		"unshare", "--mount", "sh", "-c", `mount --bind "$0" /etc/hosts && exec "$@"`, d.hosts,
		"setpriv", "--reuid=" + strconv.Itoa(d.uid), "--regid=" + strconv.Itoa(d.gid), "--clear-groups", "--",
	}, argv...)
	cmd := exec.Command(inside[0], inside[1:]...)
	cmd.Env = []string{"PATH=" + bindir + ":/usr/sbin:/usr/bin:/sbin:/bin"}
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	return cmd, &out, &errs
}

func (d *dumps) onggi(argv ...string) (string, string, error) {
	cmd, out, errs := d.command(argv...)
	err := cmd.Run()
	return out.String(), errs.String(), err
}

// dump runs the CronJob's command line to its end.
func (d *dumps) dump(series string) (string, error) {
	out, errs, err := d.onggi(d.jobs[series].command...)
	return out + errs, err
}

func (d *dumps) list() []dump.Manifest {
	d.t.Helper()
	out, errs, err := d.onggi(d.program, "dump", "list", "-o", "json", "--config", d.jobs["nightly"].config)
	require.NoError(d.t, err, errs)
	var all []dump.Manifest
	require.NoError(d.t, json.Unmarshal([]byte(out), &all))
	return all
}

func (d *dumps) ids() []string {
	var ids []string
	for _, m := range d.list() {
		ids = append(ids, m.Name+"/"+m.ID)
	}
	return ids
}

// in runs statements in a database of the primary.
func (d *dumps) in(database, text string) string {
	d.t.Helper()
	p := d.primary()
	require.NotNil(d.t, p)
	conn, err := pgconn.Connect(d.t.Context(), fmt.Sprintf("host=%s port=%d user=postgres dbname=%s sslmode=disable", p.ip, d.port, database))
	require.NoError(d.t, err)
	defer conn.Close(d.t.Context())
	results, err := conn.Exec(d.t.Context(), text).ReadAll()
	require.NoError(d.t, err, text)
	if last := results[len(results)-1]; len(last.Rows) > 0 {
		return string(last.Rows[0][0])
	}
	return ""
}

const dumpRows = "SELECT count(*) || ' ' || md5(string_agg(t::text, '|' ORDER BY n)) FROM (SELECT * FROM private.orders) t"

// fill makes two databases of what is hard to dump for anybody but a superuser.
func (d *dumps) fill() {
	d.query("CREATE ROLE early LOGIN PASSWORD 'of early'")
	d.query("CREATE DATABASE early OWNER early")
	d.query("CREATE DATABASE late OWNER early")
	d.query("REVOKE CONNECT ON DATABASE late FROM PUBLIC")
	for _, name := range []string{"early", "late"} {
		d.in(name, `SET ROLE early; CREATE SCHEMA private; CREATE TABLE private.orders (n int PRIMARY KEY, what text);
			INSERT INTO private.orders SELECT n, repeat(md5(n::text), 40) FROM generate_series(1, 20000) n;
			ALTER TABLE private.orders ENABLE ROW LEVEL SECURITY; ALTER TABLE private.orders FORCE ROW LEVEL SECURITY;
			CREATE SEQUENCE private.numbers START 42; SELECT nextval('private.numbers');
			SELECT lo_from_bytea(4711, 'a large object of `+name+`')`)
	}
}

// outcome is what the exporter would read, as one that asks as it does.
func (d *dumps) outcome(series string) string {
	return d.in("postgres", "SET ROLE pg_monitor; SELECT (good IS NOT NULL) || ' ' || failures || ' ' || coalesce(bytes > 0, false) FROM onggi_dump.outcome WHERE series = '"+series+"'")
}

func (d *dumps) ready() {
	d.startAll()
	d.fill()
	d.eventually(60*time.Second, "the agent made the role of dumps", func() bool {
		p := d.primary()
		if p == nil {
			return false
		}
		n, err := p.sql("SELECT count(*) FROM pg_database d, pg_roles r WHERE rolname = 'onggi_dump' AND datallowconn AND NOT datistemplate AND has_database_privilege(r.oid, d.oid, 'CONNECT')")
		return err == nil && n == "3"
	})
	d.eventually(60*time.Second, "standbys have it all", func() bool { return d.everywhereCaughtUp() })
}

func (d *dumps) everywhereCaughtUp() bool {
	p := d.primary()
	if p == nil {
		return false
	}
	n, err := p.sql("SELECT count(*) FROM pg_stat_replication WHERE replay_lsn = pg_current_wal_lsn()")
	return err == nil && n == "2"
}
