package kubetest

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/onggi-db/onggi/sidecars/freeport"
)

// AdminToken is the token of a Real server that may do everything.
const AdminToken = "the-tests"

// Real is a real kube-apiserver with RBAC and without controllers, on a real etcd. Both end with the process that started them.
type Real struct {
	URL    string // https://127.0.0.1:port
	CAFile string // it signed its certificate itself
	dir    string
	args   []string // of the API server
	bin    string
	store  *exec.Cmd
	server *exec.Cmd
	// releases are of the ports.
	releases []func()
}

// StartReal starts both programs, found in the folder bin, with their data in dir. Each token is the name of a user; "the-tests" is
// an administrator. It returns when the server is ready, or the context ended.
func StartReal(ctx context.Context, bin, dir string, tokens map[string]string) (*Real, error) {
	r := &Real{CAFile: filepath.Join(dir, "certs", "apiserver.crt"), dir: dir, bin: bin}
	var ports [3]int
	for i := range ports {
		port, release, err := freeport.Take()
		if err != nil {
			r.Close()
			return nil, err
		}
		ports[i], r.releases = port, append(r.releases, release)
	}
	r.URL = fmt.Sprintf("https://127.0.0.1:%d", ports[2])
	local := func(port int) string { return fmt.Sprintf("http://127.0.0.1:%d", port) }
	key, users := filepath.Join(dir, "sa.key"), filepath.Join(dir, "tokens.csv")
	if err := writeKey(key); err != nil {
		return nil, err
	}
	lines := AdminToken + `,admin,admin,"system:masters"` + "\n"
	for token, user := range tokens {
		lines += token + "," + user + "," + user + "\n"
	}
	if err := os.WriteFile(users, []byte(lines), 0o600); err != nil {
		return nil, err
	}
	var err error
	r.store, err = r.start("etcd", "--data-dir", filepath.Join(dir, "etcd"), "--unsafe-no-fsync", "--log-level", "error",
		"--watch-progress-notify-interval", "5s", // as kubeadm has it: without it, watches of what never changes get no bookmarks
		"--listen-client-urls", local(ports[0]), "--advertise-client-urls", local(ports[0]),
		"--listen-peer-urls", local(ports[1]), "--initial-advertise-peer-urls", local(ports[1]), "--initial-cluster", "default="+local(ports[1]))
	if err != nil {
		return nil, err
	}
	r.args = []string{
		"--etcd-servers", local(ports[0]), "--bind-address", "127.0.0.1", "--advertise-address", "127.0.0.1",
		"--secure-port", fmt.Sprint(ports[2]), "--cert-dir", filepath.Join(dir, "certs"), "--authorization-mode", "RBAC",
		"--token-auth-file", users, "--service-cluster-ip-range", "10.96.0.0/24", "--service-account-issuer", "https://kubernetes.default.svc",
		"--service-account-key-file", key, "--service-account-signing-key-file", key, "--disable-admission-plugins", "ServiceAccount", "--v=0",
	}
	if err := r.Start(ctx); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// Start starts the API server, again after Stop, and waits until it is ready.
func (r *Real) Start(ctx context.Context) error {
	var err error
	if r.server, err = r.start("kube-apiserver", r.args...); err != nil {
		return err
	}
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} // loopback, before the certificate is made
	defer client.CloseIdleConnections()
	for ctx.Err() == nil {
		if answer, err := client.Get(r.URL + "/readyz"); err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	return fmt.Errorf("the API server does not get ready: %s", r.tail())
}

// Stop kills the API server. What it stored stays.
func (r *Real) Stop() { end(r.server) }

// Signal sends a signal to the API server, to freeze it for one: after SIGSTOP it returns once the last of its threads has stopped, which takes its
// time on a busy machine.
func (r *Real) Signal(s os.Signal) error {
	if err := r.server.Process.Signal(s); err != nil || s != syscall.SIGSTOP {
		return err
	}
	for {
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", r.server.Process.Pid))
		if err != nil || len(threads) == 0 {
			return fmt.Errorf("stop the API server: it does not run")
		}
		running := false
		for _, thread := range threads {
			stat, _ := os.ReadFile(thread)
			_, state, _ := strings.Cut(string(stat), ") ")
			running = running || state != "" && !strings.HasPrefix(state, "T")
		}
		if !running {
			return nil
		}
		time.Sleep(time.Millisecond)
	}
}

// Close kills both.
func (r *Real) Close() {
	end(r.server)
	end(r.store)
	for _, release := range r.releases {
		release()
	}
	r.releases = nil
}

func end(cmd *exec.Cmd) {
	if cmd != nil && cmd.Process != nil && cmd.ProcessState == nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
}

func (r *Real) start(name string, args ...string) (*exec.Cmd, error) {
	log, err := os.OpenFile(filepath.Join(r.dir, name+".log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := exec.Command(filepath.Join(r.bin, name), args...)
	cmd.Stdout, cmd.Stderr, cmd.Dir = log, log, r.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %v", name, err)
	}
	return cmd, nil
}

// tail is the end of each log.
func (r *Real) tail() string {
	var b strings.Builder
	logs, _ := filepath.Glob(filepath.Join(r.dir, "*.log"))
	for _, log := range logs {
		data, _ := os.ReadFile(log)
		fmt.Fprintf(&b, "\n%s: %s", filepath.Base(log), data[max(0, len(data)-2000):])
	}
	return b.String()
}

func writeKey(file string) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	block := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	return os.WriteFile(file, block, 0o600)
}
