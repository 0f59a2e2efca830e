package native

import (
	"fmt"

	"github.com/onggi-db/onggi/render/plan"
)

// outside refuses a standby cluster that could not begin, or whose spec asks for what only a cluster of its own does.
func (k *checker) outside() {
	r := k.plan.Replica
	if b := k.plan.Bootstrap.Basebackup; b != nil && r != nil && b.From != r.From {
		k.problem("ONG2353", "spec.bootstrap.basebackup.from", fmt.Sprintf("it is to begin as a copy of %s and to follow %s", b.From, r.From),
			"a standby is a copy of what it follows", "name the same one")
	}
	if r == nil || !r.On {
		return
	}
	if k.plan.Bootstrap.Recovery != nil {
		k.problem("ONG2353", "spec.bootstrap.recovery", "a standby cluster begins as a copy of the running server that it follows",
			"the agent makes it by pg_basebackup", "take bootstrap out")
	}
	if k.plan.Backup != nil || k.plan.Dumps != nil {
		k.problem("ONG2352", "spec.backup", "a standby cluster makes no backups", "its log is another server's, which archives it",
			"take backup out until it is a cluster of its own, in an environment's patch say")
	}
	for i, e := range k.plan.ExternalClusters {
		if k.follows(e) {
			k.source(fmt.Sprintf("spec.externalClusters[%d]", i), e)
		}
	}
}

// copies refuses a cluster that is to begin as a copy of nothing.
func (k *checker) copies() {
	b := k.plan.Bootstrap.Basebackup
	if b == nil || k.plan.Replica != nil {
		return
	}
	const path = "spec.bootstrap.basebackup.from"
	for i, e := range k.plan.ExternalClusters {
		if e.Name != b.From {
			continue
		}
		if e.Connection == nil {
			k.problem("ONG2362", fmt.Sprintf("spec.externalClusters[%d]", i), fmt.Sprintf("%s has no server to copy", e.Name), "the agent copies a running one",
				"add connection: {host: …}, or start from its archive: bootstrap: {recovery: {from: "+e.Name+"}}")
		}
		return
	}
	k.problem("ONG2362", path, fmt.Sprintf("externalClusters has no %s", b.From), "the name must be listed there", "add {name: "+b.From+", connection: {host: …}} to spec.externalClusters")
}

func (k *checker) source(at string, e plan.ExternalCluster) {
	if e.Connection == nil {
		k.problem("ONG2350", at, fmt.Sprintf("%s has no server to stream from", e.Name), "the agent follows a running server", "add connection: {host: …}")
	}
	if e.Archive != nil {
		k.problem("ONG2351", at+".archive", "a standby cluster does not read this archive", "the agent streams, and asks nobody else for what the server has no more",
			"take archive out, and raise wal_keep_size there")
	}
}
