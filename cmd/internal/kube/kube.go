// Package kube talks to the API server that kubectl would talk to: it reads and writes single objects ([Server.Read], [Server.List],
// [Server.Create], [Server.Patch], [Server.Delete]), runs programs in containers ([Server.Exec]) and follows their logs
// ([Server.Logs]). It has no typed client: an address and its JSON is all that a look at a cluster takes.
//
// What the server says no to is a [Refusal], with the server's own words. An object that is not there is no error.
package kube

import (
	"context"
	"fmt"
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
	client    *http.Client // bounds every answer by timeout
	stream    *http.Client // bounds nothing: logs are followed for hours
	base      *url.URL
	config    *rest.Config
	namespace string
}

// Connect finds the server that a kubeconfig and a context name; "" is what kubectl would take. Nothing is sent yet.
func Connect(kubeconfig, context string) (*Server, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = kubeconfig
	loaded := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: context})
	config, err := loaded.ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("find the cluster: %w", err)
	}
	namespace, _, err := loaded.Namespace()
	if err != nil {
		return nil, fmt.Errorf("find the cluster: %w", err)
	}
	config.WarningHandler = rest.NoWarnings{}
	stream, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("reach the cluster: %w", err)
	}
	base, _, err := rest.DefaultServerUrlFor(config)
	if err != nil {
		return nil, fmt.Errorf("reach the cluster: %w", err)
	}
	bounded := *stream
	bounded.Timeout = timeout
	return &Server{client: &bounded, stream: stream, base: base, config: config, namespace: namespace}, nil
}

// Namespace is the one of the context, as kubectl has it: "default" where it names none.
func (s *Server) Namespace() string { return s.namespace }

// Get reads an object of a namespace; ok is false when there is none, or when the server does not know its kind. The plural is
// that of the kind. A reference without a namespace is an error: its address would be that of nothing, and the answer that there is none.
func (s *Server) Get(ctx context.Context, ref manifest.Ref, plural string) (o manifest.Object, ok bool, err error) {
	if ref.Namespace == "" {
		return o, false, fmt.Errorf("read %s: its manifest names no namespace to look in", ref)
	}
	at := s.base.JoinPath("apis", ref.APIVersion, "namespaces", ref.Namespace, plural, ref.Name)
	data, err := s.do(ctx, http.MethodGet, at, "", nil, maxObject)
	if absent(err) {
		return o, false, nil
	}
	if err != nil {
		return o, false, fmt.Errorf("read %s: %w", ref, err)
	}
	objs, err := manifest.Decode(at.String(), data)
	if err != nil || len(objs) != 1 {
		return o, false, fmt.Errorf("read %s: the API server's answer is not one object", ref)
	}
	return objs[0], true, nil
}
