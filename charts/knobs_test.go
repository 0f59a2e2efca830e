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
			if _, ok := manifest.Get(o.Body, f.Path...); ok && o.Ref() == ref {
				manifest.Set(o.Body, value, f.Path...)
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

// A knob whose path begins another's.
func TestKnobsThatClaimOnePlace(t *testing.T) {
	set := shop(t)
	ref := manifest.Ref{APIVersion: "postgresql.cnpg.io/v1", Kind: "Cluster", Namespace: "databases", Name: "shop"}
	parameters := func(max string) manifest.Map { return manifest.Map{"max_connections": max, "timezone": "Asia/Seoul"} }
	for _, o := range append(append(canonical(set.Base), set.Envs[0].Objects...), set.Envs[1].Objects...) {
		if o.Ref().Kind == "Cluster" {
			p, _ := manifest.Get(o.Body, "spec", "postgresql", "parameters")
			delete(p.(manifest.Map), "log_statement")
		}
	}
	wide := variant.Knob{
		Path: "parameters", Value: parameters("200"), Schema: manifest.Map{"type": "object"},
		Envs:   map[string]any{"dev": parameters("50"), "prod": parameters("400")},
		Fields: []variant.Field{{Ref: ref, Path: []any{"spec", "postgresql", "parameters"}}},
	}
	narrow := variant.Knob{
		Path: "parameters.max_connections", Value: "200", Schema: manifest.Map{"type": "string"},
		Envs:   map[string]any{"dev": "50", "prod": "400"},
		Fields: []variant.Field{{Ref: ref, Path: []any{"spec", "postgresql", "parameters", "max_connections"}}},
	}
	set.Knobs = []variant.Knob{wide, narrow}
	files := emit(t, set)
	require.Contains(t, string(files["templates/cluster-shop.yaml"]), "{{- toYaml .Values.parameters | nindent 6 }}",
		"the wide one covers the narrow one, which can still be set through it")
	holdsKnobLaw(t, set, files, narrow, "seven")

	narrow.Fields = append(narrow.Fields, variant.Field{Ref: ref, Path: []any{"spec", "stopDelay"}})
	set.Knobs = []variant.Knob{wide, narrow}
	require.NotContains(t, string(emit(t, set)["templates/cluster-shop.yaml"]), "toYaml .Values.parameters",
		"the narrow one is not covered, so it stays and the wide one goes")
}
