package cmp

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/argoproj/argo-cd/v3/cmd/argocd-cmp-server/commands"
	"github.com/argoproj/argo-cd/v3/cmpserver/apiclient"
	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/util/cmp"
	"github.com/stretchr/testify/require"
)

const (
	// serverMark makes the test binary the server: linking Argo CD twice would take a minute more.
	serverMark = "ONGGI_TEST_IS_CMP_SERVER"
	// user is whom Argo CD's images run as.
	user = 999
	// patience is how long repo-server waits for a plugin.
	patience = 60 * time.Second
)

func TestMain(m *testing.M) {
	if os.Getenv(serverMark) != "" {
		if err := commands.NewCommand().Execute(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// sidecar is a running argocd-cmp-server with the plugin.
type sidecar struct {
	client apiclient.ConfigManagementPluginServiceClient
	log    string
}

// program is one that the Makefile built.
func program(t *testing.T, variable string) string {
	t.Helper()
	name := os.Getenv(variable)
	require.NotEmpty(t, name, "%s names no program: run make e2e-argocd", variable)
	return name
}

// install is a file that everybody may run, since the server has another user than the tests.
func install(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	require.NoError(t, err)
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	require.NoError(t, err)
	_, err = io.Copy(out, in)
	require.NoError(t, err)
	require.NoError(t, out.Close())
}

// start runs the server as Argo CD does: as another user, with the plugin in PATH, a home that cannot be written to, and
// nothing else. It kills it hard at the end, since it survives one SIGTERM, and sees that nothing was left behind.
func start(t *testing.T, config []byte) *sidecar {
	t.Helper()
	dir, err := os.MkdirTemp("", "onggi-cmp-*") // t.TempDir is below a folder that only its owner may enter
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	for _, name := range []string{"bin", "config", "home", "plugins", "tmp"} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, name), 0o755))
	}
	self, err := os.Executable()
	require.NoError(t, err)
	install(t, self, filepath.Join(dir, "bin", "argocd-cmp-server"))
	install(t, program(t, "ONGGI_CMP"), filepath.Join(dir, "bin", "onggi-cmp"))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config", "plugin.yaml"), config, 0o644))

	cmd := exec.Command(filepath.Join(dir, "bin", "argocd-cmp-server"), "--config-dir-path", filepath.Join(dir, "config"), "--loglevel", "debug")
	cmd.Dir = dir
	cmd.Env = []string{
		serverMark + "=1", "PATH=" + filepath.Join(dir, "bin"), "HOME=" + filepath.Join(dir, "home"), "TMPDIR=" + filepath.Join(dir, "tmp"),
		"ARGOCD_PLUGINSOCKFILEPATH=" + filepath.Join(dir, "plugins"), "ARGOCD_CMP_WORKDIR=" + filepath.Join(dir, "tmp"),
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: user, Gid: user}
		for _, name := range []string{"plugins", "tmp"} {
			require.NoError(t, os.Chown(filepath.Join(dir, name), user, user))
		}
	} else {
		t.Logf("not root: the server runs as user %d, not as %d", os.Getuid(), user)
	}
	s := &sidecar{log: filepath.Join(dir, "log")}
	log, err := os.Create(s.log)
	require.NoError(t, err)
	cmd.Stdout, cmd.Stderr = log, log
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait() // it was killed
		require.NoError(t, log.Close())
		if t.Failed() {
			data, _ := os.ReadFile(s.log)
			t.Logf("%s", data)
		}
		left, err := os.ReadDir(filepath.Join(dir, "tmp", "_cmp_server"))
		require.NoError(t, err)
		require.Empty(t, left, "trees that were unpacked are gone")
		left, err = os.ReadDir(filepath.Join(dir, "tmp"))
		require.NoError(t, err)
		require.Len(t, left, 1, "the plugin left nothing in the temporary folder")
		left, err = os.ReadDir(filepath.Join(dir, "home"))
		require.NoError(t, err)
		require.Empty(t, left)
	})
	socket := filepath.Join(dir, "plugins", "onggi.sock")
	require.Eventually(t, func() bool { _, err := os.Stat(socket); return err == nil }, 30*time.Second, 50*time.Millisecond, "the server makes its socket")
	conn, client, err := apiclient.NewConfigManagementPluginClientSet(socket).NewConfigManagementPluginClient()
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	s.client = client
	return s
}

// application is what a call is about.
type application struct {
	repo       string // on the disk
	path       string // in the repository
	parameters v1alpha1.ApplicationSourcePluginParameters
	env        []string // besides
}

// environ is what repo-server puts into the environment.
func (a application) environ(t *testing.T) []string {
	t.Helper()
	env := []string{
		"ARGOCD_APP_NAME=homelab-lemon", "ARGOCD_APP_NAMESPACE=databases", "ARGOCD_APP_PROJECT_NAME=homelab", "ARGOCD_APP_REVISION=0123456789abcdef",
		"ARGOCD_APP_REVISION_SHORT=0123456", "ARGOCD_APP_SOURCE_REPO_URL=https://git.example.com/me/homelab.git", "ARGOCD_APP_SOURCE_PATH=" + a.path,
		"ARGOCD_APP_SOURCE_TARGET_REVISION=main", "KUBE_VERSION=1.33", "KUBE_API_VERSIONS=v1,apps/v1",
	}
	parameters, err := a.parameters.Environ()
	require.NoError(t, err)
	return append(append(env, parameters...), a.env...)
}

// send streams the repository as repo-server does.
func (a application) send(ctx context.Context, t *testing.T, to cmp.StreamSender) {
	t.Helper()
	require.NoError(t, cmp.SendRepoStream(ctx, filepath.Join(a.repo, a.path), a.repo, to, a.environ(t), []string{".git"}))
}

func (s *sidecar) generate(t *testing.T, a application) ([]string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	stream, err := s.client.GenerateManifest(ctx)
	require.NoError(t, err)
	a.send(ctx, t, stream)
	response, err := stream.CloseAndRecv()
	if err != nil {
		return nil, err
	}
	return response.Manifests, nil
}

func (s *sidecar) matches(t *testing.T, a application) (supported, enabled bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	stream, err := s.client.MatchRepository(ctx)
	require.NoError(t, err)
	a.send(ctx, t, stream)
	response, err := stream.CloseAndRecv()
	require.NoError(t, err)
	return response.IsSupported, response.IsDiscoveryEnabled
}

func (s *sidecar) announce(t *testing.T, a application) *apiclient.ParametersAnnouncementResponse {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	stream, err := s.client.GetParametersAnnouncement(ctx)
	require.NoError(t, err)
	a.send(ctx, t, stream)
	response, err := stream.CloseAndRecv()
	require.NoError(t, err)
	return response
}

// repository is a copy of a folder of the repository of onggi, as the path databases of one of a user.
func repository(t *testing.T, from string) string {
	t.Helper()
	repo := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(repo, "databases"), os.DirFS(filepath.Join("..", "..", from))))
	require.NoError(t, os.MkdirAll(filepath.Join(repo, ".git"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(repo, ".git", "HEAD"), []byte("ref: refs/heads/main\n"), 0o644))
	return repo
}

// edit replaces a piece of a file that has it once.
func edit(t *testing.T, name, old, replacement string) {
	t.Helper()
	data, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(data), old))
	require.NoError(t, os.WriteFile(name, []byte(strings.Replace(string(data), old, replacement, 1)), 0o644))
}
