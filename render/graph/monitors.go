package graph

import (
	"strings"

	"github.com/onggi-db/onggi/render/manifest"
)

// monitors are who watches, in the order in which a sample becomes an alert and a curve.
func (a *artist) monitors() {
	for _, o := range append(a.of("PodMonitor"), a.of("ServiceMonitor")...) {
		a.monitor(o)
	}
	for _, o := range a.of("PrometheusRule") {
		rules := 0
		groups, _ := manifest.Get(o.Body(), "spec", "groups")
		for _, g := range list(groups) {
			in, _ := manifest.Get(g, "rules")
			rules += len(list(in))
		}
		ref := o.Ref()
		a.add(Node{ID: "alerts:" + ref.Name, Lane: Monitoring, Kind: KindAlerts, Title: ref.Name, Lines: []string{plural(rules, "alert")}, Object: ref})
	}
	for _, o := range a.of("ConfigMap") {
		if ref := o.Ref(); o.Part == manifest.PartMonitoring && strings.HasSuffix(ref.Name, "-dashboard") {
			a.add(Node{ID: "dashboard", Lane: Monitoring, Kind: KindDashboard, Title: ref.Name, Lines: []string{"Grafana dashboard"}, Object: ref})
		}
	}
}

func (a *artist) monitor(o manifest.Object) {
	ref, interval := o.Ref(), ""
	for _, field := range []string{"podMetricsEndpoints", "endpoints"} {
		endpoints, _ := manifest.Get(o.Body(), "spec", field)
		for _, e := range list(endpoints) {
			interval = text(e, "interval")
		}
	}
	target, whom := idCluster, "scrapes the instances"
	if id := "pooler:" + ref.Name; a.ids[id] {
		target, whom = id, "scrapes the pooler"
	}
	if interval != "" {
		whom += " every " + interval
	}
	id := a.add(Node{ID: "monitor:" + ref.Name, Lane: Monitoring, Kind: KindMonitor, Title: ref.Name, Lines: []string{whom}, Object: ref})
	a.join(id, target, Watches, "")
}

// others are the objects that nothing in the picture stands for yet. Those of one name, such as a ServiceAccount with its Role
// and RoleBinding, share a node, which leads to the first of them.
func (a *artist) others() {
	var names []string
	byName := map[string][]manifest.Object{}
	for _, o := range a.objs {
		ref := o.Ref()
		if _, ok := a.shown[ref]; ok {
			continue
		}
		if byName[ref.Name] == nil {
			names = append(names, ref.Name)
		}
		byName[ref.Name] = append(byName[ref.Name], o)
	}
	for _, name := range names {
		var kinds, lines []string
		for _, o := range byName[name] {
			kinds = append(kinds, o.Ref().Kind)
			if o.Origin != "" {
				lines = append(lines, "from "+o.Origin)
			}
		}
		first := byName[name][0].Ref()
		a.add(Node{
			ID: "object:" + first.Kind + "/" + name, Lane: Others, Kind: KindObject, Title: name, Object: first,
			Lines: append([]string{strings.Join(kinds, ", ")}, lines...),
		})
	}
}

func list(v any) []any {
	items, _ := v.([]any)
	return items
}
