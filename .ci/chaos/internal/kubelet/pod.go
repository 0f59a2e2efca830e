package kubelet

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"onggi.dev/ci/chaos/internal/kube"
	"onggi.dev/ci/chaos/internal/world"
)

// Pod is one incarnation of a pod: another of the same name has another UID and another address.
type Pod struct {
	Name, Node, UID string
	Host            *world.Host
	Volume          string // the data volume, on the world's side
	Dir             string // what lives as long as the pod: its emptyDir "run", its secrets
	Token           string // its ServiceAccount token
	Object          kube.Object
	Clock           int // seconds by which its monotonic and boot clocks are off

	k     *Kubelet
	spec  Spec
	since time.Time
	dirty chan struct{}
	now   chan struct{} // closed when no grace is left
	done  chan struct{} // closed when the pod is gone

	mu       sync.Mutex
	running  map[string]*running
	held     map[string]bool
	stopping bool
	hurried  bool
}

// running is a container's state, as the kubelet knows it.
type running struct {
	lost     *world.Process // the one that ended with its machine
	process  *world.Process
	since    time.Time
	restarts int
	ended    kube.Object // state.terminated, when it is not running
	last     kube.Object // lastState.terminated
	log      string      // the termination log
	started  bool        // as its probe says
	unready  bool        // as its probe says
}

// again tells whether a container that ended with that code is started again.
func (s Spec) again(c Container, code int) bool {
	switch {
	case c.Sidecar:
		return true
	case c.Init:
		return code != 0 && s.Restart != "Never"
	default:
		return s.Restart == "" || s.Restart == "Always" || (s.Restart == "OnFailure" && code != 0)
	}
}

func (p *Pod) path() string { return "/api/v1/namespaces/" + p.k.Namespace + "/pods/" + p.Name }

// Run is the pod's emptyDir, on the world's side.
func (p *Pod) Run() string { return filepath.Join(p.Dir, "run") }

// Config is a folder for the pod's ConfigMaps and Secrets, on the world's side.
func (p *Pod) Config() string { return filepath.Join(p.Dir, "config") }

// Process is PID 1 of a container: the one that runs, or the last that did. It is nil before the first.
func (p *Pod) Process(container string) *world.Process {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r := p.running[container]; r != nil {
		return r.process
	}
	return nil
}

// Processes are PID 1 of all containers.
func (p *Pod) Processes() []*world.Process {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []*world.Process
	for _, r := range p.running {
		all = append(all, r.process)
	}
	return all
}

// Kill kills all containers.
func (p *Pod) Kill() {
	for _, process := range p.Processes() {
		_ = process.Signal(syscall.SIGKILL)
	}
}

// Lose is the end of its machine: nobody starts the containers again before that is back.
func (p *Pod) Lose() {
	p.mu.Lock()
	for _, r := range p.running {
		r.lost = r.process
	}
	p.mu.Unlock()
	p.Kill()
	for _, process := range p.Processes() {
		<-process.Ended()
	}
}

// Freeze stops every process of the pod, or lets all go on.
func (p *Pod) Freeze(on bool) {
	signal := syscall.SIGCONT
	if on {
		signal = syscall.SIGSTOP
	}
	for _, process := range p.Processes() {
		process.SignalAll(signal)
	}
}

// Hold keeps the kubelet from starting a container again; without it, the container is started if it does not run.
func (p *Pod) Hold(container string, on bool) {
	p.mu.Lock()
	p.held[container] = on
	p.mu.Unlock()
}

func (p *Pod) isHeld(container string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.held[container]
}

// register creates the Pod object.
func (p *Pod) register(ctx context.Context, object kube.Object) (err error) {
	p.Object, err = p.k.API.Do(ctx, http.MethodPost, "/api/v1/namespaces/"+p.k.Namespace+"/pods", object)
	p.UID = kube.Text(p.Object, "metadata", "uid")
	return err
}

// Image is that of a container, or "".
func (p *Pod) Image(container string) string { return image(p.Object, container) }

// Revision is that of its Set which the pod was made of.
func (p *Pod) Revision() string { return kube.Text(p.Object, "metadata", "labels", revisionLabel) }

// begin starts a pod that is registered.
func (p *Pod) begin(ctx context.Context) error {
	if err := p.files(ctx); err != nil {
		return err
	}
	var err error
	if p.spec, err = p.k.Spec(p); err != nil {
		return err
	}
	go p.report()
	return p.startAll()
}

