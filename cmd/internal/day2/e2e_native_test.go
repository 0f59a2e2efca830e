package day2_test

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/cmd/internal/day2/status"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/sidecars/capture"
	"github.com/onggi-db/onggi/sidecars/kube/nodetest"
	"github.com/onggi-db/onggi/sidecars/postgres/pgtest"
)

var shopSpec = `apiVersion: onggi.dev/v1alpha1
kind: DatabaseCluster
metadata: {name: shop, namespace: databases}
spec:
  version: "` + pgtest.Major() + `"
  backend: native
  instances: 3
  storage: {size: 1Gi}
  parameters: {shared_buffers: 16MB}
  replication: {mode: quorum, minSync: 1}
  superuser: {secret: shop-superuser}
  secrets:
    existing: [{name: shop-superuser}, {name: shop-replication}, {name: shop-agent}]
`

// status is what onggi status -o json says now.
func (l *lab) status(args ...string) (status.Status, int) {
	l.t.Helper()
	r := l.run(append([]string{"status", "shop", "-o", "json"}, args...)...)
	var s status.Status
	if r.out != "" {
		require.NoError(l.t, json.Unmarshal([]byte(r.out), &s), r.out+r.err)
	}
	return s, r.code
}

// well waits until all members are, and one of them leads: the one that is named, or anybody.
func (l *lab) well(primary string) status.Status {
	l.t.Helper()
	var now status.Status
	l.eventually(2*time.Minute, "three members are well, and the primary is "+primary, func() bool {
		var code int
		now, code = l.status()
		return code == 0 && len(now.Members) == 3 && (primary == "" || now.Primary == primary)
	})
	return now
}

// writes are the commands in containers that change something, since the last call.
func (l *lab) writes() []string {
	var out []string
	for _, command := range l.commands() {
		if !strings.Contains(command, "ctl status") && !strings.Contains(command, "ctl backups") && !strings.Contains(command, "psql") {
			out = append(out, command)
		}
	}
	return out
}

// TestEndToEnd runs the verbs against three real servers under real agents, through a real API server. Each part begins with a cluster
// that is well.
func TestEndToEnd(t *testing.T) {
	l := newLab(t)
	spec := filepath.Join(l.dir, "shop.yaml")
	l.write(spec, shopSpec)
	l.native(l.rendered(spec))
	l.well("")
	for _, part := range []struct {
		name string
		do   func(*testing.T, *lab)
	}{
		{"what is shown", shown}, {"whoever may not exec", restricted}, {"psql", psql}, {"psql on a terminal", terminal}, {"logs", logs},
		{"refusals write nothing", refusals}, {"an operator's objects", operators}, {"switchover", switchover}, {"pause", pause}, {"one member", oneMember},
		{"backups", backups}, {"down", down},
	} {
		require.True(t, t.Run(part.name, func(t *testing.T) {
			was := l.t
			l.t = t
			defer func() { l.t = was }()
			l.well("")
			l.commands()
			part.do(t, l)
		}), "what comes after needs a cluster that is well")
	}
}

