package kubetest

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// kind is one of the API.
type kind struct {
	api, kind  string
	namespaced bool
}

func kinds() map[string]kind {
	return map[string]kind{
		"leases": {"coordination.k8s.io/v1", "Lease", true},
		"pods":   {"v1", "Pod", true},
		"events": {"v1", "Event", true},
		"nodes":  {"v1", "Node", false},

		"statefulsets": {"apps/v1", "StatefulSet", true},
	}
}

// query is a request, understood.
type query struct {
	client                               string
	verb, resource, namespace, name, sub string
	selector                             selector
	partial                              bool   // metadata alone
	version                              string // of a watch: where it begins
}

// parse reads the path as the API has it: /api/v1 or /apis/GROUP/VERSION, then namespaces/NS, then RESOURCE/NAME/SUBRESOURCE.
func parse(r *http.Request) (query, error) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	q := query{partial: strings.Contains(r.Header.Get("Accept"), "as=PartialObjectMetadata")}
	api := ""
	switch {
	case len(parts) > 2 && parts[0] == "api":
		api, parts = parts[1], parts[2:]
	case len(parts) > 3 && parts[0] == "apis":
		api, parts = parts[1]+"/"+parts[2], parts[3:]
	}
	if len(parts) > 2 && parts[0] == "namespaces" {
		q.namespace, parts = parts[1], parts[2:]
	}
	k, ok := kinds()[parts[0]]
	if !ok || k.api != api || k.namespaced != (q.namespace != "") || len(parts) > 3 {
		return q, errors.New("the server could not find the requested resource")
	}
	q.resource = parts[0]
	if len(parts) > 1 {
		q.name = parts[1]
	}
	if len(parts) > 2 {
		q.sub = parts[2]
	}
	q.verb = map[string]string{http.MethodGet: "get", http.MethodPost: "create", http.MethodPut: "update", http.MethodPatch: "patch", http.MethodDelete: "delete"}[r.Method]
	if q.name != "" {
		return q, nil
	}
	if q.verb == "get" {
		q.verb = "list"
		if w := r.URL.Query().Get("watch"); w == "true" || w == "1" {
			q.verb, q.version = "watch", r.URL.Query().Get("resourceVersion")
		}
	}
	var err error
	q.selector, err = parseSelector(r.URL.Query().Get("fieldSelector"), r.URL.Query().Get("labelSelector"))
	q.name = q.selector.fields["metadata.name"]
	return q, err
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/readyz" || r.URL.Path == "/livez" || r.URL.Path == "/healthz" {
		_, _ = io.WriteString(w, "ok")
		return
	}
	q, err := parse(r)
	if err != nil {
		s.answer(w, q, Fault{}, http.StatusNotFound, refuse(http.StatusNotFound, "NotFound", err.Error()).status())
		return
	}
	var known bool
	if q.client, known = s.who(r); !known {
		s.answer(w, q, Fault{}, http.StatusUnauthorized, refuse(http.StatusUnauthorized, "Unauthorized", "Unauthorized").status())
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 4<<20))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	f := s.fault(q)
	f.stopping = stopping(r)
	if s.before(f, q, w, r) {
		return
	}
	if q.verb == "watch" {
		s.watch(w, r, q, f)
		return
	}
	code, answer, failed := s.do(q, r.Header.Get("Content-Type"), body)
	if failed != nil {
		s.answer(w, q, f, failed.code, failed.status())
		return
	}
	s.answer(w, q, f, code, answer)
}

func (s *Server) who(r *http.Request) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tokens == nil {
		return r.UserAgent(), true
	}
	name, ok := s.tokens[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	return name, ok
}

func (s *Server) answer(w http.ResponseWriter, q query, f Fault, code int, o Object) {
	if f.LoseResponse {
		s.record(q, 0)
	} else {
		s.record(q, code)
	}
	data, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	retryAfter := 0
	if details, ok := o["details"].(Object); ok {
		retryAfter, _ = details["retryAfterSeconds"].(int)
	}
	s.answerWith(w, f, code, retryAfter, data)
}

// failure is a request that is not done.
type failure struct {
	code            int
	reason, message string
	field           string // what is wrong with the object, if that is it
	retryAfter      int
}

func refuse(code int, reason, message string) *failure {
	return &failure{code: code, reason: reason, message: message}
}

func reasons() map[int]string {
	return map[int]string{
		400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 409: "Conflict", 410: "Expired", 422: "Invalid",
		429: "TooManyRequests", 500: "InternalError", 503: "ServiceUnavailable", 504: "Timeout",
	}
}

func (f *failure) status() Object {
	details := Object{}
	if f.field != "" {
		details["causes"] = []any{Object{"reason": "FieldValueInvalid", "message": f.message, "field": f.field}}
	}
	if f.retryAfter > 0 {
		details["retryAfterSeconds"] = f.retryAfter
	}
	return Object{
		"kind": "Status", "apiVersion": "v1", "metadata": Object{}, "status": "Failure",
		"message": f.message, "reason": f.reason, "details": details, "code": f.code,
	}
}

// do does all but a watch.
func (s *Server) do(q query, contentType string, body []byte) (int, Object, *failure) {
	if q.verb == "list" {
		return http.StatusOK, s.listed(q), nil
	}
	var given Object
	if strings.Contains(contentType, "protobuf") || strings.Contains(contentType, "cbor") {
		return 0, nil, refuse(http.StatusUnsupportedMediaType, "UnsupportedMediaType", "this server reads JSON alone")
	}
	if len(body) > 0 {
		if err := json.Unmarshal(body, &given); err != nil {
			return 0, nil, refuse(http.StatusBadRequest, "BadRequest", err.Error())
		}
	}
	if given == nil && (q.verb == "create" || q.verb == "update" || q.verb == "patch") {
		return 0, nil, refuse(http.StatusBadRequest, "BadRequest", "no object")
	}
	var e *entry
	var failed *failure
	code := http.StatusOK
	switch q.verb {
	case "get":
		e, failed = s.store.read(q)
	case "create":
		code = http.StatusCreated
		e, failed = s.store.create(q, given)
	case "update":
		e, failed = s.store.update(q, given)
	case "patch":
		if t := contentType; t != "application/merge-patch+json" && t != "application/strategic-merge-patch+json" {
			return 0, nil, refuse(http.StatusUnsupportedMediaType, "UnsupportedMediaType", "a patch of "+t)
		}
		e, failed = s.store.patch(q, given)
	case "delete":
		e, failed = s.store.delete(q, given)
	default:
		failed = refuse(http.StatusMethodNotAllowed, "MethodNotAllowed", q.verb)
	}
	if failed != nil {
		return 0, nil, failed
	}
	return code, q.shown(e.object), nil
}

func (s *Server) listed(q query) Object {
	entries, version := s.store.entries(q.resource, q.namespace)
	items := []any{}
	for _, e := range entries {
		if q.selector.matches(e) {
			items = append(items, q.shown(e.object))
		}
	}
	k := kinds()[q.resource]
	api, name := k.api, k.kind+"List"
	if q.partial {
		api, name = "meta.k8s.io/v1", "PartialObjectMetadataList"
	}
	return Object{"apiVersion": api, "kind": name, "metadata": Object{"resourceVersion": itoa(version)}, "items": items}
}

// shown is an object as the client wants to see it.
func (q query) shown(o Object) Object {
	if !q.partial {
		return o
	}
	return Object{"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": o["metadata"]}
}

func now() string { return time.Now().UTC().Format(time.RFC3339) }
