package live_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/cmd/internal/live"
)

func TestWhoMayAsk(t *testing.T) {
	f := newFake(t, live.Options{Host: "db.lan"}, homelab(t)...)
	tests := []struct {
		method, host, path string
		status             int
	}{
		{"GET", "127.0.0.1:8090", "/", 200},
		{"HEAD", "127.0.0.1:8090", "/", 200},
		{"GET", "localhost:8090", "/app.js", 200},
		{"GET", "LocalHost", "/app.css", 200},
		{"GET", "localhost.", "/app.css", 200},
		{"GET", "[::1]:8090", "/", 200},
		{"GET", "192.168.0.7:8090", "/", 200}, // the address it was told to listen on
		{"GET", "db.lan:8090", "/", 200},
		{"GET", "127.0.0.1:8090", "/database?id=databases/lemon", 200},
		{"HEAD", "127.0.0.1:8090", "/events", 200},
		{"GET", "127.0.0.1:8090", "/picture?id=databases/lemon&env=prod", 200},

		{"GET", "rebound.example.com", "/", 421},
		{"GET", "rebound.example.com:8090", "/events", 421},
		{"GET", "127.0.0.1.example.com:8090", "/database?id=databases/lemon", 421},
		{"GET", "notlocalhost", "/", 421},
		{"GET", "", "/", 421},
		{"POST", "127.0.0.1:8090", "/", 405},
		{"PUT", "127.0.0.1:8090", "/database?id=databases/lemon", 405},
		{"DELETE", "127.0.0.1:8090", "/events", 405},
		{"OPTIONS", "127.0.0.1:8090", "/", 405},
		{"TRACE", "127.0.0.1:8090", "/", 405},

		{"GET", "127.0.0.1:8090", "/index.html", 404},
		{"GET", "127.0.0.1:8090", "/nothing", 404},
		{"GET", "127.0.0.1:8090", "/web/app.js", 404},
		{"GET", "127.0.0.1:8090", "/..%2f..%2fgo.mod", 404},
		{"GET", "127.0.0.1:8090", "/database?id=databases/other", 404},
		{"GET", "127.0.0.1:8090", "/database", 404},
		{"GET", "127.0.0.1:8090", "/picture?id=databases/other", 404},
	}
	for _, tt := range tests {
		t.Run(tt.method+" "+tt.host+tt.path, func(t *testing.T) {
			w := httptest.NewRecorder()
			r := httptest.NewRequest(tt.method, tt.path, nil)
			r.Host = tt.host
			f.page.ServeHTTP(w, r)
			require.Equal(t, tt.status, w.Code, w.Body.String())
			require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
			require.Equal(t, "no-referrer", w.Header().Get("Referrer-Policy"))
			require.Empty(t, w.Header().Get("Access-Control-Allow-Origin"))
			policy := w.Header().Get("Content-Security-Policy")
			require.Contains(t, policy, "default-src 'none'")
			if !strings.HasPrefix(tt.path, "/picture?id=databases/lemon") { // a file of its own, in a sandbox, without scripts
				require.NotContains(t, policy, "unsafe")
				require.Contains(t, policy, "frame-ancestors 'none'")
			}
		})
	}
}

func TestPartsOfThePageAreCachedByTheirContent(t *testing.T) {
	f := newFake(t, live.Options{})
	first := get(f.page, "/app.js", nil)
	require.Equal(t, "text/javascript; charset=utf-8", first.Header().Get("Content-Type"))
	tag := first.Header().Get("ETag")
	require.NotEmpty(t, tag)
	require.Equal(t, http.StatusNotModified, get(f.page, "/app.js", map[string]string{"If-None-Match": tag}).Code)
	require.Contains(t, get(f.page, "/app.css", nil).Body.String(), ".onggi-graph", "the pictures' style comes with the page's")
}

// The policy allows no inline script or style, so there must be none.
func TestThePageHasNothingInline(t *testing.T) {
	html := get(newFake(t, live.Options{}).page, "/", nil).Body.String()
	require.NotContains(t, html, "<style")
	require.NotContains(t, html, " style=")
	require.NotRegexp(t, `\son\w+=`, html)
	require.NotRegexp(t, `<script[^>]*>[^<]`, html)
	require.NotRegexp(t, `(src|href)="(https?:)?//`, html)
}

func get(h http.Handler, path string, header map[string]string) *httptest.ResponseRecorder {
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", path, nil)
	r.Host = "localhost"
	for k, v := range header {
		r.Header.Set(k, v)
	}
	h.ServeHTTP(w, r)
	return w
}

func TestListen(t *testing.T) {
	tests := []struct {
		address, url string
		open         bool
		host         string
	}{
		{"127.0.0.1:0", "http://127.0.0.1:", false, ""},
		{":0", "http://127.0.0.1:", false, ""},
		{"0", "http://127.0.0.1:", false, ""},
		{"localhost:0", "http://localhost:", false, "localhost"},
		{"0.0.0.0:0", "http://127.0.0.1:", true, ""},
	}
	for _, tt := range tests {
		t.Run(tt.address, func(t *testing.T) {
			a, err := live.Listen(tt.address)
			require.NoError(t, err)
			defer a.Close()
			require.Equal(t, tt.open, a.Open)
			require.Equal(t, tt.host, a.Host)
			require.True(t, strings.HasPrefix(a.URL, tt.url), a.URL)
		})
	}
	for _, bad := range []string{"", "nowhere", "127.0.0.1", "127.0.0.1:port", "1.2.3.4.5:80", "127.0.0.1:99999"} {
		_, err := live.Listen(bad)
		require.Error(t, err, bad)
	}
	taken, err := live.Listen("127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	_, err = live.Listen(taken.Addr().String())
	require.ErrorContains(t, err, "listen on "+taken.Addr().String())
}
