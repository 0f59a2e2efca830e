package kube_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/kube"
	"github.com/onggi-db/onggi/sidecars/kube/kubetest"
)

// write replaces a file in one step, as a projected volume does.
func write(t *testing.T, file, content string) {
	t.Helper()
	require.NoError(t, os.WriteFile(file+".new", []byte(content), 0o600))
	require.NoError(t, os.Rename(file+".new", file))
}

func TestTheTokenIsReadWhenItChanges(t *testing.T) {
	s := start(t, kubetest.Config{Tokens: map[string]string{"one": "pod-0"}})
	file := tokenFile(t, "one\n")
	c := client(t, s, func(o *kube.Options) { o.TokenFile = file })
	w := watchLease(t, c)
	until(t, w.Events(), "none", none)

	write(t, file, "two")
	_, r := c.GetLease(soon(t), "l")
	require.Equal(t, kube.Denied, r.Outcome, r)
	s.SetTokens(map[string]string{"two": "pod-0"})
	_, r = c.CreateLease(soon(t), "l", kube.Lease{Holder: "a"})
	require.Equal(t, kube.Applied, r.Outcome, r)
	until(t, w.Events(), "the watch that ran goes on", held("a"))

	write(t, file, "")
	_, r = c.GetLease(soon(t), "l")
	require.Equal(t, kube.Applied, r.Outcome, "a file that is being written leaves the token as it was: %s", r)
	require.NoError(t, os.Remove(file))
	_, r = c.GetLease(soon(t), "l")
	require.Equal(t, kube.Applied, r.Outcome, r)
}

func TestA401MakesTheTokenBeReadOnce(t *testing.T) {
	s := start(t, kubetest.Config{Tokens: map[string]string{"old": "pod-0"}})
	file := tokenFile(t, "old")
	c := client(t, s, func(o *kube.Options) { o.TokenFile = file })
	info, err := os.Stat(file)
	require.NoError(t, err)
	_, r := c.GetLease(soon(t), "l")
	require.Equal(t, kube.Absent, r.Outcome, r)

	// A rotation that the file's stamp does not show.
	require.NoError(t, os.WriteFile(file, []byte("new"), 0o600))
	require.NoError(t, os.Chtimes(file, info.ModTime(), info.ModTime()))
	s.SetTokens(map[string]string{"new": "pod-0"})
	_, r = c.CreateLease(soon(t), "l", kube.Lease{})
	require.Equal(t, kube.Applied, r.Outcome, r)
	require.Equal(t, 2, count(s, "create"), "refused, and sent again with the new token")

	s.SetTokens(map[string]string{})
	before := len(s.Requests())
	_, r = c.GetLease(soon(t), "l")
	require.Equal(t, kube.Denied, r.Outcome, r)
	require.Equal(t, before+1, len(s.Requests()), "with the same token it is not sent again")
}

// authority is a CA with a certificate for 127.0.0.1.
func authority(t *testing.T, name string) (ca string, server tls.Certificate, clientCert, clientKey string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, root, root, &key.PublicKey, key)
	require.NoError(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	ca = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	private := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
	return ca, tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, ca, private
}

func TestTheCAIsReadWhenItChanges(t *testing.T) {
	one, first, _, _ := authority(t, "one")
	two, second, cert, key := authority(t, "two")
	now := &first
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(two))
	s := start(t, kubetest.Config{TLS: &tls.Config{
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return now, nil }, ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: pool,
	}})
	dir := t.TempDir()
	file := filepath.Join(dir, "ca.crt")
	write(t, file, one)
	write(t, filepath.Join(dir, "tls.crt"), cert)
	write(t, filepath.Join(dir, "tls.key"), key)
	c := client(t, s, func(o *kube.Options) {
		o.CAFile, o.CertFile, o.KeyFile = file, filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	})
	_, r := c.GetLease(soon(t), "l")
	require.Equal(t, kube.Absent, r.Outcome, r)

	s.Stop()
	c.Close() // a connection that was idle is one to write to, whoever has closed it meanwhile
	now = &second
	require.NoError(t, s.Start())
	_, r = c.CreateLease(soon(t), "l", kube.Lease{})
	require.Equal(t, kube.Unreachable, r.Outcome, "nothing is sent to a server that cannot be trusted: %s", r)
	write(t, file, one+two)
	_, r = c.CreateLease(soon(t), "l", kube.Lease{})
	require.Equal(t, kube.Applied, r.Outcome, r)
	write(t, file, "no certificate")
	_, r = c.GetLease(soon(t), "l")
	require.Equal(t, kube.Applied, r.Outcome, r)
}

func TestOptionsThatCannotWork(t *testing.T) {
	for what, o := range map[string]kube.Options{
		"is not https://host:port": {Server: "localhost:6443", Namespace: "db"},
		"no namespace":             {Server: "https://localhost:6443"},
		"needs its key":            {Server: "https://localhost:6443", Namespace: "db", CertFile: "x"},
		"read the token":           {Server: "https://localhost:6443", Namespace: "db", TokenFile: "/nowhere/token"},
		"CA":                       {Server: "https://localhost:6443", Namespace: "db", CAFile: "/nowhere/ca.crt"},
	} {
		_, err := kube.New(o)
		require.ErrorContains(t, err, what)
	}
}
