package kube

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"time"
)

// Node is what is read of a node.
type Node struct {
	Name, UID, Version string
	Unschedulable      bool // cordoned
	Taints             []Taint
}

// Taint is one of a node.
type Taint struct{ Key, Value, Effect string }

// WatchNode watches one node until the context ends. It takes rights in the cluster, which are optional: without them it says so once,
// in an event and in the log, and is over.
func (c *Client) WatchNode(ctx context.Context, name string) *ObjectWatch[Node] {
	return watchOne(ctx, c, source{
		path: "/api/v1/nodes", selectors: url.Values{"fieldSelector": {"metadata.name=" + name}},
		shortest: 10 * time.Minute, maxBackoff: 30 * time.Second,
	}, decodeNode, func(n Node) identity { return identity{n.UID, n.Version} },
		"no rights to watch nodes: a cordon will not be noticed, a drain only when it deletes the pod")
}

func decodeNode(data []byte) (Node, error) {
	var w struct {
		Metadata struct {
			Name    string `json:"name"`
			UID     string `json:"uid"`
			Version string `json:"resourceVersion"`
		} `json:"metadata"`
		Spec struct {
			Unschedulable bool `json:"unschedulable"`
			Taints        []struct {
				Key    string `json:"key"`
				Value  string `json:"value"`
				Effect string `json:"effect"`
			} `json:"taints"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(data, &w); err != nil {
		return Node{}, err
	}
	if w.Metadata.Name == "" || w.Metadata.Version == "" {
		return Node{}, errors.New("a node without a name or a resourceVersion")
	}
	n := Node{Name: w.Metadata.Name, UID: w.Metadata.UID, Version: w.Metadata.Version, Unschedulable: w.Spec.Unschedulable}
	for _, t := range w.Spec.Taints {
		n.Taints = append(n.Taints, Taint{Key: t.Key, Value: t.Value, Effect: t.Effect})
	}
	return n, nil
}
