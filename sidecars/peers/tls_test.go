package peers

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const agents = "shop-agents"

// authority signs certificates.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

var serial = big.NewInt(1)

func newAuthority(t *testing.T) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	certificate, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return authority{certificate, key}
}

func block(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func (a authority) pem() []byte { return block("CERTIFICATE", a.certificate.Raw) }

// issue writes a certificate for the name, its key and the authorities into the files.
func (a authority) issue(t *testing.T, f *Files, name string, expired bool, authorities ...authority) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	serial.Add(serial, big.NewInt(1))
	template := &x509.Certificate{
		SerialNumber: serial, DNSNames: []string{name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	if expired {
		template.NotAfter = time.Now().Add(-time.Minute)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &key.PublicKey, a.key)
	require.NoError(t, err)
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	var roots []byte
	for _, authority := range authorities {
		roots = append(roots, authority.pem()...)
	}
	for path, data := range map[string][]byte{f.Certificate: block("CERTIFICATE", der), f.Key: block("PRIVATE KEY", raw), f.Authorities: roots} {
		require.NoError(t, os.WriteFile(path+".new", data, 0o600))
		require.NoError(t, os.Rename(path+".new", path))
	}
}

func files(t *testing.T) *Files {
	t.Helper()
	dir := t.TempDir()
	return &Files{
		Certificate: filepath.Join(dir, "tls.crt"), Key: filepath.Join(dir, "tls.key"), Authorities: filepath.Join(dir, "ca.crt"), Name: agents,
	}
}

func ask(t *testing.T, client *Client, peer Peer) error {
	t.Helper()
	_, err := Ask[grant](within(t, 30*time.Second), client, peer, "beat", beat{1, "m0"})
	return err
}

// The whole of a rotation while agents go on talking: certificate, then authority, with both believed in between.
func TestCertificatesRotateWhileAgentsTalk(t *testing.T) {
	first, second := newAuthority(t), newAuthority(t)
	mine, theirs := files(t), files(t)
	first.issue(t, mine, agents, false, first)
	first.issue(t, theirs, agents, false, first)
	require.NoError(t, mine.Load())
	address := serve(t, NewHandler(m1, Trust{}, map[string]Answer{"beat": Typed(echo)}), theirs)
	client := NewClient(m0, nil, mine.Client)
	defer client.Close()
	peer := Peer{"m1", address}
	fresh := func() error { // a new connection, so a new handshake
		client.Keep()
		return ask(t, client, peer)
	}
	require.NoError(t, fresh())
	for _, step := range []struct {
		name string
		do   func()
		ok   bool
	}{
		{"the peer has a new certificate", func() { first.issue(t, theirs, agents, false, first) }, true},
		{"we have one of a new authority, the peer does not believe it", func() { second.issue(t, mine, agents, false, first, second) }, false},
		{"the peer believes both", func() { first.issue(t, theirs, agents, false, first, second) }, true},
		{"the peer has the new one, too", func() { second.issue(t, theirs, agents, false, first, second) }, true},
		{"nobody believes the old one", func() { second.issue(t, mine, agents, false, second); second.issue(t, theirs, agents, false, second) }, true},
		{"a rotation stops half-way", func() { require.NoError(t, os.WriteFile(mine.Key, []byte("-----BEGIN"), 0o600)) }, true},
		{"the file is gone", func() { require.NoError(t, os.Remove(theirs.Authorities)) }, true},
		{"and is done again", func() { second.issue(t, mine, agents, false, second); second.issue(t, theirs, agents, false, second) }, true},
		{"our certificate ran out", func() { second.issue(t, mine, agents, true, second) }, false},
		{"the peer's certificate ran out", func() { second.issue(t, mine, agents, false, second); second.issue(t, theirs, agents, true, second) }, false},
	} {
		step.do()
		err := fresh()
		require.Equal(t, step.ok, err == nil, "%s: %v", step.name, err)
	}
	require.NoError(t, mine.Err())
}

func TestOnlyTheClustersAgentsGetIn(t *testing.T) {
	ours, foreign := newAuthority(t), newAuthority(t)
	theirs := files(t)
	ours.issue(t, theirs, agents, false, ours)
	peer := Peer{"m1", serve(t, NewHandler(m1, Trust{}, map[string]Answer{"beat": Typed(echo)}), theirs)}
	for name, issue := range map[string]func(*Files){
		"another authority's certificate":                func(f *Files) { foreign.issue(t, f, agents, false, ours) },
		"our authority's certificate for something else": func(f *Files) { ours.issue(t, f, "shop-backup", false, ours) },
		"a client that believes another authority":       func(f *Files) { ours.issue(t, f, agents, false, foreign) },
	} {
		mine := files(t)
		issue(mine)
		client := NewClient(m0, nil, mine.Client)
		require.Error(t, ask(t, client, peer), name)
		client.Close()
	}
	plain := NewClient(m0, nil, nil)
	defer plain.Close()
	require.Error(t, ask(t, plain, peer), "plain text")
	bare := NewClient(m0, nil, func() *tls.Config { return &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13} })
	defer bare.Close()
	require.Error(t, ask(t, bare, peer), "no certificate")
}

// A listener for probes lets everybody in, and messages are taken from agents only.
func TestAListenerForProbesKnowsAgents(t *testing.T) {
	ours, foreign := newAuthority(t), newAuthority(t)
	theirs := files(t)
	ours.issue(t, theirs, agents, false, ours)
	messages := NewHandler(m1, Trust{Certificate: theirs.VerifyClient}, map[string]Answer{"beat": Typed(echo)})
	server := NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			messages.ServeHTTP(w, r)
		}
	}), theirs.Open())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = server.ServeTLS(listener, "", "") }()
	defer server.Close()
	for name, row := range map[string]struct {
		from *authority
		ok   bool
	}{"an agent": {&ours, true}, "somebody else's agent": {&foreign, false}, "a probe": {nil, false}} {
		config := func() *tls.Config { return &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13} }
		if row.from != nil {
			mine := files(t)
			row.from.issue(t, mine, agents, false, ours)
			config = mine.Client
		}
		probe := http.Client{Transport: &http.Transport{TLSClientConfig: config(), DisableKeepAlives: true}}
		response, err := probe.Get("https://" + listener.Addr().String())
		require.NoError(t, err, name)
		require.NoError(t, response.Body.Close())
		client := NewClient(m0, nil, config)
		err = ask(t, client, Peer{"m1", listener.Addr().(*net.TCPAddr).AddrPort()})
		client.Close()
		var refusal Refusal
		require.Equal(t, row.ok, err == nil, "%s: %v", name, err)
		require.True(t, row.ok || errors.As(err, &refusal) && refusal.Status == http.StatusUnauthorized, name)
	}
}

