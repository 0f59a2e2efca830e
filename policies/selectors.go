package policies

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/onggi-db/onggi/render/manifest"
)

// podSet are pods that something in the input makes: each label with the values it may have, nil for any.
type podSet struct {
	namespace string
	labels    map[string][]string
}

// podSets lists the pods that the input is known to make.
func (w *world) podSets() []podSet {
	var out []podSet
	for _, e := range w.entries {
		switch e.ref.Kind + "." + e.ref.Group() {
		case kindCluster:
			out = append(out, podSet{e.ref.Namespace, instanceLabels(e)}, podSet{e.ref.Namespace, jobLabels(e)})
		case kindPooler:
			out = append(out, podSet{e.ref.Namespace, poolerLabels(e)})
		case "Pod.":
			out = append(out, podSet{e.ref.Namespace, fixed(mapping(e.Body(), "metadata", "labels"))})
		case "Deployment.apps", "StatefulSet.apps", "DaemonSet.apps", "Job.batch":
			out = append(out, podSet{e.ref.Namespace, fixed(mapping(e.Body(), "spec", "template", "metadata", "labels"))})
		case "CronJob.batch":
			out = append(out, podSet{e.ref.Namespace, fixed(mapping(e.Body(), "spec", "jobTemplate", "spec", "template", "metadata", "labels"))})
		}
	}
	for _, d := range w.drills {
		if d.cfg != nil {
			out = append(out, podSet{d.ref.Namespace, d.scratchLabels()})
		}
	}
	return out
}

// instanceLabels are those that CloudNativePG gives the pods of a cluster. A cluster of one has no replica.
func instanceLabels(e *entry) map[string][]string {
	roles := []string{"primary", "replica"}
	if n, ok := manifest.Get(e.Body(), "spec", "instances"); !ok || n == int64(1) {
		roles = roles[:1]
	}
	name := []string{e.ref.Name}
	out := map[string][]string{
		"cnpg.io/cluster":              name,
		"cnpg.io/instanceName":         nil,
		"cnpg.io/instanceRole":         roles,
		"cnpg.io/majorVersion":         nil,
		"cnpg.io/podRole":              {"instance"},
		"postgresql":                   name,
		"role":                         roles,
		"app.kubernetes.io/component":  {"database"},
		"app.kubernetes.io/instance":   name,
		"app.kubernetes.io/managed-by": {"cloudnative-pg"},
		"app.kubernetes.io/name":       {"postgresql"},
		"app.kubernetes.io/version":    nil,
	}
	maps.Copy(out, fixed(mapping(e.Body(), "spec", "inheritedMetadata", "labels")))
	return out
}

// jobLabels are those of the jobs that initialise and join instances.
func jobLabels(e *entry) map[string][]string {
	return map[string][]string{"cnpg.io/cluster": {e.ref.Name}, "cnpg.io/instanceName": nil, "cnpg.io/jobRole": nil}
}

func poolerLabels(e *entry) map[string][]string {
	out := map[string][]string{
		"cnpg.io/cluster":    {text(e.Body(), "spec", "cluster", "name")},
		"cnpg.io/podRole":    {"pooler"},
		"cnpg.io/poolerName": {e.ref.Name},
	}
	for _, label := range []string{"component", "instance", "managed-by", "name", "version"} {
		out["app.kubernetes.io/"+label] = nil
	}
	maps.Copy(out, fixed(mapping(e.Body(), "spec", "template", "metadata", "labels")))
	return out
}

func fixed(labels manifest.Map) map[string][]string {
	out := map[string][]string{}
	for k, v := range labels {
		s, _ := v.(string)
		out[k] = []string{s}
	}
	return out
}

// has says whether a pod may carry the label with the value. Labels under onggi.dev/ are set by the agents while they run.
func (p podSet) has(label, value string) bool {
	values, ok := p.labels[label]
	if !ok {
		return strings.HasPrefix(label, "onggi.dev/")
	}
	return values == nil || slices.Contains(values, value)
}

// selector is matchLabels and matchExpressions, as every kind but Service writes them.
type selector struct {
	labels      manifest.Map
	expressions []any
}

func (s selector) keys() []string {
	out := slices.Collect(maps.Keys(s.labels))
	for _, x := range s.expressions {
		out = append(out, text(x, "key"))
	}
	slices.Sort(out)
	return out
}

// mayMatch says whether some pod of the set can match: expressions that exclude are given the benefit of the doubt.
func (s selector) mayMatch(p podSet) bool {
	for k, v := range s.labels {
		value, _ := v.(string)
		if !p.has(k, value) {
			return false
		}
	}
	for _, x := range s.expressions {
		label := text(x, "key")
		_, known := p.labels[label]
		switch text(x, "operator") {
		case "Exists":
			if !known {
				return false
			}
		case "In":
			if !slices.ContainsFunc(items(x, "values"), func(v any) bool { s, _ := v.(string); return p.has(label, s) }) {
				return false
			}
		}
	}
	return true
}

// selects reads the pod selector of an object: where it stands, what it says, and whether it has one.
func selects(e *entry) (field []any, s selector, ok bool) {
	switch e.ref.Kind + "." + e.ref.Group() {
	case kindService:
		field = at("spec", "selector")
		s = selector{labels: mapping(e.Body(), "spec", "selector")}
		return field, s, len(s.labels) > 0
	case "NetworkPolicy.networking.k8s.io":
		field = at("spec", "podSelector")
	case "PodDisruptionBudget.policy", "PodMonitor.monitoring.coreos.com":
		field = at("spec", "selector")
	default:
		return nil, s, false
	}
	s = selector{mapping(e.Body(), join(field, "matchLabels")...), items(e.Body(), join(field, "matchExpressions")...)}
	return field, s, len(s.labels)+len(s.expressions) > 0
}

// selectsFrom says whether an object looks for pods in a namespace.
func selectsFrom(e *entry, namespace string) bool {
	if e.ref.Kind == "PodMonitor" && has(e.Body(), "spec", "namespaceSelector") {
		return boolean(e.Body(), false, "spec", "namespaceSelector", "any") ||
			slices.Contains(items(e.Body(), "spec", "namespaceSelector", "matchNames"), any(namespace))
	}
	return e.ref.Namespace == namespace
}

// emptySelectors finds selectors on labels that the input's pods carry, but not so that any pod matches. A selector on other
// labels may be for pods that the input knows nothing of.
func emptySelectors(w *world) []Finding {
	sets := w.podSets()
	var out []Finding
	for _, e := range w.entries {
		field, s, ok := selects(e)
		if !ok {
			continue
		}
		known, matched := slices.ContainsFunc(s.keys(), isOperatorLabel), false
		for _, p := range sets {
			if selectsFrom(e, p.namespace) {
				known = known || carriesAll(p, s.keys())
				matched = matched || s.mayMatch(p)
			}
		}
		if known && !matched {
			out = append(out, e.finding(field, fmt.Sprintf("matches no pod of the manifests: %s", describe(s))))
		}
	}
	return out
}

func isOperatorLabel(label string) bool {
	return strings.HasPrefix(label, "cnpg.io/") || label == "postgresql"
}

func carriesAll(p podSet, labels []string) bool {
	return !slices.ContainsFunc(labels, func(l string) bool { _, ok := p.labels[l]; return !ok })
}

func describe(s selector) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(s.labels)) {
		parts = append(parts, fmt.Sprintf("%s=%v", k, s.labels[k]))
	}
	for _, x := range s.expressions {
		parts = append(parts, strings.TrimSpace(fmt.Sprintf("%s %s", text(x, "key"), text(x, "operator"))))
	}
	return strings.Join(parts, ", ")
}
