package kube

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// access is what a request is sent with: a transport that trusts the CA, and a token. Both follow their files.
type access struct {
	options Options

	mu        sync.Mutex
	transport *http.Transport
	trust     []stamp // of CAFile, CertFile, KeyFile, as the transport was built from them
	token     string
	tokenAt   stamp
}

// stamp tells two versions of a file apart. A projected volume is rotated by a new folder behind a link, so the inode tells as well.
type stamp struct{ info os.FileInfo }

func stampOf(file string) stamp {
	if file == "" {
		return stamp{}
	}
	info, err := os.Stat(file)
	if err != nil {
		return stamp{}
	}
	return stamp{info}
}

func (s stamp) same(o stamp) bool {
	if s.info == nil || o.info == nil {
		return s.info == nil && o.info == nil
	}
	return os.SameFile(s.info, o.info) && s.info.ModTime().Equal(o.info.ModTime()) && s.info.Size() == o.info.Size()
}

func newAccess(o Options) (*access, error) {
	a := &access{options: o}
	a.trust = a.stamps()
	transport, err := a.build()
	if err != nil {
		return nil, err
	}
	a.transport = transport
	if o.TokenFile != "" {
		a.tokenAt = stampOf(o.TokenFile)
		if a.token, err = readToken(o.TokenFile); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// current is the transport and the token to use now. A file that cannot be read in the midst of its rotation leaves the
// last good content in use, and is looked at again the next time.
func (a *access) current() (*http.Transport, string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if now := a.stamps(); !sameAll(now, a.trust) {
		if transport, err := a.build(); err != nil {
			a.options.Log(fmt.Sprintf("keep the certificates in use: %v", err))
		} else {
			a.transport.CloseIdleConnections()
			a.transport = transport
		}
		a.trust = now
	}
	if now := stampOf(a.options.TokenFile); !now.same(a.tokenAt) {
		if token, err := readToken(a.options.TokenFile); err != nil {
			a.options.Log(fmt.Sprintf("keep the token in use: %v", err))
		} else {
			a.token = token
		}
		a.tokenAt = now
	}
	return a.transport, a.token
}

// renewed reads the token whatever its stamp says, and tells whether it is another one than the server refused.
func (a *access) renewed(refused string) bool {
	if a.options.TokenFile == "" {
		return false
	}
	token, err := readToken(a.options.TokenFile)
	if err != nil {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.token = token
	return token != refused
}

func (a *access) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.transport.CloseIdleConnections()
}

func (a *access) stamps() []stamp {
	return []stamp{stampOf(a.options.CAFile), stampOf(a.options.CertFile), stampOf(a.options.KeyFile)}
}

func sameAll(a, b []stamp) bool {
	for i := range a {
		if !a[i].same(b[i]) {
			return false
		}
	}
	return true
}

func readToken(file string) (string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read the token: %v", err)
	}
	data = bytes.TrimSpace(data)
	if len(data) == 0 {
		return "", fmt.Errorf("read the token: %s is empty", file)
	}
	if bytes.ContainsAny(data, "\r\n\x00") {
		return "", fmt.Errorf("read the token: %s is more than one line", file)
	}
	return string(data), nil
}

// build is HTTP/1.1 on purpose: each request in flight has a connection of its own, so one that died under a watch holds up no
// Lease, and a request that timed out takes its connection along instead of leaving it to the next.
func (a *access) build() (*http.Transport, error) {
	trust := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
	if a.options.CAFile != "" {
		data, err := os.ReadFile(a.options.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read the API server's CA: %v", err)
		}
		trust.RootCAs = x509.NewCertPool()
		if !trust.RootCAs.AppendCertsFromPEM(data) {
			return nil, fmt.Errorf("read the API server's CA: %s has no certificate", a.options.CAFile)
		}
	}
	if a.options.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(a.options.CertFile, a.options.KeyFile)
		if err != nil {
			return nil, errors.New("read the client certificate: " + err.Error())
		}
		trust.Certificates = []tls.Certificate{pair}
	}
	dialer := &net.Dialer{
		Timeout: 5 * time.Second,
		// A peer that is gone is noticed within 30 s where nothing is written, as under a watch.
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3},
	}
	return &http.Transport{
		DialContext: dialer.DialContext, TLSClientConfig: trust, TLSHandshakeTimeout: 5 * time.Second,
		TLSNextProto:        map[string]func(string, *tls.Conn) http.RoundTripper{}, // no HTTP/2
		MaxIdleConnsPerHost: 2, IdleConnTimeout: 60 * time.Second,                   // less than the server's 90 s: it must not close one we write to
		DisableCompression: true, // what is read here is small, and a decompressor is not
	}, nil
}
