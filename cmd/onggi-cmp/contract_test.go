//go:build linux

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/yaml"
)

const (
	// user is whom Argo CD's images run as.
	user = 999
	// killed is when Argo CD kills a plugin.
	killed = 60 * time.Second
)

// programs holds the program that is tested, built once and for everybody to run.
type programs struct{ dir string }

var built programs

func TestMain(m *testing.M) {
	code := 1
	if dir, err := os.MkdirTemp("", "onggi-cmp-*"); err == nil {
		err = errors.Join(os.Chmod(dir, 0o755), exec.Command("go", "build", "-o", filepath.Join(dir, "onggi-cmp"), ".").Run())
		if built.dir = dir; err == nil {
			code = m.Run()
		} else {
			fmt.Fprintln(os.Stderr, "build onggi-cmp:", err)
		}
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

// sidecar is what Argo CD gives a plugin: folders, and a tree unpacked for one call.
type sidecar struct {
	root, repo, home, temp string
	env                    []string // besides what Argo CD sets
}

// unpack lays files out as Argo CD's server does: below a folder of a random name, owned by its user.
func unpack(t testing.TB, files map[string]string) *sidecar {
	t.Helper()
	root, err := os.MkdirTemp("", "onggi-contract-*") // t.TempDir is below a folder that only its owner may enter
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(root)) })
	require.NoError(t, os.Chmod(root, 0o755))
	s := &sidecar{root: root, home: filepath.Join(root, "home"), temp: filepath.Join(root, "tmp")}
	s.repo = filepath.Join(s.temp, "_cmp_server", "4f0c1f57-2d1e-4f5a-9a36-000000000000")
	require.NoError(t, os.MkdirAll(s.repo, 0o755))
	require.NoError(t, os.Mkdir(s.home, 0o555))
	for name, text := range files {
		at := filepath.Join(s.repo, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(at), 0o755))
		require.NoError(t, os.WriteFile(at, []byte(text), 0o644))
	}
	if os.Getuid() == 0 {
		require.NoError(t, filepath.WalkDir(s.temp, func(name string, _ fs.DirEntry, err error) error {
			return errors.Join(err, os.Lchown(name, user, user))
		}))
	}
	return s
}

// outcome is what Argo CD sees of a call, and what it cost.
type outcome struct {
	stdout, stderr string
	code           int
	cpu            time.Duration
}

// call runs a verb in an application's path, as Argo CD does: as its user, in its environment, killed after a minute.
func (s *sidecar) call(t testing.TB, path, parameters string, verb ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), killed)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(built.dir, "onggi-cmp"), verb...)
	cmd.Dir = filepath.Join(s.repo, filepath.FromSlash(path))
	cmd.Env = []string{
		"PATH=" + built.dir, "HOME=" + s.home, "TMPDIR=" + s.temp,
		"ARGOCD_APP_NAME=argocd_homelab-prod-lemon", "ARGOCD_APP_NAMESPACE=elsewhere", "ARGOCD_APP_PROJECT_NAME=homelab",
		"ARGOCD_APP_REVISION=0123456789abcdef0123456789abcdef01234567", "ARGOCD_APP_REVISION_SHORT=0123456", "ARGOCD_APP_REVISION_SHORT_8=01234567",
		"ARGOCD_APP_SOURCE_PATH=" + path, "ARGOCD_APP_SOURCE_REPO_URL=https://git.example.com/me/homelab.git", "ARGOCD_APP_SOURCE_TARGET_REVISION=main",
		"KUBE_VERSION=1.33", "KUBE_API_VERSIONS=v1,apps/v1,postgresql.cnpg.io/v1", "ARGOCD_ENV_TEAM=data", "ARGOCD_APP_PARAMETERS=" + parameters,
	}
	cmd.Env = append(cmd.Env, s.env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: user, Gid: user}
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWNET // no interface but a loopback that is down
	}
	err := cmd.Run()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		require.NoError(t, err)
	}
	state := cmd.ProcessState
	return outcome{stdout.String(), stderr.String(), state.ExitCode(), state.UserTime() + state.SystemTime()}
}

// snapshot is every file of the sidecar with its content and when it was written.
func (s *sidecar) snapshot(t testing.TB) map[string]string {
	t.Helper()
	out := map[string]string{}
	require.NoError(t, filepath.WalkDir(s.root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		out[name] = fmt.Sprint(info.Mode(), info.ModTime().UnixNano())
		if d.Type().IsRegular() {
			data, err := os.ReadFile(name)
			out[name] += fmt.Sprintf(" %x", sha256.Sum256(data))
			return err
		}
		return nil
	}))
	return out
}

// example is examples/homelab below databases/, with what else a repository has.
func example(t testing.TB) map[string]string {
	t.Helper()
	files := map[string]string{"README.md": "# home\n", ".git/HEAD": "ref: refs/heads/main\n", "apps/web.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n"}
	dir := filepath.Join("..", "..", "examples", "homelab")
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		if e.Type().IsRegular() {
			data, err := os.ReadFile(filepath.Join(dir, e.Name()))
			require.NoError(t, err)
			files["databases/"+e.Name()] = string(data)
		}
	}
	return files
}

// decoded reads a stream as Argo CD does: YAML 1.1.
func decoded(t testing.TB, stream string) []map[string]any {
	t.Helper()
	var out []map[string]any
	for dec := yaml.NewYAMLOrJSONDecoder(strings.NewReader(stream), 4096); ; {
		var o map[string]any
		err := dec.Decode(&o)
		if errors.Is(err, io.EOF) {
			return out
		}
		require.NoError(t, err)
		require.NotEmpty(t, o, "no empty document")
		out = append(out, o)
	}
}

// said tells what of the contract could not be kept by this user.
func said(t testing.TB) {
	if os.Getuid() != 0 {
		t.Logf("not root: the plugin runs as user %d, not %d, and with this machine's network", os.Getuid(), user)
	}
}
