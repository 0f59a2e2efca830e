package native

import (
	"cmp"
	"slices"
	"time"

	"github.com/onggi-db/onggi/render/drill"
	"github.com/onggi-db/onggi/render/dump"
	"github.com/onggi-db/onggi/render/internal/fields"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/plan"
	"github.com/onggi-db/onggi/sidecars/config"
)

// Where things are in a dump's container, beside what is where a drill has it.
const (
	dumpConfigDir = "/etc/onggi/dump"
	dumpFile      = "dump.yaml"
	dumpContainer = "dump"
)

// Dump is what a series of the plan's dumps is.
func Dump(p *plan.Plan, d plan.Dump) *dump.Config {
	c := &dump.Config{
		Cluster: p.Name, Name: d.Name, Repository: repository(p.Dumps.Archive, ownKeys), Stanza: p.Dumps.Server,
		Login: dump.Login{
			Members: p.Name + "-pods", Host: p.Name + "-rw", Port: int(postgresPort), SSLMode: "disable",
			User: config.DumpRole, PasswordFile: secretsDir + "/dump/password",
		},
		Primary: p.Dumps.Primary, Databases: d.Databases, Globals: d.Globals, Keep: d.Keep, KeepDays: days(d.Retention),
		Timeout: drill.Duration(d.Timeout), Volume: drillVolume, Run: runDir,
	}
	if t := p.TLS; t != nil {
		c.Login.SSLMode = "require"
		if authority(t) {
			// Of a certificate that somebody brings, nobody says that it names the Services.
			c.Login.SSLMode, c.Login.CAFile = "verify-ca", tlsDir+"/ca.crt"
		}
		if t.CertManager != nil {
			c.Login.SSLMode = "verify-full"
		}
	}
	return c
}

// dumps are a CronJob for each series, whose pods log in to the database as anybody does and reach the store by themselves. They need no rights.
func (b builder) dumps() []manifest.Object {
	if b.Dumps == nil {
		return nil
	}
	account := b.object(manifest.PartBackup, "v1", "ServiceAccount", b.dumpAccount(), manifest.Of("automountServiceAccountToken", false))
	fields.Put(account.Fields().Below("metadata"), "annotations", fields.TextMap(b.ServiceAccount))
	objs := []manifest.Object{account}
	for _, d := range b.Dumps.Series {
		objs = append(objs,
			b.object(manifest.PartBackup, "v1", "ConfigMap", d.FullName, manifest.Of("data", manifest.Of(dumpFile, write(Dump(b.Plan, d))))),
			b.dumpCron(d))
	}
	if b.Network != nil {
		objs = append(objs, b.object(manifest.PartNetwork, "networking.k8s.io/v1", "NetworkPolicy", b.dumpAccount(),
			manifest.Of("spec", fields.Ingress(manifest.Of(dump.Label, b.Name), []any{})))) // nobody has anything to look for in a copy of the data
	}
	return objs
}

func (b builder) dumpAccount() string { return b.Name + "-dump" }

func (b builder) dumpCron(d plan.Dump) manifest.Object {
	labels := b.labels(manifest.PartBackup)
	labels.Set(dump.Label, b.Name)
	meta := manifest.Of("labels", labels)
	fields.Put(meta, "annotations", fields.TextMap(b.Annotations))
	o := b.object(manifest.PartBackup, "batch/v1", "CronJob", d.FullName, manifest.Of("spec", manifest.Of(
		"schedule", d.Cron.Five(),
		"timeZone", "Etc/UTC",
		"suspend", d.Suspend,
		"concurrencyPolicy", "Forbid",
		"startingDeadlineSeconds", int64(late/time.Second),
		"successfulJobsHistoryLimit", int64(1),
		"failedJobsHistoryLimit", int64(3),
		"jobTemplate", manifest.Of("spec", manifest.Of(
			"backoffLimit", int64(2), // of pods that were evicted or killed; a dump that failed has its own tries behind it
			"podFailurePolicy", drill.PodFailurePolicy(dumpContainer),
			"podReplacementPolicy", "Failed",
			"activeDeadlineSeconds", int64((d.Timeout+afterwards)/time.Second),
			"ttlSecondsAfterFinished", int64(7*24*time.Hour/time.Second), // its volume goes with it
			"template", manifest.Of("metadata", meta, "spec", b.dumpPod(d)),
		)),
	)))
	o.Fields().Below("metadata").Below("labels").Set(dump.Label, b.Name) // by which people's verbs find it
	return o
}

// dumpPod has an image in which PostgreSQL's programs and pgBackRest are, and onggi put there by an init container.
func (b builder) dumpPod(d plan.Dump) *manifest.Fields {
	at := place{"repository", ownKeys, &b.Dumps.Archive}
	run := b.container(dumpContainer, b.Dumps.Image)
	run.Set("command", append([]any{programDir + "/onggi"}, dump.Args(dumpConfigDir+"/"+dumpFile)...))
	run.Set("terminationMessagePolicy", "FallbackToLogsOnError")
	mounts := []any{
		mount("scratch", drillVolume, false), mount("run", runDir, false), mount("tmp", "/tmp", false),
		mount("program", programDir, true), mount("config", dumpConfigDir, true), mount("dump", secretsDir+"/dump", true),
	}
	volumes := append(b.dumpVolumes(d), repositoryVolumes(false, at)...)
	if b.TLS != nil && authority(b.TLS) {
		mounts = append(mounts, mount("tls", tlsDir, true))
		volumes = append(volumes, b.authorityFile())
	}
	run.Set("volumeMounts", slices.Concat(mounts, claimMounts(false, at), keyMounts(at)))
	run.Set("resources", resources(manifest.Of(
		"requests", manifest.Of("cpu", "100m", "memory", "128Mi", "ephemeral-storage", "32Mi"),
		"limits", manifest.Of("memory", "1Gi", "ephemeral-storage", "256Mi"),
	), d.Resources))
	pod := b.jobPod(b.dumpAccount(), run, volumes)
	pod.Set("terminationGracePeriodSeconds", int64(dump.Grace/time.Second))
	pod.Set("initContainers", []any{b.installer(d.Image)})
	return pod
}

func (b builder) dumpVolumes(d plan.Dump) []any {
	return []any{
		scratch(cmp.Or(d.Storage.Size, b.Storage.Size), cmp.Or(d.Storage.Class, b.Storage.Class)),
		empty("program", manifest.Of("sizeLimit", "192Mi")),
		empty("run", manifest.Of("medium", "Memory", "sizeLimit", "64Mi")), // the keys of the repository are in it
		empty("tmp", manifest.Of("sizeLimit", "64Mi")),
		manifest.Of("name", "config", "configMap", manifest.Of("name", d.FullName, "defaultMode", restricted)),
		manifest.Of("name", "dump", "secret", secret{"dump", b.Agent.Dump}.source()),
	}
}

// authorityFile is who signed the server's certificate, and nothing of its key.
func (b builder) authorityFile() *manifest.Fields {
	return manifest.Of("name", "tls", "secret", manifest.Of(
		"secretName", b.authority(), "defaultMode", restricted, "items", []any{manifest.Of("key", "ca.crt", "path", "ca.crt")},
	))
}
