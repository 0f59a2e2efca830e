package plan

import "github.com/onggi-db/onggi/render/spec"

// Agent is onggi's own agent, of the native back end.
type Agent struct {
	Profile   string // fast, default or relaxed
	Image     string
	Resources *spec.Resources // of its container; nil for what it is known to need
	// Replication and Token name Secrets (kubernetes.io/basic-auth): the password of the role that standbys log in as, and the token that
	// agents know each other by.
	Replication, Token string
	// Pooler names the Secret (kubernetes.io/basic-auth) of the role by which poolers ask for passwords; "" without a pooler.
	Pooler string
	// Dump names the Secret (kubernetes.io/basic-auth) of the role by which logical dumps are made; "" without any.
	Dump string
}

const native = "native"

// The usernames in the agent's Secrets. The replicator is a role of the database; the token's is never looked at.
const (
	replicator = "onggi_replicator"
	agentUser  = "onggi-agent"
)

// agentImage is pinned as programImage is: the release that this one was tested with.
const agentImage = "ghcr.io/onggi-db/onggi-agent:0.1.0"

// exporterImage is pinned too. Its series are those of queries that are rendered, so that another release changes no alert.
const exporterImage = "quay.io/prometheuscommunity/postgres-exporter:v0.17.1"

func (r *resolver) exporter() *Exporter {
	if r.spec.Backend != native {
		return nil
	}
	e := &Exporter{Image: exporterImage}
	if s := r.spec.Monitoring.Exporter; s != nil {
		e.Image, e.Resources = orElse(s.Image, e.Image), s.Resources
	}
	return e
}

func (r *resolver) agent() *Agent {
	if r.spec.Backend != native {
		return nil
	}
	a := &Agent{Profile: "default", Image: agentImage, Replication: r.name + "-replication", Token: r.name + "-agent"}
	if r.spec.Pooler != nil {
		a.Pooler = r.name + "-pooler"
	}
	if r.spec.Backup != nil && len(r.spec.Backup.Dumps) > 0 {
		a.Dump = r.name + "-dump"
	}
	if s := r.spec.Agent; s != nil {
		a.Profile, a.Image, a.Resources = s.Profile, orElse(s.Image, a.Image), s.Resources
	}
	return a
}
