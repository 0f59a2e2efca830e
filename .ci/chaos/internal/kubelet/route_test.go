package kubelet

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRouteLeadsWhereAServiceWould(t *testing.T) {
	r := &Route{}
	for _, step := range []struct {
		name string
		seen map[string]endpoint
		want string
	}{
		{"nobody has the label", map[string]endpoint{}, ""},
		{"one has", map[string]endpoint{"a": {"10.0.0.1", false}}, "a"},
		{"two have it: the present one stays", map[string]endpoint{"a": {"10.0.0.1", false}, "0": {"10.0.0.9", false}}, "a"},
		{"it terminates, and is the only one", map[string]endpoint{"a": {"10.0.0.1", true}}, "a"},
		{"it terminates, and another is there", map[string]endpoint{"a": {"10.0.0.1", true}, "b": {"10.0.0.2", false}}, "b"},
		{"another pod of the same name, at another address", map[string]endpoint{"b": {"10.0.0.3", false}}, "b"},
		{"a pod without an address is none", map[string]endpoint{"c": {}}, ""},
	} {
		r.settle(step.seen)
		require.Equal(t, step.want, r.Now().Pod, step.name)
	}
}

// ended runs a shell command to its end.
func ended(t *testing.T, command string) *os.ProcessState {
	t.Helper()
	cmd := exec.Command("sh", "-c", command)
	_ = cmd.Run()
	return cmd.ProcessState
}

func TestTerminationIsReportedAsAKubeletDoes(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	killed := terminated(ended(t, "kill -9 $$"), now, now, log)
	require.Equal(t, 137, killed["exitCode"])
	require.Equal(t, "Error", killed["reason"])
	require.NotContains(t, killed, "message", "no termination log, no message")

	require.NoError(t, os.WriteFile(log, []byte("instance 1"), 0o600))
	done := terminated(ended(t, "exit 0"), now, now, log)
	require.Equal(t, 0, done["exitCode"])
	require.Equal(t, "Completed", done["reason"])
	require.Equal(t, "instance 1", done["message"])
	require.Equal(t, "2026-01-02T03:04:05Z", done["finishedAt"])
	require.Equal(t, 3, terminated(ended(t, "exit 3"), now, now, log)["exitCode"])
}
