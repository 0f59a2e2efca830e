package charts

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/variant"
)

// Whatever the variants have, the chart gives it back: Emit proves that itself, and it is never at a loss. Two runs give
// the same bytes.
func TestRandomSetsHoldTheLaw(t *testing.T) {
	for seed := range uint64(150) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			holdsLaw(t, randomSet(seed))
		})
	}
}

func FuzzRandomSetsHoldTheLaw(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) { holdsLaw(t, randomSet(seed)) })
}

// Text survives in every position, shared and different, whatever is in it.
func FuzzTextSurvives(f *testing.F) {
	for _, s := range texts {
		f.Add(s, "other")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		body := func(s string) []manifest.Object {
			return []manifest.Object{manifest.Object{Part: manifest.PartExtra}.With(manifest.Clone(manifest.Map{
				"apiVersion": "v1", "kind": "ConfigMap", "metadata": manifest.Map{"name": "c", "namespace": "ns"},
				"data": manifest.Map{"same": a, "differs": s, "list": []any{s, a}, "items": []any{manifest.Map{"x": s}, manifest.Map{"y": a}}},
			}))}
		}
		holdsLaw(t, variant.Set{
			Name: "db", Namespace: "ns", Engine: "postgres", Version: "17.1", Backend: "cloudnative-pg",
			Base: body(a), Envs: []variant.Env{{Name: "prod", Namespace: "ns", Objects: body(b)}},
		})
	})
}

func holdsLaw(t *testing.T, set variant.Set) {
	t.Helper()
	before := clone(set)
	files, err := Emit(set, Options{})
	require.NoError(t, err)
	require.Empty(t, Verify(before, files), "the set was changed")
	again, err := Emit(set, Options{})
	require.NoError(t, err)
	require.Equal(t, files, again)
}

