package drill

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/onggi-db/onggi/render/drill"
	"github.com/onggi-db/onggi/render/manifest"
)

// stage is what the scenes share: the servers and the program.
type stage struct {
	api      *apiserver
	postgres *postgres
	program  string
	scenes   atomic.Int64
}

// scene is one namespace with a database, rendered from a spec, and the stand-ins.
type scene struct {
	*stage
	*standin
	proxy   *proxy
	objects []manifest.Object
	config  *drill.Config
	cron    manifest.Map
	dir     string
	before  []string
	jobs    int
}

// set renders a spec into a namespace of its own.
func (s *stage) set(t *testing.T, spec, env, react string) *scene {
	t.Helper()
	namespace := fmt.Sprintf("drill-%d", s.scenes.Add(1))
	sc := &scene{stage: s, dir: t.TempDir(), proxy: s.api.proxy(t)}
	text, err := os.ReadFile(spec)
	require.NoError(t, err)
	text = regexp.MustCompile(`namespace: databases\b`).ReplaceAll(text, []byte("namespace: "+namespace))
	file := filepath.Join(sc.dir, "spec.yaml")
	require.NoError(t, os.WriteFile(file, text, 0o600))
	args := []string{"render", file}
	if env != "" {
		args = append(args, "--env", env)
	}
	var stderr bytes.Buffer
	cmd := exec.Command(s.program, args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	sc.objects, err = manifest.Decode("rendered", out)
	require.NoError(t, err)
	s.api.apply(t, []manifest.Object{manifest.New(manifest.Map{"apiVersion": "v1", "kind": "Namespace", "metadata": manifest.Map{"name": namespace, "labels": manifest.Map{"policies.onggi.dev/enforce": "true"}}})})
	s.api.apply(t, sc.objects)
	sc.standin = s.api.operate(t, namespace, react)
	sc.cron = sc.find(t, "CronJob", "")
	sc.readConfig(t)
	sc.fillStatus(t)
	return sc
}

func (sc *scene) find(t *testing.T, kind, name string) manifest.Map {
	t.Helper()
	for _, o := range sc.objects {
		if o.Ref().Kind == kind && (name == "" || o.Ref().Name == name) {
			return o.Body()
		}
	}
	require.Fail(t, "not rendered", "%s %s", kind, name)
	return nil
}

func (sc *scene) container(t *testing.T) manifest.Map {
	t.Helper()
	v, found := manifest.Get(sc.cron, "spec", "jobTemplate", "spec", "template", "spec", "containers", 0)
	require.True(t, found)
	return v.(manifest.Map)
}

// readConfig takes the rendered config, and has it log in to our Postgres.
func (sc *scene) readConfig(t *testing.T) {
	t.Helper()
	file := sc.find(t, "ConfigMap", drill.ScratchName(manifest.Text(sc.find(t, "Cluster", ""), "metadata", "name")))
	var err error
	for _, data := range file["data"].(manifest.Map) {
		sc.config, err = drill.Decode([]byte(data.(string)))
		require.NoError(t, err)
	}
	sc.config.Login.Host, sc.config.Login.Port = "127.0.0.1", sc.postgres.port
	for i := range sc.config.Checks {
		sc.config.Checks[i].Database = "app"
	}
	sc.config.Amcheck = false // its own test has it; here it would only take time, each of a hundred times
}

// fillStatus gives the real Cluster and its store what their operators know.
func (sc *scene) fillStatus(t *testing.T) {
	t.Helper()
	ctx := context.Background()
	patch := func(r string, status string) {
		resource := clusters()
		if r == "ObjectStore" {
			resource = stores()
		}
		_, err := sc.api.api.Resource(resource).Namespace(sc.namespace).Patch(ctx, sc.config.Cluster, types.MergePatchType, []byte(status), metav1.PatchOptions{}, "status")
		require.NoError(t, err)
	}
	patch("Cluster", `{"status":{"phase":"Cluster in healthy state","firstRecoverabilityPoint":"2026-10-22T00:10:00Z","lastSuccessfulBackup":"2026-11-22T00:10:00Z"}}`)
	if w := sc.config.Window; w != nil && w.Kind == "ObjectStore" {
		patch("ObjectStore", `{"status":{"serverRecoveryWindow":{"`+w.ServerName+`":{"firstRecoverabilityPoint":"2026-10-22T00:10:00Z","lastSuccessfulBackupTime":"2026-11-22T00:10:00Z"}}}}`)
	}
}

// attempt is one run of the program.
type attempt struct {
	cmd    *exec.Cmd
	job    *unstructured.Unstructured
	stdout bytes.Buffer
	stderr bytes.Buffer
	done   chan struct{}
	code   int
}

// job makes a Job out of the rendered CronJob, as its controller does.
func (sc *scene) job(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	sc.jobs++
	template, _ := manifest.Get(sc.cron, "spec", "jobTemplate", "spec")
	return sc.server.create(t, jobs(), sc.namespace, manifest.Map{
		"apiVersion": "batch/v1", "kind": "Job", "spec": template,
		"metadata": manifest.Map{"name": fmt.Sprintf("%s-%d", manifest.Text(sc.cron, "metadata", "name"), sc.jobs), "namespace": sc.namespace},
	})
}

// start runs the program of the Job's pod: its arguments, as its ServiceAccount.
func (sc *scene) start(t *testing.T, job *unstructured.Unstructured) *attempt {
	t.Helper()
	if sc.before == nil {
		sc.before = sc.server.everything(t, sc.namespace)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "drill.yaml")
	require.NoError(t, os.WriteFile(file, sc.config.Encode(), 0o600))
	account := manifest.Text(sc.cron, "spec", "jobTemplate", "spec", "template", "spec", "serviceAccountName")
	accounts := resource("", "v1", "serviceaccounts")
	token, err := sc.api.api.Resource(accounts).Namespace(sc.namespace).Create(context.Background(), body(manifest.Map{
		"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "metadata": manifest.Map{"name": account},
		"spec": manifest.Map{"expirationSeconds": int64(3600)},
	}), metav1.CreateOptions{}, "token")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "token"), []byte(manifest.Text(token.Object, "status", "token")), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "namespace"), []byte(sc.namespace), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "ca.crt"), sc.proxy.authority(), 0o600))

	values := strings.NewReplacer("$(JOB_NAME)", job.GetName(), "$(JOB_UID)", string(job.GetUID()), "$(POD_NAME)", job.GetName()+"-pod")
	var args []string
	for _, arg := range sc.container(t)["args"].([]any) {
		if a := arg.(string); strings.HasPrefix(a, "/") { // the mounted file
			args = append(args, file)
		} else {
			args = append(args, values.Replace(a))
		}
	}
	a := &attempt{job: job, done: make(chan struct{})}
	a.cmd = exec.Command(sc.program, append(args, "--service-account", dir, "-o", "json")...)
	host, port, _ := strings.Cut(strings.TrimPrefix(sc.proxy.server.URL, "https://"), ":")
	a.cmd.Env = []string{"KUBERNETES_SERVICE_HOST=" + host, "KUBERNETES_SERVICE_PORT=" + port, "PATH=" + os.Getenv("PATH")}
	a.cmd.Stdout, a.cmd.Stderr = &a.stdout, &a.stderr
	require.NoError(t, a.cmd.Start())
	go func() {
		defer close(a.done)
		_ = a.cmd.Wait()
		a.code = a.cmd.ProcessState.ExitCode()
	}()
	t.Cleanup(func() { _ = a.cmd.Process.Kill(); <-a.done })
	return a
}

