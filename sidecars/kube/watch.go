package kube

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"sort"
	"time"
)

// WatchLease watches one Lease until the context ends.
func (c *Client) WatchLease(ctx context.Context, name string) *ObjectWatch[Lease] {
	return watchOne(ctx, c, source{
		path: c.leases(""), selectors: url.Values{"fieldSelector": {"metadata.name=" + name}},
		shortest: 5 * time.Minute, maxBackoff: 10 * time.Second, class: leaseRead,
	}, decodeLease, func(l Lease) identity { return identity{l.UID, l.Version} }, "")
}

// newest puts a state in the place of one that nobody has taken yet. There is one writer.
func newest[E any](events chan E, e E) {
	select {
	case <-events:
	default:
	}
	events <- e
}

// PodSelector says which pods of the namespace are watched: the one of a name, or those with the labels. Not both.
type PodSelector struct {
	Name   string
	Labels string // as in the API: "app=shop,role in (primary,replica)"
}

// PodMeta is a pod as far as its metadata tell. Version moves with its status too, so it says when GetPod is worth asking.
type PodMeta struct {
	Name, UID, Version string
	Labels             map[string]string
	Deleting           time.Time // deletionTimestamp: when its grace ends; zero: it is not being deleted
}

// PodsEvent is all selected pods as they are now, by name. Their labels are shared with the watch: read them only.
type PodsEvent struct {
	Pods []PodMeta
	At   time.Time
}

// PodWatch tells the metadata of some pods.
type PodWatch struct {
	feed   feed
	events chan PodsEvent
	pods   map[string]PodMeta
}

// WatchPods watches the metadata of pods until the context ends.
func (c *Client) WatchPods(ctx context.Context, which PodSelector) *PodWatch {
	selectors := url.Values{}
	if which.Name != "" {
		selectors.Set("fieldSelector", "metadata.name="+which.Name)
	} else {
		selectors.Set("labelSelector", which.Labels)
	}
	w := &PodWatch{events: make(chan PodsEvent, 1)}
	w.feed = feed{client: c, sink: w, source: source{
		path: c.core("pods", ""), selectors: selectors,
		acceptList:  asJSON + ";as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
		acceptWatch: asJSON + ";as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
		shortest:    10 * time.Minute, maxBackoff: 30 * time.Second,
	}}
	go func() {
		defer close(w.events)
		w.feed.run(ctx)
	}()
	return w
}

// Events has the newest state, after each list and each change. It is closed when the watch ended.
func (w *PodWatch) Events() <-chan PodsEvent { return w.events }

// Relist drops the watch and lists anew, at once.
func (w *PodWatch) Relist() { w.feed.again() }

// Health is how the watch is doing.
func (w *PodWatch) Health() Health { return w.feed.health() }

func (w *PodWatch) replace(items []json.RawMessage) (bool, error) {
	pods := map[string]PodMeta{}
	changed := len(items) != len(w.pods)
	for _, item := range items {
		p, err := decodePodMeta(item)
		if err != nil {
			return false, err
		}
		pods[p.Name] = p
		changed = changed || w.pods[p.Name].Version != p.Version
	}
	w.pods = pods
	w.tell()
	return changed, nil
}

func (w *PodWatch) apply(gone bool, item json.RawMessage) (string, error) {
	p, err := decodePodMeta(item)
	if err != nil {
		return "", err
	}
	if gone {
		delete(w.pods, p.Name)
	} else {
		w.pods[p.Name] = p
	}
	w.tell()
	return p.Version, nil
}

func (w *PodWatch) denied() {}

func (w *PodWatch) tell() {
	all := make([]PodMeta, 0, len(w.pods))
	for _, p := range w.pods {
		all = append(all, p)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Name < all[j].Name })
	newest(w.events, PodsEvent{Pods: all, At: w.feed.client.options.Now()})
}

func decodePodMeta(data []byte) (PodMeta, error) {
	var w podWire
	if err := json.Unmarshal(data, &w); err != nil {
		return PodMeta{}, err
	}
	m := w.Metadata
	if m.Name == "" || m.Version == "" {
		return PodMeta{}, errors.New("a pod without a name or a resourceVersion")
	}
	return PodMeta{Name: m.Name, UID: m.UID, Version: m.Version, Labels: m.Labels, Deleting: instant(m.Deleting)}, nil
}
