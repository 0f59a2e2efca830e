package argocd

import (
	"path"

	"github.com/onggi-db/onggi/render/argocd/plugin"
	"github.com/onggi-db/onggi/render/manifest"
)

const apiVersion = "argoproj.io/v1alpha1"

// Sync waves inside the root Application: projects before what is in them, what others need before them, databases last.
const (
	waveProject  = -40
	waveOperator = -30
	wavePlugin   = -20 // operators that extend another operator
	waveDatabase = 0
)

// historyLimit is how many past syncs an Application lists.
const historyLimit int64 = 10

// application delivers one database to one environment.
func application(s settings, d deployment) manifest.Map {
	return manifest.Map{
		"apiVersion": apiVersion,
		"kind":       "Application",
		"metadata":   applicationMeta(s, d, manifest.Map{"namespace": s.namespace}),
		"spec":       applicationSpec(s, d, syncPolicy(databasePolicy(d.autoSync)), ignoreDifferences(d.objects)),
	}
}

// applicationMeta has no finalizer, on purpose: with one, deleting the Application would delete the database.
func applicationMeta(s settings, d deployment, meta manifest.Map) manifest.Map {
	meta["name"] = d.application(s)
	meta["labels"] = databaseLabels(s, d)
	meta["annotations"] = manifest.Map{
		waveAnnotation: wave(waveDatabase),
		// Argo CD then renders again only when a commit touches these paths, and not for every commit of the repository.
		"argocd.argoproj.io/manifest-generate-paths": watched(s, d),
	}
	return meta
}

func databaseLabels(s settings, d deployment) manifest.Map {
	labels := manifest.Map{"app.kubernetes.io/part-of": s.project, "onggi.dev/database": d.database}
	if d.env != "" {
		labels["onggi.dev/environment"] = d.env
	}
	return labels
}

// applicationSpec takes the sync policy from outside: an ApplicationSet sets it apart for each of its generators.
func applicationSpec(s settings, d deployment, policy manifest.Map, differences []any) manifest.Map {
	out := manifest.Map{
		"project":              s.project,
		"source":               source(s, d),
		"destination":          manifest.Map{"server": d.server, "namespace": d.namespace},
		"revisionHistoryLimit": historyLimit,
		"info": []any{
			manifest.Map{"name": "Engine", "value": d.engine + " " + d.version},
			manifest.Map{"name": "Back end", "value": d.backend},
		},
	}
	if policy != nil {
		out["syncPolicy"] = policy
	}
	if len(differences) > 0 {
		out["ignoreDifferences"] = differences
	}
	return out
}

// source is where Argo CD finds the database and how it renders it.
func source(s settings, d deployment) manifest.Map {
	src := manifest.Map{"repoURL": s.repo, "targetRevision": d.revision, "path": sourcePath(s, d)}
	switch s.source {
	case Manifests:
		src["directory"] = manifest.Map{"recurse": true}
	case Helm:
		// The chart's test pod is for people who run helm test; Argo CD would leave it behind.
		helm := manifest.Map{"releaseName": d.database, "skipTests": true}
		if d.env != "" {
			helm["valueFiles"] = []any{"values-" + d.env + ".yaml"}
		}
		src["helm"] = helm
	case Plugin:
		src["plugin"] = manifest.Map{"name": plugin.Name, "parameters": pluginParameters(d)}
	}
	return src
}

// pluginParameters name the file, so that nothing else is read, and the database, since a file may have several.
func pluginParameters(d deployment) []any {
	var out []any
	if d.env != "" {
		out = append(out, manifest.Map{"name": plugin.ParameterEnv, "string": d.env})
	}
	return append(out, manifest.Map{"name": plugin.ParameterFile, "array": []any{d.specFile}},
		manifest.Map{"name": plugin.ParameterDatabase, "string": d.database})
}

