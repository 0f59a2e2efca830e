package sealing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Controller is where the controller runs, and how its cluster is reached.
type Controller struct {
	Name, Namespace     string // of its Service
	Kubeconfig, Context string // "" is what kubectl would take
}

// fetch asks the controller for its certificate, through the API server's proxy for Services.
func (c Controller) fetch(ctx context.Context) ([]byte, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = c.Kubeconfig
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: c.Context}).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("find the cluster: %w", err)
	}
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("reach the cluster: %w", err)
	}
	base, _, err := rest.DefaultServerUrlFor(config)
	if err != nil {
		return nil, fmt.Errorf("reach the cluster: %w", err)
	}
	service := base.JoinPath("api", "v1", "namespaces", c.Namespace, "services", c.Name)
	port, err := servicePort(ctx, client, service)
	if err != nil {
		return nil, fmt.Errorf("find Service %s in namespace %s: %w; --controller-name and --controller-namespace say where the controller is", c.Name, c.Namespace, err)
	}
	proxied := base.JoinPath("api", "v1", "namespaces", c.Namespace, "services", "http:"+c.Name+":"+port, "proxy", "v1", "cert.pem")
	return get(ctx, client, proxied.String())
}

// servicePort is the first port of a Service, by name where it has one.
func servicePort(ctx context.Context, client *http.Client, service *url.URL) (string, error) {
	data, err := get(ctx, client, service.String())
	if err != nil {
		return "", err
	}
	var found struct {
		Spec struct {
			Ports []struct {
				Name string `json:"name"`
				Port int    `json:"port"`
			} `json:"ports"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(data, &found); err != nil || len(found.Spec.Ports) == 0 {
		return "", errors.New("it has no port")
	}
	if first := found.Spec.Ports[0]; first.Name != "" {
		return first.Name, nil
	}
	return fmt.Sprint(found.Spec.Ports[0].Port), nil
}
