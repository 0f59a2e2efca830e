package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/onggi-db/onggi/render/manifest"
)

// recordingServer is an API server that has the objects of a file, lets nobody exec, and remembers what it was sent. What a real one says to
// what is sent is told by make e2e-day2.
type recordingServer struct {
	objects []manifest.Object

	file string // what was sent, for scripts to compare

	mutex sync.Mutex
	sent  string
}

// serveCluster starts one: "cluster FILE" sets KUBECONFIG, and the file "sent" is what the server was sent.
func serveCluster(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: cluster FILE")
	}
	objects, err := manifest.Decode(args[0], []byte(ts.ReadFile(args[0])))
	ts.Check(err)
	c := &recordingServer{objects: objects}
	server := httptest.NewServer(c)
	ts.Defer(server.Close)
	file := ts.MkAbs(".kubeconfig")
	ts.Check(os.WriteFile(file, fmt.Appendf(nil, `apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: %q}}]
contexts: [{name: c, context: {cluster: c, namespace: databases}}]
current-context: c
`, server.URL), 0o600))
	ts.Setenv("KUBECONFIG", file)
	c.file = ts.MkAbs("sent")
	ts.Check(os.WriteFile(c.file, nil, 0o600))
}

func (c *recordingServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	body, _ := io.ReadAll(r.Body)
	switch {
	case strings.HasSuffix(r.URL.Path, "/exec"):
		c.fail(w, http.StatusForbidden, "Forbidden", `pods "`+filepath.Base(filepath.Dir(r.URL.Path))+`" is forbidden: User "dev" cannot create resource "pods/exec"`)
	case r.Method != http.MethodGet:
		c.mutex.Lock()
		c.sent += fmt.Sprintf("%s %s %s\n", r.Method, r.URL.Path, body)
		_ = os.WriteFile(c.file, []byte(c.sent), 0o600) // a script that looks would fail
		c.mutex.Unlock()
		fmt.Fprint(w, `{"kind":"Status","apiVersion":"v1","status":"Success"}`)
	default:
		c.get(w, r)
	}
}

func (c *recordingServer) fail(w http.ResponseWriter, code int, reason, message string) {
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": message})
}

func (c *recordingServer) get(w http.ResponseWriter, r *http.Request) {
	items := []any{}
	for _, o := range c.objects {
		at := pathOf(o.Ref())
		if r.URL.Path == at {
			_ = json.NewEncoder(w).Encode(o.Body())
			return
		}
		if r.URL.Path == at[:strings.LastIndex(at, "/")] && picked(o, r.URL.Query().Get("labelSelector")) {
			items = append(items, o.Body())
		}
	}
	if name := filepath.Base(r.URL.Path); strings.HasSuffix(name, "s") { // a list, of nothing
		_ = json.NewEncoder(w).Encode(map[string]any{"kind": "List", "items": items})
		return
	}
	c.fail(w, http.StatusNotFound, "NotFound", "not found")
}

func picked(o manifest.Object, selector string) bool {
	for one := range strings.SplitSeq(selector, ",") {
		if key, value, ok := strings.Cut(one, "="); ok && manifest.Text(o.Body(), "metadata", "labels", key) != value {
			return false
		}
	}
	return true
}