func sourcePath(s settings, d deployment) string {
	switch {
	case s.source == Manifests:
		return path.Join(s.path, d.env, d.database)
	case s.source == Kustomize && d.env == "":
		return path.Join(s.path, d.database, "base")
	case s.source == Kustomize:
		return path.Join(s.path, d.database, "overlays", d.env)
	case s.source == Helm:
		return path.Join(s.path, d.database)
	}
	return path.Join(".", s.path)
}

// watched is the folder that holds all that the source reads, from the root of the repository: an overlay is made of its
// base and components too.
func watched(s settings, d deployment) string {
	switch s.source {
	case Kustomize:
		return "/" + path.Join(s.path, d.database)
	case Plugin:
		return d.watched
	}
	return path.Join("/", sourcePath(s, d))
}

// specFolder is what the plugin reads for a spec: its folder, since manifests beside it belong to it, and the projects above.
func specFolder(s settings, specFile string) string {
	root := path.Join("/", s.path)
	folder := path.Join(root, path.Dir(specFile))
	out := folder
	for at := folder; at != root && at != "/"; {
		at = path.Dir(at)
		out += ";" + path.Join(at, plugin.Marker)
	}
	return out
}

// policy is how an Application is applied.
type policy struct {
	auto      bool
	prune     bool
	options   []any
	namespace manifest.Map // labels of the namespace that CreateNamespace makes
}

// databasePolicy is how databases are applied. RespectIgnoreDifferences is left out: with it, Argo CD writes the ignored
// fields back as it last saw them, and a fence that was just lifted could come back. Under server-side apply it leaves
// fields alone that Git does not set.
func databasePolicy(auto bool) policy {
	return policy{auto: auto, prune: true, options: []any{
		"CreateNamespace=true",
		"ServerSideApply=true",
		"ApplyOutOfSyncOnly=true",   // an unchanged Cluster in the middle of a failover does not fail the sync of a change elsewhere
		"PruneLast=true",            // what replaces an object is there before the object goes
		"FailOnSharedResource=true", // two Applications never pull at one database
	}}
}

func syncPolicy(p policy) manifest.Map {
	out := manifest.Map{
		"syncOptions": p.options,
		// Half an hour of attempts: on the first sync, CRDs come from Applications that are still being synced. Each attempt
		// takes the newest commit, so that a fix need not wait until the broken one has failed ten times.
		"retry": manifest.Map{
			"limit":   int64(10),
			"refresh": true,
			"backoff": manifest.Map{"duration": "15s", "factor": int64(2), "maxDuration": "5m"},
		},
	}
	if p.auto {
		out["automated"] = manifest.Map{"prune": p.prune, "selfHeal": true, "allowEmpty": false}
	}
	if len(p.namespace) > 0 {
		out["managedNamespaceMetadata"] = manifest.Map{"labels": p.namespace}
	}
	return out
}

// root is the Application that reads the folder argocd/ itself: a person applies it once, and from then on a commit is
// enough. It reads neither itself, which would make it wait for itself, nor argocd-cm.yaml, which belongs to Argo CD.
func root(s settings) manifest.Map {
	dir := path.Join(s.path, "argocd")
	return manifest.Map{
		"apiVersion": apiVersion,
		"kind":       "Application",
		"metadata": manifest.Map{
			"name":        s.project,
			"namespace":   s.namespace,
			"labels":      manifest.Map{"app.kubernetes.io/part-of": s.project},
			"annotations": manifest.Map{"argocd.argoproj.io/manifest-generate-paths": "/" + dir},
		},
		"spec": manifest.Map{
			"project": "default", // only an administrator's project may make projects
			"source": manifest.Map{
				"repoURL":        s.repo,
				"targetRevision": s.revision,
				"path":           dir,
				"directory":      manifest.Map{"recurse": true, "exclude": "{root.yaml,argocd-cm.yaml}"},
			},
			"destination":          manifest.Map{"server": inCluster, "namespace": s.namespace},
			"revisionHistoryLimit": historyLimit,
			"syncPolicy": syncPolicy(policy{auto: s.autoSync, prune: true, options: []any{
				"ServerSideApply=true", "ApplyOutOfSyncOnly=true", "PruneLast=true",
			}}),
		},
	}
}
