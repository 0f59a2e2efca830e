package spectest

import "fmt"

// spec makes a whole spec. The order matters: later parts name what earlier ones have made.
func (g *generator) spec() object {
	g.cluster, g.namespace = pick(g, "shop", "db", "a-1", "orders-v2", "no"), pick(g, "databases", "default", "no", "team-1")
	g.major, g.operator = 14+g.IntN(5), 25+g.IntN(6)
	g.instances = 1 + g.IntN(5)
	s := object{
		"engine": "postgres", "backend": "cloudnative-pg", "instances": g.instances,
		"operatorVersion": fmt.Sprintf("1.%d", g.operator), "storage": g.storage(),
	}
	if g.chance(0.3) {
		delete(s, "engine")
	}
	if g.operator == 30 && g.chance(0.5) {
		delete(s, "operatorVersion")
	}
	g.image(s)
	g.data(s)
	g.bootstrap(s)
	g.access(s)
	if g.chance(0.7) {
		s["backup"] = g.backup()
	}
	g.operations(s)
	g.pods(s)
	if g.chance(0.4) {
		s["overrides"] = g.overrides()
	}
	return s
}

func (g *generator) image(s object) {
	s["version"] = fmt.Sprint(g.major)
	switch g.IntN(4) {
	case 0:
		s["version"] = fmt.Sprintf("%d.%d", g.major, g.IntN(5))
	case 1:
		s["image"] = fmt.Sprintf("registry.example.com:5000/pg:%d.%d-custom", g.major, g.IntN(5))
	case 2:
		s["imageCatalog"] = object{"kind": pick(g, "ImageCatalog", "ClusterImageCatalog"), "name": g.dns()}
	}
	g.maybe(s, 0.3, "imagePullPolicy", pick(g, "Always", "IfNotPresent", "Never"))
	g.maybe(s, 0.3, "imagePullSecrets", list{g.dns(), "registry"})
}

func (g *generator) storage() object {
	o := object{"size": g.size()}
	g.maybe(o, 0.5, "class", pick(g, "fast", "longhorn-ssd", "no"))
	g.maybe(o, 0.3, "resizeInUse", g.chance(0.5))
	if g.wal = g.chance(0.4); g.wal {
		wal := object{"size": g.size()}
		g.maybe(wal, 0.5, "class", "slow")
		o["wal"] = wal
	}
	return o
}

// operations are how the cluster is watched, changed and stopped.
func (g *generator) operations(s object) {
	if g.chance(0.6) {
		s["monitoring"] = g.monitoring()
	}
	if g.chance(0.3) {
		s["disruption"] = object{"budget": g.chance(0.5)}
	}
	if g.chance(0.3) {
		updates := object{"method": pick(g, "restart", "switchover")}
		if g.instances > 1 {
			updates["strategy"] = pick(g, "unsupervised", "supervised")
		}
		s["updates"] = updates
	}
	if g.chance(0.4) {
		s["timeouts"] = g.timeouts()
	}
	g.maybe(s, 0.1, "hibernate", true)
	g.maybe(s, 0.3, "logLevel", pick(g, "error", "warning", "info", "debug", "trace"))
}

func (g *generator) timeouts() object {
	o := object{}
	g.maybe(o, 0.5, "start", g.duration())
	g.maybe(o, 0.5, "stop", pick(g, "10m", "1h", "90m"))
	g.maybe(o, 0.5, "smartStop", pick(g, "30s", "500ms", "2m"))
	g.maybe(o, 0.5, "switchover", g.duration())
	g.maybe(o, 0.5, "failoverDelay", pick(g, "0s", "5s", "1m"))
	return o
}

func (g *generator) monitoring() object {
	o := object{}
	g.maybe(o, 0.3, "scrape", g.chance(0.5))
	g.maybe(o, 0.6, "alerts", true)
	g.maybe(o, 0.4, "dashboards", true)
	g.maybe(o, 0.3, "dashboardNamespace", "monitoring")
	g.maybe(o, 0.3, "dashboardFolder", g.text())
	g.maybe(o, 0.3, "interval", pick(g, "15s", "1m"))
	g.maybe(o, 0.5, "labels", g.labels())
	g.maybe(o, 0.3, "runbookURL", "https://runbooks.example.com/{{x}}")
	g.maybe(o, 0.3, "backupMaxAge", "36h")
	g.maybe(o, 0.3, "queries", list{object{"configMap": g.dns(), "key": "queries.yaml"}})
	g.maybe(o, 0.3, "tls", true)
	return o
}

// pods are where the instances run and what they carry.
func (g *generator) pods(s object) {
	g.maybe(s, 0.5, "labels", g.labels())
	g.maybe(s, 0.5, "annotations", g.annotations())
	if g.chance(0.3) {
		s["serviceAccount"] = object{"annotations": g.annotations()}
	}
	if g.chance(0.5) {
		s["resources"] = g.resources()
	}
	if g.chance(0.5) {
		s["placement"] = g.placement()
	}
	if g.chance(0.4) {
		s["network"] = g.network()
	}
}

func (g *generator) resources() object {
	o := object{"requests": object{"cpu": pick(g, "500m", "1", "0.25"), "memory": pick(g, "2Gi", "4Gi", "3000M")}}
	if g.chance(0.5) {
		o["limits"] = object{"memory": pick(g, "4Gi", "8Gi"), "cpu": "2"}
	}
	return o
}

func (g *generator) placement() object {
	o := object{}
	g.maybe(o, 0.4, "antiAffinity", pick(g, "preferred", "required", "none"))
	g.maybe(o, 0.3, "topologyKey", "topology.kubernetes.io/zone")
	g.maybe(o, 0.4, "nodeSelector", g.labels())
	g.maybe(o, 0.4, "tolerations", g.some(2, func(name string) any {
		return pick(g, object{"operator": "Exists"}, object{"key": name, "operator": "Exists", "effect": "NoSchedule"},
			object{"key": name, "value": g.labelValue()}, object{"key": name, "value": "x", "effect": "NoExecute", "seconds": g.IntN(100)})
	}))
	g.maybe(o, 0.3, "spread", list{object{"topologyKey": "topology.kubernetes.io/zone", "maxSkew": 1 + g.IntN(3), "whenUnsatisfiable": pick(g, "DoNotSchedule", "ScheduleAnyway")}})
	g.maybe(o, 0.2, "nodeAffinity", object{"requiredDuringSchedulingIgnoredDuringExecution": object{"nodeSelectorTerms": list{
		object{"matchExpressions": list{object{"key": "arch", "operator": "In", "values": list{"amd64", "no"}}}}}}})
	g.maybe(o, 0.2, "priorityClass", g.dns())
	g.maybe(o, 0.2, "scheduler", "default-scheduler")
	return o
}

// overrides patch the Cluster, which every spec has, with what the API server takes anywhere.
func (g *generator) overrides() list {
	patch := object{"metadata": object{"annotations": object{"example.com/a": g.text(), "example.com/b": g.text()}}}
	if g.chance(0.5) {
		patch["spec"] = object{"ephemeralVolumesSizeLimit": object{"shm": "1Gi"}, "description": g.text()}
	}
	if g.chance(0.3) {
		patch["spec"] = object{"logLevel": nil, "env": list{object{"name": "A", "value": g.text()}}}
	}
	return list{object{"kind": "Cluster", "name": g.cluster, "patch": patch}}
}
