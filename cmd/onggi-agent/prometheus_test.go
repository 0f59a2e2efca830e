package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/sidecars/capture"
)

// prometheus is a real one that scrapes every other second, so that a busy machine has time to answer, and evaluates every second.
type prometheus struct {
	t        *testing.T
	dir, url string
	log      *capture.Output
}

// target is something to scrape, with the labels that a PodMonitor gives it.
type target struct {
	Targets []string          `json:"targets"`
	Labels  map[string]string `json:"labels"`
}

// startPrometheus starts one with groups of rules, on a port of the loopback. What it scrapes is said by scrape.
func startPrometheus(t *testing.T, port int, groups []any) *prometheus {
	t.Helper()
	dir, err := os.MkdirTemp("", "prometheus")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	p := &prometheus{t: t, dir: dir, url: fmt.Sprintf("http://127.0.0.1:%d", port), log: &capture.Output{}}
	const text = `global: {scrape_interval: 2s, scrape_timeout: 2s, evaluation_interval: 1s}
rule_files: [rules.json]
scrape_configs:
  - job_name: pods
    file_sd_configs: [{files: [targets/*.json], refresh_interval: 1s}]
`
	require.NoError(t, os.Chmod(dir, 0o755))
	require.NoError(t, os.WriteFile(dir+"/prometheus.yml", []byte(text), 0o644))
	rules, err := json.Marshal(map[string]any{"groups": groups})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(dir+"/rules.json", rules, 0o644))
	for _, name := range []string{"", "/targets", "/tsdb"} {
		require.NoError(t, os.MkdirAll(dir+name, 0o755))
	}
	cmd := exec.Command("prometheus", "--config.file="+dir+"/prometheus.yml", "--storage.tsdb.path="+dir+"/tsdb", "--web.listen-address="+strings.TrimPrefix(p.url, "http://"), "--log.level=warn")
	cmd.Dir, cmd.Stdout, cmd.Stderr = "/", p.log, p.log
	someone := unprivileged(t)
	require.NoError(t, os.Chown(dir+"/tsdb", int(someone.Uid), int(someone.Gid)))
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: someone, Pdeathsig: syscall.SIGKILL}
	require.NoError(t, cmd.Start())
	gone := make(chan struct{})
	go func() { _ = cmd.Wait(); close(gone) }()
	t.Cleanup(func() {
		end(cmd, gone)
		if t.Failed() {
			t.Logf("==== prometheus\n%s", p.log)
		}
	})
	return p
}

// unprivileged is a user that is not root: Prometheus needs no more.
func unprivileged(t *testing.T) *syscall.Credential {
	t.Helper()
	u, err := user.Lookup("postgres")
	require.NoError(t, err)
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

// scrape says what of one cluster is scraped from now on. What is left out is gone for Prometheus, as a pod is that was deleted.
func (p *prometheus) scrape(cluster string, targets []target) {
	p.t.Helper()
	text, err := json.Marshal(targets)
	require.NoError(p.t, err)
	name := p.dir + "/targets/" + cluster + ".json"
	require.NoError(p.t, os.WriteFile(name+".new", text, 0o644))
	require.NoError(p.t, os.Rename(name+".new", name))
}

// targets are a cluster's agents and exporters, and the kubelet that tells of its volumes and containers.
func (l *lab) targets(namespace, kubelet string) []target {
	var all []target
	for _, pod := range l.pods {
		all = append(all, pod.target(namespace, "agent", l.port+1), pod.target(namespace, "exporter", l.port+3))
	}
	if kubelet != "" {
		all = append(all, target{[]string{kubelet}, map[string]string{"node": "node"}})
	}
	return all
}

func (p *pod) target(namespace, container string, port int) target {
	return target{[]string{fmt.Sprintf("%s:%d", p.ip, port)}, map[string]string{"namespace": namespace, "pod": p.name, "container": container}}
}

// get asks Prometheus' API, and gives nothing while there is no answer.
func (p *prometheus) get(path string, into any) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+path, nil)
	require.NoError(p.t, err)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return
	}
	defer answer.Body.Close()
	_ = json.NewDecoder(answer.Body).Decode(into)
}

// ask is the result of a query now.
func (p *prometheus) ask(query string) []json.RawMessage {
	var answer struct {
		Status, Error string
		Data          struct{ Result []json.RawMessage }
	}
	p.get("/api/v1/query?query="+url.QueryEscape(query), &answer)
	if answer.Status == "error" {
		p.t.Errorf("%s: %s", query, answer.Error) // which does not end a test that runs beside others
	}
	return answer.Data.Result
}

// States of an alert.
const (
	firing  = "firing"
	pending = "pending"
)

// alerts are those of a namespace that are in one of some states now, by name and severity.
func (p *prometheus) alerts(namespace string, states ...string) map[string]bool {
	found := map[string]bool{}
	for _, state := range states {
		for one := range p.told(fmt.Sprintf("ALERTS{alertstate=%q,namespace=%q}", state, namespace)) {
			found[one] = true
		}
	}
	return found
}

// fired are those that fired at any time since a moment.
func (p *prometheus) fired(namespace string, since time.Time) map[string]bool {
	return p.told(fmt.Sprintf("max_over_time(ALERTS{alertstate=%q,namespace=%q}[%dms])", firing, namespace, 1+time.Since(since).Milliseconds()))
}

func (p *prometheus) told(query string) map[string]bool {
	found := map[string]bool{}
	for _, raw := range p.ask(query) {
		var one struct{ Metric map[string]string }
		require.NoError(p.t, json.Unmarshal(raw, &one))
		found[one.Metric["alertname"]+"/"+one.Metric["severity"]] = true
	}
	return found
}

// groupsOf are the groups of rules of all PrometheusRules among objects, and rulesOf their rules.
func groupsOf(objs []manifest.Object) (groups []any) {
	for _, o := range objs {
		if o.Ref().Kind == "PrometheusRule" {
			groups = append(groups, o.Body()["spec"].(manifest.Map)["groups"].([]any)...)
		}
	}
	return groups
}

func rulesOf(objs []manifest.Object) (rules []manifest.Map) {
	for _, g := range groupsOf(objs) {
		for _, r := range g.(manifest.Map)["rules"].([]any) {
			rules = append(rules, r.(manifest.Map))
		}
	}
	return rules
}
