package spectest

// access is how clients come in.
func (g *generator) access(s object) {
	if g.pooler = g.chance(0.4); g.pooler {
		s["pooler"] = g.pgbouncer()
	}
	if g.chance(0.6) {
		s["expose"] = g.services()
	}
	if g.chance(0.4) {
		s["tls"] = g.tls()
	}
}

func (g *generator) services() list {
	return g.some(3, func(name string) any {
		o := object{"name": name}
		roles := []string{"primary", "replica", "any"}
		if g.pooler {
			roles = append(roles, "pooler")
		}
		g.maybe(o, 0.6, "role", pick(g, roles...))
		kind := pick(g, "ClusterIP", "NodePort", "LoadBalancer")
		o["type"] = kind
		if kind == "LoadBalancer" {
			g.balancer(o)
			if g.chance(0.5) {
				delete(o, "type")
			}
		}
		if kind != "ClusterIP" {
			g.maybe(o, 0.3, "nodePort", 30000+g.IntN(2000))
			g.maybe(o, 0.3, "externalTrafficPolicy", pick(g, "Cluster", "Local"))
		}
		g.maybe(o, 0.3, "port", 6000+g.IntN(100))
		g.maybe(o, 0.3, "labels", g.labels())
		g.maybe(o, 0.4, "annotations", g.annotations())
		return o
	})
}

func (g *generator) balancer(o object) {
	provider := pick(g, "", "metallb", "cilium", "kube-vip", "none")
	if provider != "" {
		o["provider"] = provider
	}
	if provider != "none" {
		g.maybe(o, 0.5, "ip", pick(g, "192.168.0.206", "fd00::206"))
	}
	switch provider {
	case "", "metallb":
		g.maybe(o, 0.3, "pool", pick(g, "lan", "no", "1"))
		g.maybe(o, 0.3, "shareKey", g.line())
	case "cilium":
		g.maybe(o, 0.3, "shareKey", g.line())
	}
	g.maybe(o, 0.2, "class", "example.com/lb")
	g.maybe(o, 0.4, "sourceRanges", list{g.cidr(), "198.51.100.0/24"})
}

func (g *generator) pgbouncer() object {
	o := object{}
	g.maybe(o, 0.5, "mode", pick(g, "session", "transaction"))
	g.maybe(o, 0.5, "instances", 1+g.IntN(4))
	if g.instances > 1 && g.chance(0.4) {
		o["readOnly"] = object{"instances": 1 + g.IntN(3)}
	}
	g.maybe(o, 0.5, "parameters", object{"default_pool_size": pick(g, "20", "0x10"), "server_reset_query": g.setting(), "max_client_conn": "1000"})
	g.maybe(o, 0.3, "image", "ghcr.io/cloudnative-pg/pgbouncer:1.24.1")
	g.maybe(o, 0.3, "resources", g.resources())
	g.maybe(o, 0.3, "hba", list{g.hba()})
	g.maybe(o, 0.2, "paused", true)
	return o
}

func (g *generator) tls() object {
	o := object{}
	switch g.IntN(4) {
	case 0:
		o["secret"], o["caSecret"] = g.dns(), g.dns()
	case 1:
		o["replicationSecret"], o["clientCASecret"] = g.dns(), g.dns()
	case 2:
		issuer := object{"issuer": g.dns()}
		g.maybe(issuer, 0.5, "kind", pick(g, "Issuer", "ClusterIssuer"))
		g.maybe(issuer, 0.5, "duration", pick(g, "60d", "2160h"))
		g.maybe(issuer, 0.5, "renewBefore", pick(g, "15d", "36h30m"))
		o["certManager"] = issuer
		g.maybe(o, 0.5, "dnsNames", list{"db.example.com", "*.Example.org"})
	default:
		g.maybe(o, 0.5, "dnsNames", list{"db.example.com"})
	}
	g.maybe(o, 0.4, "only", true)
	return o
}

func (g *generator) network() object {
	o := object{}
	g.maybe(o, 0.8, "allow", g.some(3, func(name string) any {
		return pick(g, object{"namespace": name}, object{"namespace": "*"}, object{"podLabels": g.labels()}, object{"cidr": g.cidr()}, object{"namespace": name, "podLabels": g.labels()})
	}))
	g.maybe(o, 0.3, "operatorNamespace", "operators")
	g.maybe(o, 0.3, "monitoringNamespace", "no")
	return o
}
