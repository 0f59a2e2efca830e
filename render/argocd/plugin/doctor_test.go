package plugin_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/argocd/plugin"
)

// healthy is a sidecar as install makes it.
func healthy() plugin.Surroundings {
	return plugin.Surroundings{
		Version: "1.2.3", User: 999, Temp: "/tmp", TempFree: 1 << 30, MemoryLimit: 512 << 20,
		Server: "/var/run/argocd/argocd-cmp-server", Socket: "/home/argocd/cmp-server/plugins/onggi.sock", Config: "/home/argocd/cmp-server/config/plugin.yaml",
		ConfigData: plugin.Installation{Discovery: plugin.ByFile}.Plugin(),
		Environ:    []string{"PATH=/usr/local/bin", "KUBE_VERSION=1.33", `ARGOCD_APP_PARAMETERS=[{"name":"env","string":"prod"}]`},
		Files:      3, Bytes: 4096,
	}
}

func TestDiagnose(t *testing.T) {
	for _, f := range plugin.Diagnose(healthy()) {
		require.Equal(t, plugin.Fine, f.Level, f.Message)
		require.Empty(t, f.Fix)
	}
	tests := []struct {
		name    string
		change  func(*plugin.Surroundings)
		check   string
		level   plugin.Level
		message string
	}{
		{"root", func(s *plugin.Surroundings) { s.User = 0 }, "user", plugin.Error, "runs as user 0"},
		{"no temporary folder", func(s *plugin.Surroundings) { s.TempError = "read-only file system" }, "temporary folder", plugin.Error, "/tmp: read-only file system"},
		{"a full one", func(s *plugin.Surroundings) { s.TempFree = 10 << 20 }, "temporary folder", plugin.Warning, "/tmp has 10 MiB left"},
		{"little memory", func(s *plugin.Surroundings) { s.MemoryLimit = 64 << 20 }, "memory", plugin.Warning, "the limit is 64 MiB"},
		{"no server", func(s *plugin.Surroundings) { s.ServerError = "no such file or directory" }, "server", plugin.Error, "argocd-cmp-server: no such file"},
		{"no socket", func(s *plugin.Surroundings) { s.SocketError = "no such file or directory" }, "socket", plugin.Error, "onggi.sock: no such file"},
		{"no configuration", func(s *plugin.Surroundings) { s.ConfigError = "permission denied" }, "configuration", plugin.Error, "plugin.yaml: permission denied"},
		{"another configuration", func(s *plugin.Surroundings) { s.ConfigData = []byte("kind: X\n") }, "configuration", plugin.Warning, "not what this release installs"},
		{"a long variable", func(s *plugin.Surroundings) { s.Environ = []string{"X=" + strings.Repeat("x", 100<<10)} }, "variables", plugin.Warning, "X has 100 KiB"},
		{"a variable without effect", func(s *plugin.Surroundings) { s.Environ = []string{"ARGOCD_EXEC_TIMEOUT=90s"} }, "variables", plugin.Warning, "has no effect"},
		{"a size that is none", func(s *plugin.Surroundings) { s.Environ = []string{"ARGOCD_GRPC_MAX_SIZE_MB=many"} }, "variables", plugin.Error, "no number of megabytes: many"},
		{"a stray variable", func(s *plugin.Surroundings) { s.Environ = []string{"ARGOCD_ENV_ONGGI_ENV=prod"} }, "variables", plugin.Error, "ONG3101"},
		{"wrong parameters", func(s *plugin.Surroundings) { s.Environ = []string{"ARGOCD_APP_PARAMETERS={}"} }, "parameters", plugin.Error, "ONG3102"},
		{"an old Kubernetes", func(s *plugin.Surroundings) { s.Environ = []string{"KUBE_VERSION=1.25"} }, "destination", plugin.Error, "ONG4101"},
		{"all of Git's history", func(s *plugin.Surroundings) { s.Git = 5 << 20 }, "working folder", plugin.Warning, "5.0 MiB of it .git"},
		{"a large repository", func(s *plugin.Surroundings) { s.Bytes = 200 << 20 }, "working folder", plugin.Warning, "200.0 MiB: all of it is sent"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := healthy()
			tt.change(&s)
			var bad []plugin.Finding
			for _, f := range plugin.Diagnose(s) {
				if f.Level != plugin.Fine {
					bad = append(bad, f)
				}
			}
			require.Len(t, bad, 1)
			require.Equal(t, tt.check, bad[0].Check)
			require.Equal(t, tt.level, bad[0].Level)
			require.Contains(t, bad[0].Message, tt.message)
			require.NotEmpty(t, bad[0].Fix)
		})
	}
}
