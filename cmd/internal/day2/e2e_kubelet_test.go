package day2_test

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/kube/nodetest"
)

// node is what the API server passes on to: one stand-in for the kubelets of all nodes.
type node struct{ lab *lab }

// newKubelet serves until the test ends.
func newKubelet(l *lab) *nodetest.Server {
	s := nodetest.Serve(node{l})
	l.t.Cleanup(s.Close)
	return s
}

// Command is a process in the container's own view of the machine. In an object whose containers are nobody's nothing runs.
func (n node) Command(ctx context.Context, pod, container string, argv []string) (*exec.Cmd, error) {
	p := n.lab.pod(pod)
	if p == nil {
		return nil, errors.New("nothing runs in " + pod)
	}
	n.lab.remember(pod + "/" + container + ": " + strings.Join(argv, " "))
	return p.inside(ctx, container, argv), nil
}

// Log is what a container has printed.
func (n node) Log(pod, container string) (string, error) {
	p := n.lab.pod(pod)
	if p == nil {
		return "", errors.New("nothing runs in " + pod)
	}
	return p.log(container), nil
}

// Dial is not asked: no verb forwards ports.
func (n node) Dial(context.Context, string, int) (net.Conn, error) {
	return nil, errors.New("these pods have no network of their own")
}

// need skips where the machine lacks something, or fails where it has to be there.
func need(t *testing.T, ok bool, what string) {
	t.Helper()
	if ok {
		return
	}
	if os.Getenv("ONGGI_REQUIRE_TOOLS") == "1" {
		require.FailNow(t, "needs "+what)
	}
	t.Skip("needs " + what)
}
