package sealing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/cmd/internal/source"
	"github.com/onggi-db/onggi/render/seal"
)

// maxCertificate is far more than a chain of certificates needs.
const maxCertificate = 1 << 20

// fetchTimeout bounds one request for a certificate.
const fetchTimeout = 20 * time.Second

// certificates reads each certificate once.
type certificates struct {
	o     Options
	known map[string]seal.Certificate
}

// of is the certificate to seal for, with where it comes from; both are zero when nobody names one. The project's paths are
// relative to its folder.
func (c *certificates) of(ctx context.Context, w *wanted) (seal.Certificate, error) {
	from := c.o.Certificate
	switch {
	case c.o.FromCluster:
		from = "the controller"
	case from == "" && w.certificate == "":
		return seal.Certificate{}, nil
	case from == "":
		from = w.certificate
	}
	if known, ok := c.known[from]; ok {
		return known, nil
	}
	data, err := c.read(ctx, from)
	if err != nil {
		return seal.Certificate{}, err
	}
	cert, err := seal.ParseCertificate(data, c.o.Now)
	switch {
	case errors.Is(err, seal.ErrPrivateKey):
		return seal.Certificate{}, cli.Exit(cli.Secret, "certificate %s: %w", shown(from), err)
	case err != nil:
		return seal.Certificate{}, badCertificate{shown(from), err}
	}
	c.known[from] = cert
	return cert, nil
}

// badCertificate is one that must not be sealed for.
type badCertificate struct {
	from string
	err  error
}

func (b badCertificate) Error() string { return fmt.Sprintf("certificate %s: %v", b.from, b.err) }

func (c *certificates) read(ctx context.Context, from string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	var data []byte
	var err error
	switch {
	case c.o.FromCluster:
		data, err = c.o.Controller.fetch(ctx)
	case isURL(from):
		data, err = download(ctx, from)
	default:
		data, err = readLimited(from, maxCertificate)
	}
	var told cli.Error
	if err == nil || errors.As(err, &told) {
		return data, err
	}
	return nil, cli.Exit(cli.InOut, "read certificate %s: %w", shown(from), err)
}

// shown is where a certificate comes from, without the password that a URL may have in it.
func shown(from string) string {
	if u, err := url.Parse(from); err == nil && isURL(from) {
		return u.Redacted()
	}
	return from
}

func isURL(s string) bool { return strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://") }

// download fetches a certificate. Who can change it on its way can read whatever is sealed for it, so it has to come over TLS, or
// from this machine: that is what kubectl port-forward gives.
func download(ctx context.Context, from string) ([]byte, error) {
	u, err := url.Parse(from)
	if err != nil {
		return nil, cli.Exit(cli.Usage, "the certificate's address cannot be read as a URL")
	}
	if u.Scheme == "http" && !isLoopback(u.Hostname()) {
		return nil, cli.Exit(cli.Usage, "certificate %s: whoever can change it on its way can read all that is sealed for it: use https, or --from-cluster", u.Redacted())
	}
	client := &http.Client{CheckRedirect: func(req *http.Request, _ []*http.Request) error {
		if req.URL.Scheme != "https" && !isLoopback(req.URL.Hostname()) {
			return errors.New("it redirects to a place without TLS")
		}
		return nil
	}}
	return get(ctx, client, from)
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func get(ctx context.Context, client *http.Client, from string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server answers %s", resp.Status)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxCertificate+1))
	if err == nil && len(data) > maxCertificate {
		err = errors.New("it is larger than a certificate can be")
	}
	return data, err
}

// readLimited reads a file that is not larger than it can be meant to be.
func readLimited(name string, most int64) ([]byte, error) {
	f, err := os.Open(filepath.FromSlash(name))
	if err != nil {
		return nil, source.Cause(err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, source.Cause(err)
	}
	if int64(len(data)) > most {
		return nil, fmt.Errorf("it is larger than %d KiB", most>>10)
	}
	return data, nil
}