// texts are strings that YAML, Helm or Go templates could take for something else.
var texts = []string{
	"", " ", "a", "on", "no", "null", "~", "007", "1e3", "0x10", "12:30:45", "2024-01-01", "=", "<<", "- a", "a: b", "a #b", "'", `"`, `\`,
	"{{ $labels.pod }}", "{{", "}}", "{{`x`}}", "{{- trim -}}", "{{{{x}}}}", "{{/* c */}}", "`", "{", "{{ a }} and {{ b }}", "{{\n}}",
	"line\n", "line", "two\nlines", "two\nlines\n", "blank\n\n", "\nfirst", " lead\nx\n", "trail \nx", "\t", "tab\tin", "\n", "\n\n",
	"<no value>", "a <no value> b\nc\n", "---", "---\na: b\n", "a\n---\nb\n", "%", "@", "ns", "db-rw.ns.svc", "x ns y", "nsns",
	"\u0085", "\u00a0", "\ufeff", "\u2028", "\x7f", "\x00", "é", "😀", "HELM_ERR_START", "$x", "!tag", "&a", "*a", "|", ">", "? x",
	".Values.x", "true", "False", "0.10", "+1", "1_000", ".inf", strings.Repeat("long ", 60),
}

// generator makes objects of few distinct names and shapes, so that variants have much in common.
type generator struct{ *rand.Rand }

func randomSet(seed uint64) variant.Set {
	g := generator{rand.New(rand.NewPCG(seed, 7))}
	set := variant.Set{Name: "db", Namespace: "ns", Engine: "postgres", Version: "17.10", Backend: "cloudnative-pg"}
	pool := make([]manifest.Object, 1+g.IntN(6))
	for i := range pool {
		pool[i] = g.object(i)
	}
	set.Base = g.variant(pool, "ns")
	for i := range g.IntN(4) {
		env := variant.Env{Name: fmt.Sprintf("e%d", i), Namespace: "ns"}
		if g.IntN(3) == 0 {
			env.Namespace = fmt.Sprintf("ns-%d", i)
		}
		env.Objects = g.variant(pool, env.Namespace)
		set.Envs = append(set.Envs, env)
	}
	g.addKnobs(&set)
	return set
}

var parts = []manifest.Part{manifest.PartCluster, manifest.PartBackup, manifest.PartPooler, manifest.PartSecrets, manifest.PartExtra}

func (g generator) object(i int) manifest.Object {
	kind := []string{"Cluster", "Service", "ConfigMap"}[g.IntN(3)]
	meta := manifest.Map{"name": fmt.Sprintf("db-%d", i)}
	if g.IntN(5) > 0 {
		meta["namespace"] = "ns"
	}
	body := manifest.Map{"apiVersion": "example.org/v1", "kind": kind, "metadata": meta, "spec": g.tree(3)}
	for _, k := range []string{"labels", "annotations"} {
		if g.IntN(2) == 0 {
			meta[k] = g.stringMap()
		}
	}
	return manifest.Object{Part: parts[g.IntN(len(parts))]}.With(body)
}

// variant takes most objects of the pool, changed here and there.
func (g generator) variant(pool []manifest.Object, namespace string) []manifest.Object {
	var out []manifest.Object
	for _, o := range pool {
		if g.IntN(4) == 0 {
			continue
		}
		o = o.Clone()
		meta := o.Body()["metadata"].(manifest.Map)
		name := meta["name"]
		for range g.IntN(4) {
			o.Body()["spec"] = g.mutate(o.Body()["spec"])
			meta = g.mutate(meta).(manifest.Map)
		}
		meta["name"] = name
		for _, k := range []string{"labels", "annotations"} {
			if m, ok := meta[k].(manifest.Map); !ok {
				delete(meta, k)
			} else {
				for key, v := range m {
					if _, ok := v.(string); !ok {
						m[key] = "text"
					}
				}
			}
		}
		delete(meta, "namespace")
		if g.IntN(5) > 0 {
			meta["namespace"] = namespace
		}
		o.Body()["metadata"] = meta
		out = append(out, o)
	}
	return out
}

func (g generator) tree(depth int) any {
	switch n := g.IntN(10); {
	case depth == 0 || n < 4:
		return g.scalar()
	case n < 8:
		m := manifest.Map{}
		for range g.IntN(4) {
			m[g.key()] = g.tree(depth - 1)
		}
		return m
	default:
		list := []any{}
		named := g.IntN(2) == 0
		for i := range g.IntN(4) {
			item := g.tree(depth - 1)
			if m, ok := item.(manifest.Map); ok && named {
				m["name"] = fmt.Sprint("n", i)
			}
			list = append(list, item)
		}
		return list
	}
}

func (g generator) key() string {
	if g.IntN(12) == 0 {
		return texts[g.IntN(len(texts))]
	}
	return []string{"enabled", "size", "a", "b-c", "metallb.io/x", "backup", "namespace", "spec", "set", "value"}[g.IntN(10)]
}

func (g generator) scalar() any {
	switch g.IntN(10) {
	case 9:
		return g.script(strings.Repeat("line\n", 20+g.IntN(200)))
	case 0:
		return nil
	case 1:
		return g.IntN(2) == 0
	case 2:
		return int64(g.IntN(3)) * 5_000_000
	case 3:
		return int64(1<<53 + g.IntN(3) - 1)
	case 4:
		return []float64{0.5, 1e-7, 1e21, -2.25}[g.IntN(4)]
	default:
		return texts[g.IntN(len(texts))]
	}
}

func (g generator) stringMap() manifest.Map {
	m := manifest.Map{}
	for range g.IntN(3) {
		m[g.key()] = texts[g.IntN(len(texts))]
	}
	return m
}

// mutate changes one place of a tree.
func (g generator) mutate(v any) any {
	if g.IntN(4) == 0 {
		return g.change(v)
	}
	switch v := v.(type) {
	case manifest.Map:
		keys := sortedKeys(v)
		if len(keys) == 0 {
			return g.change(v)
		}
		k := keys[g.IntN(len(keys))]
		v[k] = g.mutate(v[k])
		return v
	case []any:
		if len(v) == 0 {
			return g.change(v)
		}
		i := g.IntN(len(v))
		v[i] = g.mutate(v[i])
		return v
	}
	return g.change(v)
}

func (g generator) change(v any) any {
	switch v := v.(type) {
	case manifest.Map:
		if keys := sortedKeys(v); len(keys) > 0 && g.IntN(2) == 0 {
			delete(v, keys[g.IntN(len(keys))])
			return v
		}
		v[g.key()] = g.tree(1)
		return v
	case []any:
		switch {
		case len(v) > 1 && g.IntN(3) == 0:
			v[0], v[len(v)-1] = v[len(v)-1], v[0]
			return v
		case len(v) > 0 && g.IntN(2) == 0:
			return v[1:]
		}
		return append(v, g.tree(1))
	case string:
		if strings.Count(v, "\n") > 5 {
			return g.script(v)
		}
	}
	return g.tree(1)
}

// script changes some lines of a text.
func (g generator) script(s string) string {
	lines := strings.Split(s, "\n")
	pool := []string{"", "  indented", "{{ $x }}", "host: db-rw.ns.svc", `up{namespace="ns"}`, "in ns", "ns-1", "ends ", "---", "echo 'x'"}
	for range 1 + g.IntN(6) {
		i := g.IntN(len(lines))
		switch l := pool[g.IntN(len(pool))]; g.IntN(3) {
		case 0:
			lines[i] = l
		case 1:
			lines = slices.Insert(lines, i, l, l)
		default:
			lines = slices.Delete(lines, i, i+1)
		}
		if len(lines) == 0 {
			lines = []string{"x"}
		}
	}
	return strings.Join(lines, "\n")
}

// addKnobs writes a value to a place of an object in every variant, and says so.
func (g generator) addKnobs(set *variant.Set) {
	if len(set.Base) == 0 {
		return
	}
	for i := range g.IntN(4) % 3 {
		k := variant.Knob{
			Path: []string{"instances", "storage.size", "expose.lb.ip"}[i], Doc: "A knob.", Schema: manifest.Map{}, Envs: map[string]any{},
		}
		values := []any{int64(3), int64(30_000_000), "10Gi", "{{ x }}", true}
		for j := range 1 + g.IntN(2) {
			ref := set.Base[g.IntN(len(set.Base))].Ref()
			k.Fields = append(k.Fields, variant.Field{Ref: ref, Path: []any{"spec", fmt.Sprintf("knob%d%d", i, j)}})
		}
		write := func(objs []manifest.Object) any {
			v := values[g.IntN(len(values))]
			hit := false
			for _, o := range objs {
				for _, f := range k.Fields {
					spec, ok := o.Body()["spec"].(manifest.Map)
					if ok && o.Ref().Kind == f.Ref.Kind && o.Ref().Name == f.Ref.Name && g.IntN(4) > 0 {
						spec[f.Path[1].(string)] = v
						hit = true
					}
				}
			}
			if !hit {
				return nil
			}
			return v
		}
		k.Value = write(set.Base)
		for _, env := range set.Envs {
			if v := write(env.Objects); v != nil {
				k.Envs[env.Name] = v
			}
		}
		set.Knobs = append(set.Knobs, k)
	}
}
