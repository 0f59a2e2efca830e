package kubetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

func encode(o Object) []byte {
	data, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	return data
}

// watch serves one watch to its end.
func (s *Server) watch(w http.ResponseWriter, r *http.Request, q query, f Fault) {
	version, err := strconv.ParseInt(r.URL.Query().Get("resourceVersion"), 10, 64)
	if err != nil {
		failed := refuse(http.StatusBadRequest, "BadRequest", "this server watches from a resourceVersion only")
		s.answer(w, q, f, failed.code, failed.status())
		return
	}
	_, reached, _, _ := s.store.since(version)
	if version > reached {
		failed := refuse(http.StatusGatewayTimeout, "Timeout", fmt.Sprintf("Too large resource version: %d, current: %d", version, reached))
		s.answer(w, q, f, failed.code, failed.status())
		return
	}
	s.record(q, http.StatusOK)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	out := &watcher{server: s, query: q, w: w, flush: http.NewResponseController(w).Flush}
	if f.WatchError != 0 {
		out.send("ERROR", refuse(f.WatchError, reasons()[f.WatchError], "injected").status())
		return
	}
	_ = out.flush()
	out.truncate = f.Truncate

	end := time.NewTimer(timeout(r))
	defer end.Stop()
	bookmarks := make(<-chan time.Time)
	if s.config.Bookmarks > 0 && r.URL.Query().Get("allowWatchBookmarks") == "true" {
		ticker := time.NewTicker(s.config.Bookmarks)
		defer ticker.Stop()
		bookmarks = ticker.C
	}
	for {
		var news <-chan struct{}
		var ok bool
		if version, news, ok = out.advance(version); !ok {
			return
		}
		select {
		case <-news:
		case <-bookmarks:
			if !s.frozen(q) {
				out.bookmark(version)
			}
		case <-end.C:
			return
		case <-r.Context().Done():
			return
		case <-stopping(r):
			panic(http.ErrAbortHandler)
		}
	}
}

func timeout(r *http.Request) time.Duration {
	seconds, err := strconv.Atoi(r.URL.Query().Get("timeoutSeconds"))
	if err != nil || seconds <= 0 {
		return 30 * time.Minute
	}
	return time.Duration(seconds) * time.Second
}

// watcher is the sending side of one watch.
type watcher struct {
	server   *Server
	query    query
	w        http.ResponseWriter
	flush    func() error
	truncate bool
}

// advance sends what is new after a version, unless the watch is frozen. Not ok: the watch is over.
func (o *watcher) advance(version int64) (int64, <-chan struct{}, bool) {
	changes, now, news, ok := o.server.store.since(version)
	if o.server.frozen(o.query) {
		return version, news, true
	}
	if !ok {
		o.send("ERROR", refuse(http.StatusGone, "Expired", fmt.Sprintf("too old resource version: %d", version)).status())
		return version, news, false
	}
	for _, c := range changes {
		kind, e := o.query.sees(c)
		if e == nil {
			continue
		}
		shown := o.query.shown(e.object)
		if kind == "DELETED" && c.last == nil { // out of the selection: with the version of the change
			left := clone(e.object)
			meta(left)["resourceVersion"] = itoa(c.version)
			shown = o.query.shown(left)
		}
		o.send(kind, shown)
	}
	return now, news, true
}

// sees is what a change is to a watch with a selector.
func (q query) sees(c change) (string, *entry) {
	was, is := c.old != nil && q.selects(c.old), c.new != nil && q.selects(c.new)
	switch {
	case !was && is:
		return "ADDED", c.new
	case was && is:
		return "MODIFIED", c.new
	case was && c.last != nil:
		return "DELETED", c.last
	case was:
		return "DELETED", c.old
	default:
		return "", nil
	}
}

func (q query) selects(e *entry) bool {
	return e.key.resource == q.resource && (q.namespace == "" || e.key.namespace == q.namespace) && q.selector.matches(e)
}

func (o *watcher) bookmark(version int64) {
	k := kinds()[o.query.resource]
	o.send("BOOKMARK", o.query.shown(Object{"apiVersion": k.api, "kind": k.kind, "metadata": Object{"resourceVersion": itoa(version)}}))
}

func (o *watcher) send(kind string, object Object) {
	line := append(encode(Object{"type": kind, "object": object}), '\n')
	if o.truncate {
		_, _ = o.w.Write(line[:len(line)/2])
		_ = o.flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = o.w.Write(line)
	_ = o.flush()
}

// selector is a field and a label selector.
type selector struct {
	fields map[string]string
	labels []requirement
}

type requirement struct {
	key    string
	values []string // nil: whether the key is there
	not    bool
}

func parseSelector(fields, labels string) (selector, error) {
	s := selector{fields: map[string]string{}}
	for _, term := range strings.Split(fields, ",") {
		if term == "" {
			continue
		}
		name, value, ok := strings.Cut(strings.Replace(term, "==", "=", 1), "=")
		if !ok || !slices.Contains([]string{"metadata.name", "metadata.namespace", "spec.nodeName"}, name) {
			return s, fmt.Errorf("field selector %q is not supported", term)
		}
		s.fields[name] = value
	}
	for _, term := range terms(labels) {
		s.labels = append(s.labels, parseRequirement(term))
	}
	return s, nil
}

// terms splits at commas outside of parentheses.
func terms(s string) []string {
	depth := 0
	return strings.FieldsFunc(s, func(c rune) bool {
		switch c {
		case '(':
			depth++
		case ')':
			depth--
		}
		return c == ',' && depth == 0
	})
}

func parseRequirement(term string) requirement {
	term = strings.TrimSpace(term)
	for _, op := range []string{" notin ", " in "} {
		if name, list, ok := strings.Cut(term, op); ok {
			values := []string{}
			for _, v := range strings.Split(strings.Trim(strings.TrimSpace(list), "()"), ",") {
				values = append(values, strings.TrimSpace(v))
			}
			return requirement{key: strings.TrimSpace(name), values: values, not: op == " notin "}
		}
	}
	if name, value, ok := strings.Cut(term, "!="); ok {
		return requirement{key: name, values: []string{value}, not: true}
	}
	if name, value, ok := strings.Cut(strings.Replace(term, "==", "=", 1), "="); ok {
		return requirement{key: name, values: []string{value}}
	}
	name, not := strings.CutPrefix(term, "!")
	return requirement{key: name, not: not}
}

func (s selector) matches(e *entry) bool {
	have := map[string]string{"metadata.name": e.key.name, "metadata.namespace": e.key.namespace, "spec.nodeName": ""}
	if spec, ok := e.object["spec"].(Object); ok {
		have["spec.nodeName"] = text(spec, "nodeName")
	}
	for name, value := range s.fields {
		if have[name] != value {
			return false
		}
	}
	m, _ := e.object["metadata"].(Object)
	labels, _ := m["labels"].(Object)
	for _, r := range s.labels {
		value, has := labels[r.key].(string)
		if r.values != nil {
			has = has && slices.Contains(r.values, value)
		}
		if has == r.not {
			return false
		}
	}
	return true
}
