package day2_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
	"sigs.k8s.io/yaml"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/sidecars/config"
)

// pod is one of a StatefulSet that was rendered: its object is made of the template, and its containers are processes.
type pod struct {
	lab        *lab
	name, ip   string
	dir        string
	mounts     []string // pairs: a folder here, and the path that it is mounted at in a real pod
	env        []string
	supervisor *exec.Cmd // unshare, whose child is PID 1
	sidecar    *exec.Cmd
}

// native applies what was rendered, and starts the pods of its StatefulSet as its controller and a kubelet would.
func (l *lab) native(objs []manifest.Object) {
	l.t.Helper()
	var set manifest.Map
	var file config.File
	for _, o := range objs {
		switch o.Ref().Kind {
		case "StatefulSet":
			set = o.Body()
		case "ConfigMap":
			require.NoError(l.t, yaml.Unmarshal([]byte(manifest.Text(o.Body(), "data", "agent.yaml")), &file))
		}
		l.apply(o.Ref().APIVersion, pluralOf(o.Ref().Kind), namespace, o.Body())
	}
	replicas, _ := manifest.Get(set, "spec", "replicas")
	n := int(replicas.(int64))
	for i := range n {
		l.startPod(set, file, i)
	}
	l.setStatus("apps/v1", "statefulsets", "shop", manifest.Map{
		"replicas": n, "updatedReplicas": n, "readyReplicas": n, "observedGeneration": 1, "currentRevision": "shop-1", "updateRevision": "shop-1",
	})
}

func pluralOf(kind string) string {
	plural := strings.ToLower(kind) + "s"
	if strings.HasSuffix(plural, "ys") {
		plural = strings.TrimSuffix(plural, "ys") + "ies"
	}
	return plural
}

func (l *lab) startPod(set manifest.Map, file config.File, i int) {
	l.t.Helper()
	p := &pod{lab: l, name: fmt.Sprintf("shop-%d", i), ip: fmt.Sprintf("127.88.%d.%d", os.Getpid()%250, i+1)}
	p.dir = filepath.Join(l.dir, p.name)
	node := fmt.Sprintf("node-%d", i)
	l.apply("v1", "nodes", "", manifest.Map{
		"kind": "Node", "metadata": manifest.Map{"name": node},
		"status": manifest.Map{
			"addresses":       []any{manifest.Map{"type": "InternalIP", "address": "127.0.0.1"}},
			"daemonEndpoints": manifest.Map{"kubeletEndpoint": manifest.Map{"Port": l.kubelet.Port()}},
		},
	})
	p.folders(file)
	template, _ := manifest.Get(set, "spec", "template")
	body := manifest.Clone(template.(manifest.Map))
	body["kind"] = "Pod"
	meta := body["metadata"].(manifest.Map)
	meta["name"] = p.name
	meta["labels"].(manifest.Map)["controller-revision-hash"] = "shop-1"
	spec := body["spec"].(manifest.Map)
	spec["nodeName"] = node
	spec["volumes"] = append(spec["volumes"].([]any), manifest.Map{"name": "data", "persistentVolumeClaim": manifest.Map{"claimName": "data-" + p.name}})
	var disk unix.Statfs_t
	require.NoError(l.t, unix.Statfs(l.dir, &disk))
	capacity := strconv.FormatUint(disk.Bavail*uint64(disk.Bsize)*2, 10) // half of it is left, whatever the machine
	l.apply("v1", "persistentvolumeclaims", namespace, manifest.Map{
		"kind": "PersistentVolumeClaim", "metadata": manifest.Map{"name": "data-" + p.name, "labels": manifest.Map{"onggi.dev/cluster": "shop"}},
		"spec":   manifest.Map{"accessModes": []any{"ReadWriteOncePod"}, "resources": manifest.Map{"requests": manifest.Map{"storage": "1Gi"}}},
		"status": manifest.Map{"phase": "Bound", "capacity": manifest.Map{"storage": capacity}},
	})
	made := l.apply("v1", "pods", namespace, body)
	p.env = append(os.Environ(), "POD_NAME="+p.name, "POD_UID="+manifest.Text(made, "metadata", "uid"), "POD_IP="+p.ip, "POD_NAMESPACE="+namespace, "NODE_NAME="+node)
	l.mutex.Lock()
	l.pods[p.name] = p
	l.mutex.Unlock()
	p.report(false)
	p.startDatabase()
	p.startAgent()
	go p.probe(l.t.Context())
}

// repositoryMount is where the claim of a repository is mounted, as rendered of destination: pvc://backups.
const repositoryMount = "/repository/backups"

