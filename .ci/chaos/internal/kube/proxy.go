package kube

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"sync"
	"time"
)

// Mode is how the API server behaves towards agents. The zero value is a healthy one.
type Mode struct {
	Delay        time.Duration // before each request is passed on
	Status       int           // answered instead of passing on, e.g. 429
	FreezeWatch  bool          // watches stay open and tell nothing
	LoseResponse bool          // writes are applied, their answer never comes
}

// Proxy stands between agents and the API server, with TLS on both sides.
type Proxy struct {
	CA []byte // PEM, what agents trust

	pass *httputil.ReverseProxy

	mu     sync.Mutex
	mode   Mode
	thaw   chan struct{} // closed when watches may go on
	counts map[string]int
}

// StartProxy serves the API server of target on address.
func StartProxy(target string, address netip.AddrPort) (*Proxy, error) {
	upstream, err := url.Parse(target)
	if err != nil {
		return nil, err
	}
	certificate, ca, err := certify(address.Addr())
	if err != nil {
		return nil, err
	}
	p := &Proxy{CA: ca, counts: map[string]int{}, thaw: make(chan struct{})}
	close(p.thaw)
	p.pass = &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(upstream) },
		FlushInterval: -1,
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true},
		ModifyResponse: func(r *http.Response) error {
			if r.Request.URL.Query().Has("watch") {
				r.Body = &frozen{r.Body, p, r.Request.Context()}
			}
			return nil
		},
		ErrorLog: log.New(io.Discard, "", 0),
	}
	listener, err := net.Listen("tcp", address.String())
	if err != nil {
		return nil, err
	}
	server := &http.Server{
		Handler: p, ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: time.Minute,
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}},
	}
	go func() { _ = server.ServeTLS(listener, "", "") }()
	return p, nil
}

// Set changes how the API server behaves from the next request on; a frozen watch thaws at once.
func (p *Proxy) Set(m Mode) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if m.FreezeWatch && !p.mode.FreezeWatch {
		p.thaw = make(chan struct{})
	}
	if !m.FreezeWatch && p.mode.FreezeWatch {
		close(p.thaw)
	}
	p.mode = m
}

// Requests is the number of requests since the start, watches counted once each.
func (p *Proxy) Requests() (total int, byVerb map[string]int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	byVerb = map[string]int{}
	for verb, n := range p.counts {
		byVerb[verb] = n
		total += n
	}
	return total, byVerb
}

// ServeHTTP passes a request on, or makes the fault that is set.
func (p *Proxy) ServeHTTP(answer http.ResponseWriter, request *http.Request) {
	verb := request.Method
	if request.URL.Query().Has("watch") {
		verb = "WATCH"
	}
	p.mu.Lock()
	mode := p.mode
	p.counts[verb]++
	p.mu.Unlock()

	select {
	case <-time.After(mode.Delay):
	case <-request.Context().Done():
		return
	}
	switch {
	case mode.Status != 0:
		answer.Header().Set("Content-Type", "application/json")
		answer.Header().Set("Retry-After", "1")
		answer.WriteHeader(mode.Status)
		fmt.Fprintf(answer, `{"kind":"Status","apiVersion":"v1","status":"Failure","code":%d,"message":"made by the harness"}`, mode.Status)
	case mode.LoseResponse && verb != "GET" && verb != "WATCH":
		p.pass.ServeHTTP(&lost{header: http.Header{}}, request)
		<-request.Context().Done()
	default:
		p.pass.ServeHTTP(answer, request)
	}
}

// lost takes an answer that nobody will get.
type lost struct{ header http.Header }

func (l *lost) Header() http.Header         { return l.header }
func (l *lost) Write(b []byte) (int, error) { return len(b), nil }
func (l *lost) WriteHeader(int)             {}

// frozen is the body of a watch, which waits while watches are frozen.
type frozen struct {
	io.ReadCloser
	p   *Proxy
	ctx context.Context
}

func (f *frozen) Read(b []byte) (int, error) {
	n, err := f.ReadCloser.Read(b)
	f.p.mu.Lock()
	thaw := f.p.thaw
	f.p.mu.Unlock()
	select {
	case <-thaw:
	case <-f.ctx.Done():
	}
	return n, err
}

// certify makes a certificate for an address that signs itself.
func certify(address netip.Addr) (tls.Certificate, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "kubernetes"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IPAddresses: []net.IP{address.AsSlice()}, DNSNames: []string{"kubernetes.default.svc"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, ca, nil
}
