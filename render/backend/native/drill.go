package native

import (
	"cmp"
	"slices"
	"time"

	"github.com/onggi-db/onggi/render/drill"
	"github.com/onggi-db/onggi/render/internal/fields"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/plan"
)

// Where things are in a drill's container.
const (
	drillConfigDir = "/etc/onggi/drill"
	drillFile      = "drill.yaml"
	drillVolume    = "/scratch"
	drillContainer = "drill"
)

// Drill is what a drill of the plan restores and checks. It has one.
func Drill(p *plan.Plan) *drill.Local {
	d := p.Backup.Drill
	out := &drill.Local{
		Cluster: p.Name, Repository: repository(p.Backup.Archive, ownKeys), Stanza: p.Backup.Server,
		Point: d.Point, Preload: p.Preload, Amcheck: d.Amcheck, Timeout: drill.Duration(d.Timeout), Volume: drillVolume, Run: runDir,
	}
	if d.Point == drill.Random {
		out.WindowDays = days(p.Backup.Retention)
	}
	for _, c := range d.Checks {
		out.Checks = append(out.Checks, drill.Check{Name: c.Name, Database: c.Database, SQL: c.SQL, Expect: c.Expect})
	}
	return out
}

// drills restore a backup in a pod of their own, into a volume that ends with the pod. It needs no rights, and of the repository only the keys:
// a claim is mounted read-only.
func (b builder) drills() []manifest.Object {
	if b.Backup == nil || b.Backup.Drill == nil {
		return nil
	}
	d := b.Backup.Drill
	account := b.object(manifest.PartBackup, "v1", "ServiceAccount", d.Name, manifest.Of("automountServiceAccountToken", false))
	fields.Put(account.Fields().Below("metadata"), "annotations", fields.TextMap(b.ServiceAccount))
	objs := []manifest.Object{
		account,
		b.object(manifest.PartBackup, "v1", "ConfigMap", d.Name, manifest.Of("data", manifest.Of(drillFile, write(Drill(b.Plan))))),
		b.drillCron(d),
	}
	if b.Network != nil {
		objs = append(objs, b.object(manifest.PartNetwork, "networking.k8s.io/v1", "NetworkPolicy", d.Name,
			manifest.Of("spec", fields.Ingress(manifest.Of(drill.LabelOf, b.Name), []any{})))) // nobody has anything to look for in a copy of the data
	}
	return objs
}

// afterwards is how much longer than a drill its Job may be there.
const afterwards = 10 * time.Minute

func (b builder) drillCron(d *plan.Drill) manifest.Object {
	labels := b.labels(manifest.PartBackup)
	labels.Set(drill.LabelOf, b.Name)
	meta := manifest.Of("labels", labels)
	fields.Put(meta, "annotations", fields.TextMap(b.Annotations))
	return b.object(manifest.PartBackup, "batch/v1", "CronJob", d.Name, manifest.Of("spec", manifest.Of(
		"schedule", d.Cron.Five(),
		"timeZone", "Etc/UTC",
		"suspend", d.Suspend,
		"concurrencyPolicy", "Forbid",
		"startingDeadlineSeconds", int64(1800),
		"successfulJobsHistoryLimit", int64(1),
		"failedJobsHistoryLimit", int64(3),
		"jobTemplate", manifest.Of("spec", manifest.Of(
			"backoffLimit", int64(2), // of pods that were evicted or killed; one whose restore or checks failed is not tried again
			"podFailurePolicy", drill.PodFailurePolicy(drillContainer),
			"podReplacementPolicy", "Failed",
			"activeDeadlineSeconds", int64((d.Timeout+afterwards)/time.Second),
			"ttlSecondsAfterFinished", int64(24*time.Hour/time.Second), // its volume goes with it
			"template", manifest.Of("metadata", meta, "spec", b.drillPod(d)),
		)),
	)))
}

// drillPod has the database's image, in which postgres and pgBackRest are, and onggi put there by an init container.
func (b builder) drillPod(d *plan.Drill) *manifest.Fields {
	run := b.container(drillContainer, b.Image)
	run.Set("command", append([]any{programDir + "/onggi"}, drill.LocalArgs(drillConfigDir+"/"+drillFile)...))
	run.Set("env", drill.Env())
	run.Set("terminationMessagePolicy", "FallbackToLogsOnError")
	run.Set("volumeMounts", slices.Concat([]any{
		mount("scratch", drillVolume, false), mount("run", runDir, false), mount("tmp", "/tmp", false), mount("shm", "/dev/shm", false),
		mount("program", programDir, true), mount("config", drillConfigDir, true),
	}, claimMounts(true, b.written()), keyMounts(b.written())))
	needs := d.Resources
	if needs == nil {
		needs = b.Resources
	}
	fields.Put(run, "resources", fields.Resources(needs))
	pod := b.jobPod(d.Name, run, append(b.drillVolumes(d), repositoryVolumes(true, b.written())...))
	pod.Set("terminationGracePeriodSeconds", int64(drill.Grace/time.Second))
	pod.Set("initContainers", []any{b.installer(d.Image)})
	return pod
}

func (b builder) drillVolumes(d *plan.Drill) []any {
	size := b.Storage.Size
	if b.WAL != nil {
		size = plan.Sum(size, b.WAL.Size) // the log of the copy is in its data directory
	}
	return []any{
		scratch(cmp.Or(d.Storage.Size, size), cmp.Or(d.Storage.Class, b.Storage.Class)),
		empty("program", manifest.Of("sizeLimit", "192Mi")),
		empty("run", manifest.Of("medium", "Memory", "sizeLimit", "64Mi")), // the keys of the repository are in it
		empty("tmp", manifest.Of()),
		empty("shm", manifest.Of("medium", "Memory")),
		manifest.Of("name", "config", "configMap", manifest.Of("name", d.Name, "defaultMode", restricted)),
	}
}

// scratch is the large volume of a pod that works on its own: a claim that Kubernetes makes with the pod and removes with it.
func scratch(size, class string) *manifest.Fields {
	claim := manifest.Of(
		"accessModes", []any{"ReadWriteOnce"}, "volumeMode", "Filesystem",
		"resources", manifest.Of("requests", manifest.Of("storage", size)),
	)
	fields.Put(claim, "storageClassName", class)
	return manifest.Of("name", "scratch", "ephemeral", manifest.Of("volumeClaimTemplate", manifest.Of("spec", claim)))
}

func empty(name string, source *manifest.Fields) *manifest.Fields {
	return manifest.Of("name", name, "emptyDir", source)
}

// installer puts onggi into a pod whose own image has PostgreSQL and pgBackRest, and not this program.
func (b builder) installer(image string) *manifest.Fields {
	install := b.container("install", image)
	install.Set("args", []any{"drill", "install", programDir})
	install.Set("volumeMounts", []any{mount("program", programDir, false)})
	install.Set("resources", manifest.Of(
		"requests", manifest.Of("cpu", "10m", "memory", "32Mi", "ephemeral-storage", "192Mi"),
		"limits", manifest.Of("cpu", "500m", "memory", "128Mi", "ephemeral-storage", "256Mi"),
	))
	return install
}
