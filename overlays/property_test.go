package overlays

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/variant"
)

var randomSets = flag.Int("sets", 15, "how many random sets TestLaw goes through")

// TestLaw holds, for random sets: Emit succeeds, base builds to Base, each overlay to its environment, and the same set in
// another order gives the same bytes.
func TestLaw(t *testing.T) {
	for seed := range *randomSets {
		r := source{rand.New(rand.NewPCG(uint64(seed), 17))}
		set := r.set()
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			var components []string
			if seed%3 == 0 {
				components = []string{"longhorn", "arm64"}
			}
			files, err := Emit(set, Options{Components: components})
			require.NoError(t, err, "set:\n%s", describe(set))
			holds(t, set, files, components)
			again, err := Emit(shuffled(set, rand.New(rand.NewPCG(uint64(seed), 18))), Options{Components: components})
			require.NoError(t, err)
			require.Equal(t, files, again)
		})
	}
}

// holds builds every folder and compares, by other means than Verify's.
func holds(t testing.TB, set variant.Set, files map[string][]byte, components []string) {
	t.Helper()
	compare := func(dir string, objs []manifest.Object) {
		if len(components) > 0 {
			applied, err := Apply(objs, components...)
			if _, idle := err.(*IdleError); !idle {
				require.NoError(t, err)
			}
			objs = applied
		}
		built, err := Build(files, dir)
		require.NoError(t, err)
		require.Equal(t, byRef(objs), byRef(built), dir)
	}
	compare("base", set.Base)
	for _, env := range set.Envs {
		compare("overlays/"+env.Name, env.Objects)
	}
}

func byRef(objs []manifest.Object) map[string]manifest.Map {
	out := map[string]manifest.Map{}
	for _, o := range objs {
		body := manifest.Clone(o.Body())
		if meta := child(body, "metadata"); fmt.Sprint(meta["annotations"]) == "map[]" {
			delete(meta, "annotations")
		}
		out[o.Ref().APIVersion+" "+o.Ref().String()] = body
	}
	return out
}

func describe(set variant.Set) string {
	text := "# base\n" + string(manifest.Encode(set.Base...))
	for _, env := range set.Envs {
		text += "# " + env.Name + " " + env.Namespace + "\n" + string(manifest.Encode(env.Objects...))
	}
	return text
}

func shuffled(set variant.Set, r *rand.Rand) variant.Set {
	mix := func(objs []manifest.Object) []manifest.Object {
		objs = slices.Clone(objs)
		r.Shuffle(len(objs), func(i, j int) { objs[i], objs[j] = objs[j], objs[i] })
		return objs
	}
	set.Base = mix(set.Base)
	set.Envs = slices.Clone(set.Envs)
	for i := range set.Envs {
		set.Envs[i].Objects = mix(set.Envs[i].Objects)
	}
	return set
}

// source makes random sets.
type source struct{ *rand.Rand }

func (r source) chance(percent int) bool { return r.IntN(100) < percent }

func pick[T any](r source, from ...T) T { return from[r.IntN(len(from))] }

func (r source) set() variant.Set {
	set := variant.Set{Name: "shop", Namespace: "databases"}
	for i := range 3 + r.IntN(6) {
		set.Base = append(set.Base, r.object(i))
	}
	set.Base = append(set.Base, manifest.Object{Part: manifest.PartCluster}.With(manifest.Map{
		"apiVersion": "postgresql.cnpg.io/v1", "kind": "Cluster",
		"metadata": manifest.Map{"name": "shop", "namespace": "databases"},
		"spec":     manifest.Map{"storage": manifest.Map{"size": "1Gi"}, "postgresql": r.mapping(3), "env": r.list(2)},
	}))
	for _, name := range []string{"dev", "prod", "stage"}[:1+r.IntN(3)] {
		env := variant.Env{Name: name, Namespace: "databases", Objects: copied(set.Base)}
		env.Objects = slices.DeleteFunc(env.Objects, func(o manifest.Object) bool {
			return o.Ref().Kind != "Cluster" && r.chance(15)
		})
		for i := range env.Objects {
			if r.chance(50) {
				r.mutate(env.Objects[i].Body())
			}
		}
		for i := range r.IntN(3) {
			env.Objects = append(env.Objects, r.object(100+i))
		}
		if r.chance(30) {
			env.Namespace = "shop-" + name
			env.Objects = inNamespace(env.Objects, env.Namespace)
		}
		set.Envs = append(set.Envs, env)
	}
	return set
}

