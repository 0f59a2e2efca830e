package kube

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"time"
)

const leaseAPI = "coordination.k8s.io/v1"

// Lease is a Lease of coordination.k8s.io/v1. One that was read keeps, unseen, whatever else the object holds, and writes it back.
type Lease struct {
	Version         string // resourceVersion: what UpdateLease compares with
	UID             string
	Holder          string
	Transitions     int64 // the server takes 31 bits
	DurationSeconds int32
	Acquired        time.Time // for people only: no decision may rest on another machine's clock
	Renewed         time.Time // for people only
	Annotations     map[string]string
	Labels          map[string]string

	whole json.RawMessage // as it was read, without managedFields
}

// GetLease reads a Lease from the store, not from a cache.
func (c *Client) GetLease(ctx context.Context, name string) (Lease, Result) {
	return c.lease(ctx, call{verb: "get", method: http.MethodGet, path: c.leases(name), class: leaseRead})
}

// CreateLease makes a Lease that is not there. Version and UID of the one given are not looked at.
func (c *Client) CreateLease(ctx context.Context, name string, l Lease) (Lease, Result) {
	l.Version, l.UID = "", ""
	body, err := l.encode(name, c.options.Namespace)
	if err != nil {
		return Lease{}, Result{Outcome: Refused, Err: err}
	}
	return c.lease(ctx, call{verb: "create", method: http.MethodPost, path: c.leases(""), content: asJSON, body: body, class: leaseWrite})
}

// UpdateLease replaces the Lease if it still is the version, and the object, that was read.
func (c *Client) UpdateLease(ctx context.Context, name string, l Lease) (Lease, Result) {
	if l.Version == "" {
		return Lease{}, Result{Outcome: Refused, Err: errors.New("update the Lease: it was never read, so there is no version to compare with")}
	}
	body, err := l.encode(name, c.options.Namespace)
	if err != nil {
		return Lease{}, Result{Outcome: Refused, Err: err}
	}
	return c.lease(ctx, call{verb: "update", method: http.MethodPut, path: c.leases(name), content: asJSON, body: body, class: leaseWrite})
}

func (c *Client) lease(ctx context.Context, q call) (Lease, Result) {
	var l Lease
	result := c.do(ctx, q, func(body []byte) (err error) {
		l, err = decodeLease(body)
		return err
	})
	if result.Outcome != Applied {
		return Lease{}, result
	}
	return l, result
}

func (c *Client) leases(name string) string {
	return "/apis/" + leaseAPI + "/namespaces/" + url.PathEscape(c.options.Namespace) + "/leases" + tail(name)
}

func (c *Client) core(kind, name string) string {
	return "/api/v1/namespaces/" + url.PathEscape(c.options.Namespace) + "/" + kind + tail(name)
}

func tail(name string) string {
	if name == "" {
		return ""
	}
	return "/" + url.PathEscape(name)
}

// leaseWire is the part of a Lease that is read.
type leaseWire struct {
	Kind     string `json:"kind"`
	Metadata struct {
		UID         string            `json:"uid"`
		Version     string            `json:"resourceVersion"`
		Annotations map[string]string `json:"annotations"`
		Labels      map[string]string `json:"labels"`
	} `json:"metadata"`
	Spec struct {
		Holder      string `json:"holderIdentity"`
		Transitions int64  `json:"leaseTransitions"`
		Duration    int32  `json:"leaseDurationSeconds"`
		Acquired    string `json:"acquireTime"`
		Renewed     string `json:"renewTime"`
	} `json:"spec"`
}

