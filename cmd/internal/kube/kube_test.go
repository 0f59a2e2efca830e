package kube_test

import (
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/cmd/internal/kube"
	"github.com/onggi-db/onggi/render/manifest"
)

const kubeconfig = `apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: %q, certificate-authority-data: %s}}]
users: [{name: u, user: {token: secret-token}}]
contexts: [{name: here, context: {cluster: c, user: u}}, {name: nowhere, context: {cluster: gone, user: u}}]
current-context: here
`

func TestGet(t *testing.T) {
	var asked []string
	api := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization"))
		switch filepath.Base(r.URL.Path) {
		case "shop":
			fmt.Fprint(w, `{"apiVersion":"postgresql.cnpg.io/v1","kind":"Cluster","metadata":{"name":"shop","namespace":"db"},"status":{"currentPrimary":"shop-1"}}`)
		case "hidden":
			w.WriteHeader(http.StatusForbidden)
		case "odd":
			fmt.Fprint(w, `<html>`)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer api.Close()
	authority := base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: api.Certificate().Raw}))
	file := filepath.Join(t.TempDir(), "config")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, kubeconfig, api.URL, authority), 0o600))
	server, err := kube.Connect(file, "")
	require.NoError(t, err)
	require.Empty(t, asked, "nothing is sent before there is a question")
	ref := func(name string) manifest.Ref {
		return manifest.Ref{APIVersion: "postgresql.cnpg.io/v1", Kind: "Cluster", Namespace: "db", Name: name}
	}

	o, ok, err := server.Get(t.Context(), ref("shop"), "clusters")
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, ref("shop"), o.Ref())
	require.Equal(t, manifest.Map{"currentPrimary": "shop-1"}, o.Body()["status"])
	require.Equal(t, []string{"GET /apis/postgresql.cnpg.io/v1/namespaces/db/clusters/shop Bearer secret-token"}, asked)

	_, ok, err = server.Get(t.Context(), ref("gone"), "clusters")
	require.NoError(t, err)
	require.False(t, ok)
	_, _, err = server.Get(t.Context(), ref("hidden"), "clusters")
	require.ErrorContains(t, err, "read Cluster/db/hidden: the API server answers 403 Forbidden")
	_, _, err = server.Get(t.Context(), ref("odd"), "clusters")
	require.ErrorContains(t, err, "not one object")

	asked = nil
	_, _, err = server.Get(t.Context(), manifest.Ref{APIVersion: "postgresql.cnpg.io/v1", Kind: "Cluster", Name: "shop"}, "clusters")
	require.ErrorContains(t, err, "read Cluster/shop: its manifest names no namespace to look in")
	require.Empty(t, asked)

	_, err = kube.Connect(filepath.Join(t.TempDir(), "none"), "")
	require.ErrorContains(t, err, "find the cluster")
	_, err = kube.Connect(file, "elsewhere")
	require.ErrorContains(t, err, "elsewhere")
}
