package overlays

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/variant"
)

// TestLayout says what stands where, for every way in which variants can have other objects.
func TestLayout(t *testing.T) {
	backup := []string{"ObjectStore/shop", "ScheduledBackup/shop-daily"}
	tests := []struct {
		name string
		base func(objs []manifest.Object) []manifest.Object
		envs map[string]func(objs []manifest.Object) []manifest.Object
		want []string // each line is a file and what its kustomization lists
	}{
		{
			name: "nothing differs",
			envs: map[string]func([]manifest.Object) []manifest.Object{"prod": same},
			want: []string{"overlays/prod: ../../base"},
		}, {
			name: "only fields differ",
			envs: map[string]func([]manifest.Object) []manifest.Object{"prod": func(objs []manifest.Object) []manifest.Object {
				edit(objs, "Cluster/shop", func(o manifest.Map) { spec(o)["instances"] = int64(5) })
				return objs
			}},
			want: []string{"overlays/prod: ../../base patches/cluster-shop.yaml"},
		}, {
			name: "an environment lacks a part of base",
			envs: map[string]func([]manifest.Object) []manifest.Object{"dev": lacking(backup...), "prod": same},
			want: []string{
				"base: ../core ../components/backup",
				"components/backup: objectstore-shop.yaml scheduledbackup-shop-daily.yaml",
				"overlays/dev: ../../core",
				"overlays/prod: ../../base",
			},
		}, {
			name: "an environment has a part that base lacks",
			base: lacking(backup...),
			envs: map[string]func([]manifest.Object) []manifest.Object{"dev": lacking(backup...), "prod": same},
			want: []string{
				"components/backup: objectstore-shop.yaml scheduledbackup-shop-daily.yaml",
				"overlays/dev: ../../base",
				"overlays/prod: ../../base ../../components/backup",
			},
		}, {
			name: "each environment lacks another part",
			envs: map[string]func([]manifest.Object) []manifest.Object{"dev": lacking(backup...), "prod": lacking("Service/shop-lb")},
			want: []string{
				"base: ../core ../components/backup ../components/expose",
				"components/backup: objectstore-shop.yaml scheduledbackup-shop-daily.yaml",
				"components/expose: service-shop-lb.yaml",
				"overlays/dev: ../../core ../../components/expose",
				"overlays/prod: ../../core ../../components/backup",
			},
		}, {
			name: "an environment lacks one object of a part",
			envs: map[string]func([]manifest.Object) []manifest.Object{"dev": lacking("ScheduledBackup/shop-daily")},
			want: []string{"overlays/dev: ../../base patches/scheduledbackup-shop-daily.yaml"},
		}, {
			name: "an environment has one object more of a part",
			base: lacking("ScheduledBackup/shop-daily"),
			envs: map[string]func([]manifest.Object) []manifest.Object{"dev": same},
			want: []string{"overlays/dev: ../../base scheduledbackup-shop-daily.yaml"},
		}, {
			name: "an object that no patch can change",
			envs: map[string]func([]manifest.Object) []manifest.Object{"dev": same, "prod": func(objs []manifest.Object) []manifest.Object {
				edit(objs, "Database/shop-app", func(o manifest.Map) {
					spec(o)["owner"], spec(o)["serial"] = nil, int64(9_007_199_254_740_993)
				})
				return objs
			}},
			want: []string{
				"base: ../core database-shop-app.yaml",
				"overlays/dev: ../../core database-shop-app.yaml",
				"overlays/prod: ../../core database-shop-app.yaml",
			},
		}, {
			name: "objects without a part",
			base: func(objs []manifest.Object) []manifest.Object { return partless(objs) },
			envs: map[string]func([]manifest.Object) []manifest.Object{"dev": lacking(backup...)},
			want: []string{"overlays/dev: ../../base patches/objectstore-shop.yaml patches/scheduledbackup-shop-daily.yaml"},
		}, {
			name: "nothing in common",
			base: func(objs []manifest.Object) []manifest.Object { return objs[:1] },
			envs: map[string]func([]manifest.Object) []manifest.Object{
				"dev": func(objs []manifest.Object) []manifest.Object { return objs[1:2] },
			},
			want: []string{
				"base: ../components/extra",
				"components/extra: configmap-shop-traps.yaml",
				"components/monitoring: configmap-shop-dashboard.yaml",
				"overlays/dev: ../../components/monitoring",
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			set := variant.Set{Name: "shop", Namespace: "databases", Base: sampleObjects(t)}
			for _, name := range sortedKeys(test.envs) {
				objs := test.envs[name](sampleObjects(t))
				set.Envs = append(set.Envs, variant.Env{Name: name, Namespace: "databases", Objects: objs})
			}
			if test.base != nil {
				set.Base = test.base(set.Base)
			}
			files, err := Emit(set, Options{})
			require.NoError(t, err)
			holds(t, set, files, nil)
			got := listings(t, files)
			for _, line := range test.want {
				require.Contains(t, got, line)
			}
			for _, line := range got {
				common := strings.HasPrefix(line, "core: ") || strings.HasPrefix(line, "base: ") && !strings.Contains(line, "..")
				require.True(t, common || slices.Contains(test.want, line), "not expected: %s", line)
			}
		})
	}
}

