package ctl

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/onggi-db/onggi/sidecars/config"
)

// target is how agents are reached.
type target struct {
	config, socket, url         string
	tokenFile                   string
	authority, certificate, key string
	serverName                  string

	token string
	local *http.Client // by the socket; nil when there is a URL
	far   *http.Client
}

// resolve reads the files that the flags name. The configuration fills in what no flag says.
func (t *target) resolve() error {
	if t.config != "" {
		file, err := config.Read(t.config)
		if err != nil {
			return Error{Invalid, err}
		}
		file = file.Defaults()
		t.socket = cmp.Or(t.socket, file.ControlSocket())
		t.tokenFile = cmp.Or(t.tokenFile, file.Listen.TokenFile)
		if file.Listen.TLS.Cert != "" {
			t.serverName = cmp.Or(t.serverName, file.Cluster) // as the agents call each other
		}
		t.authority = cmp.Or(t.authority, file.Listen.TLS.CA)
		t.certificate, t.key = cmp.Or(t.certificate, file.Listen.TLS.Cert), cmp.Or(t.key, file.Listen.TLS.Key)
	}
	t.socket = cmp.Or(t.socket, "/run/onggi/agent.sock")
	if t.tokenFile != "" {
		data, err := os.ReadFile(t.tokenFile)
		if err != nil {
			return fail(InOut, "read token: %w", err)
		}
		t.token, _, _ = strings.Cut(strings.TrimSpace(string(data)), "\n") // the newest is the first
	}
	secure, err := t.tls()
	if err != nil {
		return err
	}
	t.far = &http.Client{Transport: &http.Transport{TLSClientConfig: secure}}
	if t.url == "" {
		t.local = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", t.socket)
		}}}
		return nil
	}
	parsed, err := url.Parse(t.url)
	if err != nil || parsed.Host == "" || (parsed.Scheme != "http" && parsed.Scheme != "https") {
		return fail(Usage, "--url %s: not http(s)://HOST:PORT", t.url)
	}
	t.url = parsed.Scheme + "://" + parsed.Host
	return nil
}

func (t *target) tls() (*tls.Config, error) {
	secure := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.serverName}
	if t.authority != "" {
		pem, err := os.ReadFile(t.authority)
		if err != nil {
			return nil, fail(InOut, "read authority: %w", err)
		}
		secure.RootCAs = x509.NewCertPool()
		if !secure.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fail(Invalid, "read authority: no certificate in %s", t.authority)
		}
	}
	if t.certificate != "" || t.key != "" {
		certificate, err := tls.LoadX509KeyPair(t.certificate, t.key)
		if err != nil {
			return nil, fail(InOut, "read certificate: %w", err)
		}
		secure.Certificates = []tls.Certificate{certificate}
	}
	return secure, nil
}

// agent is one agent to ask.
type agent struct {
	base   string // of its URLs
	client *http.Client
	token  string
}

// here is the agent that the flags name.
func (t *target) here() agent {
	if t.local != nil {
		return agent{"http://agent", t.local, ""} // the socket's mode is the password
	}
	return agent{t.url, t.far, t.token}
}

// at is the agent of a member.
func (t *target) at(m member) (agent, error) {
	parsed, err := url.Parse(m.API)
	if err != nil || parsed.Host == "" {
		return agent{}, fail(InOut, "%s has no address in the cluster's table", m.Name)
	}
	return agent{parsed.Scheme + "://" + parsed.Host, t.far, t.token}, nil
}

// get reads a document.
func (a agent) get(ctx context.Context, path string, into any) error {
	got, err := a.ask(ctx, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	if got.status != http.StatusOK {
		return fail(InOut, "%s: %d %s", path, got.status, got.text)
	}
	if err := json.Unmarshal([]byte(got.text), into); err != nil {
		return fail(InOut, "read %s: %w", path, err)
	}
	return nil
}

// do asks for something to be done, and tells what came of it.
func (a agent) do(ctx context.Context, method, path string, body any) (string, error) {
	got, err := a.ask(ctx, method, path, body)
	switch {
	case err != nil:
		return "", err
	case got.status < 300:
		return got.text, nil
	case got.result == "unknown":
		return "", fail(Timeout, "%s (%d)", got.text, got.status)
	}
	code := Findings
	switch got.status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusMethodNotAllowed, http.StatusRequestEntityTooLarge:
		code = Invalid
	case http.StatusUnauthorized, http.StatusForbidden:
		code = InOut
	}
	return "", fail(code, "%s (%d)", got.text, got.status)
}

// maxAnswer bounds what is read of an answer.
const maxAnswer = 4 << 20

// answer is what an agent said.
type answer struct {
	status       int
	text, result string
}

func (a agent) ask(ctx context.Context, method, path string, body any) (answer, error) {
	var content io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return answer{}, fmt.Errorf("encode request: %w", err)
		}
		content = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(ctx, method, a.base+path, content)
	if err != nil {
		return answer{}, fail(InOut, "ask the agent: %w", err)
	}
	if a.token != "" {
		request.Header.Set("Authorization", "Bearer "+a.token)
	}
	response, err := a.client.Do(request)
	if err != nil {
		return answer{}, unreached(ctx, err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return answer{}, unreached(ctx, err)
	}
	return answer{response.StatusCode, strings.TrimSpace(string(data)), response.Header.Get("Onggi-Result")}, nil
}

// unreached says why there is no answer; whether anything was done is not known then.
func unreached(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fail(Timeout, "no answer in time: %w", ctx.Err())
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return fail(InOut, "ask the agent: %w", err)
}