// A certificate of the same size and the same time as the one before, as a coarse clock gives it to two that follow each other.
func TestAFileThatTookAnothersPlaceIsRead(t *testing.T) {
	f, a := files(t), newAuthority(t)
	noon := time.Unix(1790000000, 0)
	issue := func() (size int64) {
		a.issue(t, f, agents, false, a)
		for _, path := range []string{f.Certificate, f.Key, f.Authorities} {
			require.NoError(t, os.Chtimes(path, noon, noon))
		}
		info, err := os.Stat(f.Certificate)
		require.NoError(t, err)
		return info.Size()
	}
	size := issue()
	require.NoError(t, f.Load())
	before := f.loaded.certificate.Certificate[0]
	held, err := os.Open(f.Certificate) // or the file system may give its inode to another
	require.NoError(t, err)
	defer held.Close()
	for issue() != size { // a signature is some bytes longer or shorter than another
	}
	require.NoError(t, f.Load())
	require.NotEqual(t, before, f.loaded.certificate.Certificate[0])
}

func TestFilesSayWhatIsWrongWithThem(t *testing.T) {
	f := files(t)
	require.ErrorContains(t, f.Load(), "look at")
	a := newAuthority(t)
	a.issue(t, f, agents, false)
	require.ErrorContains(t, f.Load(), "no certificate in")
	require.Error(t, f.Err())
	a.issue(t, f, agents, false, a)
	require.NoError(t, f.Load())
}
