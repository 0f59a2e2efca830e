package kubelet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"onggi.dev/ci/chaos/internal/world"
)

// Probe is one question to a container, again and again: a GET, which 200 to 399 answer with yes, a connection, or a command, whose exit
// code 0 is a yes.
type Probe struct {
	Path, Port string // GET of the path; without a path, a connection to the port
	Exec       []string
	Initial    time.Duration // before the first
	Every      time.Duration
	Timeout    time.Duration
	Successes  int // in a row that make a yes
	Failures   int // in a row that make a no
}

// ask asks all probes of a container for as long as its process runs, as a kubelet does: until the container is started only whether it is.
func (p *Pod) ask(c Container, process *world.Process) {
	if c.Started != nil && !p.until(c, *c.Started, process) {
		p.restart(c, process, "is not started")
		return
	}
	p.change(c.Name, process, func(r *running) { r.started = true })
	if c.Ready != nil {
		go p.follow(c, *c.Ready, process, func(yes bool) { p.change(c.Name, process, func(r *running) { r.unready = !yes }) })
	}
	if c.Live != nil {
		go p.follow(c, *c.Live, process, func(yes bool) {
			if !yes {
				p.restart(c, process, "is not alive")
			}
		})
	}
}

// until asks until the answer is settled.
func (p *Pod) until(c Container, probe Probe, process *world.Process) (yes bool) {
	settled := make(chan bool, 1)
	go p.follow(c, probe, process, func(answer bool) {
		select {
		case settled <- answer:
		default:
		}
	})
	select {
	case yes = <-settled:
	case <-process.Ended():
	}
	return yes
}

// follow tells each answer that is settled, once for as long as it is the same.
func (p *Pod) follow(c Container, probe Probe, process *world.Process, tell func(yes bool)) {
	select {
	case <-process.Ended():
		return
	case <-time.After(probe.Initial):
	}
	ticker := time.NewTicker(probe.Every)
	defer ticker.Stop()
	var run int // answers in a row: positive ones are yes
	var told, last bool
	for {
		yes := p.once(c, probe) == nil
		switch {
		case yes:
			run = max(run, 0) + 1
		default:
			run = min(run, 0) - 1
		}
		if settled := run >= max(probe.Successes, 1) || -run >= max(probe.Failures, 1); settled && (!told || last != yes) {
			told, last = true, yes
			tell(yes)
		}
		select {
		case <-process.Ended():
			return
		case <-ticker.C:
		}
	}
}

// once asks once.
func (p *Pod) once(c Container, probe Probe) error {
	ctx, cancel := context.WithTimeout(context.Background(), probe.Timeout)
	defer cancel()
	if len(probe.Exec) > 0 {
		_, err := p.Exec(ctx, c.Name, probe.Exec...)
		return err
	}
	address := net.JoinHostPort(p.Host.IP.String(), probe.Port)
	// A node reaches its own pods, whatever is cut around it.
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		return p.Host.Dial(ctx, network, address)
	}
	if probe.Path == "" {
		conn, err := dial(ctx, "tcp", address)
		if err == nil {
			err = conn.Close()
		}
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+probe.Path, nil)
	if err != nil {
		return err
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: dial}}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	answer.Body.Close()
	if answer.StatusCode >= http.StatusBadRequest {
		return errors.New(answer.Status)
	}
	return nil
}

// change changes what is known of a process, if it still is the container's.
func (p *Pod) change(container string, process *world.Process, do func(*running)) {
	p.mu.Lock()
	r := p.running[container]
	changed := false
	if r.process == process {
		before := *r
		do(r)
		changed = before.started != r.started || before.unready != r.unready
	}
	p.mu.Unlock()
	if changed {
		p.touch()
	}
}

// restart ends a container that its probe gave up, with the pod's grace; attend starts it again.
func (p *Pod) restart(c Container, process *world.Process, why string) {
	if !process.Alive() || p.isEnding() {
		return
	}
	p.k.Log("kubelet: %s of %s %s: it is started again", c.Name, p.Name, why)
	_ = process.Signal(syscall.SIGTERM)
	grace, _ := p.Object["spec"].(map[string]any)["terminationGracePeriodSeconds"].(float64)
	select {
	case <-process.Ended():
	case <-time.After(time.Duration(grace) * time.Second):
		_ = process.Signal(syscall.SIGKILL)
	}
}

// Exec runs a command in a container, as kubectl exec does, and returns what it wrote to stdout; an error has what it wrote to stderr.
func (p *Pod) Exec(ctx context.Context, container string, args ...string) ([]byte, error) {
	cmd, err := p.Command(ctx, container, args...)
	if err != nil {
		return nil, err
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return out, fmt.Errorf("exec in %s of %s: %s: %w: %s", container, p.Name, args[0], err, bytes.TrimSpace(stderr.Bytes()))
	}
	return out, nil
}

// Command is a program in a container, that is not started yet.
func (p *Pod) Command(ctx context.Context, container string, args ...string) (*exec.Cmd, error) {
	process := p.Process(container)
	if process == nil || !process.Alive() {
		return nil, fmt.Errorf("exec in %s of %s: it does not run", container, p.Name)
	}
	for _, c := range p.spec.Containers {
		if c.Name != container {
			continue
		}
		o := p.container(c, "")
		enter := []string{
			"--target", strconv.Itoa(process.PID), "--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wd",
			"--setgid", strconv.Itoa(o.GID), "--setuid", strconv.Itoa(o.UID), "--",
		}
		cmd := exec.CommandContext(ctx, "nsenter", append(enter, args...)...)
		cmd.Env = o.Env
		return cmd, nil
	}
	return nil, fmt.Errorf("exec: %s has no container %s", p.Name, container)
}

// Log is the file of what a container prints.
func (p *Pod) Log(container string) string {
	return filepath.Join(p.k.World.Dir, "logs", p.Name+"-"+container+".log")
}
