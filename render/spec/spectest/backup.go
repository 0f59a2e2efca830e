package spectest

import "strings"

// archive is a place in a store, of its own for each server.
func (g *generator) archive(server string) object {
	o := object{"walCompression": pick(g, "gzip", "zstd", "none", "lz4")}
	if g.inTree {
		o["walCompression"] = pick(g, "gzip", "bzip2", "snappy", "none")
	}
	credentials := object{"secret": g.dns()}
	switch g.IntN(3) {
	case 0:
		o["destination"] = "s3://backups/" + server
		g.maybe(o, 0.4, "region", "eu-central-1")
		if g.chance(0.4) {
			o["endpoint"] = "https://minio.example.com:9000"
			g.maybe(o, 0.5, "endpointCA", g.secretKey())
		}
		g.maybe(credentials, 0.5, "accessKey", pick(g, "KEY_ID", "no"))
		g.maybe(credentials, 0.3, "sessionToken", "SESSION")
	case 1:
		o["destination"] = "gs://backups/" + server
		g.maybe(credentials, 0.5, "applicationCredentials", "key.json")
	case 2:
		o["destination"] = "azblob://account/container/" + server
		g.maybe(credentials, 0.5, "connectionString", "CONNECTION")
	}
	if g.chance(0.2) {
		credentials = object{"fromPod": true}
	}
	o["credentials"] = credentials
	g.maybe(o, 0.3, "serverName", pick(g, "shop-2026", "2026", "1.0"))
	g.maybe(o, 0.4, "compression", pick(g, "none", "bzip2", "gzip", "snappy"))
	g.maybe(o, 0.3, "encryption", pick(g, "AES256", "aws:kms"))
	g.maybe(o, 0.3, "jobs", 1+g.IntN(8))
	g.maybe(o, 0.3, "walParallel", 1+g.IntN(8))
	return o
}

func (g *generator) backup() object {
	if g.chance(0.2) {
		return g.snapshots()
	}
	if g.operator < 31 && g.chance(0.2) {
		g.inTree = true
	}
	o := g.archive("own")
	if g.inTree {
		o["method"] = "in-tree"
	} else {
		g.maybe(o, 0.3, "method", "plugin")
	}
	g.maybe(o, 0.5, "retention", pick(g, "30d", "12w", "6m"))
	g.maybe(o, 0.3, "target", pick(g, "prefer-standby", "primary"))
	g.maybe(o, 0.7, "schedules", g.schedules())
	g.drill(o)
	return o
}

// drill asks for drills of a backup that has something to restore.
func (g *generator) drill(o object) {
	if g.drilled = g.chance(0.4); !g.drilled {
		return
	}
	o["schedules"] = append(list{object{"name": "drilled", "cron": "0 1 * * *"}}, g.schedules()...)
	if g.chance(0.4) {
		o["drill"] = pick(g, "0 6 * * 0", "30 5 1 * *", "0 */8 * * *")
		return
	}
	d := object{"schedule": pick(g, "0 6 * * SUN", "0 6 1,15 * *")}
	if o["retention"] != nil {
		g.maybe(d, 0.5, "point", pick(g, "newest", "random"))
	}
	d["checks"] = g.some(3, func(name string) any {
		c := object{"name": "c-" + name, "sql": "select '" + strings.ReplaceAll(g.line(), "'", "''") + "'"}
		g.maybe(c, 0.3, "database", "postgres")
		g.maybe(c, 0.5, "expect", pick(g, "> 0", "= "+g.line(), "t"))
		return c
	})
	g.maybe(d, 0.3, "amcheck", g.chance(0.5))
	g.maybe(d, 0.3, "timeout", pick(g, "90m", "4h"))
	g.maybe(d, 0.3, "maxAge", "40d")
	g.maybe(d, 0.3, "storage", pick(g, object{"class": "scratch"}, object{"size": "9Ti", "class": "no"}))
	g.maybe(d, 0.3, "resources", object{"requests": object{"memory": "1Gi"}})
	g.maybe(d, 0.3, "image", "registry.example.com:5000/onggi:1.0")
	o["drill"] = d
}

func (g *generator) schedules() list {
	return g.some(3, func(name string) any {
		o := object{"name": name, "cron": pick(g, "0 0 * * *", "*/15 1-5 * * MON-FRI", "30 2 1,15 * *", "0 4 * * SUN")}
		g.maybe(o, 0.3, "suspend", g.chance(0.5))
		g.maybe(o, 0.3, "immediate", g.chance(0.5))
		return o
	})
}

func (g *generator) snapshots() object {
	o := object{"method": "snapshot", "schedules": g.schedules()}
	settings := object{}
	g.maybe(settings, 0.5, "class", "ceph")
	g.maybe(settings, 0.5, "walClass", "ceph-wal")
	g.maybe(settings, 0.5, "online", g.chance(0.5))
	g.maybe(settings, 0.5, "owner", pick(g, "none", "backup", "cluster"))
	g.maybe(o, 0.7, "snapshot", settings)
	g.maybe(o, 0.3, "target", "primary")
	g.drill(o)
	return o
}
