package charts

import (
	"slices"
	"strings"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/variant"
)

// keepAnnotation tells Helm to leave an object where it is when the release is uninstalled.
const keepAnnotation = "helm.sh/resource-policy"

// builtins are the values that every chart has: docs/decisions/0010 and 0011 say why these.
func builtins(set variant.Set, variants int) builtin {
	return builtin{
		keep: &value{
			want: [][]string{{"keep"}, {"keepOnUninstall"}}, form: formBool, opinions: constant(variants, true),
			doc: "Leave the database running when the release is uninstalled: what holds data, and what that needs to run, " +
				"gets the annotation " + keepAnnotation + ". Turn it off to delete the data with the release.",
		},
		commonLabels: &value{
			want: [][]string{{"commonLabels"}, {"labels"}}, form: formBlock, opinions: constant(variants, manifest.Map{}),
			doc: "Labels for every object, beside those it has.", removable: true,
			schema: manifest.Map{"type": "object", "additionalProperties": manifest.Map{"type": "string"}},
		},
		testEnabled: &value{
			want: [][]string{{"tests", "enabled"}}, form: formBool, opinions: constant(variants, true),
			doc: "Render the pod that `helm test` runs: it waits until the database accepts connections." + testAccess(set),
		},
		testImage: &value{
			want: [][]string{{"tests", "image"}}, form: formString, opinions: constant(variants, testImage(set)),
			doc: "Image of that pod.",
		},
	}
}

// testAccess says what a network policy of the database has to do with the test's pod, which is not in the policy: the chart renders
// what the spec says.
func testAccess(set variant.Set) string {
	guarded := func(o manifest.Object) bool { return o.Ref().Kind == "NetworkPolicy" && o.Part == manifest.PartNetwork }
	if !slices.ContainsFunc(set.Base, guarded) && !slices.ContainsFunc(set.Envs, func(e variant.Env) bool {
		return slices.ContainsFunc(e.Objects, guarded)
	}) {
		return ""
	}
	return " The network policy keeps it out, unless the spec's network.allow lets in pods with the labels " +
		"app.kubernetes.io/name: " + set.Name + " and app.kubernetes.io/component: test."
}

// root is an object's body. Its metadata takes the labels and the annotation that the chart can add.
func (b *build) root(o *object) *mapping {
	at := place{object: o, short: o.root, full: o.root}
	cs := o.cells
	if !cs.every(hasMetadata) {
		return b.mapping(at, cs)
	}
	m := &mapping{}
	for _, k := range unionKeys(cs) {
		if k == "metadata" {
			m.entries = append(m.entries, entry{key: k, node: b.metadata(o, at.key(k), cs.child(k))})
		} else {
			m.entries = append(m.entries, b.entry(at.key(k), k, cs, cs.child(k)))
		}
	}
	return m
}

func hasMetadata(body any) bool { return isMap(body.(manifest.Map)["metadata"]) }

func (b *build) metadata(o *object, at place, cs cells) *mapping {
	additions := map[string]entry{
		"labels": {
			splice: true, when: cond{terms: []*value{b.builtin.commonLabels}, with: true},
			node: &leaf{b.builtin.commonLabels, formBlock},
		},
	}
	if keeps(o.part, o.ref.Kind) {
		additions["annotations"] = entry{
			key: keepAnnotation, when: cond{terms: []*value{b.builtin.keep}}, node: &literal{value: "keep"},
		}
	}
	keys := unionKeys(cs)
	for _, k := range sortedKeys(additions) {
		if !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	m := &mapping{}
	for _, k := range keys {
		child := cs.child(k)
		if add, ok := additions[k]; ok && child.every(takesMore) {
			m.entries = append(m.entries, b.extended(at.key(k), k, cs, child, add))
		} else {
			m.entries = append(m.entries, b.entry(at.key(k), k, cs, child))
		}
	}
	return m
}

// takesMore reports a mapping that says something and leaves the annotation to us.
func takesMore(v any) bool {
	m, ok := v.(manifest.Map)
	_, has := m[keepAnnotation]
	return ok && len(m) > 0 && !has
}

// extended is the mapping below k with one more entry. A variant without the mapping is one without any of its entries:
// so the mapping is there when one of its entries is.
func (b *build) extended(at place, k string, parent, cs cells, add entry) entry {
	full := make(cells, len(cs))
	for i, c := range cs {
		full[i] = c
		if parent[i].has && !c.has {
			full[i] = cell{has: true, value: manifest.Map{}}
		}
	}
	m := b.mapping(at, full)
	if add.splice {
		b.reserveLabels(m)
	}
	m.entries = append(m.entries, add)
	e := entry{key: k, node: m}
	var terms []*value
	for _, child := range m.entries {
		if child.when.always() {
			return e
		}
		for _, t := range child.when.terms {
			if !slices.Contains(terms, t) {
				terms = append(terms, t)
			}
		}
	}
	switch {
	case len(m.entries) > 1:
		e.when = cond{terms: terms, any: true}
	case add.splice:
		e = entry{key: k, when: add.when, node: add.node}
	default:
		e.when, m.entries[0].when = add.when, cond{}
	}
	return e
}

// reserveLabels keeps the common labels from repeating one that an object has: a mapping cannot have a key twice.
func (b *build) reserveLabels(m *mapping) {
	for _, e := range m.entries {
		if !slices.Contains(b.labels, any(e.key)) {
			b.labels = append(b.labels, e.key)
		}
	}
	if len(b.labels) == 0 {
		return
	}
	slices.SortFunc(b.labels, func(x, y any) int { return strings.Compare(x.(string), y.(string)) })
	b.builtin.commonLabels.schema["propertyNames"] = manifest.Map{"not": manifest.Map{"enum": b.labels}}
}

// keeps reports what stays when the release is uninstalled: the database, and what it cannot run on without. The object
// store is among it, as a database that cannot archive its log fills its disk.
func keeps(part manifest.Part, kind string) bool {
	switch part {
	case manifest.PartCluster, manifest.PartDatabases, manifest.PartSecrets:
		return true
	}
	return kind == "ObjectStore" || kind == "PersistentVolumeClaim"
}

func unionKeys(cs cells) []string {
	keys := map[string]bool{}
	for _, c := range cs {
		if c.has {
			for k := range c.value.(manifest.Map) {
				keys[k] = true
			}
		}
	}
	return sortedKeys(keys)
}
