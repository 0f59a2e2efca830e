package peers

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"time"
)

// Identity is who this agent is to the others.
type Identity struct {
	Cluster string
	Member  string // id of its volume
}

// Answer handles the requests of one kind. from is the member that the caller says it is. The error is told to the caller, with 500
// or with the status of a [Refusal].
type Answer func(ctx context.Context, from string, body []byte) ([]byte, error)

// Refusal is an answer that is a no: the peer was reached, and did not do it. It is as genuine as any answer, but for the statuses
// 401 and 421, which tell that keys or addresses do not match and so cannot be proven. No refusal is a reason to go ahead.
type Refusal struct {
	Status int
	Text   string
}

func (r Refusal) Error() string { return fmt.Sprintf("peer refused (%d): %s", r.Status, r.Text) }

// Typed is an Answer over the types of a message.
func Typed[Request, Response any](answer func(ctx context.Context, from string, request Request) (Response, error)) Answer {
	return func(ctx context.Context, from string, body []byte) ([]byte, error) {
		var request Request
		if err := decode(body, &request); err != nil {
			return nil, Refusal{http.StatusBadRequest, err.Error()}
		}
		response, err := answer(ctx, from, request)
		if err != nil {
			return nil, err
		}
		return json.Marshal(response)
	}
}

// decode reads exactly one JSON value. Fields that are not known are left: during a rolling upgrade the newer agents have more.
func decode(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("decode message: %w", err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return errors.New("decode message: something follows it")
	}
	return nil
}

// Trust is what callers are believed for: all of it that is there. Without any of it they are believed, so the listener has to be
// one that lets in agents only.
type Trust struct {
	Keys        Keys
	Certificate func(tls.ConnectionState) error // such as [Files.VerifyClient], for a listener that probes reach too
}

// Handler serves the kinds it is given.
type Handler struct {
	self  Identity
	trust Trust
	kinds map[string]Answer
	// streams is nil where there are none.
	streams *Streams
}

// NewHandler is a handler for these kinds, below /peer/v1/.
func NewHandler(self Identity, trust Trust, kinds map[string]Answer) *Handler {
	return &Handler{self: self, trust: trust, kinds: kinds}
}

// ServeHTTP implements [http.Handler].
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	kind, ours := strings.CutPrefix(r.URL.Path, prefix)
	letter := letter{
		kind: kind, cluster: r.Header.Get(headerCluster), from: r.Header.Get(headerFrom), to: r.Header.Get(headerTo),
		nonce: r.Header.Get(headerNonce),
	}
	body, err := h.admit(w, r, &letter, ours)
	if err == nil && h.streams != nil && kind == kindStream {
		h.serveStream(w, r, letter)
		return
	}
	if err == nil {
		body, err = h.kinds[kind](r.Context(), letter.from, body)
	}
	status := http.StatusOK
	if err != nil {
		refusal := Refusal{http.StatusInternalServerError, err.Error()}
		errors.As(err, &refusal)
		status, body = refusal.Status, []byte(refusal.Text)
	}
	h.answer(w, letter, status, body)
}

// admit is the body of a request that may be handled.
func (h *Handler) admit(w http.ResponseWriter, r *http.Request, letter *letter, ours bool) ([]byte, error) {
	switch {
	case !ours:
		return nil, Refusal{http.StatusNotFound, "no such path"}
	case r.Method != http.MethodPost:
		return nil, Refusal{http.StatusMethodNotAllowed, "only POST"}
	}
	if h.trust.Certificate != nil && (r.TLS == nil || h.trust.Certificate(*r.TLS) != nil) {
		return nil, Refusal{http.StatusUnauthorized, "client certificate required"}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if err != nil {
		var long *http.MaxBytesError
		if errors.As(err, &long) {
			return nil, Refusal{http.StatusRequestEntityTooLarge, "the body is too long"}
		}
		return nil, Refusal{http.StatusBadRequest, "the body could not be read"}
	}
	letter.body = body
	switch err := letter.check(r.Header, h.trust.Keys); {
	case err != nil:
		return nil, Refusal{http.StatusUnauthorized, err.Error()}
	case letter.cluster != h.self.Cluster:
		return nil, Refusal{http.StatusMisdirectedRequest, "this is another cluster"}
	case letter.to != h.self.Member:
		return nil, Refusal{http.StatusMisdirectedRequest, "this is another member"}
	case letter.from == "" || letter.from == h.self.Member:
		return nil, Refusal{http.StatusForbidden, "the caller does not say which other member it is"}
	case h.kinds[letter.kind] == nil:
		return nil, Refusal{http.StatusNotFound, "no such kind of message"}
	}
	return body, nil
}

// answer writes an answer with its seal, over the nonce of the request.
func (h *Handler) answer(w http.ResponseWriter, request letter, status int, body []byte) {
	answer := letter{
		answer: true, status: status, kind: request.kind, cluster: h.self.Cluster, from: h.self.Member, to: request.from,
		nonce: request.nonce, body: body,
	}
	_ = answer.put(w.Header(), h.trust.Keys) // without a key the answer has no seal, and the caller does not believe it
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the caller has gone: it will ask again
}

// NewServer is an HTTP server for messages: short, and soon. Idle connections are kept longer than any beat is apart.
func NewServer(handler http.Handler, secure *tls.Config) *http.Server {
	return &http.Server{
		Handler:           handler,
		TLSConfig:         secure,
		ReadHeaderTimeout: 2 * time.Second,
		ReadTimeout:       3 * time.Second,
		WriteTimeout:      5 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    4 << 10,
		ErrorLog:          log.New(io.Discard, "", 0), // callers that go away are no news
		TLSNextProto:      map[string]func(*http.Server, *tls.Conn, http.Handler){},
	}
}
