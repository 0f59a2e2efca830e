package cloudnativepg_test

import "testing"

// A policy closes the instances but to themselves, the operator, Prometheus and the peers; who is not named stays outside.
func TestNetworkPolicies(t *testing.T) {
	const (
		itself     = `{from: [{podSelector: {matchLabels: {cnpg.io/cluster: shop}}}], ports: [{port: 5432, protocol: TCP}, {port: 8000, protocol: TCP}]}`
		operator   = `{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: cnpg-system}}}], ports: [{port: 5432, protocol: TCP}, {port: 8000, protocol: TCP}]}`
		prometheus = `{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}], ports: [{port: 9187, protocol: TCP}]}`
		bouncer    = `{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}], ports: [{port: 9127, protocol: TCP}]}`
		port       = `ports: [{port: 5432, protocol: TCP}]`
	)
	peers := func(name, allow, from string) row {
		return row{name, "network: {allow: [" + allow + "]}", map[string]string{"NetworkPolicy/shop spec.ingress[3]": "{from: [" + from + "], " + port + "}"}}
	}
	check(t, []row{
		{"not asked for", "", map[string]string{"NetworkPolicy/shop": nothing}},
		{"nobody allowed: no rule, as one without peers would let everybody in", "network: {}", map[string]string{
			"NetworkPolicy/shop spec": "{podSelector: {matchLabels: {cnpg.io/cluster: shop, cnpg.io/podRole: instance}}, policyTypes: [Ingress], ingress: [" + itself + ", " + operator + ", " + prometheus + "]}",
		}},
		{"other namespaces", "network: {operatorNamespace: cnpg, monitoringNamespace: prom}", map[string]string{
			"NetworkPolicy/shop spec.ingress[1].from": "[{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: cnpg}}}]",
			"NetworkPolicy/shop spec.ingress[2].from": "[{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: prom}}}]",
		}},
		peers("a namespace", "{namespace: shop}", "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}}"),
		peers("pods of a namespace", "{namespace: shop, podLabels: {app: web}}", "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}, podSelector: {matchLabels: {app: web}}}"),
		peers("every namespace", "{namespace: '*'}", "{namespaceSelector: {}}"),
		peers("some pods everywhere", "{namespace: '*', podLabels: {app: web}}", "{namespaceSelector: {}, podSelector: {matchLabels: {app: web}}}"),
		peers("pods here", "{podLabels: {app: web}}", "{podSelector: {matchLabels: {app: web}}}"),
		peers("pods here, said in full", "{namespace: databases, podLabels: {app: web}}", "{podSelector: {matchLabels: {app: web}}}"),
		peers("all pods here", "{namespace: databases}", "{podSelector: {}}"),
		peers("a network", "{cidr: 10.0.0.0/8}", "{ipBlock: {cidr: 10.0.0.0/8}}"),
		peers("two", "{namespace: a}, {cidr: 10.0.0.0/8}", "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: a}}}, {ipBlock: {cidr: 10.0.0.0/8}}"),
		{"poolers have one each", "instances: 2\npooler: {readOnly: {}}\nnetwork: {allow: [{namespace: a}]}", map[string]string{
			"NetworkPolicy/shop-pooler spec": "{podSelector: {matchLabels: {cnpg.io/poolerName: shop-pooler}}, policyTypes: [Ingress], ingress: [" + bouncer +
				", {from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: a}}}], " + port + "}]}",
			"NetworkPolicy/shop-pooler-ro spec.podSelector": "{matchLabels: {cnpg.io/poolerName: shop-pooler-ro}}",
		}},
	})
}

func TestMonitoring(t *testing.T) {
	const s3 = "\nbackup: {destination: s3://bucket, credentials: {fromPod: true}, schedules: [{name: daily, cron: 0 3 * * *}]}"
	const tls = "PodMonitor/shop spec.podMetricsEndpoints[0].tlsConfig.ca.secret"
	check(t, []row{
		{"not asked for", "", map[string]string{"PodMonitor/shop": nothing, "Cluster/shop spec.monitoring.tls": nothing}},
		{"scraping", "monitoring: {}", map[string]string{
			"PodMonitor/shop spec.selector":                 "{matchLabels: {cnpg.io/cluster: shop, cnpg.io/podRole: instance}}",
			"Cluster/shop spec.monitoring.enablePodMonitor": nothing, // deprecated: the operator's own would be a second one
		}},
		{"no scraping", "monitoring: {scrape: false}", map[string]string{"PodMonitor/shop": nothing}},
		{"poolers too", "pooler: {}\nmonitoring: {}", map[string]string{"PodMonitor/shop-pooler spec.selector": "{matchLabels: {cnpg.io/poolerName: shop-pooler}}"}},
		{"TLS, signed by the operator", "monitoring: {tls: true}", map[string]string{tls: "{name: shop-ca, key: ca.crt}", "Cluster/shop spec.monitoring.tls": "{enabled: true}"}},
		{"TLS, signed by one's own authority", "tls: {secret: s, caSecret: ca}\nmonitoring: {tls: true}", map[string]string{tls: "{name: ca, key: ca.crt}"}},
		{"TLS, signed by cert-manager", "tls: {certManager: {issuer: i}}\nmonitoring: {tls: true}", map[string]string{tls: "{name: shop-server-tls, key: ca.crt}"}},
		{"a hibernated cluster is down on purpose", "hibernate: true\nmonitoring: {alerts: true}" + s3, map[string]string{"PrometheusRule/shop": nothing}},
	})
}
