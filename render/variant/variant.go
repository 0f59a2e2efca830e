// Package variant holds what an emitter reads: the same database rendered once without any environment and once for each
// environment, and the knobs that provenance found. It carries no logic: render fills it, charts, overlays and argocd
// compare its members.
package variant

import "github.com/onggi-db/onggi/render/manifest"

// Set is one database in all its environments.
type Set struct {
	Name      string // the DatabaseCluster's name: the chart's name, the folder's name
	Namespace string
	Engine    string // "postgres"
	Version   string // full engine version, e.g. "17.10": the chart's appVersion
	Backend   string // e.g. "cloudnative-pg"
	// Base is the spec without any environment: the chart with its default values, the Kustomize base.
	Base []manifest.Object
	// Envs are sorted by name; each holds every object of that environment, in full.
	Envs []Env
	// Knobs are the spec fields that outputs copy unchanged, sorted by path.
	Knobs []Knob
	// Requires are the CRDs that the objects need, as "plural.group", sorted.
	Requires []string
}

// Env is the database as one environment has it.
type Env struct {
	Name      string
	Namespace string // differs from Set.Namespace only when the Project gives the environment a namespace of its own
	Objects   []manifest.Object
}

// Knob is one spec field whose value appears unchanged in outputs: setting it in values.yaml is the same as setting it in
// the spec. That is proven by rendering changed specs, not declared.
type Knob struct {
	Path   string         // below spec, e.g. "storage.size"; also its place in values.yaml
	Doc    string         // one sentence or more, from the Go type's comment
	Schema manifest.Map   // JSON Schema (draft-07) of the field: type, enum, pattern, minimum…
	Value  any            // in Base
	Envs   map[string]any // environment name → value, for environments that have the field
	Fields []Field        // every output field that copies it, in Base and in every environment
}

// Field is one place in one object.
type Field struct {
	Ref  manifest.Ref // as in Base; Namespace is that of Base
	Path []any        // string for a mapping key, int for a list index
}
