package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What renews certificates does so long before they run out, and nobody restarts a database for it.
func TestRenewedCertificatesAreRead(t *testing.T) {
	e2e(t, "ONGGI_E2E_AGENT")
	l := newLab(t, 1, "")
	p := l.pods[0]
	// renew gives the server a certificate of another authority, and returns that.
	renew := func() (authority string) {
		made := t.TempDir()
		certify(t, made, "shop")
		for _, name := range []string{"ca.crt", "tls.key", "tls.crt"} {
			text, err := os.ReadFile(made + "/" + name)
			require.NoError(t, err)
			l.secret(name, string(text))
		}
		return made + "/ca.crt"
	}
	first := renew()
	l.edit("hba: [", fmt.Sprintf("tls: {cert: %[1]s/tls.crt, key: %[1]s/tls.key, ca: %[1]s/ca.crt}\n  hba: [\"hostssl all postgres all trust\", ", l.dir))
	p.start()
	l.eventually(60*time.Second, "it takes writes", func() bool { return l.primary() != nil })
	believes := func(authority string) bool {
		connection := fmt.Sprintf("host=%s port=%d user=postgres dbname=postgres sslmode=verify-ca sslrootcert=%s", p.ip, l.port, authority)
		out, err := exec.Command(bindir+"/psql", connection, "-Atc", "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").CombinedOutput()
		return err == nil && strings.TrimSpace(string(out)) == "t"
	}
	require.True(t, believes(first))

	before, second := p.postmaster(), renew()
	require.False(t, believes(second), "not at once")
	l.eventually(60*time.Second, "the new certificate is shown", func() bool { return believes(second) })
	require.False(t, believes(first))
	require.Equal(t, before, p.postmaster(), "and nothing was restarted")
	l.eventually(20*time.Second, "it is told", func() bool { return strings.Contains(p.log.String(), "certificates were renewed") })
}

// authority signs certificates.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  string
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	a := &authority{t: t, key: key}
	a.cert = &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, a.cert, a.cert, &key.PublicKey, key)
	require.NoError(t, err)
	a.cert, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	a.pem = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return a
}

// signs makes a certificate and its key.
func (a *authority) signs(name string, serial int64) (certificate, key string) {
	a.t.Helper()
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(a.t, err)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}, a.cert, &own.PublicKey, a.key)
	require.NoError(a.t, err)
	bytes, err := x509.MarshalECPrivateKey(own)
	require.NoError(a.t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: bytes}))
}

// Clients log in by certificates of their own authority, as whom ident says, and renewed ones count without a restart.
func TestClientsLogInByCertificates(t *testing.T) {
	e2e(t, "ONGGI_E2E_AGENT")
	l := newLab(t, 1, "")
	p := l.pods[0]
	server, clients := newAuthority(t, "servers"), newAuthority(t, "clients")
	put := func(a *authority, serial int64) {
		cert, key := server.signs("shop", serial)
		for name, text := range map[string]string{"tls.crt": cert, "tls.key": key, "ca.crt": server.pem, "clients.crt": a.pem} {
			l.secret(name, text)
		}
	}
	put(clients, 2)
	l.edit("hba: [", strings.ReplaceAll(`tls: {cert: LAB/tls.crt, key: LAB/tls.key, ca: LAB/ca.crt}
  clientCA: LAB/clients.crt
  ident: ['people "Ada Lovelace" ada']
  hba: ["hostssl all ada all cert map=people", "hostssl all bob all cert", `, "LAB", l.dir))
	p.start()
	l.eventually(60*time.Second, "it takes writes", func() bool { return l.primary() != nil })
	_, err := p.sql("CREATE ROLE ada LOGIN; CREATE ROLE bob LOGIN")
	require.NoError(t, err)
	login := func(a *authority, name, role string) string {
		cert, key := a.signs(name, 7)
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(dir+"/crt", []byte(cert), 0o600))
		require.NoError(t, os.WriteFile(dir+"/key", []byte(key), 0o600))
		out, err := exec.Command(bindir+"/psql", fmt.Sprintf("host=%s port=%s user=%s dbname=postgres sslmode=require sslcert=%s/crt sslkey=%s/key", p.ip, strconv.Itoa(l.port), role, dir, dir), "-Atc", "SELECT current_user").CombinedOutput()
		if err != nil {
			return "refused: " + string(out)
		}
		return strings.TrimSpace(string(out))
	}
	require.Equal(t, "ada", login(clients, "Ada Lovelace", "ada"))
	require.Equal(t, "bob", login(clients, "bob", "bob"))
	require.Contains(t, login(clients, "bob", "ada"), "refused", "ident says who is who")
	require.Contains(t, login(server, "Ada Lovelace", "ada"), "refused", "the server's own authority signs no clients")

	before, others := p.postmaster(), newAuthority(t, "other clients")
	put(others, 3)
	took := l.eventually(40*time.Second, "another authority counts", func() bool { return login(others, "Ada Lovelace", "ada") == "ada" })
	t.Logf("renewed certificates are in force after %s", took.Round(time.Millisecond))
	require.Contains(t, login(clients, "Ada Lovelace", "ada"), "refused")
	require.Equal(t, before, p.postmaster(), "it was not restarted")
	l.eventually(10*time.Second, "it is told", func() bool { return strings.Contains(p.log.String(), "certificates were renewed") })
}
