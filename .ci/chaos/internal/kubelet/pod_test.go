package kubelet

import (
	"testing"

	"github.com/stretchr/testify/require"

	"onggi.dev/ci/chaos/internal/kube"
)

func TestWhichContainersAreStartedAgain(t *testing.T) {
	main, begin, sidecar := Container{}, Container{Init: true}, Container{Sidecar: true}
	for _, c := range []struct {
		policy string
		c      Container
		code   int
		want   bool
	}{
		{"", main, 0, true},
		{"Always", main, 1, true},
		{"OnFailure", main, 0, false},
		{"OnFailure", main, 3, true},
		{"Never", main, 3, false},
		{"Always", begin, 0, false},
		{"Always", begin, 1, true},
		{"Never", begin, 1, false},
		{"Never", sidecar, 0, true},
	} {
		require.Equal(t, c.want, Spec{Restart: c.policy}.again(c.c, c.code), "%+v", c)
	}
}

func TestPhaseAndReadinessOfAPod(t *testing.T) {
	ended := func(code int) *running { return &running{ended: kube.Object{"exitCode": code}} }
	for _, c := range []struct {
		name    string
		restart string
		states  map[string]*running
		phase   string
		ready   bool
	}{
		{"it begins", "", map[string]*running{"install": {started: true}}, "Pending", false},
		{"it runs", "", map[string]*running{"install": ended(0), "agent": {started: true}, "database": {started: true}}, "Running", true},
		{"a probe says no", "", map[string]*running{"install": ended(0), "agent": {started: true}, "database": {started: true, unready: true}}, "Running", false},
		{"it is not started", "", map[string]*running{"install": ended(0), "agent": {started: true}, "database": {}}, "Running", false},
		{"its sidecar is away", "", map[string]*running{"install": ended(0), "agent": ended(1), "database": {started: true}}, "Running", false},
		{"it is started again", "", map[string]*running{"install": ended(0), "agent": {started: true}, "database": ended(1)}, "Running", false},
		{"a job is done", "Never", map[string]*running{"install": ended(0), "agent": {started: true}, "database": ended(0)}, "Succeeded", false},
		{"a job failed", "Never", map[string]*running{"install": ended(0), "agent": {started: true}, "database": ended(2)}, "Failed", false},
	} {
		p := &Pod{running: c.states, spec: Spec{Restart: c.restart, Containers: []Container{
			{Name: "install", Init: true}, {Name: "agent", Sidecar: true}, {Name: "database"},
		}}}
		require.Equal(t, c.phase, p.Phase(), c.name)
		require.Equal(t, c.ready, p.Ready(), c.name)
	}
}
