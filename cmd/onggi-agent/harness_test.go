package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/capture"
	"github.com/onggi-db/onggi/sidecars/config"
	"github.com/onggi-db/onggi/sidecars/kube/kubetest"
	"github.com/onggi-db/onggi/sidecars/postgres/pgtest"
)

var bindir = pgtest.Bin()

const (
	// buildTags and notInlined are those of a release: nothing here speaks HTTP/2, and the text of a program is memory of every pod.
	buildTags  = "nethttpomithttp2"
	notInlined = "-gcflags=github.com/onggi-db/onggi/...=-l"
)

// need skips where the machine lacks something, or fails where it has to be there.
func need(t *testing.T, ok bool, what string) {
	t.Helper()
	if ok {
		return
	}
	if os.Getenv("ONGGI_REQUIRE_TOOLS") == "1" {
		t.Fatalf("needs %s", what)
	}
	t.Skipf("needs %s", what)
}

// e2e skips a test that takes minutes, unless a target of the Makefile asks for it.
func e2e(t *testing.T, variable string) {
	t.Helper()
	if os.Getenv(variable) == "" {
		t.Skipf("takes minutes: %s is not set, as a target of make does", variable)
	}
}

// lab is a cluster of pods on loopback addresses: each with a supervisor as PID 1 of a namespace, a sidecar and a volume, before an API server
// inside the test. The test plays the kubelet.
type lab struct {
	t        *testing.T
	dir      string
	program  string
	uid, gid int
	api      *kubetest.Server
	pods     []*pod
	port     int
	net      int         // second number of its addresses: two labs of one test are on two networks
	secure   *tls.Config // how agents are asked; nil: in plain text
	queries  string      // of the exporter's, beside those of every cluster
}

// ask is an HTTP client for agents, and url is where one of them answers.
func (l *lab) ask(timeout time.Duration) *http.Client {
	return &http.Client{Timeout: timeout, Transport: &http.Transport{TLSClientConfig: l.secure, DisableKeepAlives: true}}
}

func (p *pod) url(path string) string {
	scheme := "http"
	if p.lab.secure != nil {
		scheme = "https"
	}
	return fmt.Sprintf("%s://%s:%d%s", scheme, p.ip, p.lab.port+1, path)
}

// labs counts them.
var labs atomic.Int64

type pod struct {
	lab        *lab
	name, ip   string
	dir        string
	wal        string // a volume for the log; "": there is none
	program    string // a copy of its own, as on a node of its own: what processes weigh is not shared with other pods
	uid        string
	node       string    // what NODE_NAME says; default node
	supervisor *exec.Cmd // unshare; its child is PID 1
	sidecar    *exec.Cmd
	gone       chan struct{} // closed when the supervisor ended
	left       chan struct{} // closed when the sidecar ended
	log        *capture.Output

	endExporter func()
}

func newLab(t *testing.T, members int, more string) *lab {
	t.Helper()
	need(t, os.Getuid() == 0, "root, to make PID namespaces")
	for _, tool := range []string{"unshare", "setpriv"} {
		_, err := exec.LookPath(tool)
		need(t, err == nil, tool+" (util-linux)")
	}
	_, err := os.Stat(bindir)
	need(t, err == nil, "PostgreSQL in "+pgtest.Bin())
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(more))
	l := &lab{t: t, net: 77 + int(sum.Sum32()%150), port: 20000 + os.Getpid()%1500*8 + int(labs.Add(1))%4*2} // up to four labs of one process run side by side
	u, err := user.Lookup("postgres")
	require.NoError(t, err)
	l.uid, _ = strconv.Atoi(u.Uid)
	l.gid, _ = strconv.Atoi(u.Gid)
	l.dir, err = os.MkdirTemp("", "agent")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(l.dir) })
	require.NoError(t, os.Chmod(l.dir, 0o755))
	l.program = filepath.Join(l.dir, "onggi-agent")
	build := []string{"build", "-trimpath", "-tags", buildTags, notInlined, "-o", l.program}
	if os.Getenv("ONGGI_RACE") == "1" { // for nights: the processes of the pods look for races too
		build = append(build, "-race")
	}
	out, err := exec.Command("go", append(build, ".")...).CombinedOutput()
	require.NoError(t, err, string(out))
	l.api, err = kubetest.New(kubetest.Config{})
	require.NoError(t, err)
	t.Cleanup(l.api.Close)
	for i := range members {
		l.addPod(i, members, more)
	}
	t.Cleanup(l.tell)
	return l
}

func (l *lab) write(name, content string) {
	l.t.Helper()
	require.NoError(l.t, os.WriteFile(name, []byte(content), 0o600))
	require.NoError(l.t, os.Chown(name, l.uid, l.gid))
}

