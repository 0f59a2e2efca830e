package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render"
	"github.com/onggi-db/onggi/render/backend/native"
	"github.com/onggi-db/onggi/render/spec"
	"github.com/onggi-db/onggi/sidecars/postgres/pgtest"
)

// server is a store that prints where it listens, and listens there again when it is started again.
type server struct {
	t       *testing.T
	argv    []string
	address string
	cmd     *exec.Cmd
}

func newServer(t *testing.T, argv ...string) *server {
	t.Helper()
	s := &server{t: t, argv: argv, address: "127.0.0.1:0"}
	s.start()
	t.Cleanup(func() { s.stop() })
	return s
}

func (s *server) start() {
	s.cmd = exec.Command(s.argv[0], append([]string{"-listen", s.address}, s.argv[1:]...)...)
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	s.cmd.Stderr = os.Stderr
	out, err := s.cmd.StdoutPipe()
	require.NoError(s.t, err)
	require.NoError(s.t, s.cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(s.t, err)
	s.address = strings.TrimSpace(line)
}

func (s *server) stop() { _ = s.cmd.Process.Kill(); _ = s.cmd.Wait() }

// host is the name that its certificate has, and the port.
func (s *server) host() string { return strings.Replace(s.address, "127.0.0.1", "localhost", 1) }

func (s *server) store(archive func(path string) string, secrets func(*lab)) store {
	return store{
		repository: func(path string) string { return rendered(s.t, archive(path)) }, down: s.stop, up: s.start,
		archive: func(string, string) string { return "" }, secrets: secrets,
	}
}

// rendered is the repository that the renderer makes of an archive in a spec, with its keys in the lab's folder.
func rendered(t *testing.T, archive string) string {
	t.Helper()
	set, problems := spec.Load([]spec.Source{{Name: "shop.yaml", Data: []byte(`
apiVersion: onggi.dev/v1alpha1
kind: DatabaseCluster
metadata: {name: shop, namespace: db}
spec:
  version: "` + pgtest.Major() + `"
  backend: native
  storage: {size: 1Gi}
  secrets: {provider: existing}
  backup: {` + archive + `}
`)}})
	require.Empty(t, problems)
	cluster, problems := set.Clusters[0].Resolve("")
	require.Empty(t, problems)
	bundle, problems := render.Compile(cluster)
	require.Empty(t, problems)
	text, err := json.Marshal(native.File(bundle.Plan).Backup.Repository)
	require.NoError(t, err)
	return strings.ReplaceAll(string(text), "/etc/onggi/repository/", "LAB/")
}

// copyTo puts a file into the lab's folder.
func (l *lab) copyTo(name, from string) {
	l.t.Helper()
	text, err := os.ReadFile(from)
	require.NoError(l.t, err)
	l.write(l.dir+"/"+name, string(text))
}

// gcs is a server that speaks as Google's does, over TLS: the program of .ci/gcs. It wants a token, for which pgBackRest shows what the service
// account's key has signed.
func gcs(t *testing.T) store {
	program := os.Getenv("ONGGI_GCS")
	need(t, program != "", "a GCS server (make e2e-backup)")
	dir := t.TempDir()
	certify(t, dir, "localhost")
	server := newServer(t, program, "-dir", dir, "-bucket", "backups")
	return server.store(func(path string) string {
		return fmt.Sprintf(`destination: gs://backups%s, endpoint: "https://%s", endpointCA: {secret: store, key: ca.crt}, credentials: {secret: store}`, path, server.host())
	}, func(l *lab) {
		l.copyTo("ca.crt", dir+"/ca.crt")
		l.copyTo("key.json", dir+"/key.json")
	})
}

// azure is Azurite over TLS, with an account in the path.
func azure(t *testing.T) store {
	program := os.Getenv("ONGGI_AZURITE")
	if program != "" {
		_, err := os.Stat(program)
		need(t, err == nil, "Azurite, of npm (make e2e-backup installs it where there is npm)")
	}
	need(t, program != "", "Azurite (make e2e-backup)")
	const account = "onggi"
	dir, key := t.TempDir(), base64.StdEncoding.EncodeToString([]byte(rand.Text()))
	authority := certify(t, dir, "localhost")
	port := freePort(t)
	var cmd *exec.Cmd
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authority}, DisableKeepAlives: true}}
	start := func() {
		cmd = exec.Command(program, "--blobHost", "127.0.0.1", "--blobPort", fmt.Sprint(port), "--location", dir+"/objects", "--cert", dir+"/tls.crt", "--key", dir+"/tls.key",
			"--silent", "--disableTelemetry", "--skipApiVersionCheck")
		cmd.Env = append(os.Environ(), "AZURITE_ACCOUNTS="+account+":"+key)
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		cmd.Stderr = os.Stderr
		require.NoError(t, cmd.Start())
		require.Eventually(t, func() bool {
			answer, err := client.Get(fmt.Sprintf("https://localhost:%d/", port))
			if err == nil {
				answer.Body.Close()
			}
			return err == nil
		}, 3*time.Minute, 100*time.Millisecond, "Azurite answers")
	}
	stop := func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }
	start()
	t.Cleanup(func() { stop() })
	makeContainer(t, client, port, account, key)
	return store{
		repository: func(path string) string {
			return rendered(t, fmt.Sprintf(`destination: azblob://%s/backups%s, endpoint: "https://localhost:%d", endpointCA: {secret: store, key: ca.crt}, credentials: {secret: store}`, account, path, port))
		},
		down: stop, up: start, archive: func(string, string) string { return "" },
		secrets: func(l *lab) {
			l.copyTo("ca.crt", dir+"/ca.crt")
			l.write(l.dir+"/secret", key+"\n")
		},
	}
}

