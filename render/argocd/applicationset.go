package argocd

import (
	"github.com/onggi-db/onggi/render/manifest"
)

// applicationSet makes the same Applications as one file each would be. Its template is the Application of a deployment
// whose facts are placeholders, so the two cannot drift apart.
//
// Whether an Application syncs by itself is no string, and so it cannot be a placeholder: where the environments differ,
// each of two generators brings the sync policy of its own.
func applicationSet(s settings, deployments []deployment) manifest.Map {
	var auto, manual []deployment
	for _, d := range deployments {
		if d.autoSync {
			auto = append(auto, d)
		} else {
			manual = append(manual, d)
		}
	}
	var common manifest.Map
	var generators []any
	switch {
	case len(manual) == 0:
		common = syncPolicy(databasePolicy(true))
		generators = []any{generator(s, auto, nil)}
	case len(auto) == 0:
		common = syncPolicy(databasePolicy(false))
		generators = []any{generator(s, manual, nil)}
	default:
		generators = []any{
			generator(s, auto, syncPolicy(databasePolicy(true))),
			generator(s, manual, syncPolicy(databasePolicy(false))),
		}
	}
	return manifest.Map{
		"apiVersion": apiVersion,
		"kind":       "ApplicationSet",
		"metadata": manifest.Map{
			"name":        s.project,
			"namespace":   s.namespace,
			"labels":      manifest.Map{"app.kubernetes.io/part-of": s.project},
			"annotations": manifest.Map{waveAnnotation: wave(waveDatabase)},
		},
		"spec": manifest.Map{
			"goTemplate":        true,
			"goTemplateOptions": []any{"missingkey=error"},
			"generators":        generators,
			"template":          template(s, deployments, common),
			// Without this the controller gives its Applications a finalizer, and deleting the set would delete the databases.
			"syncPolicy": manifest.Map{"preserveResourcesOnDeletion": true},
			// A person can pause one Application by this annotation; the controller would take it off again.
			"preservedFields": manifest.Map{"annotations": []any{"argocd.argoproj.io/skip-reconcile"}},
		},
	}
}

func template(s settings, deployments []deployment, policy manifest.Map) manifest.Map {
	placeholder := deployment{
		env:       "{{.env}}",
		database:  "{{.database}}",
		namespace: "{{.namespace}}",
		server:    "{{.server}}",
		revision:  "{{.revision}}",
		specFile:  "{{.file}}",
		watched:   "{{.watched}}",
		engine:    "{{.engine}}",
		version:   "{{.version}}",
		backend:   "{{.backend}}",
	}
	var all []manifest.Object
	for _, d := range deployments {
		all = append(all, d.objects...)
	}
	return manifest.Map{
		"metadata": applicationMeta(s, placeholder, manifest.Map{}),
		"spec":     applicationSpec(s, placeholder, policy, ignoreDifferences(all)),
	}
}

// generator lists deployments. A policy, if any, is laid over the template's spec; the fields beside it are required by
// the CRD, and empty ones leave the template's alone.
func generator(s settings, deployments []deployment, policy manifest.Map) manifest.Map {
	elements := make([]any, len(deployments))
	for i, d := range deployments {
		element := manifest.Map{
			"env":       d.env,
			"database":  d.database,
			"namespace": d.namespace,
			"server":    d.server,
			"revision":  d.revision,
			"file":      d.specFile,
			"engine":    d.engine,
			"version":   d.version,
			"backend":   d.backend,
		}
		if s.source == Plugin {
			element["watched"] = d.watched
		}
		elements[i] = element
	}
	list := manifest.Map{"elements": elements}
	if policy != nil {
		list["template"] = manifest.Map{
			"metadata": manifest.Map{},
			"spec":     manifest.Map{"project": "", "destination": manifest.Map{}, "syncPolicy": policy},
		}
	}
	return manifest.Map{"list": list}
}
