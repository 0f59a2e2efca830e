package main

import (
	"context"
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
