package day2_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/sidecars/kube/kubetest"
	"github.com/onggi-db/onggi/sidecars/kube/nodetest"
	"github.com/onggi-db/onggi/sidecars/postgres/pgtest"
)

const namespace = "databases"

var postgres = pgtest.Bin()

// lab is a cluster: a real API server, nodes whose kubelets are one stand-in, and pods whose containers are real processes.
type lab struct {
	t        *testing.T
	dir      string
	onggi    string // the programs
	agent    string
	api      *kubetest.Real
	client   *http.Client
	kubelet  *nodetest.Server
	uid, gid int

	mutex sync.Mutex
	pods  map[string]*pod
	ran   []string // in containers
}

// newLab starts all but the pods. ONGGI_E2E_DAY2 names the folder of kube-apiserver and etcd.
func newLab(t *testing.T) *lab {
	t.Helper()
	bin := os.Getenv("ONGGI_E2E_DAY2")
	if bin == "" {
		t.Skip("needs kube-apiserver and etcd: run make e2e-day2")
	}
	need(t, os.Getuid() == 0, "root, to make namespaces")
	_, err := os.Stat(postgres)
	need(t, err == nil, "PostgreSQL in "+pgtest.Bin())
	_, err = exec.LookPath("pgbackrest")
	need(t, err == nil, "pgbackrest")
	l := &lab{t: t, pods: map[string]*pod{}}
	u, err := user.Lookup("postgres")
	require.NoError(t, err)
	l.uid, _ = strconv.Atoi(u.Uid)
	l.gid, _ = strconv.Atoi(u.Gid)
	l.dir, err = os.MkdirTemp("", "day2")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(l.dir) })
	require.NoError(t, os.Chmod(l.dir, 0o755))
	l.onggi, l.agent = l.build("onggi", ""), l.build("onggi-agent", "nethttpomithttp2")
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	state := filepath.Join(l.dir, "api")
	require.NoError(t, os.Mkdir(state, 0o755))
	l.api, err = kubetest.StartReal(ctx, bin, state, map[string]string{
		"token-of-shop": "system:serviceaccount:" + namespace + ":shop", "token-of-a-viewer": "viewer",
	})
	require.NoError(t, err)
	t.Cleanup(l.api.Close)
	l.client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, Timeout: time.Minute} // loopback
	l.kubelet = newKubelet(l)
	for user, token := range map[string]string{"admin": kubetest.AdminToken, "viewer": "token-of-a-viewer"} {
		l.write(l.config(user), fmt.Sprintf(`apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: %q, insecure-skip-tls-verify: true}}]
users: [{name: u, user: {token: %s}}]
contexts: [{name: c, context: {cluster: c, user: u, namespace: %s}}]
current-context: c
`, l.api.URL, token, namespace))
	}
	l.apply("v1", "namespaces", "", manifest.Map{"kind": "Namespace", "metadata": manifest.Map{"name": namespace}})
	return l
}

func (l *lab) config(user string) string { return filepath.Join(l.dir, user+".kubeconfig") }

func (l *lab) write(name, text string) {
	l.t.Helper()
	require.NoError(l.t, os.WriteFile(name, []byte(text), 0o644))
}

// build builds a program, unless make has: ONGGI_E2E_PROGRAMS is the folder.
func (l *lab) build(program, tags string) string {
	l.t.Helper()
	if dir := os.Getenv("ONGGI_E2E_PROGRAMS"); dir != "" {
		return filepath.Join(dir, program)
	}
	at := filepath.Join(l.dir, "bin", program)
	out, err := exec.Command("go", "build", "-tags", tags, "-o", at, "../../"+program).CombinedOutput()
	require.NoError(l.t, err, "%s", out)
	return at
}

// outcome is how a command ended.
type outcome struct {
	code     int
	out, err string
}

// run is what a person types.
func (l *lab) run(args ...string) outcome {
	l.t.Helper()
	return l.runAs("admin", nil, args...)
}

