package monitoring

import "github.com/onggi-db/onggi/render/manifest"

// PodMonitors scrape the instances and each pooler. They carry no field that an API server or the Prometheus operator
// would fill in, so a GitOps tool sees no drift.
func PodMonitors(c Cluster) []manifest.Object {
	c = c.withDefaults()
	switch c.Backend {
	case CloudNativePG:
		return cnpgPodMonitors(c)
	case Native:
		return nativePodMonitors(c)
	}
	return nil
}

func cnpgPodMonitors(c Cluster) []manifest.Object {
	endpoint := manifest.Of("port", "metrics", "path", "/metrics", "interval", c.Interval, "scheme", "http")
	if c.TLS {
		endpoint.Set("scheme", "https")
		endpoint.Set("tlsConfig", manifest.Of(
			"ca", manifest.Of("secret", manifest.Of("name", c.CASecret, "key", "ca.crt")),
			// The certificate names services, not pods, and pods are what is scraped.
			"serverName", c.Name+"-rw",
		))
	}
	objs := []manifest.Object{podMonitor(c, c.Name, manifest.Of(
		"cnpg.io/cluster", c.Name,
		// Pooler pods carry the cluster's label and a port named metrics as well.
		"cnpg.io/podRole", "instance",
	), endpoint)}
	return append(objs, poolerMonitors(c, "cnpg.io/poolerName")...)
}

// poolerMonitors scrape the pods that a label names the pooler of.
func poolerMonitors(c Cluster, label string) []manifest.Object {
	var objs []manifest.Object
	for _, pooler := range c.Poolers {
		// A pooler's metrics port has TLS settings of its own, off by default.
		endpoint := manifest.Of("port", "metrics", "path", "/metrics", "interval", c.Interval, "scheme", "http")
		objs = append(objs, podMonitor(c, pooler, manifest.Of(label, pooler), endpoint))
	}
	return objs
}

func podMonitor(c Cluster, name string, matchLabels *manifest.Fields, endpoints ...any) manifest.Object {
	return object("monitoring.coreos.com/v1", "PodMonitor", c.Namespace, name, c.own, "spec", manifest.Of(
		"selector", manifest.Of("matchLabels", matchLabels),
		"podMetricsEndpoints", endpoints,
	))
}
