package spectest

import (
	"maps"
	"slices"
)

// environments are up to three patches over the spec. Nearly all of them leave it valid.
func (g *generator) environments(spec object) object {
	out := object{}
	for range g.IntN(4) {
		name := pick(g, "dev", "stage", "prod", "no", "e-1")
		if g.chance(0.1) {
			out[name] = nil
			continue
		}
		out[name] = g.patch()
		if g.chance(0.3) {
			g.turn(out[name].(object), spec)
		}
		if g.chance(0.15) {
			g.graft(out[name].(object))
		}
	}
	return out
}

// turn has the lists of the spec in another order, or without their first entry.
func (g *generator) turn(patch, spec object) {
	for _, name := range []string{"roles", "expose", "tablespaces", "externalClusters", "hba"} {
		items, _ := spec[name].(list)
		if len(items) < 2 || g.chance(0.4) {
			continue
		}
		turned := slices.Clone(items)
		slices.Reverse(turned)
		if g.chance(0.3) && name != "externalClusters" && name != "tablespaces" {
			turned = turned[1:]
		}
		patch[name] = turned
	}
}

// graft takes fields of another spec, of which some will not go with this one: then it is to be refused.
func (g *generator) graft(patch object) {
	other := (&generator{Rand: g.Rand}).spec()
	names := slices.Sorted(maps.Keys(other))
	for range 1 + g.IntN(4) {
		switch name := pick(g, names...); name {
		case "overrides": // they name the other cluster
		default:
			patch[name] = other[name]
		}
	}
}

// patch changes, adds, replaces and takes away.
func (g *generator) patch() object {
	o := object{}
	g.maybe(o, 0.4, "instances", g.instances+g.IntN(3))
	if g.chance(0.4) {
		storage := object{"size": g.size()}
		g.maybe(storage, 0.5, "class", pick[any](g, nil, "other"))
		o["storage"] = storage
	}
	if g.chance(0.4) {
		o["parameters"] = g.parameters()
		g.maybe(o["parameters"].(object), 0.5, "timezone", nil)
		g.maybe(o["parameters"].(object), 0.3, "max_connections", nil)
	}
	g.maybe(o, 0.3, "expose", pick[any](g, nil, g.services(), list{}))
	g.maybe(o, 0.3, "network", pick[any](g, nil, g.network()))
	g.maybe(o, 0.3, "monitoring", pick[any](g, nil, g.monitoring(), object{"alerts": false, "labels": nil}))
	g.maybe(o, 0.3, "placement", pick[any](g, nil, g.placement(), object{"nodeSelector": nil, "antiAffinity": "none"}))
	g.maybe(o, 0.3, "labels", pick[any](g, nil, g.labels(), object{"team": nil}))
	g.maybe(o, 0.3, "annotations", pick[any](g, nil, g.annotations(), object{"team": g.text(), "on": nil}))
	g.maybe(o, 0.3, "hba", pick[any](g, nil, list{g.hba()}, list{g.hba(), g.hba(), g.hba()}))
	g.maybe(o, 0.2, "roles", pick[any](g, nil, list{object{"name": "only", "login": true, "comment": g.text()}}))
	g.maybe(o, 0.2, "replication", pick[any](g, nil, object{"mode": "async", "failoverQuorum": nil}))
	g.maybe(o, 0.2, "updates", nil)
	g.maybe(o, 0.3, "timeouts", pick[any](g, nil, g.timeouts()))
	g.maybe(o, 0.2, "backup", nil)
	if _, gone := o["backup"]; g.drilled && !gone && g.chance(0.4) {
		o["backup"] = object{"drill": pick[any](g, nil, "0 7 * * 1", object{"amcheck": false, "checks": nil})}
	}
	g.maybe(o, 0.2, "overrides", pick[any](g, nil, g.overrides()))
	g.maybe(o, 0.2, "hibernate", g.chance(0.5))
	g.maybe(o, 0.2, "logLevel", pick(g, "error", "debug"))
	g.maybe(o, 0.2, "tls", nil)
	if g.pooler && g.chance(0.3) {
		o["pooler"] = object{"instances": 1 + g.IntN(5), "parameters": pick[any](g, nil, object{"default_pool_size": "30", "verbose": "2"})}
	}
	return o
}

// project moves some of the spec into defaults, where they mean the same, and says where the environments run.
func (g *generator) project(spec, envs object) object {
	p := object{"apiVersion": "onggi.dev/v1alpha1", "kind": "Project", "metadata": object{"name": pick(g, "platform", "no")}}
	defaults := object{"logLevel": "debug", "imagePullPolicy": "Always"}
	for _, name := range []string{"backend", "version", "labels", "annotations", "placement", "timeouts"} {
		if v, set := spec[name]; set && g.chance(0.4) {
			defaults[name] = v
			delete(spec, name)
		}
	}
	g.maybe(p, 0.8, "defaults", defaults)
	if p["defaults"] == nil {
		for name, v := range defaults {
			if name != "logLevel" && name != "imagePullPolicy" {
				spec[name] = v
			}
		}
	}
	places := list{}
	for _, name := range []string{"dev", "e-1", "further", "no", "prod", "stage"} {
		if _, patched := envs[name]; !patched && (name != "further" || g.chance(0.7)) {
			continue
		}
		place := object{"name": name}
		g.maybe(place, 0.4, "namespace", "in-"+name)
		g.maybe(place, 0.3, "server", "https://"+name+".example.com:6443")
		places = append(places, place)
	}
	g.maybe(p, 0.7, "environments", places)
	argocd := object{"repo": "https://git.example.com/me/databases.git", "path": "rendered", "source": pick(g, "manifests", "kustomize", "helm")}
	g.maybe(p, 0.4, "argocd", argocd)
	return p
}

// extra is a ConfigMap full of odd texts.
func (g *generator) extra() object {
	data := object{}
	for range 1 + g.IntN(4) {
		data[pick(g, "queries.yaml", "no", "1", "a_b")] = g.text()
	}
	meta := object{"name": g.dns()}
	g.maybe(meta, 0.7, "namespace", g.namespace)
	g.maybe(meta, 0.5, "annotations", g.annotations())
	return object{"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}
}