// start starts all pods.
func (l *lab) start() {
	for _, p := range l.pods {
		p.start()
	}
}

func (l *lab) mkdir(name string) {
	l.t.Helper()
	require.NoError(l.t, os.MkdirAll(name, 0o700))
	require.NoError(l.t, os.Chown(name, l.uid, l.gid))
}

// addPod makes a volume and a configuration.
func (l *lab) addPod(i, instances int, more string) *pod {
	p := &pod{lab: l, name: fmt.Sprintf("shop-%d", i), ip: fmt.Sprintf("127.%d.%d.%d", l.net, l.port%250, i+1), log: &capture.Output{}}
	p.dir = filepath.Join(l.dir, strconv.Itoa(i))
	for _, dir := range []string{p.dir, p.dir + "/vol", p.dir + "/run", p.dir + "/run/postgres"} {
		l.mkdir(dir)
	}
	p.program = p.dir + "/onggi-agent"
	// By a process of its own: had this one the file open, what another test forks meanwhile would have it too, and nobody could run it until that
	// has become another program.
	out, err := exec.Command("cp", l.program, p.program).CombinedOutput()
	require.NoError(l.t, err, string(out))
	l.write(p.dir+"/super", "secret")
	l.write(p.dir+"/replication", "secret too")
	l.write(p.dir+"/token", "a token of the members")
	l.write(p.dir+"/config.yaml", fmt.Sprintf(`
cluster: shop
instances: %d
profile: %s
postgres:
  bin: %s
  volume: %s/vol
  port: %d
  listen: %s
  superuserPasswordFile: %s/super
  replicationPasswordFile: %s/replication
  hba: ["host all all 127.0.0.0/8 trust"]
  parameters: {shared_buffers: 16MB}
listen: {port: %d, tokenFile: %s/token}
kubernetes: {server: "%s"}
run: {dir: %s/run, terminationLog: %s/run/termination, graceSeconds: 30}
%s
`, instances, cmp.Or(os.Getenv("ONGGI_PROFILE"), "fast"), bindir, p.dir, l.port, p.ip, p.dir, p.dir, l.port+1, p.dir, l.api.URL, p.dir, p.dir, strings.ReplaceAll(more, "LAB", l.dir)))
	l.pods = append(l.pods, p)
	return p
}

// start makes the pod's object and both of its processes.
func (p *pod) start() {
	p.lab.t.Helper()
	p.uid = fmt.Sprintf("uid-%s-%d", p.name, time.Now().UnixNano())
	p.lab.api.Put("pods", kubetest.Object{
		"metadata": map[string]any{"name": p.name, "namespace": "db", "uid": p.uid, "labels": map[string]any{"app.kubernetes.io/instance": "shop"}},
	})
	p.startSupervisor()
	p.startSidecar()
}

func (p *pod) command(argv ...string) *exec.Cmd {
	as := []string{"setpriv", "--reuid=" + strconv.Itoa(p.lab.uid), "--regid=" + strconv.Itoa(p.lab.gid), "--clear-groups", "--"}
	argv = append(as, argv...)
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir = "/"
	cmd.Stdout, cmd.Stderr = p.log, p.log
	cmd.Env = append(os.Environ(), "HOME="+p.lab.dir, "POD_NAME="+p.name, "POD_UID="+p.uid, "POD_IP="+p.ip, "POD_NAMESPACE=db", "NODE_NAME="+cmp.Or(p.node, "node"))
	if p.wal != "" {
		cmd.Env = append(cmd.Env, config.WALVolume+"="+p.wal)
	}
	return cmd
}

