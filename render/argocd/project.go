package argocd

import (
	"cmp"
	"maps"
	"slices"

	"github.com/onggi-db/onggi/render/manifest"
)

// namespace of one API server.
type place struct{ server, namespace string }

// databaseProject allows the databases' Applications what they deliver, and nothing else.
func databaseProject(s settings, deployments []deployment) manifest.Map {
	places := map[place]bool{}
	namespaced := map[groupKind]bool{}
	cluster := map[resource]bool{}
	for _, d := range deployments {
		places[place{d.server, d.namespace}] = true
		cluster[resource{groupKind{"", "Namespace"}, d.namespace}] = true // for CreateNamespace
		for _, k := range kindsMade(d.backend) {
			namespaced[k] = true
		}
		for _, o := range d.objects {
			ref, k := o.Ref(), kindOf(o)
			if k.clusterScoped() {
				cluster[resource{k, ref.Name}] = true
				continue
			}
			namespaced[k] = true
			places[place{d.server, cmp.Or(ref.Namespace, d.namespace)}] = true
		}
	}
	return appProject(s, s.project, manifest.Map{
		"description":                "Databases rendered by onggi.",
		"sourceRepos":                []any{s.repo},
		"destinations":               destinations(places),
		"clusterResourceWhitelist":   clusterList(cluster),
		"namespaceResourceWhitelist": kindList(namespaced),
		// Says so when something in a database's namespace belongs to no Application: what was taken out of Git and kept.
		"orphanedResources": manifest.Map{"warn": true},
	})
}

// kindsMade are the namespaced kinds that a back end's databases can have. All of them are allowed from the beginning: a
// kind that is not allowed does not exist for Argo CD, so the last Pooler would stay for ever if the list shrank with it.
func kindsMade(backend string) []groupKind {
	both := []groupKind{
		{"", "ConfigMap"},
		{"", "Service"},
		{"", "ServiceAccount"},
		{"batch", "CronJob"},
		{"bitnami.com", "SealedSecret"},
		{"cert-manager.io", "Certificate"},
		{"external-secrets.io", "ExternalSecret"},
		{"monitoring.coreos.com", "PodMonitor"},
		{"monitoring.coreos.com", "PrometheusRule"},
		{"networking.k8s.io", "NetworkPolicy"},
		{"policy", "PodDisruptionBudget"},
		{"rbac.authorization.k8s.io", "Role"},
		{"rbac.authorization.k8s.io", "RoleBinding"},
	}
	switch backend {
	case "cloudnative-pg":
		return append(both, []groupKind{
			{"barmancloud.cnpg.io", "ObjectStore"},
			{"postgresql.cnpg.io", "Cluster"},
			{"postgresql.cnpg.io", "Database"},
			{"postgresql.cnpg.io", "DatabaseRole"},
			{"postgresql.cnpg.io", "ImageCatalog"},
			{"postgresql.cnpg.io", "Pooler"},
			{"postgresql.cnpg.io", "ScheduledBackup"},
		}...)
	case "native":
		return append(both, []groupKind{
			{"apps", "Deployment"},
			{"apps", "StatefulSet"},
		}...)
	}
	return nil
}

// operatorProject allows the operators what their charts have: kinds of the whole API server, in no namespace but theirs.
func operatorProject(s settings, operators []operator) manifest.Map {
	places := map[place]bool{}
	repos := map[string]bool{}
	cluster := map[resource]bool{}
	for _, o := range operators {
		places[place{o.server, o.namespace}] = true
		repos[o.repo] = true
		cluster[resource{groupKind{"", "Namespace"}, o.namespace}] = true
		for _, k := range o.clusterKinds {
			cluster[resource{groupKind: k}] = true
		}
	}
	return appProject(s, s.project+"-operators", manifest.Map{
		"description":              "Operators that the databases need.",
		"sourceRepos":              texts(slices.Sorted(maps.Keys(repos))),
		"destinations":             destinations(places),
		"clusterResourceWhitelist": clusterList(cluster),
	})
}

// appProject has the finalizer that an AppProject's deletion waits with until no Application is left in it. Unlike an
// Application's, it deletes nothing.
func appProject(s settings, name string, spec manifest.Map) manifest.Map {
	return manifest.Map{
		"apiVersion": apiVersion,
		"kind":       "AppProject",
		"metadata": manifest.Map{
			"name":        name,
			"namespace":   s.namespace,
			"labels":      manifest.Map{"app.kubernetes.io/part-of": s.project},
			"annotations": manifest.Map{waveAnnotation: wave(waveProject)},
			"finalizers":  []any{"resources-finalizer.argocd.argoproj.io"},
		},
		"spec": spec,
	}
}

// resource is a kind of the whole API server, or one object of it.
type resource struct {
	groupKind
	name string // "" is any
}

func destinations(places map[place]bool) []any {
	sorted := slices.SortedFunc(maps.Keys(places), func(a, b place) int {
		return cmp.Or(cmp.Compare(a.server, b.server), cmp.Compare(a.namespace, b.namespace))
	})
	out := make([]any, len(sorted))
	for i, p := range sorted {
		out[i] = manifest.Map{"server": p.server, "namespace": p.namespace}
	}
	return out
}

func clusterList(set map[resource]bool) []any {
	sorted := slices.SortedFunc(maps.Keys(set), func(a, b resource) int {
		return cmp.Or(compareKinds(a.groupKind, b.groupKind), cmp.Compare(a.name, b.name))
	})
	out := make([]any, len(sorted))
	for i, r := range sorted {
		item := manifest.Map{"group": r.group, "kind": r.kind}
		if r.name != "" {
			item["name"] = r.name
		}
		out[i] = item
	}
	return out
}

func kindList(set map[groupKind]bool) []any {
	sorted := slices.SortedFunc(maps.Keys(set), compareKinds)
	out := make([]any, len(sorted))
	for i, k := range sorted {
		out[i] = manifest.Map{"group": k.group, "kind": k.kind}
	}
	return out
}

func texts(items []string) []any {
	out := make([]any, len(items))
	for i, s := range items {
		out[i] = s
	}
	return out
}