func same(objs []manifest.Object) []manifest.Object { return objs }

func lacking(short ...string) func([]manifest.Object) []manifest.Object {
	return func(objs []manifest.Object) []manifest.Object { return without(objs, short...) }
}

func partless(objs []manifest.Object) []manifest.Object {
	for i := range objs {
		objs[i].Part = ""
	}
	return objs
}

// listings are what the kustomizations list, a line for each.
func listings(t testing.TB, files map[string][]byte) []string {
	t.Helper()
	var lines []string
	for _, dir := range kustomizations(files) {
		k, err := parseKustomization(dir, files)
		require.NoError(t, err)
		line := dir + ":"
		for _, entry := range append(append([]string{}, k.Resources...), k.Components...) {
			line += " " + entry
		}
		for _, p := range k.Patches {
			line += " " + p.Path
		}
		lines = append(lines, line)
	}
	return lines
}

// TestNamespaces moves what is in the set's namespace to the environment's, and nothing else.
func TestNamespaces(t *testing.T) {
	namespace := manifest.Object{Part: manifest.PartExtra}.With(manifest.Map{
		"apiVersion": "v1", "kind": "Namespace",
		"metadata": manifest.Map{"name": "databases", "labels": manifest.Map{"team": "shop"}},
	})
	tests := []struct {
		name    string
		base    []manifest.Object
		env     func(objs []manifest.Object) []manifest.Object
		want    []string // the targets of the patches that move
		present []string // refs that must be built
	}{
		{
			name:    "one patch for all, and the dashboard stays",
			base:    sampleObjects(t),
			env:     same,
			want:    []string{"namespace=databases"},
			present: []string{"Cluster/shop-prod/shop", "ConfigMap/monitoring/shop-dashboard"},
		}, {
			name: "with changes, deletions and additions",
			base: sampleObjects(t),
			env: func(objs []manifest.Object) []manifest.Object {
				edit(objs, "Cluster/shop", func(o manifest.Map) { spec(o)["instances"] = int64(1) })
				edit(objs, "PodMonitor/shop", func(o manifest.Map) {
					spec(o)["namespaceSelector"] = manifest.Map{"matchNames": []any{"shop-prod"}}
				})
				return append(without(objs, "ScheduledBackup/shop-daily", "Service/shop-lb"), pooler("shop-pooler"))
			},
			want:    []string{"namespace=databases"},
			present: []string{"Pooler/shop-prod/shop-pooler", "PodMonitor/shop-prod/shop"},
		}, {
			name:    "the Namespace itself",
			base:    append(sampleObjects(t), namespace),
			env:     same,
			want:    []string{"name=databases", "namespace=databases"},
			present: []string{"Namespace/shop-prod", "Cluster/shop-prod/shop"},
		}, {
			name: "one object stays in the set's namespace",
			base: sampleObjects(t)[:3],
			env: func(objs []manifest.Object) []manifest.Object {
				child(objs[0].Body(), "metadata")["stays"] = "yes"
				return objs
			},
			want:    []string{"name=aws-secrets"},
			present: []string{"ConfigMap/databases/shop-traps"},
		}, {
			name: "a namesake lives in the environment's namespace already",
			base: append(sampleObjects(t), decode(t, `
apiVersion: v1
kind: ConfigMap
metadata: {name: shop-traps, namespace: shop-prod}
data: {who: the namesake}
`)...),
			env:     func(objs []manifest.Object) []manifest.Object { return objs[:len(objs)-1] },
			want:    []string{"namespace=databases"},
			present: []string{"ConfigMap/shop-prod/shop-traps"},
		}, {
			name: "objects that refer to each other, which Kustomize follows",
			base: decode(t, referrers),
			env: func(objs []manifest.Object) []manifest.Object {
				edit(objs, "RoleBinding/shop", func(o manifest.Map) {
					o["subjects"].([]any)[0].(manifest.Map)["namespace"] = "shop-prod"
				})
				return objs
			},
			want:    []string{"namespace=databases"},
			present: []string{"RoleBinding/shop-prod/shop", "ConfigMap/monitoring/settings"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			objs := test.env(copied(test.base))
			for _, o := range objs {
				meta := child(o.Body(), "metadata")
				switch {
				case meta["stays"] != nil:
					delete(meta, "stays")
				case meta["namespace"] == "databases":
					meta["namespace"] = "shop-prod"
				case o.Ref().Kind == "Namespace":
					meta["name"] = "shop-prod"
				}
			}
			set := only(test.base, objs)
			set.Envs[0].Namespace = "shop-prod"
			files, err := Emit(set, Options{})
			require.NoError(t, err)
			holds(t, set, files, nil)

			k, err := parseKustomization("overlays/prod", files)
			require.NoError(t, err)
			var moves []string
			for _, p := range k.Patches {
				switch {
				case p.Patch == "":
				case p.Target.Name != "":
					moves = append(moves, "name="+p.Target.Name)
				default:
					moves = append(moves, "namespace="+p.Target.Namespace)
				}
			}
			require.Equal(t, test.want, moves)
			require.Empty(t, k.Namespace)
			built, err := Build(files, "overlays/prod")
			require.NoError(t, err)
			var refs []string
			for _, o := range built {
				refs = append(refs, o.Ref().String())
			}
			require.Subset(t, refs, test.present)
		})
	}
}

