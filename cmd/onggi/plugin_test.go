package main

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
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
		{"onggi", "status shop", "onggi", "status shop"},
		{"/usr/local/bin/kubectl-onggi", "status shop -n db", "kubectl onggi", "status shop -n db"},
		{"kubectl-onggi.exe", "-n db psql shop -- -c x", "kubectl onggi", "-n db psql shop -- -c x"},
		{"kubectl_complete-onggi", "status sh", "kubectl onggi", "__complete status sh"},
	} {
		got := invoked(row.program, strings.Fields(row.args))
		require.Equal(t, row.display, got.display, row.args)
		require.Equal(t, row.want, strings.Join(got.args, " "), row.args)
	}
}

// kubectl's flags may stand before the verb and behind it, whatever their values are.
func TestFlagsBeforeTheVerb(t *testing.T) {
	api := httptest.NewServer(&recordingServer{})
	defer api.Close()
	file := filepath.Join(t.TempDir(), "config")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, `apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: %q}}]
contexts: [{name: here, context: {cluster: c}}]
current-context: here
`, api.URL), 0o600))
	for args, said := range map[string]string{
		"status shop -n db --kubeconfig FILE":                          "in namespace db:",
		"-n db --kubeconfig FILE status shop":                          "in namespace db:",
		"-n status --kubeconfig=FILE status shop":                      "in namespace status:",
		"--kubeconfig FILE --namespace=db backup list shop":            "in namespace db:",
		"--kubeconfig FILE -n backup backup -n list list shop":         "in namespace list:",
		"--context=here -n db --kubeconfig FILE psql shop -- -n other": "in namespace db:",
		"--context=moon --kubeconfig FILE psql shop -- -c x":           `context "moon" does not exist`,
		"-n": "unknown shorthand flag", "-n db": "unknown shorthand flag",
	} {
		var out strings.Builder
		called := invoked(pluginName, strings.Fields(strings.ReplaceAll(args, "FILE", file)))
		require.NotZero(t, runNamed(t.Context(), called.display, called.args, cli.Streams{In: strings.NewReader(""), Out: &out, Err: &out}))
		require.Contains(t, out.String(), said, args)
	}
}

func TestAPluginTellsItsName(t *testing.T) {
	var out strings.Builder
	code := runNamed(context.Background(), "kubectl onggi", []string{"status", "--help"}, cli.Streams{In: strings.NewReader(""), Out: &out, Err: &out})
	require.Zero(t, code)
	require.Contains(t, out.String(), "kubectl onggi status NAME")
}