// makeContainer is what people do once in Azure's console. The request is signed by the account's key.
func makeContainer(t *testing.T, client *http.Client, port int, account, key string) {
	t.Helper()
	path := "/" + account + "/backups"
	r, err := http.NewRequest(http.MethodPut, fmt.Sprintf("https://localhost:%d%s?restype=container", port, path), nil)
	require.NoError(t, err)
	date, version := time.Now().UTC().Format(http.TimeFormat), "2021-08-06"
	r.Header.Set("x-ms-date", date)
	r.Header.Set("x-ms-version", version)
	secret, err := base64.StdEncoding.DecodeString(key)
	require.NoError(t, err)
	signature := hmac.New(sha256.New, secret)
	fmt.Fprintf(signature, "PUT%sx-ms-date:%s\nx-ms-version:%s\n/%s%s\nrestype:container", strings.Repeat("\n", 12), date, version, account, path)
	r.Header.Set("Authorization", "SharedKey "+account+":"+base64.StdEncoding.EncodeToString(signature.Sum(nil)))
	answer, err := client.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	require.Equal(t, http.StatusCreated, answer.StatusCode, string(text))
}

// certify leaves ca.crt, tls.crt and tls.key of a certificate for these names in a folder, and returns its authority.
func certify(t *testing.T, dir string, names ...string) *x509.CertPool {
	t.Helper()
	signer, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	begin, end := time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
	above := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotBefore: begin, NotAfter: end, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	below := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: names[0]}, NotBefore: begin, NotAfter: end, DNSNames: names, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	root, err := x509.CreateCertificate(rand.Reader, above, above, &signer.PublicKey, signer)
	require.NoError(t, err)
	leaf, err := x509.CreateCertificate(rand.Reader, below, above, &private.PublicKey, signer)
	require.NoError(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	for _, file := range []struct {
		name, kind string
		der        []byte
	}{{"ca.crt", "CERTIFICATE", root}, {"tls.crt", "CERTIFICATE", leaf}, {"tls.key", "PRIVATE KEY", secret}} {
		require.NoError(t, os.WriteFile(dir+"/"+file.name, pem.EncodeToMemory(&pem.Block{Type: file.kind, Bytes: file.der}), 0o600))
	}
	pool := x509.NewCertPool()
	authority, err := x509.ParseCertificate(root)
	require.NoError(t, err)
	pool.AddCert(authority)
	return pool
}