func (r source) object(n int) manifest.Object {
	part := pick(r, manifest.PartSecrets, manifest.PartBackup, manifest.PartExpose, manifest.PartPooler, manifest.PartExtra, "")
	meta := manifest.Map{
		"name":      fmt.Sprintf("%s%d", pick(r, "shop-", "a.b-", "x"), n),
		"namespace": pick(r, "databases", "databases", "databases", "monitoring"),
	}
	if r.chance(40) {
		meta["labels"] = r.strings()
	}
	if r.chance(40) {
		meta["annotations"] = r.annotations()
	}
	apiVersion, kind, body := r.kind()
	body["apiVersion"], body["kind"], body["metadata"] = apiVersion, kind, meta
	return manifest.Object{Part: part}.With(manifest.Canonical(body).(manifest.Map))
}

// kind makes the body of an object, in a shape that Kustomize has a schema for or has none.
func (r source) kind() (apiVersion, kind string, body manifest.Map) {
	switch r.IntN(7) {
	case 0:
		return "v1", "Service", manifest.Map{"spec": manifest.Map{"type": "LoadBalancer", "ports": r.ports(), "selector": r.strings()}}
	case 1:
		return "v1", "ConfigMap", manifest.Map{"data": r.strings()}
	case 2:
		return "networking.k8s.io/v1", "NetworkPolicy", manifest.Map{"spec": manifest.Map{
			"podSelector": manifest.Map{}, "policyTypes": []any{"Ingress"},
			"ingress": []any{manifest.Map{"from": r.list(1), "ports": r.ports()}},
		}}
	case 3:
		return "apps/v1", pick(r, "Deployment", "StatefulSet"), manifest.Map{"spec": manifest.Map{
			"replicas": int64(r.IntN(5)),
			"template": manifest.Map{"spec": manifest.Map{
				"containers": r.containers(), "tolerations": r.list(1), "nodeSelector": r.strings(),
			}},
		}}
	case 4:
		return "monitoring.coreos.com/v1", "PrometheusRule", manifest.Map{"spec": manifest.Map{"groups": []any{r.rules()}}}
	case 5:
		return "bitnami.com/v1alpha1", "SealedSecret", manifest.Map{"spec": manifest.Map{"encryptedData": r.strings()}}
	}
	return "postgresql.cnpg.io/v1", "Pooler", manifest.Map{"spec": r.mapping(3)}
}

func (r source) ports() []any {
	ports := []any{}
	for i := range r.IntN(4) {
		port := manifest.Map{"name": fmt.Sprintf("p%d", i), "port": int64(5432 + i)}
		if r.chance(70) {
			port["protocol"] = pick(r, "TCP", "UDP")
		}
		ports = append(ports, port)
	}
	r.Shuffle(len(ports), func(i, j int) { ports[i], ports[j] = ports[j], ports[i] })
	return ports
}

func (r source) containers() []any {
	items := []any{}
	for i := range 1 + r.IntN(3) {
		items = append(items, manifest.Map{
			"name": fmt.Sprintf("c%d", i), "image": r.text(), "args": []any{r.text(), r.text()}, "ports": []any{
				manifest.Map{"containerPort": int64(1 + r.IntN(3)), "protocol": "TCP"},
			},
			"env": []any{manifest.Map{"name": "A", "value": r.text()}, manifest.Map{"name": "B", "value": r.text()}},
		})
	}
	return items
}

func (r source) rules() manifest.Map {
	rules := []any{}
	for i := range 2 + r.IntN(5) {
		rules = append(rules, manifest.Map{
			"alert": fmt.Sprintf("Alert%d", i), "expr": r.text(), "for": "5m",
			"annotations": manifest.Map{"summary": "{{ $labels.pod }} " + r.text()},
		})
	}
	return manifest.Map{"name": "shop.rules", "rules": rules}
}

func (r source) strings() manifest.Map {
	out := manifest.Map{}
	for range r.IntN(4) {
		out[pick(r, "a", "b.c/d", "e~f", "data.json", "yes", "1", "on", "$patch2", "with space", "{{x}}")] = r.text()
	}
	return out
}

