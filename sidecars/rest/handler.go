package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Handler answers requests from a [Source]. It is safe for concurrent use.
type Handler struct {
	source Source
	auth   Auth
	local  bool
}

// New is a handler over a source. Without any means in auth nobody may write, except through [Handler.Local].
func New(source Source, auth Auth) *Handler { return &Handler{source: source, auth: auth} }

// Local is the same handler for callers that the listener has let in already: a unix socket with a mode of its own.
func (h *Handler) Local() http.Handler {
	local := *h
	local.local = true
	return &local
}

// patience bounds what a caller waits for a request to be done. A switchover or a restart takes seconds, its shutdown checkpoint
// included; longer ones go on, and are told as not known.
const patience = 2 * time.Minute

// ServeHTTP implements [http.Handler].
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	if len(path) > 1 {
		path = strings.TrimSuffix(path, "/")
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		h.read(w, r, path)
	default:
		h.write(w, r, path)
	}
}

// read answers what changes nothing.
func (h *Handler) read(w http.ResponseWriter, r *http.Request, path string) {
	view := h.source.View()
	if r.Method != http.MethodGet {
		w = statusOnly{w}
	}
	if c, ok := checkOf(path); ok {
		readCheck(w, r, c, &view)
		return
	}
	switch path {
	case "/patroni":
		writeJSON(w, http.StatusOK, view.status())
	case "/cluster":
		writeJSON(w, http.StatusOK, view.cluster())
	case "/history":
		writeJSON(w, http.StatusOK, view.history())
	case "/config":
		if view.Config == nil {
			writeText(w, http.StatusBadGateway, "the configuration is not known yet")
			return
		}
		writeJSON(w, http.StatusOK, view.Config)
	case "/failsafe":
		if view.FailsafePeers == nil {
			writeText(w, http.StatusBadGateway, "no members are known yet")
			return
		}
		writeJSON(w, http.StatusOK, view.FailsafePeers)
	case "/backup":
		h.readBackups(w, r)
	case "/metrics":
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		writeBody(w, http.StatusOK, Metrics(&view))
	default:
		writeText(w, http.StatusNotFound, "no such path")
	}
}

// readCheck answers a health check. The document is made first and the check asked last, so that no work lies between the permit
// that it sees and the status line that tells of it.
func readCheck(w http.ResponseWriter, r *http.Request, c check, view *View) {
	query, badQuery := url.ParseQuery(r.URL.RawQuery)
	var document []byte
	if c != checkLiveness && c != checkReadiness {
		document = encode(view.status())
	}
	err := met(c, view, query)
	if badQuery != nil && err == nil {
		err = errors.New("the query cannot be read")
	}
	switch {
	case document != nil:
		w.Header().Set("Content-Type", "application/json")
	case err != nil:
		document = []byte(err.Error() + "\n")
		fallthrough
	default:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	}
	writeBody(w, statusOf(err), document)
}

// write answers what changes something.
func (h *Handler) write(w http.ResponseWriter, r *http.Request, path string) {
	if path == "/config" && (r.Method == http.MethodPatch || r.Method == http.MethodPut) {
		w.Header().Set("Allow", "GET, HEAD, OPTIONS")
		writeText(w, http.StatusMethodNotAllowed, "the configuration comes from the spec in Git: change it there and render; pausing is POST /pause")
		return
	}
	allowed, known := writable[path]
	switch {
	case !known && !isReadable(path):
		writeText(w, http.StatusNotFound, "no such path")
		return
	case !strings.Contains(allowed, r.Method):
		w.Header().Set("Allow", strings.TrimSpace("GET, HEAD, OPTIONS "+allowed))
		writeText(w, http.StatusMethodNotAllowed, r.Method+" is not for "+path)
		return
	}
	if !h.local {
		if err := h.auth.admit(r); err != nil {
			deny(w, err)
			return
		}
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody+1)
	if path == "/backup" {
		h.writeBackup(w, r)
		return
	}
	if path == "/restore" {
		h.writeRestore(w, r)
		return
	}
	view := h.source.View()
	if path == "/failsafe" {
		writeFailsafe(w, r, &view)
		return
	}
	request, err := decode(r, path, &view, time.Now())
	if err != nil {
		writeRefusal(w, err)
		return
	}
	ctx, cancel := patiently(w, r)
	defer cancel()
	outcome := h.source.Do(ctx, request)
	w.Header().Set("Onggi-Result", outcome.Result.String())
	status, text := tell(request, outcome)
	writeText(w, status, text)
}

