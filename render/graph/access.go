package graph

import (
	"fmt"
	"strings"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/plan"
)

const postgresPort = 5432

func (a *artist) poolers() {
	if a.Pooler == nil {
		return
	}
	for _, m := range a.Pooler.Members {
		to, whom := idPrimary, "to the primary"
		if m.ReadOnly {
			to, whom = a.standbys(), "to the standbys"
		}
		id := a.add(Node{
			ID: "pooler:" + m.Name, Lane: Pooling, Kind: KindPooler, Title: m.Name, Object: a.pooler(m.Name, "Deployment"), Idle: a.Pooler.Paused,
			Lines: []string{"PgBouncer × " + fmt.Sprint(m.Instances), a.Pooler.Mode + " pooling", whom},
		})
		a.join(id, to, Traffic, "")
	}
}

// pooler is the object that stands for a pooler: an operator's own, or what native makes of it.
func (a *artist) pooler(name, kind string) manifest.Ref {
	if own := a.find("Pooler", name); own != (manifest.Ref{}) {
		return own
	}
	return a.orCluster(a.find(kind, name))
}

// services are the ways in, those through a pooler first, so that their edges stay clear of the others.
func (a *artist) services() {
	for _, s := range a.Services {
		if s.Role == "pooler" {
			a.service(s)
		}
	}
	if a.Pooler != nil {
		for _, m := range a.Pooler.Members {
			id := a.add(Node{
				ID: "service:" + m.Name, Lane: Access, Kind: KindService, Title: m.Name, Object: a.pooler(m.Name, "Service"),
				Lines: []string{fmt.Sprintf("to the pooler, port %d", postgresPort)},
			})
			a.join(id, "pooler:"+m.Name, Traffic, "")
		}
	}
	for _, s := range a.Services {
		if s.Role != "pooler" {
			a.service(s)
		}
	}
	if a.Backend != "cloudnative-pg" && a.Backend != "native" {
		return
	}
	for _, own := range []struct{ suffix, whom, to string }{
		{"rw", "to the primary", idPrimary},
		{"ro", "to the standbys", a.standbys()},
		{"r", "to any instance", idCluster},
	} {
		id := a.add(Node{
			ID: "service:" + a.Name + "-" + own.suffix, Lane: Access, Kind: KindService, Title: a.Name + "-" + own.suffix, Object: a.orCluster(a.find("Service", a.Name+"-"+own.suffix)),
			Lines: []string{fmt.Sprintf("%s, port %d", own.whom, postgresPort)},
		})
		a.join(id, own.to, Traffic, "")
	}
}

func (a *artist) service(s plan.Service) {
	kind, lines := KindAddress, []string{}
	switch s.Type {
	case "LoadBalancer":
		address := "an address of the load balancer's choice"
		if s.IP != "" {
			address = s.IP
		}
		lines = append(lines, fmt.Sprintf("%s, port %d", address, s.Port))
	case "NodePort":
		port := "a port of every node"
		if s.NodePort != 0 {
			port = fmt.Sprintf("port %d of every node", s.NodePort)
		}
		lines = append(lines, port)
	default:
		kind = KindService
	}
	to, whom := idPrimary, "to the primary"
	switch s.Role {
	case "replica":
		to, whom = a.standbys(), "to the standbys"
	case "any":
		to, whom = idCluster, "to any instance"
	case "pooler":
		to, whom = "pooler:"+a.Name+"-pooler", "to the pooler"
	}
	if kind == KindService {
		whom = fmt.Sprintf("%s, port %d", whom, s.Port)
	}
	if len(s.SourceRanges) > 0 {
		lines = append(lines, "from "+strings.Join(s.SourceRanges, ", "))
	}
	id := a.add(Node{
		ID: "service:" + s.FullName, Lane: Access, Kind: kind, Title: s.FullName, Object: a.orCluster(a.find("Service", s.FullName)),
		Lines: append(lines, whom),
	})
	a.join(id, to, Traffic, "")
}

func (a *artist) network() {
	if a.Network == nil {
		return
	}
	var allowed []string
	for _, peer := range a.Network.Allow {
		switch {
		case peer.CIDR != "":
			allowed = append(allowed, peer.CIDR)
		case peer.Namespace == "*":
			allowed = append(allowed, "every namespace")
		case peer.Namespace != "":
			allowed = append(allowed, "namespace "+peer.Namespace)
		default:
			allowed = append(allowed, "pods of this namespace")
		}
	}
	for _, o := range a.of("NetworkPolicy") {
		ref := o.Ref()
		if o.Origin != "" {
			continue
		}
		n := Node{ID: "network:" + ref.Name, Lane: Network, Kind: KindNetwork, Title: ref.Name, Object: ref, Lines: []string{"lets nobody else in"}}
		if ref.Name == a.Name {
			n.Lines = append([]string{"lets in"}, allowed...)
			if len(allowed) == 0 {
				n.Lines = []string{"lets nobody else in"}
			}
		}
		a.add(n)
	}
}

func (a *artist) orCluster(ref manifest.Ref) manifest.Ref {
	if ref == (manifest.Ref{}) {
		return a.cluster
	}
	return ref
}
