package charts

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/strvals"
	"sigs.k8s.io/yaml"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/variant"
)

// The knob law: a chart with a knob set gives the objects with the knob's fields replaced, and nothing else.
func TestSettingAKnobReplacesItsFields(t *testing.T) {
	set := shop(t)
	files := emit(t, set)
	other := map[string]any{
		"backup.retention": "7w", "instances": int64(7), "pooler.instances": int64(10_000_000),
		"storage.class": "other", "storage.size": "20Gi",
	}
	require.Len(t, set.Knobs, len(other))
	for _, k := range set.Knobs {
		t.Run(k.Path, func(t *testing.T) {
			holdsKnobLaw(t, set, files, k, other[k.Path])
		})
	}
}

// Random knobs are bound wholly or not offered at all.
func TestRandomKnobsHoldTheLaw(t *testing.T) {
	offered := 0
	for seed := range uint64(120) {
		set := randomSet(seed)
		files := emit(t, set)
		var values manifest.Map
		require.NoError(t, yaml.Unmarshal(files["values.yaml"], &values))
		for _, k := range set.Knobs {
			steps := []any{}
			for _, seg := range strings.Split(k.Path, ".") {
				steps = append(steps, seg)
			}
			if _, ok := manifest.Get(values, steps...); !ok {
				continue
			}
			offered++
			holdsKnobLaw(t, set, files, k, like(k))
		}
	}
	require.Greater(t, offered, 20)
}

// like is another value of the knob's type.
func like(k variant.Knob) any {
	for _, v := range append([]any{k.Value}, slices.Collect(maps.Values(k.Envs))...) {
		if _, isText := v.(string); isText {
			return "other"
		}
	}
	for _, v := range append([]any{k.Value}, slices.Collect(maps.Values(k.Envs))...) {
		if _, isFlag := v.(bool); isFlag {
			return true
		}
	}
	return int64(12_000_000)
}

// holdsKnobLaw sets the knob as --set does, in every variant where something copies it.
func holdsKnobLaw(t *testing.T, set variant.Set, files map[string][]byte, k variant.Knob, value any) {
	t.Helper()
	c, err := load(files, DefaultKubeVersion)
	require.NoError(t, err)
	for i, env := range append([]variant.Env{{Namespace: set.Namespace, Objects: set.Base}}, set.Envs...) {
		if had := k.Envs[env.Name]; i > 0 && had == nil || i == 0 && k.Value == nil {
			continue
		}
		overrides := map[string]any{}
		if i > 0 {
			require.NoError(t, yaml.Unmarshal(files[valuesPath(env.Name)], &overrides))
		}
		flag := fmt.Sprintf("%s=%v", k.Path, value)
		require.NoError(t, strvals.ParseInto(flag, overrides))
		got, err := c.renderWith(overrides, env.Namespace)
		require.NoError(t, err)
		want := replaced(env, k, value)
		require.Empty(t, manifest.Diff(want, withoutKeep(got, want)), "%s with %s", env.Name, flag)
	}
}

// replaced is the environment's objects with the knob's fields replaced.
func replaced(env variant.Env, k variant.Knob, value any) []manifest.Object {
	objs := canonical(env.Objects)
	for _, o := range objs {
		for _, f := range k.Fields {
			ref := f.Ref
			ref.Namespace = o.Ref().Namespace
			if _, ok := manifest.Get(o.Body(), f.Path...); ok && o.Ref() == ref {
				manifest.Set(o.Body(), value, f.Path...)
			}
		}
	}
	return objs
}

func TestAKnobThatCannotSetAllItsFieldsIsNotOffered(t *testing.T) {
	set := shop(t)
	ref := manifest.Ref{APIVersion: "postgresql.cnpg.io/v1", Kind: "Cluster", Namespace: "databases", Name: "shop"}
	// The list differs as a whole, so no place in it can be set alone.
	set.Knobs = []variant.Knob{{
		Path: "hba", Value: "hostssl all all 10.0.0.0/8 scram-sha-256", Schema: manifest.Map{"type": "string"},
		Envs: map[string]any{
			"dev": "hostssl all all 10.0.0.0/8 scram-sha-256", "prod": "hostssl all all 10.0.0.0/8 scram-sha-256",
		},
		Fields: []variant.Field{{Ref: ref, Path: []any{"spec", "postgresql", "pg_hba", 0}}},
	}}
	require.NotContains(t, string(emit(t, set)["values.yaml"]), "\nhba:")
}

// parameters makes the shop's parameters one knob, whose keys come and go: a null in an environment's values takes away
// what values.yaml has.
func parameters(t testing.TB) (set variant.Set, wide, narrow variant.Knob) {
	set = shop(t)
	ref := manifest.Ref{APIVersion: "postgresql.cnpg.io/v1", Kind: "Cluster", Namespace: "databases", Name: "shop"}
	variants := map[string]manifest.Map{
		"":     {"max_connections": "200", "timezone": "Asia/Seoul"},
		"dev":  {"max_connections": "50", "timezone": "Asia/Seoul", "log_statement": "all"},
		"prod": {"max_connections": "400", "work_mem": "64MB"},
	}
	write := func(env string, objs []manifest.Object) {
		for _, o := range objs {
			if o.Ref().Kind == "Cluster" {
				manifest.Set(o.Body(), manifest.Clone(variants[env]), "spec", "postgresql", "parameters")
			}
		}
	}
	write("", set.Base)
	for _, env := range set.Envs {
		write(env.Name, env.Objects)
	}
	wide = variant.Knob{
		Path: "parameters", Doc: "Settings of the server.", Value: variants[""],
		Schema: manifest.Map{"type": "object", "additionalProperties": manifest.Map{"type": "string"}},
		Envs:   map[string]any{"dev": variants["dev"], "prod": variants["prod"]},
		Fields: []variant.Field{{Ref: ref, Path: []any{"spec", "postgresql", "parameters"}}},
	}
	narrow = variant.Knob{
		Path: "parameters.max_connections", Value: "200", Schema: manifest.Map{"type": "string"},
		Envs:   map[string]any{"dev": "50", "prod": "400"},
		Fields: []variant.Field{{Ref: ref, Path: []any{"spec", "postgresql", "parameters", "max_connections"}}},
	}
	set.Knobs = []variant.Knob{wide, narrow}
	return set, wide, narrow
}

func TestKnobsThatClaimOnePlace(t *testing.T) {
	set, wide, narrow := parameters(t)
	files := emit(t, set)
	require.Contains(t, string(files["templates/cluster-shop.yaml"]), "{{- toYaml .Values.parameters | nindent 6 }}",
		"the wide one covers the narrow one, which can still be set through it")
	require.Contains(t, string(files["values-prod.yaml"]), "timezone: null")
	holdsKnobLaw(t, set, files, narrow, "seven")

	narrow.Fields = append(narrow.Fields, variant.Field{Ref: narrow.Fields[0].Ref, Path: []any{"spec", "stopDelay"}})
	for _, objs := range [][]manifest.Object{set.Base, set.Envs[0].Objects, set.Envs[1].Objects} {
		for _, o := range objs {
			if v, ok := manifest.Get(o.Body(), narrow.Fields[0].Path...); ok {
				manifest.Set(o.Body(), v, "spec", "stopDelay")
			}
		}
	}
	set.Knobs = []variant.Knob{wide, narrow}
	files = emit(t, set)
	require.NotContains(t, string(files["templates/cluster-shop.yaml"]), "toYaml .Values.parameters",
		"the narrow one is not covered, so it stays and the wide one goes")
	holdsKnobLaw(t, set, files, narrow, "seven")
}
