package native

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/onggi-db/onggi/render/internal/fields"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/plan"
)

// statefulSet starts all pods at once: which of them may write is not decided by their numbers.
func (b builder) statefulSet() manifest.Object {
	replicas := b.Instances
	if b.Hibernate {
		replicas = 0
	}
	return b.object(manifest.PartCluster, "apps/v1", "StatefulSet", b.Name, manifest.Of("spec", manifest.Of(
		"replicas", replicas,
		"serviceName", b.headless(),
		"podManagementPolicy", "Parallel",
		"updateStrategy", manifest.Of("type", "OnDelete"), // the agents know which pod is the last to go
		"selector", manifest.Of("matchLabels", b.selector("")),
		"template", manifest.Of("metadata", b.podMetadata(), "spec", b.pod()),
		"volumeClaimTemplates", b.claims(),
	)))
}

// The templates of claims. Alerts and onggi status know them by these names.
const (
	dataClaim = "data"
	walClaim  = "wal"
)

// claims are those that each pod has for itself: its data, and the log where that has a volume of its own.
func (b builder) claims() []any {
	out := []any{b.claim(dataClaim, b.Storage.Volume)}
	if b.WAL != nil {
		out = append(out, b.claim(walClaim, *b.WAL))
	}
	return out
}

// claim has no labels: a StatefulSet's claim templates can never be changed. Both are of one access mode: the fence rests on it.
func (b builder) claim(name string, v plan.Volume) *manifest.Fields {
	mode := b.Storage.AccessMode
	if mode == "" {
		mode = "ReadWriteOncePod" // no two pods on one volume, whatever happens to a node: the fence cannot reach over to it
	}
	s := manifest.Of(
		"accessModes", []any{mode}, "volumeMode", "Filesystem",
		"resources", manifest.Of("requests", manifest.Of("storage", v.Size)),
	)
	fields.Put(s, "storageClassName", v.Class)
	return manifest.Of("apiVersion", "v1", "kind", "PersistentVolumeClaim", "metadata", manifest.Of("name", name), "spec", s)
}

func (b builder) podMetadata() *manifest.Fields {
	labels := b.labels(manifest.PartCluster)
	labels.Set(labelCluster, b.Name)
	out := manifest.Of("labels", labels)
	annotations := fields.TextMap(b.Annotations)
	if annotations == nil {
		annotations = manifest.Of()
	}
	if annotations.Get(defaultContainer) == nil {
		annotations.Set(defaultContainer, "database") // for kubectl logs and exec
	}
	if b.Monitoring != nil && !b.ownQueries() { // which the exporter reads once, where nobody starts it again
		sum := sha256.Sum256([]byte(b.asked()))
		annotations.Set("onggi.dev/queries", hex.EncodeToString(sum[:8]))
	}
	out.Set("annotations", annotations)
	return out
}

const defaultContainer = "kubectl.kubernetes.io/default-container"

// user is the one that the stock image runs PostgreSQL as, and so the one that both containers have: they share the volume and sockets.
const user = int64(999)

func (b builder) pod() *manifest.Fields {
	s := manifest.Of(
		"serviceAccountName", b.Name,
		"automountServiceAccountToken", false,
		"enableServiceLinks", false,
		"shareProcessNamespace", false, // the supervisor fences as PID 1 of a namespace of its own
		"terminationGracePeriodSeconds", b.Timeouts.Stop,
		"securityContext", podSecurity(),
		"initContainers", []any{b.install(), b.agent()},
		"containers", append([]any{b.database()}, b.exporter()...),
		"volumes", b.volumes(),
	)
	p := b.Placement
	fields.Put(s, "affinity", b.affinity())
	fields.Put(s, "nodeSelector", fields.TextMap(p.NodeSelector))
	fields.Put(s, "tolerations", fields.Tolerations(p))
	fields.Put(s, "topologySpreadConstraints", fields.Spread(p, b.selector("")))
	fields.Put(s, "priorityClassName", p.PriorityClass)
	fields.Put(s, "schedulerName", p.Scheduler)
	fields.Put(s, "imagePullSecrets", fields.NamedAll(b.PullSecrets))
	return s
}

// podSecurity is what the restricted standard wants of a pod.
func podSecurity() *manifest.Fields {
	return manifest.Of(
		"runAsNonRoot", true, "runAsUser", user, "runAsGroup", user,
		"fsGroup", user, "fsGroupChangePolicy", "OnRootMismatch", // never the data directory's own modes
		"seccompProfile", manifest.Of("type", "RuntimeDefault"),
	)
}

// affinity keeps instances apart.
func (b builder) affinity() *manifest.Fields {
	out := manifest.Of()
	fields.Put(out, "nodeAffinity", manifest.Clone(b.Placement.NodeAffinity))
	term := manifest.Of("topologyKey", b.Placement.TopologyKey, "labelSelector", manifest.Of("matchLabels", b.selector("")))
	switch b.Placement.AntiAffinity {
	case "required":
		out.Set("podAntiAffinity", manifest.Of("requiredDuringSchedulingIgnoredDuringExecution", []any{term}))
	case "preferred":
		out.Set("podAntiAffinity", manifest.Of("preferredDuringSchedulingIgnoredDuringExecution", []any{
			manifest.Of("weight", int64(100), "podAffinityTerm", term),
		}))
	}
	return out
}

// budget lets one pod be evicted at a time, and one that does not work at any time. It never blocks the drain of a cluster of one.
func (b builder) budget() []manifest.Object {
	if !b.Budget {
		return nil
	}
	return []manifest.Object{b.object(manifest.PartCluster, "policy/v1", "PodDisruptionBudget", b.Name, manifest.Of("spec", manifest.Of(
		"maxUnavailable", int64(1), "unhealthyPodEvictionPolicy", "AlwaysAllow",
		"selector", manifest.Of("matchLabels", b.selector("")),
	)))}
}
