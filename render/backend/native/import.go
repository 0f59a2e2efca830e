package native

import (
	"fmt"
	"slices"

	"github.com/onggi-db/onggi/render/plan"
	"github.com/onggi-db/onggi/render/spec"
	"github.com/onggi-db/onggi/sidecars/config"
)

// imports is what the spec has copied out of a running server; nil for nothing.
func imports(p *plan.Plan) *spec.Import {
	if p.Bootstrap.Initdb == nil {
		return nil
	}
	return p.Bootstrap.Initdb.Import
}

// importFile is the same for the agent. A microservice's one database becomes the first one here, and its owner's.
func importFile(p *plan.Plan) *config.Import {
	m, server := imports(p), outsideServer(p)
	if m == nil || server == nil {
		return nil
	}
	out := &config.Import{Server: *server, Database: outside(p).Database, Roles: m.Roles, SchemaOnly: m.SchemaOnly}
	for _, name := range m.Databases {
		d := config.ImportDatabase{Name: name}
		if m.Type == "microservice" {
			d.As, d.Owner = p.Bootstrap.Database, p.Bootstrap.Owner
		}
		out.Databases = append(out.Databases, d)
	}
	return out
}

// imports refuses one that has nowhere to come from or to go to.
func (k *checker) imports() {
	m := imports(k.plan)
	if m == nil {
		return
	}
	const path = "spec.bootstrap.initdb.import"
	i := slices.IndexFunc(k.plan.ExternalClusters, func(e plan.ExternalCluster) bool { return e.Name == m.From })
	switch {
	case i < 0:
		k.problem("ONG2363", path+".from", fmt.Sprintf("externalClusters has no %s", m.From), "the name must be listed there", "add {name: "+m.From+", connection: {host: …}} to spec.externalClusters")
	case k.plan.ExternalClusters[i].Connection == nil:
		k.problem("ONG2363", fmt.Sprintf("spec.externalClusters[%d]", i), fmt.Sprintf("%s has no server to ask", m.From), "pg_dump reads a running one", "add connection: {host: …}")
	}
	if k.plan.Replica != nil {
		k.problem("ONG2363", path, "a standby cluster has the databases of the one that it follows", "nothing can be copied into it", "take import out, or replica")
	}
	if m.Type == "microservice" && len(k.plan.Databases) == 0 {
		k.problem("ONG2364", path, "there is no database to copy into", "a microservice's database becomes the first one here, under its name and its owner's", "add databases: [{name: "+orName(m.Databases)+"}]")
	}
	if m.Type == "monolith" {
		for j, name := range m.Databases {
			if slices.Contains([]string{"postgres", "template0", "template1", config.BirthDatabase, config.ImportName}, name) {
				k.problem("ONG2364", fmt.Sprintf("%s.databases[%d]", path, j), fmt.Sprintf("the database %s belongs to the server", name), "every server has its own", "take it out")
			}
		}
	}
}

func orName(databases []string) string {
	if len(databases) == 1 {
		return databases[0]
	}
	return "app"
}
