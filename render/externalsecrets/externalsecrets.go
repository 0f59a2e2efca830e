// Package externalsecrets makes an ExternalSecret of the External Secrets Operator (external-secrets.io/v1) for every Secret
// that a plan wants:
//
//	objs := externalsecrets.Build(p)
//
// The store's entry for a Secret is called path/name, and has a property for each of its keys. The username of a login is not
// read from the store: it must be the role's, so it stands in the template, where it cannot be anything else.
//
// Everything that the definition defaults within a list item is written out, and so is refreshInterval in the one form that the
// operator writes it back in: otherwise Argo CD shows a difference for ever. nullBytePolicy is not written: releases before 2.3
// do not know it, and it lost its default again.
package externalsecrets

import (
	"strconv"
	"strings"
	"time"

	"github.com/onggi-db/onggi/render/backend"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/plan"
	"github.com/onggi-db/onggi/render/spec"
)

// Build makes the objects, in the order of the plan's needs: none when the provider is another one.
func Build(p *plan.Plan) []manifest.Object {
	if p.Secrets.Provider != "external-secrets" || p.Secrets.Store == nil {
		return nil
	}
	var objs []manifest.Object
	for _, w := range p.Wanted() {
		objs = append(objs, manifest.Object{Part: manifest.PartSecrets}.Made(manifest.Of(
			"apiVersion", "external-secrets.io/v1",
			"kind", "ExternalSecret",
			"metadata", manifest.Of("name", w.Name, "namespace", p.Namespace, "labels", labels(p)),
			"spec", manifest.Of(
				"refreshPolicy", "Periodic",
				"refreshInterval", interval(p.Secrets.Store.Refresh),
				"secretStoreRef", manifest.Of("kind", p.Secrets.Store.Kind, "name", p.Secrets.Store.Name),
				"target", target(p, w),
				"data", data(*p.Secrets.Store, w),
			),
		)))
	}
	return objs
}

// target is the Secret. It goes when the ExternalSecret goes, and stays when the store loses its entry: a database does not stop
// because somebody tidied up elsewhere.
func target(p *plan.Plan, w plan.Wanted) *manifest.Fields {
	template := manifest.Of("engineVersion", "v2", "mergePolicy", "Replace", "type", w.Type)
	if wanted := backend.Name(p.Backend).SecretLabels(); len(wanted) > 0 {
		own := manifest.Of()
		for key, value := range wanted {
			own.Set(key, value)
		}
		template.Set("metadata", manifest.Of("labels", own))
	}
	if w.User != "" {
		template.Set("mergePolicy", "Merge") // with what the store gives
		template.Set("data", manifest.Of("username", literal(w.User)))
	}
	return manifest.Of("name", w.Name, "creationPolicy", "Owner", "deletionPolicy", "Retain", "template", template)
}

// literal is a text in a template of the operator, which has Go's templates.
func literal(s string) string {
	if strings.Contains(s, "{{") {
		return "{{ " + strconv.Quote(s) + " }}"
	}
	return s
}

func data(store spec.SecretStore, w plan.Wanted) []any {
	var out []any
	for _, key := range w.Keys {
		if key == "username" && w.User != "" {
			continue
		}
		out = append(out, manifest.Of("secretKey", key, "remoteRef", manifest.Of(
			"key", remoteKey(store.Path, w.Name),
			"property", key,
			"conversionStrategy", "Default",
			"decodingStrategy", "None",
			"metadataPolicy", "None",
		)))
	}
	return out
}

func remoteKey(path, name string) string {
	if path == "" {
		return name
	}
	return strings.TrimSuffix(path, "/") + "/" + name
}

// interval is a duration as the operator writes it: 1h0m0s.
func interval(s string) string {
	d, _ := spec.ParseDuration(s) // the spec's format has refused anything else
	return d.Round(time.Second).String()
}

func labels(p *plan.Plan) *manifest.Fields {
	name := "postgresql"
	if p.Engine != "postgres" {
		name = p.Engine
	}
	out := manifest.Of(
		"app.kubernetes.io/name", name,
		"app.kubernetes.io/instance", p.Name,
		"app.kubernetes.io/component", string(manifest.PartSecrets),
		"app.kubernetes.io/managed-by", "onggi",
	)
	for key, value := range p.Labels {
		out.Set(key, value)
	}
	return out
}