// decodeLease reads a Lease. Times that are none are left zero: they are for people.
func decodeLease(data []byte) (Lease, error) {
	var w leaseWire
	if err := json.Unmarshal(data, &w); err != nil {
		return Lease{}, err
	}
	// Items of a list do not name their kind.
	if w.Kind != "Lease" && w.Kind != "" {
		return Lease{}, fmt.Errorf("it is a %s, not a Lease", w.Kind)
	}
	if w.Metadata.Version == "" {
		return Lease{}, errors.New("a Lease without a resourceVersion")
	}
	whole, err := withoutManagedFields(data)
	if err != nil {
		return Lease{}, err
	}
	return Lease{
		Version: w.Metadata.Version, UID: w.Metadata.UID, Holder: w.Spec.Holder, Transitions: w.Spec.Transitions, DurationSeconds: w.Spec.Duration,
		Acquired: instant(w.Spec.Acquired), Renewed: instant(w.Spec.Renewed),
		Annotations: w.Metadata.Annotations, Labels: w.Metadata.Labels, whole: whole,
	}, nil
}

func instant(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}
	}
	return t
}

type object = map[string]json.RawMessage

// withoutManagedFields takes out what is larger than the rest and what the server keeps by itself when an update leaves it out.
func withoutManagedFields(data []byte) (json.RawMessage, error) {
	whole, metadata, _, err := open(data)
	if err != nil {
		return nil, err
	}
	delete(metadata, "managedFields")
	return join(whole, "metadata", metadata)
}

// open takes an object apart. No object at all is an empty one.
func open(data []byte) (whole, metadata, spec object, err error) {
	if len(data) > 0 {
		if err := json.Unmarshal(data, &whole); err != nil {
			return nil, nil, nil, err
		}
	}
	if whole == nil {
		whole = object{}
	}
	parts := [2]object{}
	for i, key := range []string{"metadata", "spec"} {
		if part := whole[key]; part != nil {
			if err := json.Unmarshal(part, &parts[i]); err != nil {
				return nil, nil, nil, fmt.Errorf("%s: %v", key, err)
			}
		}
		if parts[i] == nil {
			parts[i] = object{}
		}
	}
	return whole, parts[0], parts[1], nil
}

func join(whole object, key string, part any) (json.RawMessage, error) {
	encoded, err := json.Marshal(part)
	if err != nil {
		return nil, err
	}
	whole[key] = encoded
	return json.Marshal(whole)
}

// microTime is how the API writes a MicroTime.
const microTime = "2006-01-02T15:04:05.000000Z07:00"

// encode writes the fields of l over the object it was read as.
func (l Lease) encode(name, namespace string) ([]byte, error) {
	whole, metadata, spec, err := open(l.whole)
	if err != nil {
		return nil, fmt.Errorf("write the Lease: %v", err)
	}
	set(whole, "apiVersion", leaseAPI, true)
	set(whole, "kind", "Lease", true)
	set(metadata, "name", name, true)
	set(metadata, "namespace", namespace, true)
	set(metadata, "resourceVersion", l.Version, l.Version != "")
	set(metadata, "uid", l.UID, l.UID != "")
	set(metadata, "annotations", l.Annotations, len(l.Annotations) > 0)
	set(metadata, "labels", l.Labels, len(l.Labels) > 0)
	set(spec, "holderIdentity", l.Holder, l.Holder != "")
	set(spec, "leaseTransitions", l.Transitions, true)
	set(spec, "leaseDurationSeconds", l.DurationSeconds, l.DurationSeconds != 0)
	set(spec, "acquireTime", l.Acquired.UTC().Format(microTime), !l.Acquired.IsZero())
	set(spec, "renewTime", l.Renewed.UTC().Format(microTime), !l.Renewed.IsZero())
	if _, err := join(whole, "metadata", metadata); err != nil {
		return nil, fmt.Errorf("write the Lease: %v", err)
	}
	return join(whole, "spec", spec)
}

// set writes one field, or takes it out. Strings, numbers and maps of strings always encode.
func set(o object, key string, value any, present bool) {
	if !present {
		delete(o, key)
		return
	}
	data, err := json.Marshal(value)
	if err != nil {
		return
	}
	o[key] = data
}

// Clone is a Lease that shares nothing with l.
func (l Lease) Clone() Lease {
	l.Annotations, l.Labels, l.whole = maps.Clone(l.Annotations), maps.Clone(l.Labels), bytes.Clone(l.whole)
	return l
}
