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

// NodeEvent is the node as it is now.
type NodeEvent struct {
	Node   *Node // nil: there is none, or we may not know
	Denied bool  // there are no rights to nodes: this is the last event
	At     time.Time
}

// NodeWatch tells the state of one node.
type NodeWatch struct {
	feed    feed
	events  chan NodeEvent
	version string
}

// WatchNode watches one node until the context ends. It takes rights in the cluster, which are optional: without them it says so once,
// in an event and in the log, and is over.
func (c *Client) WatchNode(ctx context.Context, name string) *NodeWatch {
	w := &NodeWatch{events: make(chan NodeEvent, 1)}
	w.feed = feed{client: c, sink: w, source: source{
		path: "/api/v1/nodes", selectors: url.Values{"fieldSelector": {"metadata.name=" + name}},
		shortest: 10 * time.Minute, maxBackoff: 30 * time.Second, endsIfDenied: true,
	}}
	go func() {
		defer close(w.events)
		w.feed.run(ctx)
	}()
	return w
}

// Events has the newest state, after each list and each change. It is closed when the watch ended.
func (w *NodeWatch) Events() <-chan NodeEvent { return w.events }

// Relist drops the watch and lists anew, at once.
func (w *NodeWatch) Relist() { w.feed.again() }

// Health is how the watch is doing.
func (w *NodeWatch) Health() Health { return w.feed.health() }

func (w *NodeWatch) replace(items []json.RawMessage) (bool, error) {
	if len(items) > 1 {
		return false, errors.New("more than one node of a name")
	}
	if len(items) == 0 {
		return w.tell(nil), nil
	}
	n, err := decodeNode(items[0])
	if err != nil {
		return false, err
	}
	return w.tell(&n), nil
}

func (w *NodeWatch) apply(gone bool, item json.RawMessage) (string, error) {
	n, err := decodeNode(item)
	if err != nil {
		return "", err
	}
	if gone {
		w.tell(nil)
	} else {
		w.tell(&n)
	}
	return n.Version, nil
}

func (w *NodeWatch) denied() {
	w.feed.client.options.Log("no rights to watch nodes: a cordon will not be noticed, a drain only when it deletes the pod")
	newest(w.events, NodeEvent{Denied: true, At: w.feed.client.options.Now()})
}

func (w *NodeWatch) tell(n *Node) (changed bool) {
	version := "-"
	if n != nil {
		version = n.Version
	}
	changed, w.version = w.version != version, version
	newest(w.events, NodeEvent{Node: n, At: w.feed.client.options.Now()})
	return changed
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
