package manifest

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	sigsyaml "sigs.k8s.io/yaml"
)

// fleetMember is what one database comes to: a Cluster with much switched on, its alerts, and a dashboard of 20 KB.
func fleetMember() []Object {
	return []Object{New(benchCluster()), New(benchRules()), New(benchDashboard())}
}

func benchCluster() Map {
	labels := Map{"app.kubernetes.io/name": "shop", "app.kubernetes.io/managed-by": "onggi", "app.kubernetes.io/part-of": "shop"}
	return Map{
		"apiVersion": "postgresql.cnpg.io/v1", "kind": "Cluster",
		"metadata": Map{"name": "shop", "namespace": "databases", "labels": labels, "annotations": Map{"onggi.dev/spec": "sha256:5d41402abc4b2a76b9719d911017c592", "cnpg.io/skipEmptyWalArchiveCheck": "enabled"}},
		"spec": Map{
			"instances": int64(3), "imageName": "ghcr.io/cloudnative-pg/postgresql:17.5-bookworm@sha256:0b0b7e1f0f4b1c2d3e4f5a6b7c8d9e0f0b0b7e1f0f4b1c2d3e4f5a6b7c8d9e0f",
			"primaryUpdateStrategy": "unsupervised", "enableSuperuserAccess": true, "superuserSecret": Map{"name": "superuser-secrets"},
			"storage":    Map{"size": "10Gi", "storageClass": "longhorn-ssd", "resizeInUseVolumes": true},
			"walStorage": Map{"size": "2Gi", "storageClass": "longhorn-ssd"},
			"bootstrap": Map{"initdb": Map{"database": "app", "owner": "app", "dataChecksums": true, "encoding": "UTF8",
				"postInitApplicationSQL": []any{"CREATE EXTENSION IF NOT EXISTS pg_trgm", "CREATE EXTENSION IF NOT EXISTS pg_stat_statements"}}},
			"postgresql": Map{
				"parameters": Map{"max_connections": "200", "shared_buffers": "512MB", "timezone": "Asia/Seoul", "wal_compression": "on", "log_min_duration_statement": "1000",
					"max_wal_size": "4GB", "effective_cache_size": "1536MB", "work_mem": "4MB", "random_page_cost": "1.1", "pg_stat_statements.track": "all"},
				"pg_hba":      []any{"hostssl all all 10.0.0.0/8 scram-sha-256", "hostssl all all 192.168.0.0/16 scram-sha-256"},
				"synchronous": Map{"method": "any", "number": int64(1), "dataDurability": "required"},
			},
			"managed": Map{
				"roles": []any{Map{"name": "app", "ensure": "present", "login": true, "connectionLimit": int64(-1), "inherit": true, "passwordSecret": Map{"name": "app-secrets"}}},
				"services": Map{"disabledDefaultServices": []any{"ro"}, "additional": []any{Map{"selectorType": "rw", "updateStrategy": "patch",
					"serviceTemplate": Map{"metadata": Map{"name": "shop-lb", "annotations": Map{"metallb.io/loadBalancerIPs": "192.168.0.206"}}, "spec": Map{"type": "LoadBalancer", "externalTrafficPolicy": "Local"}}}}},
			},
			"plugins":    []any{Map{"name": "barman-cloud.cloudnative-pg.io", "isWALArchiver": true, "parameters": Map{"barmanObjectName": "shop-backup", "serverName": "shop"}}},
			"resources":  Map{"requests": Map{"cpu": "500m", "memory": "2Gi"}, "limits": Map{"memory": "2Gi"}},
			"affinity":   Map{"enablePodAntiAffinity": true, "podAntiAffinityType": "required", "topologyKey": "kubernetes.io/hostname", "tolerations": []any{Map{"key": "db", "operator": "Exists", "effect": "NoSchedule"}}},
			"monitoring": Map{"enablePodMonitor": false, "disableDefaultQueries": false},
		},
	}
}

func benchRules() Map {
	var rules []any
	for _, name := range []string{"BackupAge", "WALBacklog", "ReplicationLag", "Failover", "DiskFull", "Connections", "Down", "SyncLost"} {
		rules = append(rules, Map{
			"alert": "Postgres" + name, "for": "5m",
			"expr":   fmt.Sprintf("max by (cluster, namespace) (cnpg_%s{cluster=\"shop\", namespace=\"databases\"}) > 0.85\n  and on (cluster)\nabsent(cnpg_collector_up{cluster=\"shop\"}) == 0\n", name),
			"labels": Map{"severity": "critical", "cluster": "shop"},
			"annotations": Map{"summary": "Postgres shop: " + name, "runbook_url": "https://onggi.dev/runbooks/" + name,
				"description": "{{ $labels.pod }} has been at {{ $value | humanizePercentage }} for 5 minutes: act before it is full."},
		})
	}
	return Map{
		"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule",
		"metadata": Map{"name": "shop", "namespace": "databases", "labels": Map{"release": "kube-prometheus-stack"}},
		"spec":     Map{"groups": []any{Map{"name": "shop.postgres", "interval": "30s", "rules": rules}}},
	}
}

func benchDashboard() Map {
	var panels []any
	for i := range 28 {
		panels = append(panels, Map{"id": int64(i), "type": "timeseries", "title": fmt.Sprintf("Panel %d", i), "gridPos": Map{"h": int64(8), "w": int64(12), "x": int64(0), "y": int64(8 * i)},
			"targets":     []any{Map{"expr": fmt.Sprintf("sum by (pod) (rate(cnpg_backends_total{cluster=\"$cluster\", n=\"%d\"}[5m]))", i), "legendFormat": "{{pod}}", "refId": "A"}},
			"fieldConfig": Map{"defaults": Map{"unit": "short", "min": int64(0), "thresholds": Map{"mode": "absolute", "steps": []any{Map{"color": "green", "value": nil}, Map{"color": "red", "value": int64(80)}}}}}})
	}
	text, err := json.MarshalIndent(Map{"title": "Postgres", "uid": "onggi", "panels": panels}, "", "  ")
	if err != nil {
		panic(err)
	}
	return Map{"apiVersion": "v1", "kind": "ConfigMap", "metadata": Map{"name": "shop-dashboard", "namespace": "databases", "labels": Map{"grafana_dashboard": "1"}},
		"data": Map{"postgres.json": string(text) + "\n"}}
}

func BenchmarkEncode(b *testing.B) {
	all := fleetMember()
	for name, objs := range map[string][]Object{"all": all, "cluster": all[:1], "rules": all[1:2], "dashboard": all[2:]} {
		size := int64(len(Encode(objs...)))
		b.Run(name+"/onggi", func(b *testing.B) {
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				Encode(objs...)
			}
		})
		b.Run(name+"/sigs", func(b *testing.B) {
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				for _, o := range objs {
					if _, err := sigsyaml.Marshal(o.Body()); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

func TestBenchmarkObjectsAreWhatTheyClaim(t *testing.T) {
	objs := fleetMember()
	require.InDelta(t, 20<<10, len(objs[2].Body()["data"].(Map)["postgres.json"].(string)), 4<<10)
	for _, o := range objs {
		readsBack(t, o.Body())
	}
}
