package agent

import (
	"context"

	"github.com/onggi-db/onggi/sidecars/ha"
)

type cluster struct{ *bench }

func (c cluster) Watch(ctx context.Context, told func(ha.Pod)) {
	c.mu.Lock()
	pod := c.pod
	c.mu.Unlock()
	told(pod)
	<-ctx.Done()
}

func (c cluster) Dead(_ context.Context, _, instance string) (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dead == instance, nil
}

func (c cluster) Address(_ context.Context, pod string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.addresses[pod], nil
}

func (c cluster) Labelled(role string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.labels) > 0 && c.labels[len(c.labels)-1] == role
}

func (c cluster) Label(_ context.Context, role string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.failing[ha.Label]; err != nil {
		c.order = append(c.order, "label failed")
		return err
	}
	c.labels = append(c.labels, role)
	return nil
}

func (c cluster) Evict(_ context.Context, pod string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.order = append(c.order, "evict "+pod)
	return nil
}

func (c cluster) Hindrance(_ context.Context, pod string) (reason, detail string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.hindrances[pod], "as Kubernetes says", nil
}

func (c cluster) TellAll(_ context.Context, _ bool, reason, _ string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events = append(c.events, reason)
}

func (c cluster) Tell(_ context.Context, _ bool, reason, _ string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events = append(c.events, reason)
}
