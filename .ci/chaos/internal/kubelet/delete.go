package kubelet

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"syscall"
	"time"

	"onggi.dev/ci/chaos/internal/kube"
	"onggi.dev/ci/chaos/internal/world"
)

// Delete asks the API server to delete a pod, with a grace period, and returns when the pod is gone. Grace 0 removes the object at once and
// kills afterwards.
func (k *Kubelet) Delete(ctx context.Context, name string, grace time.Duration) error {
	p := k.Pod(name)
	if p == nil {
		return fmt.Errorf("delete pod %s: not there", name)
	}
	// Once it is asked for, a deletion goes on without whoever asked.
	ctx = context.WithoutCancel(ctx)
	if _, err := k.API.Do(ctx, http.MethodDelete, p.path(), kube.Object{"gracePeriodSeconds": int(grace / time.Second)}); Is(err, http.StatusNotFound) {
		grace = 0
	} else if err != nil {
		return err
	}
	k.finish(ctx, p, grace)
	return nil
}

// Watch ends the pods that others delete or evict, until ctx ends.
func (k *Kubelet) Watch(ctx context.Context) {
	for ctx.Err() == nil {
		_ = k.API.Watch(ctx, "/api/v1/namespaces/"+k.Namespace+"/pods", func(e kube.Event) {
			if e.Type == kube.Listed {
				k.lookAtAll(ctx)
				return
			}
			p := k.Pod(kube.Text(e.Object, "metadata", "name"))
			if p != nil && p.UID == kube.Text(e.Object, "metadata", "uid") && (e.Type == "DELETED" || terminating(e.Object)) {
				go k.look(ctx, p)
			}
		})
		time.Sleep(100 * time.Millisecond)
	}
}

// lookAtAll looks at each pod, since a watch that begins does not tell of those that are gone.
func (k *Kubelet) lookAtAll(ctx context.Context) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, p := range k.pods {
		go k.look(ctx, p)
	}
}

func terminating(pod kube.Object) bool { return kube.Text(pod, "metadata", "deletionTimestamp") != "" }

// look ends a pod whose object is gone or is to go. The kubelet of a lost node hears of neither, but what ran there does not run any more: once the object
// is gone, so is the pod.
func (k *Kubelet) look(ctx context.Context, p *Pod) {
	o, err := k.API.Do(ctx, http.MethodGet, p.path(), nil)
	switch {
	case k.Lost(p.Node) && !Is(err, http.StatusNotFound):
	case Is(err, http.StatusNotFound) || (err == nil && kube.Text(o, "metadata", "uid") != p.UID):
		k.finish(ctx, p, 0)
	case err == nil && terminating(o):
		seconds, _ := kube.At(o, "metadata", "deletionGracePeriodSeconds").(float64)
		k.finish(ctx, p, time.Duration(seconds)*time.Second)
	}
}

// Is tells whether an error is that answer of the API server.
func Is(err error, code int) bool {
	var status *kube.StatusError
	return errors.As(err, &status) && status.Code == code
}

// finish ends a pod that is to be deleted, and returns when it is gone: its containers, its object, its network. If that is under way, only
// a grace of 0 changes anything.
func (k *Kubelet) finish(ctx context.Context, p *Pod, grace time.Duration) {
	if grace == 0 {
		p.hurry()
	}
	if !p.end() {
		<-p.done
		return
	}
	p.stop(grace)
	p.touch()
	if grace > 0 {
		k.remove(context.WithoutCancel(ctx), p)
	}
	k.mu.Lock()
	if k.pods[p.Name] == p {
		delete(k.pods, p.Name)
	}
	gone := k.gone
	k.mu.Unlock()
	close(p.done)
	if err := k.World.RemoveHost(p.Host); err != nil {
		k.Log("kubelet: remove the network of %s: %v", p.Name, err)
	}
	for _, do := range gone {
		do(p.Name)
	}
}

// remove takes the object of a pod that has ended away, which is the last that a kubelet does.
func (k *Kubelet) remove(ctx context.Context, p *Pod) {
	body := kube.Object{"gracePeriodSeconds": 0, "preconditions": kube.Object{"uid": p.UID}}
	for {
		if !k.Lost(p.Node) {
			_, err := k.API.Do(ctx, http.MethodDelete, p.path(), body)
			if err == nil || Is(err, http.StatusNotFound) || Is(err, http.StatusConflict) {
				return
			}
		}
		select {
		case <-p.now: // whoever took the grace back took the object away
			return
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// stop ends the containers as a kubelet does: SIGTERM to the main ones, SIGKILL after the grace, then the sidecars.
func (p *Pod) stop(grace time.Duration) {
	timer := time.AfterFunc(grace, p.hurry)
	defer timer.Stop()
	for _, sidecar := range []bool{false, true} {
		for _, c := range p.spec.Containers {
			if c.Sidecar == sidecar {
				p.terminate(c, p.Process(c.Name))
			}
		}
	}
}

func (p *Pod) terminate(c Container, process *world.Process) {
	if process == nil {
		return
	}
	select {
	case <-p.now:
	default:
		if len(c.PreStop) > 0 && process.Alive() {
			ctx, cancel := p.graceful()
			_, _ = p.Exec(ctx, c.Name, c.PreStop...)
			cancel()
		}
		_ = process.Signal(syscall.SIGTERM)
	}
	select {
	case <-process.Ended():
	case <-p.now:
		_ = process.Signal(syscall.SIGKILL)
		<-process.Ended()
	}
}

// graceful ends when no grace is left.
func (p *Pod) graceful() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		select {
		case <-p.now:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}