func (p *pod) startSupervisor() {
	p.lab.t.Helper()
	inside := p.command(p.program, "supervise", "--config", p.dir+"/config.yaml")
	p.supervisor = exec.Command("unshare", append([]string{"--pid", "--fork", "--kill-child", "--mount-proc"}, inside.Args...)...)
	p.supervisor.Dir, p.supervisor.Stdout, p.supervisor.Stderr, p.supervisor.Env = "/", p.log, p.log, inside.Env
	require.NoError(p.lab.t, p.supervisor.Start())
	gone, cmd := make(chan struct{}), p.supervisor
	p.gone = gone
	go func() {
		_ = cmd.Wait()
		p.reportTerminated()
		close(gone)
	}()
	p.lab.t.Cleanup(func() {
		// setpriv has made the kernel forget that unshare takes its child along, so PID 1 is ended by hand: it takes the namespace along.
		if pid := childOf(cmd); pid > 1 {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		end(cmd, gone)
	})
}

// reportTerminated is the kubelet's report of a container that ended.
func (p *pod) reportTerminated() {
	said, _ := os.ReadFile(p.dir + "/run/termination")
	p.lab.api.Change("pods", "db", p.name, func(o kubetest.Object) {
		o["status"] = map[string]any{"containerStatuses": []any{map[string]any{
			"name": "database", "state": map[string]any{"terminated": map[string]any{"exitCode": 137, "reason": "Error", "message": string(said)}},
		}}}
	})
}

func (p *pod) startSidecar() {
	p.lab.t.Helper()
	p.sidecar = p.command(p.program, "run", "--config", p.dir+"/config.yaml")
	require.NoError(p.lab.t, p.sidecar.Start())
	left, cmd := make(chan struct{}), p.sidecar
	p.left = left
	go func() { _ = cmd.Wait(); close(left) }()
	p.lab.t.Cleanup(func() { end(cmd, left) })
}

// end kills a process that this test started, and waits for it.
func end(cmd *exec.Cmd, gone chan struct{}) {
	_ = cmd.Process.Kill()
	select {
	case <-gone:
	case <-time.After(5 * time.Second):
	}
}

// one is the supervisor's pid as the machine sees it.
func (p *pod) one() int { return childOf(p.supervisor) }

// childOf is the only child of unshare.
func childOf(cmd *exec.Cmd) int {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", cmd.Process.Pid, cmd.Process.Pid))
	pid, _ := strconv.Atoi(strings.TrimSpace(string(b)))
	return pid
}

// killDatabase is the end of the database container, as by the out-of-memory killer.
func (p *pod) killDatabase() {
	p.lab.t.Helper()
	require.NoError(p.lab.t, syscall.Kill(p.one(), syscall.SIGKILL))
	<-p.gone
}

// tell shows what the pods printed, if the test failed.
func (l *lab) tell() {
	if !l.t.Failed() && os.Getenv("ONGGI_SHOW") == "" {
		return
	}
	for _, p := range l.pods {
		l.t.Logf("==== %s\n%s", p.name, p.log)
	}
}

// eventually waits for what has to come. A quiet machine has it within that time; on a busy one it may take minutes, and that is told.
func (l *lab) eventually(within time.Duration, what string, ok func() bool) time.Duration {
	l.t.Helper()
	begun, wait := time.Now(), max(within, soon)
	for end := begun.Add(wait); ; time.Sleep(20 * time.Millisecond) {
		if ok() {
			took := time.Since(begun)
			if took > within {
				l.t.Logf("%s: after %s, and a quiet machine has it within %s", what, took.Round(time.Millisecond), within)
			}
			return took
		}
		if time.Now().After(end) {
			require.FailNow(l.t, fmt.Sprintf("not within %s: %s", wait, what))
		}
	}
}

// get asks the REST API of a pod.
func (p *pod) get(path string) (int, map[string]any) {
	answer, err := p.lab.ask(time.Second).Get(p.url(path))
	if err != nil {
		return 0, nil
	}
	defer answer.Body.Close()
	var body map[string]any
	_ = json.NewDecoder(answer.Body).Decode(&body)
	return answer.StatusCode, body
}

// primary is the pod that says it is, nil for none. More than one fail the test.
func (l *lab) primary() *pod {
	l.t.Helper()
	var found *pod
	for _, p := range l.pods {
		if !p.saysPrimary() {
			continue
		}
		// They are asked one after the other, and the lead may move meanwhile: two are two if the first still says so after the second did.
		if found != nil && found.saysPrimary() {
			require.FailNow(l.t, "two primaries", "%s and %s", found.name, p.name)
		}
		found = p
	}
	return found
}

func (p *pod) saysPrimary() bool {
	code, _ := p.get("/primary")
	return code == http.StatusOK
}

// sql runs statements on a pod's postgres over the network.
func (p *pod) sql(text string) (string, error) { return p.query("postgres", text, 3*time.Second) }

// in is sql in another database, for what takes longer too.
func (p *pod) in(database, text string) (string, error) {
	return p.query(database, text, 30*time.Second)
}

func (p *pod) query(database, text string, within time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	conn, err := pgconn.Connect(ctx, fmt.Sprintf("host=%s port=%d user=postgres dbname=%s sslmode=disable", p.ip, p.lab.port, database))
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	results, err := conn.Exec(ctx, text).ReadAll()
	if err != nil || len(results) == 0 || len(results[0].Rows) == 0 {
		return "", err
	}
	return string(results[0].Rows[0][0]), nil
}

// label is the role that the pod's object says.
func (p *pod) label() string {
	o, ok := p.lab.api.Get("pods", "db", p.name)
	if !ok {
		return ""
	}
	labels, _ := o["metadata"].(map[string]any)["labels"].(map[string]any)
	role, _ := labels["onggi.dev/role"].(string)
	return role
}