// folders are the pod's volumes. What is mounted at a fixed path in a real pod is elsewhere here, and the file says where.
func (p *pod) folders(file config.File) {
	l := p.lab
	for _, dir := range []string{"", "vol", "run", "run/postgres"} {
		at := filepath.Join(p.dir, dir)
		require.NoError(l.t, os.MkdirAll(at, 0o700))
		require.NoError(l.t, os.Chown(at, l.uid, l.gid))
	}
	secret := func(name, text string) string {
		at := filepath.Join(p.dir, name)
		require.NoError(l.t, os.WriteFile(at, []byte(text), 0o600))
		require.NoError(l.t, os.Chown(at, l.uid, l.gid))
		return at
	}
	repository := filepath.Join(l.dir, "repository")
	p.mounts = []string{p.dir + "/vol", file.Postgres.Volume, p.dir + "/run", file.Run.Dir, repository, repositoryMount}
	file.Profile = "fast"
	file.Postgres.Version, file.Postgres.Bin, file.Postgres.Volume, file.Postgres.Listen = 0, postgres, p.dir+"/vol", p.ip
	file.Postgres.ReplicationPasswordFile = secret("replication", "a password")
	file.Postgres.SuperuserPasswordFile = secret("superuser", "another password")
	file.Listen.TokenFile = secret("token", "a token of the members")
	file.Kubernetes = config.Kubernetes{Server: l.api.URL, CAFile: l.api.CAFile, TokenFile: secret("account", "token-of-shop")}
	require.NoError(l.t, os.MkdirAll(repository, 0o700))
	require.NoError(l.t, os.Chown(repository, l.uid, l.gid))
	file.Backup = &config.Backup{Repository: config.Repository{Type: "posix", Path: repository}}
	file.Run.Dir, file.Run.TerminationLog = p.dir+"/run", p.dir+"/run/termination"
	text, err := yaml.Marshal(file)
	require.NoError(l.t, err)
	secret("agent.yaml", string(text))
	require.NoError(l.t, os.Chmod(l.dir+"/api", 0o755))
	require.NoError(l.t, os.Chmod(l.dir+"/api/certs", 0o755))
}

// as runs a program as the database's user.
func (p *pod) as(argv ...string) []string {
	return append([]string{"setpriv", "--reuid=" + strconv.Itoa(p.lab.uid), "--regid=" + strconv.Itoa(p.lab.gid), "--clear-groups", "--"}, argv...)
}

func (p *pod) log(container string) string {
	return filepath.Join(p.lab.dir, p.name+"."+container+".log")
}

// start starts a process that ends with the test, and prints into the log of its container.
func (p *pod) start(container string, argv ...string) *exec.Cmd {
	log, err := os.OpenFile(p.log(container), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	require.NoError(p.lab.t, err)
	defer log.Close()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.Env = "/", log, log, p.env
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(p.lab.t, cmd.Start())
	gone := make(chan struct{})
	go func() { _ = cmd.Wait(); close(gone) }()
	p.lab.t.Cleanup(func() {
		if one := childOf(cmd); one > 1 { // PID 1 of the namespace takes all of it along
			_ = syscall.Kill(one, syscall.SIGKILL)
		}
		_ = cmd.Process.Kill()
		<-gone
	})
	return cmd
}

func (p *pod) startDatabase() {
	argv := append([]string{"unshare", "--pid", "--fork", "--kill-child", "--mount-proc"}, p.as(p.lab.agent, "supervise", "--config", p.dir+"/agent.yaml")...)
	p.supervisor = p.start("database", argv...)
}

func (p *pod) startAgent() {
	argv := p.as(p.lab.agent, "run", "--config", p.dir+"/agent.yaml")
	p.sidecar = p.start("agent", argv...)
}

// childOf is the only child of a process.
func childOf(cmd *exec.Cmd) int {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", cmd.Process.Pid, cmd.Process.Pid))
	n, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return n
}

// inside is a process in a container: its user, its programs, and the folder of sockets where the pod mounts it.
func (p *pod) inside(ctx context.Context, container string, argv []string) *exec.Cmd {
	const enter = `mount --make-rprivate / && mount -t tmpfs tmpfs /run && mkdir -p /run/onggi && mount --bind "$0" /run/onggi && exec "$@"`
	all := append([]string{"--mount", "sh", "-c", enter, p.dir + "/run"}, p.as(argv...)...)
	cmd := exec.CommandContext(ctx, "unshare", all...)
	path := filepath.Dir(p.lab.agent)
	if container != "agent" {
		path = postgres
	}
	cmd.Dir, cmd.Env = "/", []string{"PATH=" + path + ":/usr/bin:/bin", "HOME=/nonexistent", "TERM=xterm", "PSQL_PAGER=cat"}
	if container == "postgres" { // CloudNativePG's, whose sockets are where psql looks for them
		cmd.Env = append(cmd.Env, "PGHOST=/run/onggi/postgres")
	}
	return cmd
}

// probe is the kubelet's readiness probe.
func (p *pod) probe(ctx context.Context) {
	client := http.Client{Timeout: time.Second}
	was := false
	for ctx.Err() == nil {
		answer, err := client.Get("http://" + p.ip + ":8008/readiness")
		is := err == nil && answer.StatusCode == http.StatusOK
		if err == nil {
			answer.Body.Close()
		}
		if is != was {
			p.report(is)
			was = is
		}
		select {
		case <-ctx.Done():
		case <-time.After(300 * time.Millisecond):
		}
	}
}

// report is what a kubelet writes of the pod.
func (p *pod) report(ready bool) {
	state := map[bool]string{true: "True", false: "False"}[ready]
	running := manifest.Map{"running": manifest.Map{"startedAt": time.Now().UTC().Format(time.RFC3339)}}
	one := func(name string) manifest.Map {
		return manifest.Map{"name": name, "ready": true, "started": true, "restartCount": 0, "image": "i", "imageID": "i", "state": running, "containerID": "c://" + p.name + name}
	}
	body := manifest.Map{"status": manifest.Map{
		"phase": "Running", "podIP": p.ip, "podIPs": []any{manifest.Map{"ip": p.ip}}, "hostIP": "127.0.0.1",
		"conditions":            []any{manifest.Map{"type": "Ready", "status": state}},
		"containerStatuses":     []any{one("database")},
		"initContainerStatuses": []any{one("agent")},
	}}
	code, said := p.lab.ask(http.MethodPatch, at("v1", "pods", namespace)+"/"+p.name+"/status", "application/merge-patch+json", body)
	if code != http.StatusOK && p.lab.t.Context().Err() == nil {
		p.lab.t.Errorf("report %s: %d %v", p.name, code, said)
	}
}
