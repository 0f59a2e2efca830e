package peers

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"sync"
)

// Files are a certificate, its key and the authorities to believe, in files that somebody renews: the kubelet, for a mounted Secret.
// They are looked at whenever a connection is made, which is seldom, and read again when they changed. What cannot be read leaves in
// force what was read before: a half-written rotation must not cut a cluster in two.
type Files struct {
	Certificate, Key string // paths, PEM
	Authorities      string // path, PEM; may hold the old and the new one
	Name             string // the DNS name that certificates of this cluster's agents have

	mutex  sync.Mutex
	stamps stamps
	loaded *material
	err    error
}

// material is what the files held.
type material struct {
	certificate tls.Certificate
	roots       *x509.CertPool
}

// stamps tell whether files are others than before. That one was put in the place of another tells also where the two are of one size, and follow each
// other faster than the file system counts.
type stamps [3]os.FileInfo

func (s stamps) same(o stamps) bool {
	for i := range s {
		if s[i] == nil || o[i] == nil || !os.SameFile(s[i], o[i]) || !s[i].ModTime().Equal(o[i].ModTime()) || s[i].Size() != o[i].Size() {
			return false
		}
	}
	return true
}

// Load reads the files once, to tell at the start what is wrong with them.
func (f *Files) Load() error {
	_, err := f.current()
	return err
}

// Err is why the files could not be read when they were last looked at; nil is that they could.
func (f *Files) Err() error {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return f.err
}

func (f *Files) current() (*material, error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	var now stamps
	for i, path := range []string{f.Certificate, f.Key, f.Authorities} {
		info, err := os.Stat(path)
		if err != nil {
			return f.keep(fmt.Errorf("look at %s: %w", path, err))
		}
		now[i] = info
	}
	if f.loaded != nil && now.same(f.stamps) && f.err == nil {
		return f.loaded, nil
	}
	read, err := f.read()
	if err != nil {
		return f.keep(err)
	}
	f.loaded, f.stamps, f.err = read, now, nil
	return f.loaded, nil
}

// keep is what was read before, if anything was.
func (f *Files) keep(err error) (*material, error) {
	f.err = err
	if f.loaded == nil {
		return nil, err
	}
	return f.loaded, nil
}

func (f *Files) read() (*material, error) {
	certificate, err := tls.LoadX509KeyPair(f.Certificate, f.Key)
	if err != nil {
		return nil, fmt.Errorf("read certificate: %w", err)
	}
	pem, err := os.ReadFile(f.Authorities)
	if err != nil {
		return nil, fmt.Errorf("read authorities: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("read authorities: no certificate in %s", f.Authorities)
	}
	return &material{certificate, roots}, nil
}

// Server is the configuration of a listener that lets in agents of this cluster only.
func (f *Files) Server() *tls.Config {
	config := f.config(tls.RequireAnyClientCert)
	config.VerifyConnection = f.VerifyClient
	return config
}

// Open is the configuration of a listener that lets in everybody, for probes: whoever shows a certificate can be held to it by
// [Files.VerifyClient].
func (f *Files) Open() *tls.Config { return f.config(tls.RequestClientCert) }

// VerifyClient is nil for a connection whose client has shown a certificate of the cluster's agents.
func (f *Files) VerifyClient(state tls.ConnectionState) error {
	return f.verify(state, x509.ExtKeyUsageClientAuth)
}

// Client is the configuration of a connection to an agent of this cluster.
func (f *Files) Client() *tls.Config {
	config := f.config(tls.NoClientCert)
	config.ServerName = f.Name
	config.VerifyConnection = func(state tls.ConnectionState) error { return f.verify(state, x509.ExtKeyUsageServerAuth) }
	config.InsecureSkipVerify = true // the standard check cannot take authorities that change: verify does it instead
	return config
}

func (f *Files) config(client tls.ClientAuthType) *tls.Config {
	own := func() (*tls.Certificate, error) {
		m, err := f.current()
		if err != nil {
			return nil, err
		}
		return &m.certificate, nil
	}
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		ClientAuth:             client,
		SessionTicketsDisabled: true, // a session must not outlive the authority that it was begun under
		GetCertificate:         func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return own() },
		GetClientCertificate:   func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return own() },
	}
}

// verify holds the other side's certificate against the authorities of this moment, and against the name of the cluster's agents: one authority may serve many.
func (f *Files) verify(state tls.ConnectionState, usage x509.ExtKeyUsage) error {
	m, err := f.current()
	if err != nil {
		return err
	}
	if len(state.PeerCertificates) == 0 {
		return errors.New("no certificate was shown")
	}
	between := x509.NewCertPool()
	for _, certificate := range state.PeerCertificates[1:] {
		between.AddCert(certificate)
	}
	_, err = state.PeerCertificates[0].Verify(x509.VerifyOptions{
		Roots: m.roots, Intermediates: between, DNSName: f.Name, KeyUsages: []x509.ExtKeyUsage{usage},
	})
	return err
}
