package charts

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/variant"
)

// shop is a database with most of the differences that environments have: dev has one instance, a namespace of its own
// and no backup, prod has more of everything.
func shop(t testing.TB) variant.Set {
	t.Helper()
	set := variant.Set{
		Name: "shop", Namespace: "databases", Engine: "postgres", Version: "17.10", Backend: "cloudnative-pg",
		Base: read(t, "shop/base.yaml"),
		Envs: []variant.Env{
			{Name: "dev", Namespace: "databases-dev", Objects: read(t, "shop/dev.yaml")},
			{Name: "prod", Namespace: "databases", Objects: read(t, "shop/prod.yaml")},
		},
		Requires: []string{"clusters.postgresql.cnpg.io", "objectstores.barmancloud.cnpg.io", "sealedsecrets.bitnami.com"},
	}
	cluster := manifest.Ref{APIVersion: "postgresql.cnpg.io/v1", Kind: "Cluster", Namespace: "databases", Name: "shop"}
	pooler := manifest.Ref{APIVersion: "postgresql.cnpg.io/v1", Kind: "Pooler", Namespace: "databases", Name: "shop-pooler-rw"}
	store := manifest.Ref{APIVersion: "barmancloud.cnpg.io/v1", Kind: "ObjectStore", Namespace: "databases", Name: "shop"}
	size := manifest.Map{"type": "string", "pattern": "^[1-9][0-9]*(Mi|Gi|Ti)$"}
	set.Knobs = []variant.Knob{
		{
			Path: "backup.retention", Doc: "How long backups are kept: a number of days, weeks or months.",
			Schema: manifest.Map{"type": "string", "pattern": "^[1-9][0-9]*[dwm]$"},
			Value:  "90d", Envs: map[string]any{"prod": "90d"},
			Fields: []variant.Field{{Ref: store, Path: []any{"spec", "retentionPolicy"}}},
		},
		{
			Path: "instances", Doc: "Number of instances, the primary among them.",
			Schema: manifest.Map{"type": "integer", "minimum": int64(1)},
			Value:  int64(3), Envs: map[string]any{"dev": int64(1), "prod": int64(5)},
			Fields: []variant.Field{{Ref: cluster, Path: []any{"spec", "instances"}}},
		},
		{
			Path: "pooler.instances", Doc: "Number of pooler pods.", Schema: manifest.Map{"type": "integer", "minimum": int64(1)},
			Envs:   map[string]any{"prod": int64(2)},
			Fields: []variant.Field{{Ref: pooler, Path: []any{"spec", "instances"}}},
		},
		{
			Path: "storage.class", Doc: "Storage class of the volumes.", Schema: manifest.Map{"type": "string", "minLength": int64(1)},
			Value: "longhorn-ssd", Envs: map[string]any{"prod": "longhorn-ssd"},
			Fields: []variant.Field{{Ref: cluster, Path: []any{"spec", "storage", "storageClass"}}},
		},
		{
			Path: "storage.size", Doc: "Size of each instance's data volume.", Schema: size,
			Value: "10Gi", Envs: map[string]any{"dev": "10Gi", "prod": "100Gi"},
			Fields: []variant.Field{{Ref: cluster, Path: []any{"spec", "storage", "size"}}},
		},
	}
	return set
}

// read takes objects from testdata, with the parts that the builders give their kinds.
func read(t testing.TB, path string) []manifest.Object {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", path))
	require.NoError(t, err)
	var objs []manifest.Object
	for _, doc := range strings.Split(string(data), "\n---\n") {
		decoded, err := manifest.Decode(path, []byte(doc+"\n"))
		require.NoError(t, err)
		objs = append(objs, decoded...)
	}
	for i, o := range objs {
		objs[i].Part = partOf(o.Ref().Kind)
	}
	return objs
}

func partOf(kind string) manifest.Part {
	switch kind {
	case "Cluster":
		return manifest.PartCluster
	case "ObjectStore", "ScheduledBackup":
		return manifest.PartBackup
	case "Service":
		return manifest.PartExpose
	case "Pooler":
		return manifest.PartPooler
	case "NetworkPolicy":
		return manifest.PartNetwork
	case "PrometheusRule", "ConfigMap", "PodMonitor":
		return manifest.PartMonitoring
	case "SealedSecret":
		return manifest.PartSecrets
	}
	return manifest.PartExtra
}

func emit(t testing.TB, set variant.Set) map[string][]byte {
	t.Helper()
	files, err := Emit(set, Options{})
	require.NoError(t, err)
	return files
}

// clone is a set that can be changed without changing the other.
func clone(set variant.Set) variant.Set {
	set.Base = canonical(set.Base)
	set.Envs = slices.Clone(set.Envs)
	for i := range set.Envs {
		set.Envs[i].Objects = canonical(set.Envs[i].Objects)
	}
	return set
}