// annotations leaves out what Kustomize cannot write: see TestKustomizeCannot.
func (r source) annotations() manifest.Map {
	out := r.strings()
	maps.DeleteFunc(out, func(key string, value any) bool {
		return key == "1" || strings.HasPrefix(value.(string), "\t")
	})
	return out
}

func (r source) list(depth int) []any {
	out := []any{}
	for range r.IntN(4) {
		out = append(out, r.value(depth))
	}
	return out
}

func (r source) mapping(depth int) manifest.Map {
	out := manifest.Map{}
	for range r.IntN(6) {
		out[pick(r, "instances", "storage", "plugins", "name", "a", "b", "no", "x/y", "~", "enabled")] = r.value(depth)
	}
	return out
}

func (r source) value(depth int) any {
	switch n := r.IntN(11); {
	case n < 3:
		return r.text()
	case n == 3:
		return r.chance(50)
	case n == 4:
		return pick(r, int64(0), 1, -7, 5432, 1_000_650_000, 9_007_199_254_740_993, -9_223_372_036_854_775_808)
	case n == 5:
		return pick(r, 0.5, -1.25, 1e-9, 3.14159)
	case n == 6:
		return nil
	case depth == 0:
		return "leaf"
	case n < 9:
		return r.list(depth - 1)
	}
	return r.mapping(depth - 1)
}

func (r source) text() string {
	return pick(r,
		"plain", "", "no", "yes", "on", "null", "~", "0777", "0o17", "0x1F", "1e3", "1_000", "12:30:45", "2026-11-22", ".inf", "=",
		"{{ $labels.instance }} is {{ $value }}", "${VAR} $(VAR)", "a: b", "- a", "# no comment", "a #b", "'quoted'", `"double"`,
		"two\nlines", "two\nlines\n", "ends twice\n\n", "\nleading", "  spaces  ", "tab\there", "crlf\r\n", "back\\slash",
		"옹기 항아리", "\u2028", "emoji 🏺", "\ufeff", "\x01", "%", "@at", "`tick`", "!tag", "&a", "*a", "|", ">", "{", "[",
		"a very long line that goes on and on until it has passed the eightieth column by far, and then some more of it",
		"  indented\nfirst line", "trailing \nspace \n", "\ttab\nfirst", "$patch", "replace",
	)
}

// mutate changes an object in one to three places and keeps its identity and its kind's shape.
func (r source) mutate(body manifest.Map) {
	for range 1 + r.IntN(3) {
		if r.chance(30) {
			meta := child(body, "metadata")
			meta["labels"], meta["annotations"] = r.strings(), r.annotations()
			continue
		}
		at := body
		for {
			keys := slices.DeleteFunc(unionKeys(at, nil), func(key string) bool {
				return slices.Contains([]string{"apiVersion", "kind", "metadata"}, key)
			})
			if len(keys) == 0 {
				break
			}
			key := pick(r, keys...)
			next, isMap := at[key].(manifest.Map)
			if list, isList := at[key].([]any); isList && len(list) > 0 && r.chance(60) {
				next, isMap = pick(r, list...).(manifest.Map)
			}
			structure := slices.Contains([]string{"spec", "template", "storage", "data", "encryptedData"}, key)
			if !isMap || !structure && r.chance(30) {
				r.change(at, key)
				break
			}
			at = next
		}
	}
}

// change makes one field another: gone, replaced, or as a list shorter, longer or in another order.
func (r source) change(m manifest.Map, key string) {
	list, isList := m[key].([]any)
	_, isString := m[key].(string)
	switch n := r.IntN(8); {
	case isString && n < 6:
		m[key] = r.text()
	case isList && len(list) > 0 && n < 2:
		m[key] = slices.Delete(slices.Clone(list), 0, 1)
	case isList && len(list) > 0 && n < 4:
		list = slices.Clone(list)
		slices.Reverse(list)
		m[key] = list
	case isList && len(list) > 0 && n < 6:
		m[key] = append(slices.Clone(list), manifest.Map{"name": "last", "port": int64(1), "containerPort": int64(9)})
	case n == 6:
		delete(m, key)
	default:
		m["added"] = r.value(2)
	}
}

func sortedKeys[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}
