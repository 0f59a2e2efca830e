// Package kube is the platform of the chaos run: a real etcd and kube-apiserver, a client that speaks to it with maps, and the Proxy
// through which agents reach it, where requests are counted and the API server's own faults are made.
package kube

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// Object is a Kubernetes object, or a part of one.
type Object = map[string]any

// Client speaks to one API server with one token.
type Client struct {
	Base  string
	Token string
	HTTP  *http.Client
}

// StatusError is an answer other than success.
type StatusError struct {
	Code    int
	Message string
}

func (e *StatusError) Error() string { return fmt.Sprintf("%d %s", e.Code, e.Message) }

// Do sends body, if there is one, and returns the object of the answer. A PATCH is a merge patch.
func (c *Client) Do(ctx context.Context, method, path string, body any) (Object, error) {
	answer, err := c.send(ctx, method, path, body)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	var o Object
	if err := json.Unmarshal(data, &o); err != nil {
		o = Object{"message": string(data)}
	}
	if answer.StatusCode >= 300 {
		return nil, fmt.Errorf("%s %s: %w", method, path, &StatusError{answer.StatusCode, fmt.Sprint(o["message"])})
	}
	return o, nil
}

// Apply applies an object server-side, as kubectl apply --server-side does, at the path of its own.
func (c *Client) Apply(ctx context.Context, path string, o Object) (Object, error) {
	return c.Do(ctx, apply, path+"?fieldManager=harness&force=true", o)
}

// apply is the PATCH that says who sends it.
const apply = "APPLY"

func (c *Client) send(ctx context.Context, method, path string, body any) (*http.Response, error) {
	var content io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(data)
	}
	kind := "application/json"
	switch method {
	case http.MethodPatch:
		kind = "application/merge-patch+json"
	case apply:
		method, kind = http.MethodPatch, "application/apply-patch+yaml"
	}
	request, err := http.NewRequestWithContext(ctx, method, c.Base+path, content)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+c.Token)
	request.Header.Set("Content-Type", kind)
	return c.HTTP.Do(request)
}

// Listed is the type of the event, without an object, that follows those of the list.
const Listed = "LISTED"

// Event is one change that a watch tells.
type Event struct {
	Type   string
	Object Object
}

// Watch calls see for every object that path lists and for each change, until the watch breaks or ctx ends.
func (c *Client) Watch(ctx context.Context, path string, see func(Event)) error {
	list, err := c.Do(ctx, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	items, _ := list["items"].([]any)
	for _, item := range items {
		o, _ := item.(Object)
		see(Event{"ADDED", o})
	}
	see(Event{Type: Listed})
	version := Text(list, "metadata", "resourceVersion")
	answer, err := c.send(ctx, http.MethodGet, path+join(path)+"watch=1&resourceVersion="+version, nil)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	lines := json.NewDecoder(answer.Body)
	for {
		var e Event
		if err := lines.Decode(&e); err != nil {
			return err
		}
		see(e)
	}
}

func join(path string) string {
	if bytes.ContainsRune([]byte(path), '?') {
		return "&"
	}
	return "?"
}

// At is the value at a path of keys, or nil.
func At(o Object, keys ...string) any {
	var v any = o
	for _, key := range keys {
		m, ok := v.(Object)
		if !ok {
			return nil
		}
		v = m[key]
	}
	return v
}

// Text is the string at a path of keys, or "".
func Text(o Object, keys ...string) string {
	s, _ := At(o, keys...).(string)
	return s
}