// files makes the pod's emptyDir and the folder of its ServiceAccount.
func (p *Pod) files(ctx context.Context) error {
	p.Dir = filepath.Join(p.k.World.Dir, "pods", p.Name+"-"+p.UID)
	secrets := filepath.Join(p.Dir, "serviceaccount")
	for _, dir := range []string{p.Run(), p.Config(), secrets} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	if err := os.Chown(p.Run(), p.k.UID, p.k.GID); err != nil {
		return err
	}
	if auto, said := kube.At(p.Object, "spec", "automountServiceAccountToken").(bool); said && !auto {
		return nil
	}
	account := kube.Text(p.Object, "spec", "serviceAccountName")
	token, err := p.k.API.Do(ctx, http.MethodPost, "/api/v1/namespaces/"+p.k.Namespace+"/serviceaccounts/"+account+"/token", kube.Object{
		"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
		"spec": kube.Object{"expirationSeconds": 86400, "boundObjectRef": kube.Object{"apiVersion": "v1", "kind": "Pod", "name": p.Name, "uid": p.UID}},
	})
	if err != nil {
		return err
	}
	p.Token = kube.Text(token, "status", "token")
	for name, content := range map[string][]byte{"token": []byte(p.Token), "ca.crt": p.k.CA, "namespace": []byte(p.k.Namespace)} {
		if err := os.WriteFile(filepath.Join(secrets, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// end marks the pod as one whose containers are not started again. It is false if it was one already.
func (p *Pod) end() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopping {
		return false
	}
	p.stopping = true
	return true
}

// hurry takes back what grace is left.
func (p *Pod) hurry() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.hurried {
		p.hurried = true
		close(p.now)
	}
}

func (p *Pod) isEnding() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stopping
}

// startAll starts what does not run: what begins the pod, in its order, then the rest.
func (p *Pod) startAll() error {
	for _, begins := range []bool{true, false} {
		for _, c := range p.spec.Containers {
			if (c.Init || c.Sidecar) != begins || p.isEnding() {
				continue
			}
			if process := p.Process(c.Name); process != nil && process.Alive() {
				continue
			}
			if err := p.start(c); err != nil {
				return fmt.Errorf("start %s of %s: %w", c.Name, p.Name, err)
			}
			if begins && !p.waitFor(c) {
				return nil
			}
		}
	}
	p.touch()
	return nil
}

// waitFor waits until what comes after a container may start: one that begins the pod has ended well, a sidecar is started. It is false if the
// pod ends before.
func (p *Pod) waitFor(c Container) bool {
	for !p.isEnding() && !p.k.Lost(p.Node) {
		p.mu.Lock()
		r := p.running[c.Name]
		over := r.ended != nil && r.ended["exitCode"] == 0
		started := r.ended == nil && r.started
		p.mu.Unlock()
		if over || (c.Sidecar && started) {
			return true
		}
		time.Sleep(20 * time.Millisecond)
	}
	return false
}

func (p *Pod) start(c Container) error {
	termination := filepath.Join(p.Dir, c.Name+"-termination-log")
	if err := os.WriteFile(termination, nil, 0o666); err != nil {
		return err
	}
	if err := os.Chmod(termination, 0o666); err != nil {
		return err
	}
	process, err := p.k.World.Start(p.container(c, termination))
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.running[c.Name]
	if r == nil {
		r = &running{log: termination}
		p.running[c.Name] = r
	} else {
		r.restarts++
		r.last, r.ended = r.ended, nil
	}
	r.process, r.since, r.started, r.unready = process, time.Now(), c.Started == nil, c.Ready != nil
	go p.attend(c, process)
	go p.ask(c, process)
	return nil
}

// container is what the world runs.
func (p *Pod) container(c Container, termination string) world.Container {
	o := world.Container{
		Host: p.Host, Args: c.Args, UID: p.k.UID, GID: p.k.GID, Clock: p.Clock, Env: append(p.environment(), c.Env...),
		Log:    p.Log(c.Name),
		Mounts: append([]world.Mount{{Source: termination, Target: "/dev/termination-log"}}, c.Mounts...),
	}
	if c.Root != nil {
		o.Root, o.UID, o.GID, o.Groups, o.Confined = c.Root, c.UID, c.GID, c.Groups, c.Confined
		return o
	}
	o.Env = append(o.Env, "POD_NAME="+p.Name, "POD_UID="+p.UID, "POD_IP="+p.Host.IP.String(), "POD_NAMESPACE="+p.k.Namespace, "NODE_NAME="+p.Node)
	o.Mounts = append(o.Mounts, world.Mount{Source: filepath.Join(p.Dir, "serviceaccount"), Target: "/run/secrets/kubernetes.io/serviceaccount"})
	return o
}

// environment is what every container has.
func (p *Pod) environment() []string {
	host, port := splitPort(p.k.Server)
	return []string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "HOSTNAME=" + p.Name,
		"KUBERNETES_SERVICE_HOST=" + host, "KUBERNETES_SERVICE_PORT=" + port,
	}
}

// attend waits for the end of a container, reports it and starts it again.
func (p *Pod) attend(c Container, process *world.Process) {
	<-process.Ended()
	ended := time.Now()
	// A kubelet's look at its containers is a grid in time, not a wait after each end.
	time.Sleep(time.Until(ended.Truncate(relist).Add(relist)))
	lost := p.k.Lost(p.Node)
	p.mu.Lock()
	r := p.running[c.Name]
	if lost || r.lost == process {
		p.mu.Unlock()
		return // the node starts it again when it is back
	}
	r.ended = terminated(process.State(), r.since, ended, r.log)
	n, stopping := r.restarts, p.stopping
	again := p.spec.again(c, process.State().ExitCode())
	p.mu.Unlock()
	p.touch()
	if stopping || !again {
		return
	}
	time.Sleep(p.k.Restart(n))
	for p.isHeld(c.Name) {
		time.Sleep(50 * time.Millisecond)
	}
	p.mu.Lock()
	stopping = p.stopping || r.process != process
	p.mu.Unlock()
	if stopping || p.k.Lost(p.Node) {
		return
	}
	if err := p.start(c); err != nil {
		p.k.Log("kubelet: %s: start %s again: %v", p.Name, c.Name, err)
	}
	p.touch()
}

// Ending tells whether the pod's end is under way.
func (p *Pod) Ending() bool { return p.isEnding() }

// Running tells whether any container of the pod was started.
func (p *Pod) Running() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.running) > 0
}
