package sealing

import (
	"context"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bitnami-labs/sealed-secrets/pkg/crypto"
	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/render/seal"
)

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func newCertificate(t *testing.T) []byte {
	key, _, err := crypto.GeneratePrivateKeyAndCert(2048, time.Hour, "sealed-secrets")
	require.NoError(t, err)
	cert, err := crypto.SignKeyWithNotBefore(rand.Reader, key, now.Add(-time.Hour), 1000*time.Hour, "sealed-secrets")
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
}

// apiServer answers as kube-apiserver does for a Service and, through its proxy, for what runs behind it.
func apiServer(t *testing.T, service string, cert []byte) (kubeconfig string, asked *[]string) {
	asked = new([]string)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*asked = append(*asked, r.URL.Path)
		switch {
		case r.Header.Get("Authorization") != "Bearer good":
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path == "/api/v1/namespaces/sealing/services/controller":
			fmt.Fprint(w, service)
		case strings.HasSuffix(r.URL.Path, "/proxy/v1/cert.pem"):
			_, _ = w.Write(cert)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(server.Close)
	kubeconfig = filepath.Join(t.TempDir(), "config")
	authority := filepath.Join(t.TempDir(), "ca.crt")
	require.NoError(t, os.WriteFile(authority, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
	require.NoError(t, os.WriteFile(kubeconfig, fmt.Appendf(nil, `apiVersion: v1
kind: Config
current-context: lab
clusters: [{name: lab, cluster: {server: %q, certificate-authority: %q}}]
users: [{name: good, user: {token: good}}, {name: bad, user: {token: bad}}]
contexts: [{name: lab, context: {cluster: lab, user: good}}, {name: stranger, context: {cluster: lab, user: bad}}]
`, server.URL, authority), 0o600))
	return kubeconfig, asked
}

// The controller is asked through the API server, by the name of its first port, or its number where it has none.
func TestFromCluster(t *testing.T) {
	cert := newCertificate(t)
	for name, c := range map[string]struct{ service, port string }{
		"named port":    {`{"spec":{"ports":[{"name":"http","port":8080},{"name":"metrics","port":8081}]}}`, "http"},
		"numbered port": {`{"spec":{"ports":[{"port":8080}]}}`, "8080"},
	} {
		t.Run(name, func(t *testing.T) {
			kubeconfig, asked := apiServer(t, c.service, cert)
			certs := certificates{Options{FromCluster: true, Now: now, Controller: Controller{"controller", "sealing", kubeconfig, ""}}, map[string]seal.Certificate{}}
			got, err := certs.of(context.Background(), &wanted{})
			require.NoError(t, err)
			want, err := seal.ParseCertificate(cert, now)
			require.NoError(t, err)
			require.Equal(t, want, got)
			require.Equal(t, []string{"/api/v1/namespaces/sealing/services/controller", "/api/v1/namespaces/sealing/services/http:controller:" + c.port + "/proxy/v1/cert.pem"}, *asked)
			_, err = certs.of(context.Background(), &wanted{})
			require.NoError(t, err)
			require.Len(t, *asked, 2, "it is asked once")
		})
	}
}

func TestFromClusterRefused(t *testing.T) {
	kubeconfig, _ := apiServer(t, `{"spec":{"ports":[]}}`, nil)
	for _, c := range []struct {
		controller Controller
		err        string
	}{
		{Controller{"controller", "sealing", kubeconfig, "stranger"}, "401 Unauthorized"},
		{Controller{"controller", "sealing", kubeconfig, "nowhere"}, `context "nowhere" does not exist`},
		{Controller{"controller", "elsewhere", kubeconfig, ""}, "find Service controller in namespace elsewhere: the server answers 404 Not Found; --controller-name and --controller-namespace say"},
		{Controller{"controller", "sealing", kubeconfig, ""}, "it has no port"},
		{Controller{"controller", "sealing", kubeconfig + "x", ""}, "no such file"},
	} {
		_, err := (&certificates{Options{FromCluster: true, Controller: c.controller, Now: now}, nil}).of(context.Background(), &wanted{})
		require.ErrorContains(t, err, c.err)
		require.Equal(t, cli.InOut, code(t, err))
	}
}

func code(t *testing.T, err error) int {
	var told cli.Error
	require.ErrorAs(t, err, &told)
	return told.Code
}

// A certificate from the network comes over TLS, or from this machine. A redirect does not lead around that.
func TestDownload(t *testing.T) {
	cert := newCertificate(t)
	var target string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/cert.pem":
			_, _ = w.Write(cert)
		case "/moved":
			http.Redirect(w, r, target, http.StatusFound)
		case "/large":
			_, _ = w.Write(make([]byte, maxCertificate+1))
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer server.Close()
	target = "http://sealed.example.com/cert.pem"
	for _, c := range []struct {
		url, err string
		code     int
	}{
		{server.URL + "/cert.pem", "", 0},
		{"http://sealed.example.com/cert.pem", "use https, or --from-cluster", cli.Usage},
		{"http://user:hunter2@sealed.example.com/cert.pem", "use https", cli.Usage},
		{server.URL + "/moved", "redirects to a place without TLS", cli.InOut},
		{server.URL + "/large", "larger than a certificate", cli.InOut},
		{server.URL + "/nothing", "the server answers 404", cli.InOut},
		{strings.Replace(server.URL, "//", "//user:hunter2@", 1) + "/nothing", "//user:xxxxx@127.0.0.1", cli.InOut},
	} {
		got, err := (&certificates{Options{Certificate: c.url, Now: now}, map[string]seal.Certificate{}}).of(context.Background(), &wanted{})
		if c.err == "" {
			require.NoError(t, err)
			require.NotEmpty(t, got.Fingerprint)
			continue
		}
		require.ErrorContains(t, err, c.err)
		require.Equal(t, c.code, code(t, err), c.url)
		require.NotContains(t, err.Error(), "hunter2")
	}
}

// Where the certificate comes from: the flag before the environment's, before the project's.
func TestWhichCertificate(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"flag.crt", "project.crt"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), newCertificate(t), 0o644))
	}
	of := func(flag, project string) seal.Certificate {
		c, err := (&certificates{Options{Certificate: flag, Now: now}, map[string]seal.Certificate{}}).of(context.Background(), &wanted{certificate: project})
		require.NoError(t, err)
		return c
	}
	flag, project := filepath.Join(dir, "flag.crt"), filepath.Join(dir, "project.crt")
	require.NotEqual(t, of(flag, ""), of("", project))
	require.Equal(t, of(flag, ""), of(flag, project))
	require.Equal(t, seal.Certificate{}, of("", ""), "nobody names one")
}

func TestACancelledRequest(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := (&certificates{Options{Certificate: "https://127.0.0.1:1/cert.pem", Now: now}, nil}).of(ctx, &wanted{})
	require.ErrorIs(t, err, context.Canceled)
}
