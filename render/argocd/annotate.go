package argocd

import (
	"cmp"
	"maps"
	"strconv"
	"strings"

	"github.com/onggi-db/onggi/render/drill"
	"github.com/onggi-db/onggi/render/manifest"
)

// What Argo CD reads on an object.
const (
	waveAnnotation    = "argocd.argoproj.io/sync-wave"
	optionsAnnotation = "argocd.argoproj.io/sync-options"
)

// Annotate returns copies of objs, in the same order, with Argo CD's annotations: the sync wave, and the sync options that
// keep data and save a sync. A wave or an option that an object has already is the user's and stays; so annotating twice is
// annotating once.
func Annotate(objs []manifest.Object) []manifest.Object {
	out := make([]manifest.Object, len(objs))
	for i, o := range objs {
		out[i] = annotate(o)
	}
	return out
}

func annotate(o manifest.Object) manifest.Object {
	meta, _ := o.Body()["metadata"].(manifest.Map)
	old, _ := meta["annotations"].(manifest.Map)
	annotations := make(manifest.Map, len(old)+2)
	maps.Copy(annotations, old)
	if _, own := old[waveAnnotation]; !own {
		annotations[waveAnnotation] = wave(waveOf(o))
	}
	own, _ := old[optionsAnnotation].(string)
	if options := mergeOptions(own, optionsOf(o)); options != "" {
		annotations[optionsAnnotation] = options
	}
	return o.With(with(o.Body(), "metadata", with(meta, "annotations", annotations)))
}

// with is a shallow copy of m in which key has value.
func with(m manifest.Map, key string, value any) manifest.Map {
	out := make(manifest.Map, len(m)+1)
	maps.Copy(out, m)
	out[key] = value
	return out
}

func wave(n int) string { return strconv.Itoa(n) }

// waveOf is when an object is applied. Argo CD waits until a wave is healthy before it begins the next one, and fails when
// something in it is degraded, so a wave of its own is for what others cannot do without. All that needs the database and
// that nothing waits for is in the last one: a pending address or a paused pooler holds nothing back there.
func waveOf(o manifest.Object) int {
	k := kindOf(o)
	switch k.kind {
	case "Namespace", "CustomResourceDefinition":
		return -3
	case "Secret", "SealedSecret", "ExternalSecret", "SecretStore", "ClusterSecretStore", "Certificate", "Issuer", "ClusterIssuer",
		"ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding":
		return -2
	case "ObjectStore", "ImageCatalog", "ClusterImageCatalog", "NetworkPolicy", "PersistentVolumeClaim", "StorageClass", "VolumeSnapshotClass":
		return -1
	case "ConfigMap":
		if isDashboard(o) {
			return 1
		}
		return -1 // the database may read it
	case "Service":
		if spec, _ := o.Body()["spec"].(manifest.Map); spec["type"] == "LoadBalancer" {
			return 1 // it is not healthy before it has an address
		}
		return -1 // instances may find each other by it
	}
	if k.database() {
		return 0
	}
	return 1
}

// database reports the kinds that are a database: who deletes the object deletes its volumes.
func (k groupKind) database() bool {
	switch k {
	case groupKind{"postgresql.cnpg.io", "Cluster"},
		groupKind{"postgres-operator.crunchydata.com", "PostgresCluster"},
		groupKind{"acid.zalan.do", "postgresql"},
		groupKind{"mysql.oracle.com", "InnoDBCluster"},
		groupKind{"apps", "StatefulSet"}:
		return true
	}
	return false
}

// optionsOf are the sync options that an object needs, in the order they are written.
func optionsOf(o manifest.Object) []string {
	k := kindOf(o)
	var options []string
	switch {
	case holdsData(o, k):
		options = append(options, "Prune=false", "Delete=false")
	case sustainsData(o, k):
		options = append(options, "Delete=false")
	}
	if appliedByServer(o, k) {
		options = append(options, "ServerSideApply=true")
	}
	if !k.builtin() {
		options = append(options, "SkipDryRunOnMissingResource=true")
	}
	return options
}

