package spectest

import (
	"encoding/json"
	"math/rand/v2"

	"github.com/onggi-db/onggi/render/spec"
)

// object is a mapping as encoding/json has it.
type object = map[string]any

// list is a sequence as encoding/json has it.
type list = []any

// Case is one random input: a cluster and what stands beside it.
type Case struct {
	// Cluster is a DatabaseCluster. Its values are nil, bool, int, string, lists and mappings.
	Cluster map[string]any
	// Project is the Project of its folder, or nil.
	Project map[string]any
	// Extra is a manifest beside it, or nil.
	Extra map[string]any

	style uint64 // of its YAML
}

// Random makes a case.
func Random(r *rand.Rand) Case {
	g := &generator{Rand: r}
	spec := g.spec()
	c := Case{Cluster: object{
		"apiVersion": "onggi.dev/v1alpha1", "kind": "DatabaseCluster",
		"metadata": object{"name": g.cluster, "namespace": g.namespace}, "spec": spec,
	}}
	envs := g.environments(spec)
	if len(envs) > 0 {
		c.Cluster["environments"] = envs
	}
	if g.chance(0.5) {
		c.Project = g.project(spec, envs)
	}
	if g.chance(0.3) {
		c.Extra = g.extra()
	}
	c.style = r.Uint64()
	return c
}

// JSON is the case as files that hold JSON.
func (c Case) JSON() []spec.Source {
	return c.sources(".json", func(doc object) []byte {
		data, err := json.MarshalIndent(doc, "", " ")
		if err != nil {
			panic(err) // nothing that JSON cannot hold is ever put into a case
		}
		return []byte(visible(string(data)) + "\n")
	})
}

// YAML is the case as files that hold YAML, in styles that differ from case to case.
func (c Case) YAML() []spec.Source {
	w := &writer{generator: generator{Rand: rand.New(rand.NewPCG(c.style, 0))}}
	return c.sources(".yaml", w.document)
}

func (c Case) sources(ext string, encode func(object) []byte) []spec.Source {
	out := []spec.Source{{Name: "cluster" + ext, Data: encode(c.Cluster)}}
	if c.Project != nil {
		out = append(out, spec.Source{Name: "onggi" + ext, Data: encode(c.Project)})
	}
	if c.Extra != nil {
		out = append(out, spec.Source{Name: "extra" + ext, Data: encode(c.Extra)})
	}
	return out
}
