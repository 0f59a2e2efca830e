package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/onggi-db/onggi/charts"
	"github.com/onggi-db/onggi/cmd/internal/project"
	"github.com/onggi-db/onggi/render"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/plan"
	"github.com/onggi-db/onggi/render/provenance"
	"github.com/onggi-db/onggi/render/spec"
	"github.com/onggi-db/onggi/render/variant"
)

// knobs turns up to three knobs of the chart, each in any variant, and compares with the spec whose field has that value.
func (l *law) knobs(doc *spec.Document, set variant.Set, chart map[string][]byte) (count int) {
	r := rand.New(rand.NewPCG(l.seed, 1))
	turned := variant.Set{Name: set.Name, Namespace: set.Namespace, Base: set.Base}
	chart = maps.Clone(chart)
	what := make(map[string]string)
	for _, i := range r.Perm(len(set.Knobs)) {
		k := set.Knobs[i]
		env := variants(set)[r.IntN(1+len(set.Envs))]
		if strings.Contains(k.Doc, "Changed in the spec, it can move these too") {
			continue
		}
		value, objs, ok := l.turn(r, doc, k, env.Name)
		if !ok {
			continue
		}
		name := fmt.Sprintf("turned-%d", len(what))
		values, offered := l.values(chart, env.Name, k.Path, value)
		if !offered {
			continue
		}
		chart["values-"+name+".yaml"] = values
		turned.Envs = append(turned.Envs, variant.Env{Name: name, Namespace: env.Namespace, Objects: objs})
		what[name] = fmt.Sprintf("%s = %#v in %q", k.Path, value, env.Name)
		if len(what) == 3 {
			break
		}
	}
	for _, m := range charts.Verify(turned, chart) {
		require.NoError(l, m, what[m.Env])
	}
	return len(what)
}

// turn renders the spec with the field behind a knob set to another value.
func (l *law) turn(r *rand.Rand, doc *spec.Document, k variant.Knob, env string) (value any, objs []manifest.Object, ok bool) {
	cluster, problems := doc.Resolve(env)
	require.Empty(l, problems)
	if p, problems := plan.Resolve(cluster); cluster.Spec.Image == "" {
		require.Empty(l, problems)
		cluster.Spec.Image = p.Image // the pinned image is a knob too
	}
	leaves := provenance.Leaves(cluster.Spec)
	i := slices.IndexFunc(leaves, func(leaf provenance.Leaf) bool { return leaf.Name == k.Path })
	if i < 0 {
		return nil, nil, false
	}
	if value = otherThan(r, leaves[i], k.Schema); !fits(k.Schema, value) {
		return nil, nil, false
	}
	bundle, problems := render.Compile(provenance.With(cluster, leaves[i], value))
	if len(problems) > 0 {
		return nil, nil, false
	}
	objs, _, err := project.Finish(doc, bundle.Objects)
	require.NoError(l, err)
	return value, objs, true
}

// otherThan is a value that the schema allows and that finding the knob has not tried.
func otherThan(r *rand.Rand, leaf provenance.Leaf, schema manifest.Map) any {
	if choices, ok := schema["enum"].([]any); ok {
		return choices[r.IntN(len(choices))]
	}
	if len(schema) == 1 && schema["type"] == "string" && r.IntN(2) == 0 {
		return []any{"no", "1e3", "{{ .Values.x }}", "it's\n\"odd\"", "007"}[r.IntN(5)]
	}
	return provenance.Other(provenance.Other(leaf.Value))
}

// fits keeps to what a spec takes: the chart refuses the rest, as the spec does.
func fits(schema manifest.Map, value any) bool {
	if pattern, ok := schema["pattern"].(string); ok && !regexp.MustCompile(pattern).MatchString(value.(string)) {
		return false
	}
	most, bounded := schema["maximum"]
	return !bounded || value.(int64) <= manifest.Canonical(most).(int64)
}

// values is the values file of a variant with a knob turned, if the chart has the knob.
func (l *law) values(chart map[string][]byte, env, path string, value any) (out []byte, offered bool) {
	var base, own manifest.Map
	require.NoError(l, yaml.Unmarshal(chart["values.yaml"], &base))
	if env != "" {
		require.NoError(l, yaml.Unmarshal(chart["values-"+env+".yaml"], &own))
	}
	if own == nil {
		own = manifest.Map{}
	}
	var steps []any
	for step := range strings.SplitSeq(path, ".") {
		steps = append(steps, step)
	}
	_, inBase := manifest.Get(base, steps...)
	_, inOwn := manifest.Get(own, steps...)
	at := own
	for _, step := range steps[:len(steps)-1] {
		next, ok := at[step.(string)].(manifest.Map)
		if !ok {
			next = manifest.Map{}
			at[step.(string)] = next
		}
		at = next
	}
	at[steps[len(steps)-1].(string)] = value
	out, err := yaml.Marshal(own)
	require.NoError(l, err)
	return out, inBase || inOwn
}
