package kube

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
	"path/filepath"
	"time"

	"onggi.dev/ci/chaos/internal/world"
)

const adminToken = "the-harness"

// Server is a real kube-apiserver with RBAC and admission, its etcd, and no controllers: the harness is kubelet and the rest.
type Server struct {
	Admin *Client

	Store, API *world.Process // to be stopped by faults
}

// StartServer starts etcd and kube-apiserver from the folder bin and waits until they answer.
func StartServer(ctx context.Context, w *world.World, bin string) (*Server, error) {
	dir := filepath.Join(w.Dir, "platform")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	s := &Server{}
	var err error
	s.Store, err = StartEtcd(w, bin, "platform", "127.0.0.1", 2379)
	if err != nil {
		return nil, err
	}
	key, tokens := filepath.Join(dir, "sa.key"), filepath.Join(dir, "tokens.csv")
	if err := writeKey(key); err != nil {
		return nil, err
	}
	if err := os.WriteFile(tokens, []byte(adminToken+`,admin,admin,"system:masters"`+"\n"), 0o600); err != nil {
		return nil, err
	}
	s.API, err = w.Daemon(filepath.Join(dir, "kube-apiserver.log"), filepath.Join(bin, "kube-apiserver"),
		"--etcd-servers=http://127.0.0.1:2379", "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", "--secure-port=6444",
		"--cert-dir="+filepath.Join(dir, "certs"), "--authorization-mode=RBAC", "--token-auth-file="+tokens,
		"--service-cluster-ip-range=10.96.0.0/24", "--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file="+key, "--service-account-signing-key-file="+key, "--endpoint-reconciler-type=none", "--v=0")
	if err != nil {
		return nil, err
	}
	s.Admin = &Client{
		Base: "https://127.0.0.1:6444", Token: adminToken,
		HTTP: &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}},
	}
	return s, s.ready(ctx, filepath.Join(dir, "kube-apiserver.log"))
}

func (s *Server) ready(ctx context.Context, log string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	for {
		_, err := s.Admin.Do(ctx, http.MethodGet, "/readyz", nil)
		if err == nil {
			return nil
		}
		select {
		case <-s.API.Ended():
			return fmt.Errorf("kube-apiserver ended: %s", world.Tail(log, 5))
		case <-ctx.Done():
			return fmt.Errorf("kube-apiserver does not get ready: %w: %s", err, world.Tail(log, 5))
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// StartEtcd starts a store of one member that serves clients at address:port.
func StartEtcd(w *world.World, bin, name, address string, port int) (*world.Process, error) {
	client, peer := fmt.Sprintf("http://%s:%d", address, port), fmt.Sprintf("http://127.0.0.1:%d", port+1)
	return w.Daemon(filepath.Join(w.Dir, name+"-etcd.log"), filepath.Join(bin, "etcd"),
		"--data-dir", filepath.Join(w.Dir, name+"-etcd"), "--unsafe-no-fsync", "--log-level", "error",
		"--watch-progress-notify-interval", "5s", // as kubeadm has it: without it, watches of what never changes get no bookmarks
		"--listen-client-urls", client, "--advertise-client-urls", client,
		"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "default="+peer)
}

func writeKey(path string) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	block := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	return os.WriteFile(path, block, 0o600)
}