func (l *lab) runAs(user string, in io.Reader, args ...string) outcome {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), 3*time.Minute)
	defer cancel()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, l.onggi, args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+l.config(user))
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.Dir = in, &out, &errs, l.dir
	_ = cmd.Run()
	require.NotNil(l.t, cmd.ProcessState, "onggi did not run")
	return outcome{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// ask sends an object to the API server.
func (l *lab) ask(method, path, content string, body manifest.Map) (int, manifest.Map) {
	l.t.Helper()
	text, err := json.Marshal(body)
	require.NoError(l.t, err)
	request, err := http.NewRequestWithContext(context.Background(), method, l.api.URL+path, bytes.NewReader(text)) // pods report to the end
	require.NoError(l.t, err)
	request.Header.Set("Authorization", "Bearer "+kubetest.AdminToken)
	request.Header.Set("Content-Type", content)
	answer, err := l.client.Do(request)
	if err != nil && l.t.Context().Err() != nil {
		return 0, nil // the test is over, and the API server is being stopped
	}
	require.NoError(l.t, err)
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	require.NoError(l.t, err)
	var said manifest.Map
	if answer.StatusCode != http.StatusNotFound { // a kind that is not there yet is told in plain text
		require.NoError(l.t, json.Unmarshal(data, &said), "%s", data)
	}
	return answer.StatusCode, said
}

func at(apiVersion, plural, namespace string) string {
	path := "/apis/" + apiVersion
	if !strings.Contains(apiVersion, "/") {
		path = "/api/" + apiVersion
	}
	if namespace != "" {
		path += "/namespaces/" + namespace
	}
	return path + "/" + plural
}

// apply makes or changes an object, and its status where it has one.
func (l *lab) apply(apiVersion, plural, namespace string, o manifest.Map) manifest.Map {
	l.t.Helper()
	body := maps.Clone(o)
	body["apiVersion"] = apiVersion
	name := manifest.Text(body, "metadata", "name")
	path := at(apiVersion, plural, namespace) + "/" + name
	code, said := l.ask(http.MethodPatch, path+"?fieldManager=tests&force=true", "application/apply-patch+yaml", body)
	require.Contains(l.t, []int{200, 201}, code, "%s %s: %v", plural, name, said)
	if state, ok := body["status"]; ok {
		code, said = l.ask(http.MethodPatch, path+"/status", "application/merge-patch+json", manifest.Map{"status": state})
		require.Equal(l.t, 200, code, "%s %s: %v", plural, name, said)
	}
	return said
}

// setStatus writes what a controller would.
func (l *lab) setStatus(apiVersion, plural, name string, state manifest.Map) {
	l.t.Helper()
	code, said := l.ask(http.MethodPatch, at(apiVersion, plural, namespace)+"/"+name+"/status", "application/merge-patch+json", manifest.Map{"status": state})
	require.Equal(l.t, 200, code, "%s %s: %v", plural, name, said)
}

func (l *lab) get(apiVersion, plural, namespace, name string) manifest.Map {
	l.t.Helper()
	code, said := l.ask(http.MethodGet, at(apiVersion, plural, namespace)+"/"+name, "", nil)
	require.Equal(l.t, 200, code, said)
	return said
}

// rendered are the objects that onggi renders of a spec.
func (l *lab) rendered(spec string) []manifest.Object {
	l.t.Helper()
	r := l.run("render", spec)
	require.Zero(l.t, r.code, r.err)
	objs, err := manifest.Decode(spec, []byte(r.out))
	require.NoError(l.t, err)
	return objs
}

func (l *lab) pod(name string) *pod {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.pods[name]
}

func (l *lab) remember(command string) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.ran = append(l.ran, command)
}

// commands are those that were run in containers since the last call.
func (l *lab) commands() []string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	ran := l.ran
	l.ran = nil
	return ran
}

func (l *lab) eventually(within time.Duration, what string, ok func() bool) {
	l.t.Helper()
	for end := time.Now().Add(max(within, 3*time.Minute)); !ok(); time.Sleep(200 * time.Millisecond) { // a busy machine may take minutes
		if time.Now().After(end) {
			require.FailNow(l.t, fmt.Sprintf("not within %s: %s", within, what))
		}
	}
}