// wait waits for the end, and returns the exit code.
func (a *attempt) wait(t *testing.T) int {
	t.Helper()
	select {
	case <-a.done:
	case <-time.After(90 * time.Second):
		_ = a.cmd.Process.Kill()
		<-a.done
		require.Fail(t, "the drill does not end", a.stderr.String())
	}
	return a.code
}

// run is a drill from beginning to end.
func (sc *scene) run(t *testing.T) (*attempt, drill.Outcome) {
	t.Helper()
	a := sc.start(t, sc.job(t))
	a.wait(t)
	return a, a.outcome(t)
}

// outcome is the line of JSON.
func (a *attempt) outcome(t *testing.T) drill.Outcome {
	t.Helper()
	var o drill.Outcome
	lines := bufio.NewScanner(bytes.NewReader(a.stdout.Bytes()))
	require.True(t, lines.Scan(), "no outcome was printed: %s", a.stderr.String())
	require.NoError(t, json.Unmarshal(lines.Bytes(), &o))
	require.False(t, lines.Scan(), "one line, not more")
	return o
}

// finish marks a Job as failed, as its controller does when its pod is gone for good.
func (sc *scene) finish(t *testing.T, job *unstructured.Unstructured) {
	t.Helper()
	const now = "2026-11-22T06:00:00Z"
	condition := func(kind string) string {
		return `{"type":"` + kind + `","status":"True","reason":"PodFailurePolicy","message":"","lastProbeTime":"` + now + `","lastTransitionTime":"` + now + `"}`
	}
	status := `{"status":{"startTime":"` + now + `","failed":1,"conditions":[` + condition("FailureTarget") + "," + condition("Failed") + `]}}`
	_, err := sc.api.api.Resource(jobs()).Namespace(sc.namespace).Patch(context.Background(), job.GetName(), types.MergePatchType, []byte(status), metav1.PatchOptions{}, "status")
	require.NoError(t, err)
}

