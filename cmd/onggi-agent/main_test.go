package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestVerbs(t *testing.T) {
	for _, row := range []struct {
		args      []string
		code      int
		out, errs string
	}{
		{nil, exitUsage, "", "onggi-agent supervise --config FILE"},
		{[]string{"dance"}, exitUsage, "", "onggi-agent run --config FILE"},
		{[]string{"help"}, 0, "the sidecar", ""},
		{[]string{"version"}, 0, "\n", ""},
		{[]string{"run"}, exitUsage, "", "--config FILE"},
		{[]string{"run", "--config", "no such file"}, exitFailed, "", "read the agent's configuration"},
		{[]string{"supervise", "--config", "no such file"}, exitFailed, "", "read the agent's configuration"},
		{[]string{"guard"}, exitFailed, "", "the guard is started by a supervisor"},
	} {
		var out, errs bytes.Buffer
		require.Equal(t, row.code, dispatch(row.args, &out, &errs), row.args)
		require.Contains(t, out.String(), row.out, row.args)
		require.Contains(t, errs.String(), row.errs, row.args)
	}
}

// What every pod carries is held small: its text is most of what it weighs.
func TestTheProgramIsSmall(t *testing.T) {
	deps, err := exec.Command("go", "list", "-deps", ".").Output()
	require.NoError(t, err)
	for dep := range strings.Lines(string(deps)) {
		for _, no := range []string{"onggi/render", "onggi/charts", "onggi/overlays", "onggi/policies", "helm.sh/", "k8s.io/client-go", "k8s.io/api", "kustomize", "prometheus/"} {
			if no == "kustomize" && strings.HasPrefix(dep, "sigs.k8s.io/yaml") {
				continue
			}
			require.NotContains(t, dep, no)
		}
	}
	program := filepath.Join(t.TempDir(), "onggi-agent")
	build := exec.Command("go", "build", "-trimpath", "-tags", buildTags, notInlined, "-ldflags", "-s -w", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as it is released
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	info, err := os.Stat(program)
	require.NoError(t, err)
	t.Logf("%.1f MB", float64(info.Size())/1e6)
	require.Less(t, info.Size(), int64(11.0e6))
}
