package kube_test

import (
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/cmd/internal/kube"
)

// connect is a server that answers as the handler does. The namespace of its context is databases.
func connect(t *testing.T, handler http.HandlerFunc) *kube.Server {
	t.Helper()
	api := httptest.NewTLSServer(handler)
	t.Cleanup(api.Close)
	authority := base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: api.Certificate().Raw}))
	file := filepath.Join(t.TempDir(), "config")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, `apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: %q, certificate-authority-data: %s}}]
users: [{name: u, user: {token: secret-token}}]
contexts: [{name: here, context: {cluster: c, user: u, namespace: databases}}]
current-context: here
`, api.URL, authority), 0o600))
	server, err := kube.Connect(file, "")
	require.NoError(t, err)
	return server
}

func TestObjects(t *testing.T) {
	var asked []string
	s := connect(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = append(asked, fmt.Sprintf("%s %s %s %s", r.Method, r.URL.RequestURI(), r.Header.Get("Content-Type"), body))
		switch {
		case filepath.Base(r.URL.Path) == "gone":
			w.WriteHeader(http.StatusNotFound)
		case filepath.Base(r.URL.Path) == "hidden":
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"kind":"Status","reason":"Forbidden","message":"pods \"hidden\" is forbidden"}`)
		case filepath.Base(r.URL.Path) == "broken":
			w.WriteHeader(http.StatusBadGateway)
			fmt.Fprint(w, `<html>`)
		case r.Method == http.MethodGet && filepath.Base(r.URL.Path) == "pods":
			fmt.Fprint(w, `{"items":[{"a":1},{"a":2}]}`)
		default:
			fmt.Fprint(w, `{"kind":"Pod"}`)
		}
	})
	require.Equal(t, "databases", s.Namespace())
	pods, leases := kube.Resource{Version: "v1", Plural: "pods"}, kube.Resource{Group: "coordination.k8s.io", Version: "v1", Plural: "leases"}

	data, ok, err := s.Read(t.Context(), pods, "db", "shop-0")
	require.NoError(t, err)
	require.True(t, ok)
	require.JSONEq(t, `{"kind":"Pod"}`, string(data))
	_, ok, err = s.Read(t.Context(), leases, "db", "gone")
	require.NoError(t, err, "what is not there is no error")
	require.False(t, ok)
	_, _, err = s.Read(t.Context(), pods, "db", "hidden")
	require.True(t, kube.Forbidden(err))
	require.EqualError(t, err, `read pods/hidden: pods "hidden" is forbidden`)
	_, _, err = s.Read(t.Context(), leases, "db", "broken")
	require.EqualError(t, err, "read leases.coordination.k8s.io/broken: the API server answers 502 Bad Gateway")
	require.False(t, kube.Forbidden(err))
	items, err := s.List(t.Context(), pods, "db", "a=b,c=d")
	require.NoError(t, err)
	require.Len(t, items, 2)
	_, err = s.Create(t.Context(), leases, "db", []byte(`{}`))
	require.NoError(t, err)
	require.NoError(t, s.Patch(t.Context(), leases, "db", "x", "status", []byte(`{"a":1}`)))
	require.NoError(t, s.Delete(t.Context(), pods, "db", "shop-0", "u1"))
	require.Equal(t, []string{
		"GET /api/v1/namespaces/db/pods/shop-0  ",
		"GET /apis/coordination.k8s.io/v1/namespaces/db/leases/gone  ",
		"GET /api/v1/namespaces/db/pods/hidden  ",
		"GET /apis/coordination.k8s.io/v1/namespaces/db/leases/broken  ",
		"GET /api/v1/namespaces/db/pods?labelSelector=a%3Db%2Cc%3Dd  ",
		"POST /apis/coordination.k8s.io/v1/namespaces/db/leases application/json {}",
		`PATCH /apis/coordination.k8s.io/v1/namespaces/db/leases/x/status application/merge-patch+json {"a":1}`,
		`DELETE /api/v1/namespaces/db/pods/shop-0 application/json {"apiVersion":"v1","kind":"DeleteOptions","preconditions":{"uid":"u1"}}`,
	}, asked)
}

func TestLogs(t *testing.T) {
	var asked string
	s := connect(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.RequestURI()
		if r.URL.Query().Get("container") == "none" {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"kind":"Status","message":"container none is not valid for pod shop-0"}`)
			return
		}
		fmt.Fprint(w, "one\ntwo\n")
	})
	body, err := s.Logs(t.Context(), kube.Log{Namespace: "db", Pod: "shop-0", Container: "database", Follow: true, Tail: 20})
	require.NoError(t, err)
	defer body.Close()
	text, err := io.ReadAll(body)
	require.NoError(t, err)
	require.Equal(t, "one\ntwo\n", string(text))
	require.Equal(t, "/api/v1/namespaces/db/pods/shop-0/log?container=database&follow=true&tailLines=20", asked)
	_, err = s.Logs(t.Context(), kube.Log{Namespace: "db", Pod: "shop-0", Container: "none", Tail: -1, Since: 1})
	require.EqualError(t, err, "read the log of shop-0/none: container none is not valid for pod shop-0")
	require.Contains(t, asked, "sinceSeconds=1", "less than a second is one")
}

// A program that is not run is told in the API server's words, whether it speaks WebSocket, SPDY or neither.
func TestExecThatIsRefused(t *testing.T) {
	var methods []string
	s := connect(t, func(w http.ResponseWriter, r *http.Request) {
		methods = append(methods, r.Method+" "+r.Header.Get("Upgrade"))
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","code":403,"reason":"Forbidden","message":"pods \"shop-0\" is forbidden: User \"dev\" cannot create resource \"pods/exec\""}`)
	})
	_, err := s.Exec(t.Context(), kube.Process{Namespace: "db", Pod: "shop-0", Container: "agent", Command: []string{"onggi-agent"}, Stdout: io.Discard})
	require.ErrorContains(t, err, `run onggi-agent in shop-0: `)
	require.ErrorContains(t, err, `cannot create resource "pods/exec"`)
	require.True(t, kube.Forbidden(err))
	require.Equal(t, []string{"GET websocket", "POST SPDY/3.1"}, methods)
}
