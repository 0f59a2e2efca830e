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

// WatchStatefulSet watches one StatefulSet until the context ends. Without the rights it says so once, in an event and in the log, and is over.
func (c *Client) WatchStatefulSet(ctx context.Context, name string) *ObjectWatch[StatefulSet] {
	return watchOne(ctx, c, source{
		path:      "/apis/apps/v1/namespaces/" + url.PathEscape(c.options.Namespace) + "/statefulsets",
		selectors: url.Values{"fieldSelector": {"metadata.name=" + name}},
		shortest:  30 * time.Minute, maxBackoff: 30 * time.Second,
	}, decodeStatefulSet, func(s StatefulSet) identity { return identity{s.UID, s.Version} },
		"no rights to watch the StatefulSet: pods of an old revision stay until somebody deletes them")
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
