package spectest

// bootstrap chooses what the first instance starts from, and adds the clusters that it names.
func (g *generator) bootstrap(s object) {
	g.inTree = g.operator < 26
	external := list{}
	start := object{}
	switch g.IntN(8) {
	case 0, 1:
		start["initdb"] = g.initdb()
	case 2:
		start["initdb"] = object{"import": g.copying()}
		external = append(external, object{"name": "old", "connection": g.connection()})
	case 3:
		start["recovery"] = g.named(object{"from": "old"}, g.target)
		external = append(external, object{"name": "old", "archive": g.archive("old")})
	case 4:
		start["recovery"] = g.named(object{"backup": g.dns()}, g.target)
	case 5:
		snapshot := object{"storage": g.dns()}
		if g.wal {
			g.maybe(snapshot, 0.5, "wal", g.dns())
		}
		start["recovery"] = object{"snapshot": snapshot}
	case 6:
		start["basebackup"] = g.named(object{"from": "old"}, nil)
		external = append(external, object{"name": "old", "connection": g.connection()})
	}
	if len(start) > 0 {
		s["bootstrap"] = start
	}
	if g.chance(0.3) {
		both := object{"name": "further", "connection": g.connection()}
		g.maybe(both, 0.5, "archive", g.archive("further"))
		external = append(external, both)
	}
	if len(external) > 0 {
		s["externalClusters"] = external
		if start["recovery"] != nil || start["basebackup"] != nil {
			g.replica(s, external[0].(object)["name"].(string))
		}
	}
}

func (g *generator) initdb() object {
	o := object{}
	g.maybe(o, 0.3, "encoding", pick(g, "UTF8", "SQL_ASCII"))
	g.maybe(o, 0.3, "locale", pick(g, "C", "en_US.UTF-8"))
	switch {
	case g.operator < 25 || g.major < 16:
	case g.chance(0.3):
		o["localeProvider"], o["icuLocale"] = "icu", "ko-KR"
	case g.chance(0.3) && g.major >= 17:
		o["localeProvider"], o["builtinLocale"] = "builtin", "C.UTF-8"
	}
	g.maybe(o, 0.3, "checksums", g.chance(0.5))
	g.maybe(o, 0.3, "walSegmentMB", pick(g, 1, 16, 32, 64))
	g.maybe(o, 0.4, "sql", list{"CREATE SCHEMA audit_log", "COMMENT ON SCHEMA public IS $$" + g.text() + "$$"})
	return o
}

func (g *generator) copying() object {
	if g.chance(0.5) {
		return object{"from": "old", "databases": list{g.identifier()}, "schemaOnly": g.chance(0.5)}
	}
	o := object{"from": "old", "type": "monolith", "databases": pick(g, list{"*"}, list{"a", "no"})}
	g.maybe(o, 0.5, "roles", pick(g, list{"*"}, list{"x", "y"}))
	return o
}

func (g *generator) named(o object, target func() object) object {
	g.maybe(o, 0.3, "database", g.identifier())
	g.maybe(o, 0.3, "owner", g.identifier())
	if target != nil && g.chance(0.6) {
		o["target"] = target()
	}
	return o
}

func (g *generator) target() object {
	o := pick(g, object{"time": "2026-11-22T06:00:00Z"}, object{"time": "2026-11-22T06:00:00+09:00"}, object{"lsn": "0/3000000"},
		object{"xid": "0123", "backupID": "20261122T030000"}, object{"name": g.line(), "backupID": "1e5"}, object{"immediate": true, "backupID": "2026"})
	g.maybe(o, 0.3, "timeline", pick(g, "latest", "7"))
	g.maybe(o, 0.3, "exclusive", true)
	return o
}

func (g *generator) connection() object {
	o := object{"host": g.host()}
	g.maybe(o, 0.5, "port", 5433)
	g.maybe(o, 0.5, "user", g.identifier())
	g.maybe(o, 0.5, "database", g.identifier())
	g.maybe(o, 0.5, "sslMode", pick(g, "disable", "allow", "prefer", "require", "verify-ca", "verify-full"))
	g.maybe(o, 0.5, "password", g.secretKey())
	if g.chance(0.3) {
		o["certificate"], o["key"], o["rootCert"] = g.secretKey(), g.secretKey(), g.secretKey()
	}
	return o
}

func (g *generator) replica(s object, from string) {
	switch g.IntN(5) {
	case 0:
		s["replica"] = object{"from": from, "enabled": g.chance(0.5)}
	case 1:
		s["replica"] = object{"from": from, "applyDelay": g.duration()}
	case 2:
		s["replica"] = object{"from": from, "primary": from}
	case 3:
		s["replica"] = object{"from": from, "enabled": false, "promotionToken": "dG9rZW4="}
	}
}
