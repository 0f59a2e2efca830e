package cloudnativepg_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/manifest"
)

// Services of our own follow a failover by the label that the operator keeps on the pods.
func TestServices(t *testing.T) {
	const cluster, role = `"cnpg.io/cluster": shop`, `"cnpg.io/instanceRole"`
	check(t, []row{
		{"the primary", "expose: [{name: lb}]", map[string]string{
			"Service/shop-lb spec.type":     "LoadBalancer",
			"Service/shop-lb spec.selector": "{" + cluster + ", " + role + ": primary}",
			"Service/shop-lb spec.ports":    "[{name: postgres, port: 5432, targetPort: 5432, protocol: TCP}]",
		}},
		{"the standbys", "expose: [{name: lb, role: replica}]", map[string]string{"Service/shop-lb spec.selector": "{" + cluster + ", " + role + ": replica}"}},
		{"any instance, and no job of the operator", "expose: [{name: lb, role: any}]", map[string]string{"Service/shop-lb spec.selector": "{" + cluster + `, "cnpg.io/podRole": instance}`}},
		{"the pooler", "pooler: {}\nexpose: [{name: lb, role: pooler}]", map[string]string{"Service/shop-lb spec.selector": `{"cnpg.io/poolerName": shop-pooler}`}},
		{"inside", "expose: [{name: inside, type: ClusterIP, port: 6432}]", map[string]string{
			"Service/shop-inside spec.ports": "[{name: postgres, port: 6432, targetPort: 5432, protocol: TCP}]",
		}},
		{"on nodes", "expose: [{name: nodes, type: NodePort, nodePort: 30432, externalTrafficPolicy: Local}]", map[string]string{
			"Service/shop-nodes spec.ports":                 "[{name: postgres, port: 5432, targetPort: 5432, protocol: TCP, nodePort: 30432}]",
			"Service/shop-nodes spec.externalTrafficPolicy": "Local",
		}},
		{"class, ranges, labels, annotations", "expose: [{name: lb, class: metallb.io/lb, sourceRanges: [10.0.0.0/8], labels: {team: data}, annotations: {a/b: c}}]", map[string]string{
			"Service/shop-lb spec.loadBalancerClass":        "metallb.io/lb",
			"Service/shop-lb spec.loadBalancerSourceRanges": "[10.0.0.0/8]",
			"Service/shop-lb metadata.labels.team":          "data",
			"Service/shop-lb metadata.annotations":          "{a/b: c}",
		}},
	})
}

// An address is asked for in the words of the load balancer: Kubernetes' own field for it is deprecated.
func TestAddresses(t *testing.T) {
	check(t, []row{
		{"MetalLB", "expose: [{name: lb, ip: 10.0.0.1, pool: lan, shareKey: db}]", map[string]string{
			"Service/shop-lb metadata.annotations": "{metallb.io/loadBalancerIPs: 10.0.0.1, metallb.io/address-pool: lan, metallb.io/allow-shared-ip: db}",
		}},
		{"Cilium", "expose: [{name: lb, provider: cilium, ip: 10.0.0.1, shareKey: db}]", map[string]string{
			"Service/shop-lb metadata.annotations": "{lbipam.cilium.io/ips: 10.0.0.1, lbipam.cilium.io/sharing-key: db}",
		}},
		{"kube-vip", "expose: [{name: lb, provider: kube-vip, ip: 10.0.0.1}]", map[string]string{
			"Service/shop-lb metadata.annotations": "{kube-vip.io/loadbalancerIPs: 10.0.0.1}",
		}},
		{"one's own annotation wins", "expose: [{name: lb, ip: 10.0.0.1, annotations: {metallb.io/loadBalancerIPs: 'fd00::1,10.0.0.1'}}]", map[string]string{
			"Service/shop-lb metadata.annotations": "{metallb.io/loadBalancerIPs: 'fd00::1,10.0.0.1'}",
		}},
		{"none asked for", "expose: [{name: lb, provider: none}]", map[string]string{"Service/shop-lb metadata.annotations": nothing}},
	})
	for _, provider := range []string{"metallb", "cilium", "kube-vip"} {
		for _, o := range compile(t, "expose: [{name: lb, ip: 10.0.0.1, provider: "+provider+"}]") {
			_, found := manifest.Get(o.Body(), "spec", "loadBalancerIP")
			require.False(t, found, provider)
		}
	}
}

func TestPoolers(t *testing.T) {
	const template = "Pooler/shop-pooler spec.template"
	check(t, []row{
		{"defaults", "pooler: {}", map[string]string{
			"Pooler/shop-pooler spec.cluster":   "{name: shop}",
			"Pooler/shop-pooler spec.type":      "rw",
			"Pooler/shop-pooler spec.instances": "2",
			"Pooler/shop-pooler spec.pgbouncer": "{poolMode: transaction, paused: false}",
			template + ".spec.containers":       "[{name: pgbouncer, image: 'ghcr.io/cloudnative-pg/pgbouncer:1.25.1'}]",
			template + ".metadata":              nothing,
			"Pooler/shop-pooler-ro":             nothing,
		}},
		{"everything", "imagePullPolicy: Always\nimagePullSecrets: [r]\nlabels: {team: data}\nannotations: {a: b}\n" +
			"placement: {nodeSelector: {disk: ssd}, priorityClass: high, tolerations: [{key: db, value: x, effect: NoSchedule}]}\n" +
			"pooler: {mode: session, instances: 3, paused: true, parameters: {max_client_conn: '500'}, hba: [host all all 10.0.0.0/8 md5], image: 'example.com/bouncer:1', resources: {requests: {cpu: '0.1'}}}", map[string]string{
			"Pooler/shop-pooler spec.pgbouncer": "{poolMode: session, paused: true, parameters: {max_client_conn: '500'}, pg_hba: [host all all 10.0.0.0/8 md5]}",
			template + ".metadata":              "{labels: {team: data}, annotations: {a: b}}",
			template + ".spec.containers":       "[{name: pgbouncer, image: 'example.com/bouncer:1', imagePullPolicy: Always, resources: {requests: {cpu: 100m}}}]",
			template + ".spec.imagePullSecrets": "[{name: r}]",
			template + ".spec.nodeSelector":     "{disk: ssd}",
			// Without them poolers would wait for ever where the nodes of the selector are tainted.
			template + ".spec.tolerations":       "[{key: db, operator: Equal, value: x, effect: NoSchedule}]",
			template + ".spec.priorityClassName": "high",
		}},
		{"one for standbys", "instances: 2\npooler: {readOnly: {instances: 4}}", map[string]string{
			"Pooler/shop-pooler-ro spec.type":      "ro",
			"Pooler/shop-pooler-ro spec.instances": "4",
			"Pooler/shop-pooler-ro spec.template.spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm": "{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {cnpg.io/poolerName: shop-pooler-ro}}}",
		}},
	})
}

