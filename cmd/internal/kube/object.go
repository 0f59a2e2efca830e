package kube

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// maxList bounds a list: far more than the pods of one database.
const maxList = 64 << 20

// Resource is a kind of object, as its address has it. The core group is "".
type Resource struct{ Group, Version, Plural string }

// String is the resource as kubectl auth can-i takes it.
func (r Resource) String() string {
	if r.Group == "" {
		return r.Plural
	}
	return r.Plural + "." + r.Group
}

// Refusal is the API server's no.
type Refusal struct {
	Code    int    // of HTTP
	Reason  string // as Kubernetes spells it: Forbidden, NotFound, Conflict
	Message string
}

func (r *Refusal) Error() string {
	if r.Message == "" {
		return fmt.Sprintf("the API server answers %d %s", r.Code, http.StatusText(r.Code))
	}
	return r.Message
}

// Forbidden tells a refusal for want of rights from other errors.
func Forbidden(err error) bool {
	var refused *Refusal
	return errors.As(err, &refused) && refused.Code == http.StatusForbidden
}

// Read is one object as JSON; ok is false when there is none, or when the server does not know its kind.
func (s *Server) Read(ctx context.Context, r Resource, namespace, name string) (data []byte, ok bool, err error) {
	data, err = s.do(ctx, http.MethodGet, s.address(r, namespace, name), "", nil, maxObject)
	if absent(err) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read %s/%s: %w", r, name, err)
	}
	return data, true, nil
}

// List are the objects that a label selector picks; none when the server does not know the kind.
func (s *Server) List(ctx context.Context, r Resource, namespace, selector string) ([]json.RawMessage, error) {
	at := s.address(r, namespace)
	if selector != "" {
		at.RawQuery = url.Values{"labelSelector": {selector}}.Encode()
	}
	data, err := s.do(ctx, http.MethodGet, at, "", nil, maxList)
	if absent(err) {
		return nil, nil
	}
	var list struct{ Items []json.RawMessage }
	if err == nil {
		err = json.Unmarshal(data, &list)
	}
	if err != nil {
		return nil, fmt.Errorf("list %s in namespace %s: %w", r, namespace, err)
	}
	return list.Items, nil
}

// Create makes an object, and returns it as the server completed it.
func (s *Server) Create(ctx context.Context, r Resource, namespace string, object []byte) ([]byte, error) {
	data, err := s.do(ctx, http.MethodPost, s.address(r, namespace), "application/json", object, maxObject)
	if err != nil {
		return nil, fmt.Errorf("create %s in namespace %s: %w", r, namespace, err)
	}
	return data, nil
}

// Patch merges a JSON merge patch (RFC 7386) into an object, or into its subresource where one is named.
func (s *Server) Patch(ctx context.Context, r Resource, namespace, name, subresource string, patch []byte) error {
	at := s.address(r, namespace, name)
	if subresource != "" {
		at = at.JoinPath(subresource)
	}
	if _, err := s.do(ctx, http.MethodPatch, at, "application/merge-patch+json", patch, maxObject); err != nil {
		return fmt.Errorf("change %s/%s: %w", r, name, err)
	}
	return nil
}

// Delete deletes an object, if it still is the one of this uid.
func (s *Server) Delete(ctx context.Context, r Resource, namespace, name, uid string) error {
	body, err := json.Marshal(map[string]any{
		"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": map[string]string{"uid": uid},
	})
	if err == nil {
		_, err = s.do(ctx, http.MethodDelete, s.address(r, namespace, name), "application/json", body, maxObject)
	}
	if err != nil {
		return fmt.Errorf("delete %s/%s: %w", r, name, err)
	}
	return nil
}

// address is where objects of a namespace are, or one of them.
func (s *Server) address(r Resource, namespace string, name ...string) *url.URL {
	at := s.base.JoinPath("apis", r.Group, r.Version)
	if r.Group == "" {
		at = s.base.JoinPath("api", r.Version)
	}
	return at.JoinPath("namespaces", namespace, r.Plural).JoinPath(name...)
}

func (s *Server) do(ctx context.Context, method string, at *url.URL, content string, body []byte, limit int64) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, at.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	if content != "" {
		request.Header.Set("Content-Type", content)
	}
	answer, err := s.client.Do(request)
	if err != nil {
		return nil, withoutAddress(err)
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(io.LimitReader(answer.Body, limit))
	if err != nil {
		return nil, withoutAddress(err)
	}
	if answer.StatusCode >= http.StatusBadRequest {
		return nil, refusal(answer.StatusCode, data)
	}
	return data, nil
}

// refusal reads the Status that the server answers with.
func refusal(code int, data []byte) *Refusal {
	var status struct{ Kind, Reason, Message string }
	r := &Refusal{Code: code}
	if json.Unmarshal(data, &status) == nil && status.Kind == "Status" {
		r.Reason, r.Message = status.Reason, status.Message
	}
	return r
}

// absent tells what is not there.
func absent(err error) bool {
	var refused *Refusal
	return errors.As(err, &refused) && refused.Code == http.StatusNotFound
}

// withoutAddress leaves the long address out of what net/http says: who asked for what stands before it.
func withoutAddress(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}
