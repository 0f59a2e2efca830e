package main

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/cmd/internal/cli"
)

func TestHowKubectlCallsIt(t *testing.T) {
	for _, row := range []struct {
		program, args, display, want string
	}{
		{"onggi", "-n db status shop", "onggi", "-n db status shop"},
		{"/usr/local/bin/kubectl-onggi", "status shop -n db", "kubectl onggi", "status shop -n db"},
		{"kubectl-onggi", "-n db status shop", "kubectl onggi", "status shop -n db"},
		{"kubectl-onggi.exe", "--context=prod -n db psql shop -- -c x", "kubectl onggi", "psql shop --context=prod -n db -- -c x"},
		{"kubectl-onggi", "--kubeconfig k backup list shop", "kubectl onggi", "backup list shop --kubeconfig k"},
		{"kubectl-onggi", "--help", "kubectl onggi", "--help"},
		{"kubectl-onggi", "-n", "kubectl onggi", "-n"},
		{"kubectl-onggi", "-n db", "kubectl onggi", "-n db"},
		{"kubectl_complete-onggi", "status sh", "kubectl onggi", "__complete status sh"},
	} {
		got := invoked(row.program, strings.Fields(row.args))
		require.Equal(t, row.display, got.display, row.args)
		require.Equal(t, row.want, strings.Join(got.args, " "), row.args)
	}
}

func TestAPluginTellsItsName(t *testing.T) {
	var out strings.Builder
	code := runNamed(context.Background(), "kubectl onggi", []string{"status", "--help"}, cli.Streams{In: strings.NewReader(""), Out: &out, Err: &out})
	require.Zero(t, code)
	require.Contains(t, out.String(), "kubectl onggi status NAME")
}

// kubectl itself finds the plugin by its name, gives it its arguments and hands its exit code on.
func TestKubectlRunsIt(t *testing.T) {
	kubectl, err := exec.LookPath("kubectl")
	if err != nil {
		t.Skip("needs kubectl")
	}
	dir := t.TempDir()
	at := filepath.Join(dir, pluginName)
	out, err := exec.Command("go", "build", "-o", at, ".").CombinedOutput()
	require.NoError(t, err, "%s", out)
	cmd := exec.Command(kubectl, "onggi", "-n", "db", "status", "shop", "--kubeconfig", filepath.Join(dir, "none"))
	cmd.Env = append(cmd.Environ(), "PATH="+dir)
	said, err := cmd.CombinedOutput()
	var failed *exec.ExitError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, cli.InOut, failed.ExitCode(), "%s", said)
	require.Contains(t, string(said), "find the cluster")
}