// history is what the ConfigMap of the metrics holds.
func (sc *scene) history(t *testing.T) (drill.History, manifest.Map) {
	t.Helper()
	h, record := sc.tryHistory(t)
	require.NotNil(t, record, "nothing was recorded")
	return h, record
}

// tryHistory is the same when there may be none.
func (sc *scene) tryHistory(t *testing.T) (drill.History, manifest.Map) {
	t.Helper()
	o, err := sc.api.api.Resource(configMaps()).Namespace(sc.namespace).Get(context.Background(), sc.config.Record.ConfigMap, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return drill.History{}, nil
	}
	require.NoError(t, err)
	h, err := drill.ReadHistory(o.Object)
	require.NoError(t, err)
	return h, o.Object
}

// events are the notes of the drills' Events, in their order.
func (sc *scene) events(t *testing.T) []string {
	t.Helper()
	list, err := sc.api.api.Resource(events()).Namespace(sc.namespace).List(context.Background(), metav1.ListOptions{})
	require.NoError(t, err)
	var notes []string
	for _, e := range list.Items {
		require.Equal(t, sc.config.Cluster, manifest.Text(e.Object, "regarding", "name"))
		notes = append(notes, manifest.Text(e.Object, "reason")+": "+manifest.Text(e.Object, "note"))
	}
	return notes
}

// requireClean holds what is in the namespace against what was there before the first drill.
func (sc *scene) requireClean(t *testing.T, context ...any) {
	t.Helper()
	kept := func(all []string) (out []string) {
		for _, o := range all {
			if !strings.HasPrefix(o, "jobs/") && o != "configmaps/"+sc.config.Record.ConfigMap {
				out = append(out, o)
			}
		}
		return out
	}
	require.Equal(t, kept(sc.before), kept(sc.server.everything(t, sc.namespace)), context...)
}

func (sc *scene) updateStatus(t *testing.T, o *unstructured.Unstructured) {
	t.Helper()
	_, err := sc.api.api.Resource(backups()).Namespace(sc.namespace).UpdateStatus(context.Background(), o, metav1.UpdateOptions{})
	require.NoError(t, err)
}
