package native

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/onggi-db/onggi/render/plan"
	"github.com/onggi-db/onggi/render/spec"
)

// Check says beforehand what the agent would refuse when the pods start, or what would leave them waiting for ever.
func Check(c *spec.Cluster, p *plan.Plan) spec.Problems {
	k := checker{c, p, nil}
	k.names()
	k.parameters()
	k.resources()
	k.replication()
	k.version()
	k.stop()
	k.walSpace()
	k.tls()
	k.pooler()
	k.outside()
	k.copies()
	k.imports()
	k.ident()
	k.queries()
	k.roles()
	k.databases()
	k.locale()
	k.backups()
	k.dumps()
	k.sources()
	k.image()
	return k.problems
}

type checker struct {
	cluster  *spec.Cluster
	plan     *plan.Plan
	problems spec.Problems
}

func (k *checker) problem(code, path, message, why, fix string) {
	k.problems = append(k.problems, k.cluster.Problem(code, path, message, why, fix))
}

// names keeps to those that the builder has not taken.
func (k *checker) names() {
	for i, s := range k.plan.Services {
		if slices.Contains([]string{"rw", "ro", "r", "pods", "pooler", "pooler-ro"}, s.Name) {
			k.problem("ONG2301", fmt.Sprintf("spec.expose[%d].name", i), fmt.Sprintf("a Service called %s exists already", s.FullName),
				"every cluster has it", "choose another name, e.g. lb")
		}
		if s.Role == "pooler" && k.plan.Pooler == nil {
			k.problem("ONG2302", fmt.Sprintf("spec.expose[%d].role", i), "there is no pooler to expose", "spec.pooler is not set", "add pooler: {mode: transaction}, or expose the primary")
		}
	}
}

// resources compares what containers ask for with what they may take.
func (k *checker) resources() {
	for _, e := range plan.Excesses(&k.cluster.Spec) {
		k.problem("ONG2342", e.Path, e.String(),
			"the API server refuses the pod: a request must not exceed its limit, and huge pages and devices must equal it", "raise the limit or lower the request")
	}
}

func (k *checker) parameters() {
	for _, name := range sortedNames(k.plan.Parameters) {
		if reason := Owned(name); reason != "" {
			k.problem("ONG2303", "spec.parameters["+strconv.Quote(name)+"]", fmt.Sprintf("the agent does not let %s be set", name), reason, "take the line out")
		}
	}
}

func (k *checker) replication() {
	r, n := k.plan.Replication, int(k.plan.Instances)
	switch {
	case r.Mode == "async":
		if r.FailoverQuorum {
			k.problem("ONG2304", "spec.replication.failoverQuorum", "without synchronous standbys any failover could lose a commit",
				"in mode async the primary acknowledges what no standby has", "set mode: quorum, or take failoverQuorum out")
		}
	case r.MinSync >= n:
		k.problem("ONG2304", "spec.replication.minSync", fmt.Sprintf("%d of %d instances cannot be standbys", r.MinSync, n),
			"one is the primary, and commits would wait for ever", fmt.Sprintf("raise instances to %d at least, or lower minSync", r.MinSync+1))
	}
}

// version is one that the agent knows.
func (k *checker) version() {
	if v := k.plan.Version.Major; v < 13 || v > 18 {
		k.problem("ONG2305", "spec.version", fmt.Sprintf("the agent does not know PostgreSQL %d", v), "it runs 13 to 18", "choose one of them")
	}
}

// leastStop is the shortest grace period: a handover, and a checkpoint before it.
const leastStop = 120

func (k *checker) stop() {
	if k.plan.Timeouts.Stop < leastStop {
		k.problem("ONG2306", "spec.timeouts.stop", fmt.Sprintf("%d s are too short to move the primary and stop it", k.plan.Timeouts.Stop),
			"after that the kubelet kills it, and its standbys have to find out", "write 5m, or leave it out for 30m")
	}
}

func (k *checker) tls() {
	if t := k.plan.TLS; t != nil && t.CertManager == nil && t.Secret == "" {
		k.problem("ONG2307", "spec.tls", "there is no certificate for the server", "the agent makes none by itself",
			"name a kubernetes.io/tls Secret under secret, or an issuer under certManager")
	}
}