func shown(t *testing.T, l *lab) {
	now := l.well("")
	r := l.run("status", "shop")
	t.Logf("\n%s", r.out)
	require.Zero(t, r.code)
	require.True(t, strings.HasPrefix(r.out, "shop in namespace databases (native): healthy\n"), r.out)
	require.Contains(t, r.out, "commits     required: 1 of shop-")
	require.NotContains(t, r.out, "\x1b", "no colours where there is no terminal")
	require.Equal(t, "shop-primary", now.Record.Lease)
	require.Equal(t, now.Primary, now.Record.Holder)
	require.Len(t, now.Commits.Of, 2)
	standbys := 0
	for _, m := range now.Members {
		require.Equal(t, "Running", m.Pod)
		require.NotEmpty(t, m.Version)
		require.NotNil(t, m.Volume, "as the claim says")
		require.NotNil(t, m.Free, "as the agent says")
		require.InEpsilon(t, 2, float64(*m.Volume)/float64(*m.Free), 0.2)
		if m.Role != status.Primary {
			require.NotNil(t, m.Lag, m.Name)
			require.NotNil(t, m.ReplayLag, m.Name)
			require.True(t, m.Candidate, m.Name)
			standbys++
		}
	}
	require.Equal(t, 2, standbys)
	l.record("admin", namespace, "shop", "native-healthy")

	yaml := l.run("status", filepath.Join(l.dir, "shop.yaml"), "-o", "yaml")
	require.Zero(t, yaml.code, yaml.err)
	require.Contains(t, yaml.out, "health: healthy")
	none := l.run("status", "shop", "-n", "elsewhere")
	require.Equal(t, 6, none.code)
	require.Contains(t, none.err, "there is no database shop in namespace elsewhere: no StatefulSet, Cluster,")

	less := l.run("scale", "shop", "--query")
	t.Logf("\n%s", less.out)
	require.Contains(t, less.out, "would go: shop-2")
	one := l.run("scale", "shop", "--query", "--to", "1")
	require.Equal(t, 1, one.code)
	require.Contains(t, one.out, "commits wait for 1 standby, and 0 would be there: they would wait for ever")
	require.Empty(t, l.writes())

	watched := exec.Command(l.onggi, "status", "shop", "--watch=500ms")
	var out bytes.Buffer
	watched.Env, watched.Stdout = append(os.Environ(), "KUBECONFIG="+l.config("admin")), &out
	require.NoError(t, watched.Start())
	time.Sleep(4 * time.Second)
	require.NoError(t, watched.Process.Signal(os.Interrupt))
	require.NoError(t, watched.Wait(), "a watch that is stopped is done")
	require.Greater(t, strings.Count(out.String(), "(native): healthy"), 1)
}

