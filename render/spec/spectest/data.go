package spectest

import (
	"fmt"
	"slices"
)

// data is what stands in the database and how the server is set.
func (g *generator) data(s object) {
	if g.chance(0.3) {
		s["tablespaces"] = g.someTablespaces()
	}
	if g.chance(0.6) {
		s["roles"] = g.someRoles()
	}
	if g.chance(0.8) {
		s["databases"] = g.someDatabases()
	}
	if g.chance(0.6) {
		s["parameters"] = g.parameters()
	}
	g.maybe(s, 0.3, "preload", list{"pg_stat_statements", pick(g, "pgaudit", "no")})
	g.maybe(s, 0.4, "hba", list{g.hba(), g.hba()})
	g.maybe(s, 0.2, "ident", list{"ops /^(.*)@example[.]com$ app", g.line()})
	if g.chance(0.3) {
		s["superuser"] = object{"secret": g.dns()}
	}
	if g.instances > 1 && g.chance(0.6) {
		s["replication"] = g.replication()
	}
}

func (g *generator) replication() object {
	o := object{"mode": pick(g, "async", "sync", "quorum")}
	g.maybe(o, 0.5, "minSync", 1+g.IntN(g.instances-1))
	if o["mode"] != "async" {
		g.maybe(o, 0.3, "durability", pick(g, "required", "preferred"))
		if g.operator >= 28 {
			g.maybe(o, 0.3, "failoverQuorum", true)
		}
	}
	if g.operator >= 27 && g.major >= 17 {
		g.maybe(o, 0.3, "logicalSlots", true)
	}
	return o
}

func (g *generator) someTablespaces() list {
	return g.some(2, func(string) any {
		name := fmt.Sprintf("%s%d", pick(g, "fast", "Archive$", "_t"), len(g.tablespaces))
		g.tablespaces = append(g.tablespaces, name)
		o := object{"name": name, "size": g.size()}
		g.maybe(o, 0.5, "class", "slow")
		g.maybe(o, 0.3, "owner", "app")
		g.maybe(o, 0.3, "temporary", true)
		return o
	})
}

func (g *generator) someRoles() list {
	return g.some(3, func(string) any {
		name := g.identifier()
		for slices.Contains(g.roles, name) {
			name += "x"
		}
		g.roles = append(g.roles, name)
		o := object{"name": name}
		for _, flag := range []string{"login", "superuser", "createdb", "createrole", "replication", "bypassrls", "inherit"} {
			g.maybe(o, 0.25, flag, g.chance(0.5))
		}
		g.maybe(o, 0.3, "inRoles", list{"pg_read_all_data", g.identifier()})
		g.maybe(o, 0.3, "connectionLimit", pick(g, -1, 0, 10))
		g.maybe(o, 0.3, "validUntil", "2030-01-01T00:00:00Z")
		g.maybe(o, 0.4, "secret", g.dns())
		g.maybe(o, 0.3, "comment", g.text())
		g.maybe(o, 0.1, "ensure", "absent")
		return o
	})
}

func (g *generator) someDatabases() list {
	most := 3
	return g.some(most, func(string) any {
		o := object{"name": fmt.Sprintf("%s%d", g.database(), g.databases)}
		g.maybe(o, 0.6, "owner", g.identifier())
		if g.databases == 0 {
			g.maybe(o, 0.3, "secret", g.dns())
		} else {
			g.maybe(o, 0.3, "encoding", "UTF8")
			g.maybe(o, 0.3, "locale", pick(g, "C", "en_US.UTF-8"))
		}
		if g.operator >= 26 {
			g.maybe(o, 0.4, "extensions", list{"pg_trgm", object{"name": "postgis", "version": pick(g, "3.5.0", "3.5"), "schema": g.identifier()}})
			g.maybe(o, 0.4, "schemas", list{"audit", object{"name": "no", "owner": g.identifier()}})
		}
		if len(g.tablespaces) > 0 {
			g.maybe(o, 0.3, "tablespace", g.tablespaces[0])
		}
		g.maybe(o, 0.3, "connectionLimit", pick(g, -1, 20))
		g.maybe(o, 0.3, "reclaim", pick(g, "retain", "delete"))
		g.databases++
		return o
	})
}

// database is the beginning of a name.
func (g *generator) database() string {
	if g.chance(0.8) {
		return pick(g, "app", "re_ports", "No", "main-db")
	}
	return g.line()
}

func (g *generator) parameters() object {
	o := object{}
	g.maybe(o, 0.6, "max_connections", pick(g, "200", "0x64"))
	g.maybe(o, 0.4, "shared_buffers", pick(g, "256MB", "1GB"))
	g.maybe(o, 0.4, "max_wal_size", pick(g, "512MB", "1GB"))
	g.maybe(o, 0.4, "timezone", "Asia/Seoul")
	g.maybe(o, 0.3, "wal_level", "logical")
	g.maybe(o, 0.3, "pg_stat_statements.max", "5000")
	g.maybe(o, 0.3, "log_line_prefix", "%m [%p]: {{ %q }} ")
	for range g.IntN(3) {
		o[pick(g, "search_path", "log_statement", "DateStyle", "myapp.setting", "application_name")] = g.setting()
	}
	return o
}
