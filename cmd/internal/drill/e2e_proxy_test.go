package drill

import (
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// request is what the API server is asked, in the words of RBAC.
type request struct{ verb, group, resource, name string }

func (r request) String() string {
	return strings.TrimRight(fmt.Sprintf("%s %s.%s %s", r.verb, r.resource, r.group, r.name), " .")
}

// proxy stands between a drill and the API server. It knows what was asked, and can stop the world at any request.
type proxy struct {
	server *httptest.Server

	mu    sync.Mutex
	asked []request
	// at is called with the number of a request that is no watch, before it is carried out, and after: done is true. When it
	// returns true the answer, or the request, is lost.
	at func(n int, r request, done bool) (lose bool)
}

func (s *apiserver) proxy(t *testing.T) *proxy {
	t.Helper()
	target, err := url.Parse(s.url)
	require.NoError(t, err)
	forward := httputil.NewSingleHostReverseProxy(target)
	forward.Transport = &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	forward.FlushInterval = -1 // watches
	forward.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	p := &proxy{}
	p.server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked := read(r)
		p.mu.Lock()
		n := -1
		if asked.verb != "watch" {
			n = 0
			for _, before := range p.asked {
				if before.verb != "watch" {
					n++
				}
			}
		}
		p.asked = append(p.asked, asked)
		at := p.at
		p.mu.Unlock()
		if at == nil || n < 0 {
			forward.ServeHTTP(w, r)
			return
		}
		if at(n, asked, false) {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		answer := httptest.NewRecorder()
		forward.ServeHTTP(answer, r)
		if at(n, asked, true) {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	}))
	t.Cleanup(p.server.Close)
	return p
}

func (p *proxy) authority() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.server.Certificate().Raw})
}

// requests is what was asked so far.
func (p *proxy) requests() []request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]request(nil), p.asked...)
}

// read finds the verb and the resource: /api/v1/namespaces/NS/RESOURCE[/NAME] or /apis/GROUP/VERSION/namespaces/…
func read(r *http.Request) request {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	out := request{}
	if parts[0] == "apis" {
		out.group, parts = parts[1], parts[3:]
	} else {
		parts = parts[2:]
	}
	if len(parts) >= 3 && parts[0] == "namespaces" {
		parts = parts[2:]
	}
	out.resource = parts[0]
	if len(parts) > 1 {
		out.name = parts[1]
	}
	switch query := r.URL.Query(); {
	case query.Get("watch") == "true":
		out.verb = "watch"
		out.name = strings.TrimPrefix(query.Get("fieldSelector"), "metadata.name=")
	case r.Method == http.MethodGet && out.name == "":
		out.verb = "list"
	default:
		out.verb = map[string]string{"GET": "get", "POST": "create", "PUT": "update", "DELETE": "delete", "PATCH": "patch"}[r.Method]
	}
	return out
}
