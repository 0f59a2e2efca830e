package overlays

import (
	"errors"
	"maps"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/variant"
)

func decodeAny(t testing.TB, data []byte) map[string]any {
	t.Helper()
	var out map[string]any
	require.NoError(t, yaml.Unmarshal(data, &out))
	return out
}

// TestVerifyRefuses changes what Emit wrote, as a person might, and reads what Verify says.
func TestVerifyRefuses(t *testing.T) {
	tests := []struct {
		name   string
		tamper func(files map[string][]byte)
		want   string
	}{
		{
			"a field of base",
			replace("core/cluster-shop.yaml", "instances: 3", "instances: 4"),
			"kustomize build base is not what was rendered: Cluster/databases/shop spec.instances: rendered 3, built 4",
		}, {
			"a field of a patch",
			replace("overlays/prod/patches/cluster-shop.yaml", "size: 100Gi", "size: 90Gi"),
			`kustomize build overlays/prod is not what was rendered: Cluster/databases/shop spec.storage.size: rendered "100Gi", built "90Gi"`,
		}, {
			"an object gone",
			replace("core/kustomization.yaml", "- networkpolicy-shop.yaml\n", ""),
			"kustomize build base is not what was rendered: NetworkPolicy/databases/shop: rendered {",
		}, {
			"an object too many",
			replace("overlays/dev/kustomization.yaml", "patches:\n", "components:\n- ../../components/pooler\npatches:\n"),
			"kustomize build overlays/dev is not what was rendered: Pooler/databases/shop-pooler: rendered nothing, built {",
		}, {
			"labels that Kustomize adds",
			replace("base/kustomization.yaml", "components:\n", "labels:\n- pairs: {team: shop}\ncomponents:\n"),
			`base is not what was rendered: Cluster/databases/shop metadata.labels.team: rendered nothing, built "shop" (and 11 more differences)`,
		}, {
			"a patch that names no object",
			replace("overlays/prod/patches/cluster-shop.yaml", "name: shop", "name: shopp"),
			"kustomize build overlays/prod: no resource matches strategic merge patch",
		}, {
			"a patch that selects no object, which Kustomize lets pass",
			replace("overlays/dev/kustomization.yaml", "patches:\n", `patches:
- target: {kind: ConfigMap, name: shop-trap}
  patch: |-
    - op: remove
      path: /data
`),
			"overlays/dev: patches[0] selects no object: ConfigMap.[noVer].[noGrp]/shop-trap.[noNs]",
		}, {
			"a guard: the rule that a patch changes is another one now",
			replace("core/prometheusrule-shop.yaml", "alert: PostgresBackupTooOld", "alert: PostgresBackupOld"),
			"is not what was rendered: PrometheusRule/databases/shop spec.groups[0].rules[1].alert",
		}, {
			"an overlay gone",
			func(files map[string][]byte) { delete(files, "overlays/dev/kustomization.yaml") },
			"kustomize build overlays/dev: unable to find one of 'kustomization.yaml'",
		}, {
			"an overlay of no environment",
			func(files map[string][]byte) {
				files["overlays/old/kustomization.yaml"] = files["overlays/dev/kustomization.yaml"]
			},
			"overlays/old is of no environment",
		}, {
			"not YAML",
			replace("core/cluster-shop.yaml", "spec:", "spec: {"),
			"kustomize build base:",
		},
	}
	set := sample(t)
	emitted, err := Emit(set, Options{})
	require.NoError(t, err)
	require.NoError(t, Verify(set, emitted))
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			files := maps.Clone(emitted)
			test.tamper(files)
			err := Verify(set, files)
			require.ErrorContains(t, err, test.want)
			require.NotContains(t, err.Error(), "\n")
		})
	}
}

func replace(file, was, is string) func(map[string][]byte) {
	return func(files map[string][]byte) {
		text := string(files[file])
		if !strings.Contains(text, was) {
			panic(file + " holds no " + was)
		}
		files[file] = []byte(strings.Replace(text, was, is, 1))
	}
}

func TestMismatchErrorCarriesAllDifferences(t *testing.T) {
	set := sample(t)
	files, err := Emit(set, Options{})
	require.NoError(t, err)
	edit(set.Envs[1].Objects, "Cluster/shop", func(o manifest.Map) {
		spec(o)["instances"], spec(o)["logLevel"] = int64(7), "debug"
	})
	var mismatch *MismatchError
	require.ErrorAs(t, Verify(set, files), &mismatch)
	require.Equal(t, "overlays/prod", mismatch.Dir)
	require.Len(t, mismatch.Differences, 2)
	require.Equal(t, []any{"spec", "instances"}, mismatch.Differences[0].Path)
}

