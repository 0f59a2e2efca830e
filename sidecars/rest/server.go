package rest

import (
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"time"
)

// NewServer is an HTTP server with the bounds that a probe's server needs: nobody holds a connection by being slow. tls may be nil.
func NewServer(handler http.Handler, secure *tls.Config) *http.Server {
	return &http.Server{
		Handler:           handler,
		TLSConfig:         secure,
		ReadHeaderTimeout: 3 * time.Second,
		ReadTimeout:       5 * time.Second,
		WriteTimeout:      10 * time.Second, // a request to change something sets a longer one
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    8 << 10,
		ErrorLog:          log.New(io.Discard, "", 0), // scanners and aborted probes are no news
		// HTTP/2 would cost memory and gains a probe nothing.
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
	}
}