// patiently is the context of a request that may take patience to be done, and gives its answer the time.
func patiently(w http.ResponseWriter, r *http.Request) (context.Context, context.CancelFunc) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(patience + 5*time.Second)) // a recorder in a test has none
	return context.WithTimeout(r.Context(), patience)
}

// writable are the paths that take more than reading, each with its methods.
var writable = map[string]string{
	"/switchover": "POST DELETE", "/failover": "POST", "/restart": "POST DELETE", "/reload": "POST", "/reinitialize": "POST",
	"/failsafe": "POST", "/pause": "POST DELETE", "/fence": "POST DELETE", "/backup": "POST", "/restore": "POST",
}

func isReadable(path string) bool {
	switch path {
	case "/patroni", "/cluster", "/history", "/config", "/metrics", "/backup":
		return true
	}
	_, ok := checkOf(path)
	return ok
}

// decode is the request that a path, a method and a body stand for.
func decode(r *http.Request, path string, view *View, now time.Time) (Request, error) {
	if r.Method == http.MethodDelete {
		return Request{Verb: map[string]Verb{
			"/switchover": CancelSwitchover, "/restart": CancelRestart, "/pause": DoResume, "/fence": DoUnfence,
		}[path]}, nil
	}
	moves := path == "/switchover" || path == "/failover"
	fields, err := readObject(r, !moves)
	if err != nil {
		return Request{}, err
	}
	switch path {
	case "/switchover":
		return parseMove(DoSwitchover, fields, view, now)
	case "/failover":
		return parseMove(DoFailover, fields, view, now)
	case "/restart":
		return parseRestart(fields, view, now)
	case "/reinitialize":
		return parseReinitialize(fields)
	}
	if len(fields) > 0 {
		return Request{}, refuse(http.StatusBadRequest, "%s takes no fields", path)
	}
	return Request{Verb: map[string]Verb{"/reload": DoReload, "/pause": DoPause, "/fence": DoFence}[path]}, nil
}

// writeFailsafe answers a Patroni-like leader that asks whether it may stay one. It is told how things are, and promised nothing:
// promises are made between agents, to the holder of the record, and elsewhere.
func writeFailsafe(w http.ResponseWriter, r *http.Request, view *View) {
	if view.FailsafePeers == nil {
		writeText(w, http.StatusBadGateway, "no members are known yet")
		return
	}
	if _, err := readObject(r, false); err != nil {
		writeRefusal(w, err)
		return
	}
	if view.Role == Primary && view.permit() > 0 {
		writeText(w, http.StatusInternalServerError, "Running as a leader")
		return
	}
	if at := max(view.Received, view.Replayed, view.Location); at > 0 {
		w.Header().Set("lsn", strconv.FormatUint(uint64(at), 10))
	}
	writeText(w, http.StatusOK, "Accepted")
}

func writeRefusal(w http.ResponseWriter, err error) {
	var refused refusal
	if !errors.As(err, &refused) {
		refused = refusal{http.StatusBadRequest, err.Error()}
	}
	writeText(w, refused.status, refused.text)
}

// statusOnly keeps a body back.
type statusOnly struct{ http.ResponseWriter }

func (s statusOnly) Write(p []byte) (int, error) { return len(p), nil }

func (s statusOnly) WriteHeader(status int) {
	s.Header().Del("Content-Length")
	s.Header().Del("Content-Type")
	s.ResponseWriter.WriteHeader(status)
}

// encode gives a document its JSON. What is not encodable in a View is only ever its Config, whose owner learns of it here.
func encode(document any) []byte {
	data, err := json.Marshal(document)
	if err != nil {
		data = fmt.Appendf(nil, "{\"error\":%q}", err)
	}
	return append(data, '\n')
}

func writeJSON(w http.ResponseWriter, status int, document any) {
	w.Header().Set("Content-Type", "application/json")
	writeBody(w, status, encode(document))
}

func writeText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	writeBody(w, status, []byte(text+"\n"))
}

func writeBody(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a caller that has gone away is told nothing
}