// referrers name objects of other kinds, in the same namespace and in another.
const referrers = `
apiVersion: v1
kind: ServiceAccount
metadata: {name: shop, namespace: databases}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: shop, namespace: databases}
rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: shop, namespace: databases}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: shop}
subjects:
- {kind: ServiceAccount, name: shop, namespace: databases}
- {kind: ServiceAccount, name: shop, namespace: monitoring}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: databases}
data: {a: b}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: monitoring}
data: {a: c}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: shop, namespace: databases}
spec:
  serviceName: shop
  selector: {matchLabels: {a: b}}
  template:
    metadata: {labels: {a: b}}
    spec:
      serviceAccountName: shop
      containers: [{name: postgres, image: "postgres:17.6", envFrom: [{configMapRef: {name: settings}}]}]
`

// TestOnlyCurrentFields keeps deprecated fields, and those that would change what is rendered, out of what is written.
func TestOnlyCurrentFields(t *testing.T) {
	files, err := Emit(sample(t), Options{Components: []string{"longhorn"}})
	require.NoError(t, err)
	for _, dir := range kustomizations(files) {
		fields := decodeAny(t, files[dir+"/kustomization.yaml"])
		for field := range fields {
			require.Contains(t, []string{"apiVersion", "kind", "resources", "components", "patches"}, field, dir)
		}
	}
}
