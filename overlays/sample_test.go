package overlays

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

// sample is a homelab's database: base, a dev environment that is small and has no backup and no LoadBalancer, a prod
// environment that is large and has a pooler. testdata/sample holds base, a file for each part.
func sample(t testing.TB) variant.Set {
	t.Helper()
	base := sampleObjects(t)
	dev := without(copied(base), "ObjectStore/shop", "ScheduledBackup/shop-daily", "Service/shop-lb")
	edit(dev, "Cluster/shop", func(o manifest.Map) {
		spec(o)["instances"] = int64(1)
		spec(o)["enablePDB"] = false
		delete(spec(o), "plugins")
	})
	editRules(dev, func(rules []any) []any { return slices.Delete(rules, 1, 2) })
	prod := append(copied(base), pooler("shop-pooler"))
	edit(prod, "Cluster/shop", func(o manifest.Map) {
		spec(o)["instances"] = int64(5)
		child(o, "spec", "storage")["size"] = "100Gi"
		child(o, "spec", "postgresql", "parameters")["max_connections"] = "500"
	})
	edit(prod, "Service/shop-lb", func(o manifest.Map) {
		spec(o)["ports"] = spec(o)["ports"].([]any)[:1]
	})
	editRules(prod, func(rules []any) []any {
		rules[2].(manifest.Map)["expr"] = `cnpg_pg_replication_lag{namespace="databases"} > 30`
		return rules
	})
	return variant.Set{
		Name: "shop", Namespace: "databases", Engine: "postgres", Version: "17.6", Backend: "cloudnative-pg",
		Base: base,
		Envs: []variant.Env{
			{Name: "dev", Namespace: "databases", Objects: dev},
			{Name: "prod", Namespace: "databases", Objects: prod},
		},
	}
}

func sampleObjects(t testing.TB) []manifest.Object {
	t.Helper()
	files, err := filepath.Glob("testdata/sample/*.yaml")
	require.NoError(t, err)
	var objs []manifest.Object
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		part := strings.TrimSuffix(filepath.Base(file), ".yaml")
		for _, o := range decode(t, string(data)) {
			o.Part = manifest.Part(part)
			objs = append(objs, o)
		}
	}
	manifest.Sort(objs)
	return objs
}

func decode(t testing.TB, text string) []manifest.Object {
	t.Helper()
	objs, err := manifest.Decode("test", []byte(text))
	require.NoError(t, err)
	for i := range objs {
		objs[i].Origin = ""
	}
	return objs
}

func pooler(name string) manifest.Object {
	return manifest.Object{Part: manifest.PartPooler}.With(manifest.Map{
		"apiVersion": "postgresql.cnpg.io/v1",
		"kind":       "Pooler",
		"metadata":   manifest.Map{"name": name, "namespace": "databases"},
		"spec": manifest.Map{
			"cluster":   manifest.Map{"name": "shop"},
			"instances": int64(2),
			"type":      "rw",
			"pgbouncer": manifest.Map{"poolMode": "transaction"},
			"template": manifest.Map{"spec": manifest.Map{
				"containers": []any{manifest.Map{"name": "pgbouncer", "image": "ghcr.io/cloudnative-pg/pgbouncer:1.25.1"}},
			}},
		},
	})
}

// only is a set with one environment that has the given objects.
func only(base, env []manifest.Object) variant.Set {
	return variant.Set{
		Name: "shop", Namespace: "databases", Base: base,
		Envs: []variant.Env{{Name: "prod", Namespace: "databases", Objects: env}},
	}
}

func copied(objs []manifest.Object) []manifest.Object {
	out := make([]manifest.Object, len(objs))
	for i, o := range objs {
		out[i] = o.Clone()
	}
	return out
}

// without drops objects by Kind/name.
func without(objs []manifest.Object, short ...string) []manifest.Object {
	return slices.DeleteFunc(objs, func(o manifest.Object) bool {
		return slices.Contains(short, o.Ref().Kind+"/"+o.Ref().Name)
	})
}

// edit changes the one object called Kind/name.
func edit(objs []manifest.Object, short string, change func(body manifest.Map)) {
	change(find(objs, short).Body())
}

func find(objs []manifest.Object, short string) manifest.Object {
	for _, o := range objs {
		if o.Ref().Kind+"/"+o.Ref().Name == short {
			return o
		}
	}
	panic("no " + short)
}

func spec(body manifest.Map) manifest.Map {
	return child(body, "spec")
}

func child(body manifest.Map, path ...string) manifest.Map {
	for _, key := range path {
		body = body[key].(manifest.Map)
	}
	return body
}

func editRules(objs []manifest.Object, change func([]any) []any) {
	edit(objs, "PrometheusRule/shop", func(o manifest.Map) {
		group := spec(o)["groups"].([]any)[0].(manifest.Map)
		group["rules"] = change(group["rules"].([]any))
	})
}

// inNamespace moves the objects of databases to another namespace, as a Project's environment does.
func inNamespace(objs []manifest.Object, namespace string) []manifest.Object {
	for _, o := range objs {
		if meta := child(o.Body(), "metadata"); meta["namespace"] == "databases" {
			meta["namespace"] = namespace
		}
	}
	return objs
}
