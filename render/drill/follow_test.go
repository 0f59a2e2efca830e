package drill

import (
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/onggi-db/onggi/render/manifest"
)

func tree(t *testing.T, text string) manifest.Map {
	t.Helper()
	var m manifest.Map
	require.NoError(t, yaml.Unmarshal([]byte(text), &m))
	return manifest.Canonical(m).(manifest.Map)
}

const drilled = `
metadata: {name: shop, labels: {team: data}}
spec:
  instances: 3
  imageName: pg:17.10
  storage: {size: 100Gi, storageClass: ceph, resizeInUseVolumes: true}
  walStorage: {size: 20Gi, storageClass: ceph}
  tablespaces: [{name: archive, storage: {size: 5Gi}}]
  resources: {requests: {cpu: "4", memory: 8Gi}, limits: {memory: 8Gi}}
  affinity: {nodeSelector: {disk: ssd}, tolerations: [{key: db, operator: Exists}], podAntiAffinityType: required, topologyKey: zone}
  inheritedMetadata: {labels: {app: shop}, annotations: {a: b}}
  serviceAccountTemplate: {metadata: {annotations: {role: reader}}}
  postgresql:
    parameters: {max_connections: "300", shared_buffers: 4GB, archive_timeout: 5min, auto_explain.log_min_duration: 5s, cron.database_name: app, pglogical.use_spi: "on", synchronous_commit: "on"}
    shared_preload_libraries: [auto_explain, pg_cron, pg_failover_slots, pglogical, spock, pgactive, bdr, pg_net, citus]
    synchronous: {method: any, number: 1}
    pg_hba: [host all all all reject]
  bootstrap: {initdb: {database: app, owner: web, secret: {name: mine}}}
  superuserSecret: {name: mine}
  managed: {roles: [{name: x}]}
  externalClusters: [{name: old}]
  replica: {enabled: true, source: old}
  monitoring: {enablePodMonitor: true}
  backup: {target: primary, retentionPolicy: 30d}
  plugins:
    - {name: audit, enabled: true}
    - {name: barman, enabled: true, isWALArchiver: true, parameters: {barmanObjectName: shop}}
`

// A scratch Cluster has the server, the room and the place of the one that is drilled, and none of what makes that one reachable,
// watched or writing.
func TestFollow(t *testing.T) {
	scratch := tree(t, `
metadata: {name: shop-drill}
spec:
  instances: 1
  affinity: {enablePodAntiAffinity: false}
  storage: {storageClass: local-path}
  resources: {requests: {memory: 1Gi}}
  postgresql: {parameters: {max_logical_replication_workers: "0"}}
  bootstrap: {recovery: {source: origin}}
  externalClusters: [{name: origin}]
`)
	before := manifest.Clone(scratch)
	got, err := Follow(scratch, tree(t, drilled))
	require.NoError(t, err)
	require.Equal(t, before, scratch)
	require.Equal(t, tree(t, `
metadata: {name: shop-drill}
spec:
  instances: 1
  imageName: pg:17.10
  storage: {size: 100Gi, storageClass: local-path, resizeInUseVolumes: true}
  walStorage: {size: 20Gi, storageClass: ceph}
  tablespaces: [{name: archive, storage: {size: 5Gi}}]
  resources: {requests: {memory: 1Gi}}
  affinity: {enablePodAntiAffinity: false, nodeSelector: {disk: ssd}, tolerations: [{key: db, operator: Exists}]}
  inheritedMetadata: {annotations: {a: b}}
  serviceAccountTemplate: {metadata: {annotations: {role: reader}}}
  postgresql:
    parameters: {max_connections: "300", auto_explain.log_min_duration: 5s, max_logical_replication_workers: "0"}
    shared_preload_libraries: [auto_explain]
  bootstrap: {recovery: {source: origin, database: app, owner: web}}
  externalClusters: [{name: origin, plugin: {name: barman, enabled: true, isWALArchiver: false, parameters: {barmanObjectName: shop, serverName: shop}}}]
`), got)
	require.NoError(t, Archives(got))
}

func TestFollowToTheArchive(t *testing.T) {
	scratch := `spec: {bootstrap: {recovery: {source: origin}}, externalClusters: [{name: origin}]}`
	tests := []struct{ name, spec, want string }{
		{"a plugin with a folder of its own", `{plugins: [{name: b, isWALArchiver: true, parameters: {barmanObjectName: store, serverName: shop-2}}]}`,
			`{name: origin, plugin: {name: b, enabled: true, isWALArchiver: false, parameters: {barmanObjectName: store, serverName: shop-2}}}`},
		{"in-tree", `{backup: {barmanObjectStore: {destinationPath: s3://b}}}`, `{name: origin, barmanObjectStore: {destinationPath: s3://b, serverName: shop}}`},
		{"in-tree, with a folder of its own", `{backup: {barmanObjectStore: {destinationPath: s3://b, serverName: shop-2}}}`, `{name: origin, barmanObjectStore: {destinationPath: s3://b, serverName: shop-2}}`},
		{"nowhere", `{instances: 3}`, ""},
		{"a plugin that is off", `{plugins: [{name: b, enabled: false, isWALArchiver: true}]}`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Follow(tree(t, scratch), tree(t, "metadata: {name: shop}\nspec: "+tt.spec))
			if tt.want == "" {
				require.EqualError(t, err, "there is nothing to restore: Cluster shop archives nowhere")
				return
			}
			require.NoError(t, err)
			entry, _ := manifest.Get(got, "spec", "externalClusters", 0)
			require.Equal(t, tree(t, tt.want), entry)
			require.NoError(t, Archives(got))
		})
	}
	t.Run("one that says itself where from", func(t *testing.T) {
		own := tree(t, `spec: {externalClusters: [{name: origin, barmanObjectStore: {destinationPath: s3://other}}]}`)
		got, err := Follow(own, tree(t, "metadata: {name: shop}\nspec: {instances: 1}"))
		require.NoError(t, err)
		entry, _ := manifest.Get(got, "spec", "externalClusters", 0, "barmanObjectStore", "destinationPath")
		require.Equal(t, "s3://other", entry)
	})
}

func TestIn(t *testing.T) {
	c := sample()
	require.NoError(t, c.In("elsewhere"))
	require.Equal(t, "databases", c.Namespace, "what is written counts")
	c.Namespace = ""
	delete(c.Scratch["metadata"].(manifest.Map), "namespace")
	require.Error(t, c.In(""))
	require.NoError(t, c.Validate())
	require.NoError(t, c.In("elsewhere"))
	require.NoError(t, c.Validate())
	require.Equal(t, "elsewhere", manifest.Text(c.Scratch, "metadata", "namespace"))
}