func TestCertificates(t *testing.T) {
	check(t, []row{
		{"one's own", "tls: {secret: s, caSecret: ca, replicationSecret: r, clientCASecret: cca}", map[string]string{
			"Cluster/shop spec.certificates": "{serverTLSSecret: s, serverCASecret: ca, replicationTLSSecret: r, clientCASecret: cca}",
		}},
		{"the operator's, with more names", "tls: {dnsNames: [db.example.com]}", map[string]string{
			"Cluster/shop spec.certificates": "{serverAltDNSNames: [db.example.com]}",
		}},
		{"cert-manager's", "tls: {dnsNames: [db.example.com], certManager: {issuer: ca, kind: ClusterIssuer, duration: 60d, renewBefore: 20d}}", map[string]string{
			"Cluster/shop spec.certificates": "{serverTLSSecret: shop-server-tls, serverCASecret: shop-server-tls, replicationTLSSecret: shop-replication-tls, clientCASecret: shop-replication-tls}",
			"Certificate/shop-server-tls spec": `{secretName: shop-server-tls, secretTemplate: {labels: {cnpg.io/reload: ""}}, usages: [server auth], duration: 1440h0m0s, renewBefore: 480h0m0s,
				issuerRef: {group: cert-manager.io, kind: ClusterIssuer, name: ca}, dnsNames: [
				shop-rw, shop-rw.databases, shop-rw.databases.svc, shop-rw.databases.svc.cluster.local,
				shop-ro, shop-ro.databases, shop-ro.databases.svc, shop-ro.databases.svc.cluster.local,
				shop-r, shop-r.databases, shop-r.databases.svc, shop-r.databases.svc.cluster.local, db.example.com]}`,
			"Certificate/shop-replication-tls spec.commonName":     "streaming_replica",
			"Certificate/shop-replication-tls spec.usages":         "[client auth]",
			"Certificate/shop-replication-tls spec.secretTemplate": `{labels: {cnpg.io/reload: ""}}`, // the operator notices a renewal by it
		}},
	})
}

// The first database is born with the cluster; an object of its own says what initdb cannot.
func TestDatabases(t *testing.T) {
	check(t, []row{
		{"none named", "", map[string]string{
			"Cluster/shop spec.bootstrap.initdb.database": "app", "Cluster/shop spec.bootstrap.initdb.owner": "app", "Database/shop-app": nothing,
		}},
		{"one, born with the cluster", "databases: [{name: orders, secret: owner}]", map[string]string{
			"Cluster/shop spec.bootstrap.initdb.database": "orders",
			"Cluster/shop spec.bootstrap.initdb.owner":    "orders",
			"Cluster/shop spec.bootstrap.initdb.secret":   "{name: owner}",
			"Database/shop-orders":                        nothing,
		}},
		{"one with limits", "databases: [{name: orders, connectionLimit: 0}]", map[string]string{
			"Database/shop-orders spec": "{cluster: {name: shop}, name: orders, owner: orders, ensure: present, databaseReclaimPolicy: retain, connectionLimit: 0}",
		}},
		{"one to drop with its object", "databases: [{name: orders, reclaim: delete}]", map[string]string{"Database/shop-orders spec.databaseReclaimPolicy": "delete"}},
		{"more, and the roles that own them", "tablespaces: [{name: archive, size: 1Gi}]\ndatabases: [{name: app}, {name: b, owner: bo, encoding: UTF8, locale: C, tablespace: archive}, {name: c, owner: app}, {name: d, owner: postgres}]\nroles: [{name: reader}]", map[string]string{
			"Database/shop-b spec":       "{cluster: {name: shop}, name: b, owner: bo, ensure: present, databaseReclaimPolicy: retain, encoding: UTF8, locale: C, tablespace: archive}",
			"Database/shop-c spec.owner": "app",
			"Database/shop-d spec.owner": "postgres",
			"Cluster/shop spec.managed":  "{roles: [{name: reader, ensure: present, inherit: true, connectionLimit: -1}, {name: bo, ensure: present, inherit: true, connectionLimit: -1, login: true}]}",
		}},
		{"names that Kubernetes does not take", "databases: [{name: app}, {name: Re_Ports.2026}, {name: tail_}, {name: 주문}, {name: a b}]", map[string]string{
			"Database/shop-re-ports-2026 spec.name":      "Re_Ports.2026",
			"Database/shop-tail spec.name":               "tail_",
			"Database/shop-xecxa3xbcxebxacxb8 spec.name": "주문",
			"Database/shop-a-b spec.name":                "a b",
		}},
	})
}