// TestGuardedPatchFails shows why JSON patches into lists begin with a test: base gained a rule in front, and the build
// fails instead of changing the wrong one.
func TestGuardedPatchFails(t *testing.T) {
	files, err := Emit(sample(t), Options{})
	require.NoError(t, err)
	replace("core/prometheusrule-shop.yaml", "    rules:\n", "    rules:\n    - alert: New\n      expr: \"1\"\n")(files)
	_, err = Build(files, "base")
	require.NoError(t, err)
	_, err = Build(files, "overlays/prod")
	require.ErrorContains(t, err, "testing value /spec/groups/0/rules/2/alert failed")
}

func TestEmitRefuses(t *testing.T) {
	tests := []struct {
		name   string
		change func(set *variant.Set, o *Options)
		want   string
	}{
		{"no objects", func(set *variant.Set, _ *Options) { set.Base = nil }, "shop has no objects"},
		{"no objects in an environment", func(set *variant.Set, _ *Options) { set.Envs[0].Objects = nil }, "shop has no objects in dev"},
		{"a name that leads out of the folder", func(set *variant.Set, _ *Options) { set.Envs[0].Name = "../dev" },
			`environment "../dev" cannot be the name of a folder`},
		{"two environments of one name", func(set *variant.Set, _ *Options) { set.Envs[0].Name = "prod" },
			"environment prod stands twice in shop"},
		{"an object twice", func(set *variant.Set, _ *Options) { set.Envs[1].Objects = append(set.Envs[1].Objects, set.Base[0]) },
			"ConfigMap/databases/shop-traps stands twice in overlays/prod"},
		{"an unknown component", func(_ *variant.Set, o *Options) { o.Components = []string{"longhron"} },
			`there is no component "longhron": the shipped ones are arm64, k3s, longhorn, metallb, restricted`},
		{"a component twice", func(_ *variant.Set, o *Options) { o.Components = []string{"k3s", "k3s"} },
			"component k3s is listed twice"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			set, o := sample(t), Options{}
			test.change(&set, &o)
			_, err := Emit(set, o)
			require.EqualError(t, err, test.want)
		})
	}
}

// TestKustomizeCannot lists objects that Kustomize breaks or refuses whatever is written for it. Each is an error that names
// the object; none is changed in silence.
func TestKustomizeCannot(t *testing.T) {
	tests := []struct {
		name   string
		change func(o manifest.Map)
		want   string
	}{
		{"annotation whose key reads as a number", annotate("1", "a"), "ConfigMap shop-traps: kustomize cannot"},
		{"annotation of lines that begins with a tab", annotate("a", "\tb\nc"), "ConfigMap shop-traps: kustomize cannot"},
		{"next-line character, which it turns into a space", annotate("a", "b\u0085c"), "ConfigMap/databases/shop-traps metadata.annotations.a"},
		{"annotation that is no string", func(o manifest.Map) { child(o, "metadata")["annotations"] = manifest.Map{"a": []any{"b"}} },
			"ConfigMap/databases/shop-traps metadata.annotations.a"},
		{"annotations that are a list", func(o manifest.Map) { child(o, "metadata")["annotations"] = []any{"a"} }, "kustomize"},
		{"what it takes to be its own configuration", annotate("config.kubernetes.io/local-config", "true"),
			"ConfigMap/databases/shop-traps: rendered {"},
		{"a name that it would add a hash to", annotate("internal.config.kubernetes.io/needsHashSuffix", "enabled"), "ConfigMap/databases/shop-traps"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			objs := sampleObjects(t)
			edit(objs, "ConfigMap/shop-traps", test.change)
			_, err := Emit(only(objs, copied(objs)), Options{})
			require.ErrorContains(t, err, test.want)
		})
	}
}

func annotate(key, value string) func(manifest.Map) {
	return func(o manifest.Map) { child(o, "metadata")["annotations"] = manifest.Map{key: value} }
}

// TestSameBytes runs Emit from many goroutines and with another number of processors.
func TestSameBytes(t *testing.T) {
	want, err := Emit(sample(t), Options{Components: []string{"longhorn"}})
	require.NoError(t, err)
	before := runtime.GOMAXPROCS(1)
	got, err := Emit(sample(t), Options{Components: []string{"longhorn"}})
	runtime.GOMAXPROCS(before)
	require.NoError(t, err)
	require.Equal(t, want, got)
	var wait sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		set := sample(t)
		wait.Go(func() {
			files, err := Emit(set, Options{Components: []string{"longhorn"}})
			if err == nil && !maps.EqualFunc(want, files, func(a, b []byte) bool { return string(a) == string(b) }) {
				err = errors.New("other bytes")
			}
			errs[i] = err
		})
	}
	wait.Wait()
	require.NoError(t, errors.Join(errs...))
}

// TestEmitLeavesItsInputAlone holds a set before and after.
func TestEmitLeavesItsInputAlone(t *testing.T) {
	set := sample(t)
	set.Envs[1].Objects = inNamespace(set.Envs[1].Objects, "shop-prod")
	set.Envs[1].Namespace = "shop-prod"
	before := describe(set)
	_, err := Emit(set, Options{Components: []string{"longhorn", "metallb"}})
	require.NoError(t, err)
	require.Equal(t, before, describe(set))
}
