package rest

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"errors"
	"net/http"
	"strings"
)

// Auth says who may write.
type Auth struct {
	// Token is asked for at every request, so that it can be renewed in a file; several are valid while one replaces another.
	// None means that no token opens anything.
	Token func() []string
	// Certificate is nil for a connection whose client has shown a certificate that lets it write. Nil asks for no certificates.
	Certificate func(tls.ConnectionState) error
}

var (
	errNoHeader  = errors.New("no auth header received")
	errWrong     = errors.New("not authenticated")
	errForbidden = errors.New("access is denied: neither a token nor client certificates are configured")
)

// admit is nil for a caller that may write.
func (a Auth) admit(r *http.Request) error {
	if a.Certificate != nil && r.TLS != nil && a.Certificate(*r.TLS) == nil {
		return nil
	}
	var tokens []string
	if a.Token != nil {
		tokens = a.Token()
	}
	if len(tokens) == 0 {
		if a.Certificate != nil {
			return errors.New("client certificate required")
		}
		return errForbidden
	}
	shown, ok := shownToken(r)
	if !ok {
		if r.Header.Get("Authorization") == "" {
			return errNoHeader
		}
		return errWrong
	}
	match := 0
	sum := sha256.Sum256([]byte(shown)) // equal lengths, whatever was sent
	for _, token := range tokens {
		want := sha256.Sum256([]byte(token))
		if token != "" {
			match |= subtle.ConstantTimeCompare(sum[:], want[:])
		}
	}
	if match == 0 {
		return errWrong
	}
	return nil
}

// shownToken is the token of a request: a bearer's, or the password of scripts that know Patroni's basic authentication.
func shownToken(r *http.Request) (string, bool) {
	if _, password, ok := r.BasicAuth(); ok {
		return password, true
	}
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	return token, ok && strings.EqualFold(scheme, "Bearer")
}

func deny(w http.ResponseWriter, err error) {
	status := http.StatusForbidden
	if errors.Is(err, errNoHeader) || errors.Is(err, errWrong) {
		status = http.StatusUnauthorized
		w.Header().Set("WWW-Authenticate", `Bearer realm="onggi"`)
	}
	writeText(w, status, err.Error())
}