// restricted: who may only look sees what the API server knows. Who may create pods/exec, and not get it, is enough to ask members.
func restricted(t *testing.T, l *lab) {
	rules := []any{
		manifest.Map{"apiGroups": []any{"apps", ""}, "resources": []any{"statefulsets", "deployments", "pods"}, "verbs": []any{"get", "list"}},
	}
	role := func() {
		l.apply("rbac.authorization.k8s.io/v1", "roles", namespace, manifest.Map{"kind": "Role", "metadata": manifest.Map{"name": "viewer"}, "rules": rules})
	}
	refused := l.runAs("viewer", nil, "status", "shop")
	require.Equal(t, 6, refused.code)
	require.Contains(t, refused.err, `cannot get resource "statefulsets"`)
	role()
	l.apply("rbac.authorization.k8s.io/v1", "rolebindings", namespace, manifest.Map{
		"kind": "RoleBinding", "metadata": manifest.Map{"name": "viewer"},
		"roleRef":  manifest.Map{"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "viewer"},
		"subjects": []any{manifest.Map{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "viewer"}},
	})
	l.eventually(20*time.Second, "the right to look works", func() bool { return l.runAs("viewer", nil, "status", "shop").code == 0 })
	r := l.runAs("viewer", nil, "status", "shop")
	t.Logf("\n%s", r.out)
	require.Contains(t, r.out, "note: members were not asked: that takes the right to create pods/exec in namespace databases")
	require.Contains(t, r.out, `note: the record is not known: read leases.coordination.k8s.io/shop-primary: leases.coordination.k8s.io "shop-primary" is forbidden`)
	require.Contains(t, r.out, "primary     shop-")
	l.record("viewer", namespace, "shop", "native-not-asked")
	rules = append(rules, manifest.Map{"apiGroups": []any{""}, "resources": []any{"pods/exec"}, "verbs": []any{"create"}})
	role()
	l.eventually(20*time.Second, "the right to exec works", func() bool {
		return !strings.Contains(l.runAs("viewer", nil, "status", "shop").out, "members were not asked")
	})
	require.Contains(t, l.runAs("viewer", nil, "status", "shop").out, "streaming")
}

func psql(t *testing.T, l *lab) {
	r := l.run("psql", "shop", "--", "-XAtc", "select 40 + 2, pg_is_in_recovery()")
	require.Equal(t, outcome{0, "42|f\n", ""}, r)
	r = l.run("psql", "shop", "--replica", "--", "-XAtc", "select pg_is_in_recovery()")
	require.Equal(t, outcome{0, "t\n", ""}, r)
	r = l.runAs("admin", strings.NewReader("create table t (n int);\ninsert into t select generate_series(1, 1000);\nselect sum(n) from t;\n"), "psql", "shop", "--", "-XAtq")
	require.Equal(t, outcome{0, "500500\n", ""}, r)
	r = l.run("psql", "shop", "--", "-XAtc", "select 1 / 0")
	require.Equal(t, 1, r.code, "psql's own exit code")
	require.Contains(t, r.err, "division by zero")
	r = l.run("psql", "shop", "-d", "app")
	require.Equal(t, 2, r.code)
	r = l.run("psql", "shop", "select 1")
	require.Equal(t, 2, r.code)
	require.Contains(t, r.err, "comes after --: onggi psql shop -- select 1")
}

// terminal types into a terminal, as a person does.
func terminal(t *testing.T, l *lab) {
	master, slave, err := nodetest.OpenTerminal()
	require.NoError(t, err)
	defer master.Close()
	cmd := exec.Command(l.onggi, "psql", "shop", "--", "-X")
	cmd.Env = append(os.Environ(), "KUBECONFIG="+l.config("admin"), "TERM=xterm")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	require.NoError(t, cmd.Start())
	require.NoError(t, slave.Close())
	var seen capture.Output
	go func() { _, _ = io.Copy(&seen, master) }()
	l.eventually(30*time.Second, "psql prompts", func() bool { return strings.Contains(seen.String(), "postgres=#") })
	_, err = master.WriteString("select 6 * 7 as answer;\r")
	require.NoError(t, err)
	l.eventually(10*time.Second, "it answers: "+seen.String(), func() bool { return strings.Contains(seen.String(), "     42") })
	_, err = master.WriteString("\\q\r")
	require.NoError(t, err)
	require.NoError(t, cmd.Wait())
	require.NotContains(t, seen.String(), "WARNING")
}

func logs(t *testing.T, l *lab) {
	now := l.well("")
	r := l.run("logs", "shop")
	require.Zero(t, r.code, r.err)
	for _, m := range now.Members {
		require.Contains(t, r.out, "\n"+m.Name+"/agent    | ", "each line is behind its member and container")
		require.Contains(t, r.out, "\n"+m.Name+"/database | ")
	}
	r = l.run("logs", "shop", "--role", "primary", "-c", "database", "--tail", "3")
	require.Zero(t, r.code, r.err)
	require.Equal(t, 3, strings.Count(r.out, now.Primary+"/database | "))
	require.Len(t, strings.Split(strings.TrimSpace(r.out), "\n"), 3)
	r = l.run("logs", "shop", "-c", "elsewhere")
	require.Equal(t, 6, r.code)

	followed := exec.Command(l.onggi, "logs", "shop", "-f", "--tail", "0", "--role", "primary", "-c", "database")
	var seen capture.Output
	followed.Env, followed.Stdout = append(os.Environ(), "KUBECONFIG="+l.config("admin")), &seen
	require.NoError(t, followed.Start())
	defer func() { _ = followed.Process.Kill(); _ = followed.Wait() }()
	l.eventually(30*time.Second, "what is logged later is followed: "+seen.String(), func() bool {
		require.Zero(t, l.run("psql", "shop", "--", "-Xqc", "do $$ begin raise log 'onggi was here'; end $$").code)
		return strings.Contains(seen.String(), now.Primary+"/database | ") && strings.Contains(seen.String(), "onggi was here")
	})
}

// refusals: nothing is run in a container, and the record stays as it was.
func refusals(t *testing.T, l *lab) {
	before := l.well("")
	for _, row := range []struct {
		args, said string
		code       int
	}{
		{"switchover shop", "Switch shop over from " + before.Primary + " to whoever is best? Nobody is here to be asked: --yes goes ahead", 2},
		{"switchover shop --to shop-9 --yes", "shop-9 is not a member of shop: members are shop-0, shop-1, shop-2", 2},
		{"switchover shop --yes --to " + before.Primary, before.Primary + " is the primary already", 1},
		{"failover shop --yes", "failover needs a member: members are shop-0, shop-1, shop-2", 2},
		{"reinit shop --yes --member " + before.Primary, before.Primary + " is the primary: others copy from it: onggi switchover shop first", 1},
		{"restart shop", "Restart postgres of shop-", 2},
		{"pause shop", "Turn automatic failover of shop off? Nobody is here to be asked", 2},
		{"fence shop --member shop-0", "Stop postgres of shop-0 and keep it stopped? Nobody is here to be asked", 2},
		{"backup now shop --type huge", `there is no backup of type "huge": choose full, diff or incr`, 2},
		{"scale shop", "the number of members is instances in the spec", 2},
		{"status shop --backend lion", `there is no back end "lion"`, 2},
	} {
		r := l.run(strings.Fields(row.args)...)
		require.Equal(t, row.code, r.code, "%s: %s", row.args, r.err)
		require.Contains(t, r.err, row.said, row.args)
		require.Empty(t, r.out, row.args)
	}
	require.Empty(t, l.writes())
	after := l.well(before.Primary)
	require.Equal(t, before.Record.Term, after.Record.Term)

	r := l.run("restart", "shop", "--pending", "--yes")
	require.Equal(t, outcome{0, "no member waits for a restart\n", ""}, r)
}

func switchover(t *testing.T, l *lab) {
	before := l.well("")
	to := standby(before.Primary)
	r := l.run("switchover", "shop", "--to", to, "--yes")
	t.Logf("%s%s", r.out, r.err)
	require.Zero(t, r.code, r.err)
	require.Equal(t, []string{before.Primary + "/agent: onggi-agent ctl switchover --leader " + before.Primary + " --candidate " + to + " --yes"}, l.writes())
	after := l.well(to)
	require.Equal(t, before.Timeline+1, after.Timeline)
	require.NotEmpty(t, after.History)
	r = l.run("psql", "shop", "--", "-XAtc", "select sum(n) from t")
	require.Equal(t, outcome{0, "500500\n", ""}, r, "nothing is lost")

	at := time.Now().Add(time.Hour).UTC().Format("2006-01-02T15:04:05Z07:00")
	r = l.run("switchover", "shop", "--scheduled", at, "--yes")
	require.Zero(t, r.code, r.err)
	l.eventually(20*time.Second, "the switchover to come is told", func() bool {
		now, _ := l.status()
		return now.Switchover != nil && now.Switchover.At != ""
	})
	l.record("admin", namespace, "shop", "native-scheduled")
	require.Zero(t, l.run("switchover", "shop", "--cancel").code)
}

func pause(t *testing.T, l *lab) {
	require.Zero(t, l.run("pause", "shop", "--yes").code)
	var r outcome
	l.eventually(20*time.Second, "it is paused", func() bool { r = l.run("status", "shop"); return r.code == 1 })
	require.Contains(t, r.out, "! nobody fails over: paused (onggi resume shop)")
	l.record("admin", namespace, "shop", "native-paused")
	require.Zero(t, l.run("resume", "shop").code)
	l.well("")
}

// oneMember restarts, fences and copies a replica.
func oneMember(t *testing.T, l *lab) {
	before := l.well("")
	i := 0
	for before.Members[i].Role == status.Primary {
		i++
	}
	was := before.Members[i]
	r := l.run("restart", "shop", "--member", was.Name, "--yes")
	require.Zero(t, r.code, r.err)
	l.eventually(time.Minute, "it has restarted", func() bool {
		now, _ := l.status()
		m, _ := now.Member(was.Name)
		return m.Started != was.Started && m.State == "streaming"
	})
	l.well(before.Primary)

	require.Zero(t, l.run("fence", "shop", "--member", was.Name, "--yes").code)
	l.eventually(30*time.Second, "it is fenced", func() bool {
		r = l.run("status", "shop")
		return r.code == 1 && strings.Contains(r.out, "! "+was.Name+" is fenced (onggi fence shop --member "+was.Name+" --off)")
	})
	t.Logf("\n%s", r.out)
	l.record("admin", namespace, "shop", "native-fenced")
	require.Zero(t, l.run("fence", "shop", "--member", was.Name, "--off").code)
	l.well(before.Primary)

	r = l.run("reinit", "shop", "--member", was.Name, "--yes")
	require.Zero(t, r.code, r.err)
	l.well(before.Primary)
	r = l.run("failover", "shop", "--to", was.Name, "--yes")
	require.Zero(t, r.code, r.err)
	l.well(was.Name)
}