// holdsData reports an object whose deletion deletes data. Neither a file that is gone from Git nor an Application that is
// deleted takes it along: a person has to.
func holdsData(o manifest.Object, k groupKind) bool {
	spec, _ := o.Body()["spec"].(manifest.Map)
	switch k {
	case groupKind{"", "PersistentVolumeClaim"}, groupKind{"", "PersistentVolume"}, groupKind{"", "Namespace"},
		groupKind{"apiextensions.k8s.io", "CustomResourceDefinition"},
		groupKind{"snapshot.storage.k8s.io", "VolumeSnapshot"}, groupKind{"snapshot.storage.k8s.io", "VolumeSnapshotContent"}:
		return true
	case groupKind{"postgresql.cnpg.io", "Database"}:
		return spec["databaseReclaimPolicy"] == "delete"
	case groupKind{"postgresql.cnpg.io", "ScheduledBackup"}:
		// Its Backups are deleted with it, and with them the snapshots that they own.
		return spec["method"] == "volumeSnapshot" && spec["backupOwnerReference"] == "self"
	}
	return k.database()
}

// sustainsData reports an object without which a database that was kept would stop, or stop being backed up: an archive
// that cannot be written fills the disk. Deleting an Application leaves these too; taking one out of Git removes it.
func sustainsData(o manifest.Object, k groupKind) bool {
	if ofDrill(o) {
		return false // a drill without its CronJob does nothing
	}
	switch k.kind {
	case "Secret", "SealedSecret", "ExternalSecret", "SecretStore", "Certificate", "Issuer", "ServiceAccount", "Role", "RoleBinding",
		"ObjectStore", "ImageCatalog", "ClusterImageCatalog", "ScheduledBackup", "Database", "DatabaseRole":
		return true
	case "ConfigMap":
		return !isDashboard(o)
	}
	return false
}

// lastApplied is how much of an object may go into the annotation of a client-side apply; Kubernetes takes 262144 bytes of
// annotations in all.
const lastApplied = 200_000

// appliedByServer reports objects that need server-side apply even from an Application of the user's own: because tools
// and operators write fields beside Git's, or because they are too large for the annotation of a client-side apply.
func appliedByServer(o manifest.Object, k groupKind) bool {
	switch k {
	case groupKind{"postgresql.cnpg.io", "Cluster"}, groupKind{"postgresql.cnpg.io", "Pooler"}:
		return true
	case groupKind{"", "ConfigMap"}:
		return jsonSize(o.Body()["data"]) > lastApplied
	}
	return false
}

// jsonSize is about how long the strings of a mapping are as JSON, where quotes, backslashes and newlines take two bytes.
func jsonSize(data any) int {
	m, _ := data.(manifest.Map)
	size := 0
	for key, v := range m {
		s, _ := v.(string)
		size += len(key) + len(s) + strings.Count(s, `"`) + strings.Count(s, `\`) + strings.Count(s, "\n")
	}
	return size
}

// ofDrill reports an object of a restore drill.
func ofDrill(o manifest.Object) bool {
	_, ok := labelsOf(o)[drill.LabelOf]
	return ok
}

// isDashboard reports what Grafana's sidecar loads.
func isDashboard(o manifest.Object) bool {
	_, ok := labelsOf(o)["grafana_dashboard"]
	return ok
}

func labelsOf(o manifest.Object) manifest.Map {
	meta, _ := o.Body()["metadata"].(manifest.Map)
	labels, _ := meta["labels"].(manifest.Map)
	return labels
}

// mergeOptions puts ours behind the user's, leaving out those that the user decided.
func mergeOptions(own string, ours []string) string {
	var out []string
	decided := map[string]bool{}
	for option := range strings.SplitSeq(own, ",") {
		if option = strings.TrimSpace(option); option != "" {
			out = append(out, option)
			decided[key(option)] = true
		}
	}
	for _, option := range ours {
		if !decided[key(option)] {
			out = append(out, option)
		}
	}
	return strings.Join(out, ",")
}

func key(option string) string {
	name, _, _ := strings.Cut(option, "=")
	return cmp.Or(name, option)
}
