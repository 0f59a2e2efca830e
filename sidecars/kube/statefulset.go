package kube

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"
)

// StatefulSet is what is read of one.
type StatefulSet struct {
	Name, UID, Version string
	// Revision is the one that its pods should be of, as their label controller-revision-hash says it; empty: the controller has not
	// seen the newest change yet.
	Revision string
}

// StatefulSetEvent is the StatefulSet as it is now.
type StatefulSetEvent struct {
	Set    *StatefulSet // nil: there is none, or we may not know
	Denied bool         // there are no rights to it: this is the last event
	At     time.Time
}

// StatefulSetWatch tells the state of one StatefulSet.
type StatefulSetWatch struct {
	feed   feed
	events chan StatefulSetEvent
	told   string
}

// WatchStatefulSet watches one StatefulSet until the context ends. Without the rights it says so once, in an event and in the log, and is over.
func (c *Client) WatchStatefulSet(ctx context.Context, name string) *StatefulSetWatch {
	w := &StatefulSetWatch{events: make(chan StatefulSetEvent, 1)}
	w.feed = feed{client: c, sink: w, source: source{
		path:      "/apis/apps/v1/namespaces/" + url.PathEscape(c.options.Namespace) + "/statefulsets",
		selectors: url.Values{"fieldSelector": {"metadata.name=" + name}},
		shortest:  30 * time.Minute, maxBackoff: 30 * time.Second, endsIfDenied: true,
	}}
	go func() {
		defer close(w.events)
		w.feed.run(ctx)
	}()
	return w
}

// Events has the newest state, after each list and each change. It is closed when the watch ended.
func (w *StatefulSetWatch) Events() <-chan StatefulSetEvent { return w.events }

// Health is how the watch is doing.
func (w *StatefulSetWatch) Health() Health { return w.feed.health() }

func (w *StatefulSetWatch) replace(items []json.RawMessage) (bool, error) {
	if len(items) > 1 {
		return false, errors.New("more than one StatefulSet of a name")
	}
	if len(items) == 0 {
		return w.tell(nil), nil
	}
	s, err := decodeStatefulSet(items[0])
	if err != nil {
		return false, err
	}
	return w.tell(&s), nil
}

func (w *StatefulSetWatch) apply(gone bool, item json.RawMessage) (string, error) {
	s, err := decodeStatefulSet(item)
	if err != nil {
		return "", err
	}
	if gone {
		w.tell(nil)
	} else {
		w.tell(&s)
	}
	return s.Version, nil
}

func (w *StatefulSetWatch) denied() {
	w.feed.client.options.Log("no rights to watch the StatefulSet: pods of an old revision stay until somebody deletes them")
	newest(w.events, StatefulSetEvent{Denied: true, At: w.feed.client.options.Now()})
}

func (w *StatefulSetWatch) tell(s *StatefulSet) (changed bool) {
	version := "-"
	if s != nil {
		version = s.Version
	}
	changed, w.told = w.told != version, version
	newest(w.events, StatefulSetEvent{Set: s, At: w.feed.client.options.Now()})
	return changed
}

func decodeStatefulSet(data []byte) (StatefulSet, error) {
	var w struct {
		Metadata struct {
			Name       string `json:"name"`
			UID        string `json:"uid"`
			Version    string `json:"resourceVersion"`
			Generation int64  `json:"generation"`
		} `json:"metadata"`
		Status struct {
			Observed int64  `json:"observedGeneration"`
			Update   string `json:"updateRevision"`
		} `json:"status"`
	}
	if err := json.Unmarshal(data, &w); err != nil {
		return StatefulSet{}, err
	}
	if w.Metadata.Name == "" || w.Metadata.Version == "" {
		return StatefulSet{}, errors.New("a StatefulSet without a name or a resourceVersion")
	}
	s := StatefulSet{Name: w.Metadata.Name, UID: w.Metadata.UID, Version: w.Metadata.Version}
	if w.Status.Observed >= w.Metadata.Generation {
		s.Revision = w.Status.Update
	}
	return s, nil
}

// Evict asks for the end of the pod of that UID, in its own grace. Throttled: a disruption budget has no room now. Conflict: the name is
// another pod's by now.
func (c *Client) Evict(ctx context.Context, pod PodMeta) Result {
	if pod.UID == "" {
		return Result{Outcome: Refused, Err: errors.New("evict a pod: which one is not said by its UID")}
	}
	body, err := json.Marshal(map[string]any{
		"apiVersion": "policy/v1", "kind": "Eviction", "metadata": map[string]any{"name": pod.Name, "namespace": c.options.Namespace},
		"deleteOptions": map[string]any{"preconditions": map[string]any{"uid": pod.UID}},
	})
	if err != nil {
		return Result{Outcome: Refused, Err: err}
	}
	return c.do(ctx, call{verb: "evict", method: http.MethodPost, path: c.core("pods", pod.Name) + "/eviction", content: asJSON, body: body},
		func([]byte) error { return nil })
}
