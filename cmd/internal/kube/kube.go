// Package kube reads single objects of the API server that kubectl would talk to. It has no typed client: one GET and its JSON
// is all that a look at a cluster takes.
package kube

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/onggi-db/onggi/render/manifest"
)

// timeout bounds one answer, and maxObject its size: etcd holds none that is larger.
const (
	timeout   = 10 * time.Second
	maxObject = 4 << 20
)

// Server is an API server.
type Server struct {
	client *http.Client
	base   *url.URL
}

// Connect finds the server that a kubeconfig and a context name; "" is what kubectl would take. Nothing is sent yet.
func Connect(kubeconfig, context string) (*Server, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = kubeconfig
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: context}).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("find the cluster: %w", err)
	}
	config.Timeout = timeout
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("reach the cluster: %w", err)
	}
	base, _, err := rest.DefaultServerUrlFor(config)
	if err != nil {
		return nil, fmt.Errorf("reach the cluster: %w", err)
	}
	return &Server{client, base}, nil
}

// Get reads an object of a namespace; ok is false when there is none, or when the server does not know its kind. The plural is
// that of the kind. A reference without a namespace is an error: its address would be that of nothing, and the answer that there is none.
func (s *Server) Get(ctx context.Context, ref manifest.Ref, plural string) (o manifest.Object, ok bool, err error) {
	if ref.Namespace == "" {
		return o, false, fmt.Errorf("read %s: its manifest names no namespace to look in", ref)
	}
	at := s.base.JoinPath("apis", ref.APIVersion, "namespaces", ref.Namespace, plural, ref.Name)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return o, false, fmt.Errorf("read %s: %w", ref, err)
	}
	request.Header.Set("Accept", "application/json")
	answer, err := s.client.Do(request)
	if err != nil {
		return o, false, fmt.Errorf("read %s: %w", ref, err)
	}
	defer answer.Body.Close()
	switch answer.StatusCode {
	case http.StatusNotFound:
		return o, false, nil
	case http.StatusOK:
	default:
		return o, false, fmt.Errorf("read %s: the API server answers %s", ref, answer.Status)
	}
	data, err := io.ReadAll(io.LimitReader(answer.Body, maxObject))
	if err != nil {
		return o, false, fmt.Errorf("read %s: %w", ref, err)
	}
	objs, err := manifest.Decode(at.String(), data)
	if err != nil || len(objs) != 1 {
		return o, false, fmt.Errorf("read %s: the API server's answer is not one object", ref)
	}
	return objs[0], true, nil
}
