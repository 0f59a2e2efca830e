package live

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// contentPolicy lets the browser run, style and load what comes from here and nothing else. The one text that becomes markup,
// the picture, goes through the policy named onggi in app.js.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types onggi"

// guard answers only who may ask: reading methods, and a Host that cannot be another site's name made to point here.
func guard(next http.Handler, name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-cache")
		switch {
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			h.Set("Allow", "GET, HEAD")
			http.Error(w, "only GET and HEAD are answered", http.StatusMethodNotAllowed)
		case !knownHost(r.Host, name):
			http.Error(w, "this page is reached by its address or as localhost", http.StatusMisdirectedRequest)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// knownHost reports whether a Host header is an address, localhost, or the name that the page was told to listen on. Whoever
// rebinds a name of theirs to this machine sends that name.
func knownHost(hostport, name string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if host == "localhost" || name != "" && host == strings.ToLower(name) {
		return true
	}
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil
}
