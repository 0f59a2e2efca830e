package native

import (
	"fmt"
	"strings"
	"time"

	"github.com/onggi-db/onggi/render/internal/fields"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/plan"
)

const (
	// labelBackup is on the pods that ask for backups, in place of labelCluster: they are no members, and nothing that selects those may find
	// them.
	labelBackup = "onggi.dev/backup"
	tokenDir    = secretsDir + "/token"

	// longest is how long a backup may take. It goes on in the database's pod when the one that asked for it is gone.
	longest = 24 * time.Hour
	// late is how much later than its time a backup may begin, after which it waits for its next one.
	late = time.Hour
)

// schedules are a CronJob for each series of backups, and whom its pods are: nobody. What a backup is made with is in the database's pods; these
// ask for one, and wait for what came of it.
func (b builder) schedules() []manifest.Object {
	if b.Backup == nil || len(b.Backup.Schedules) == 0 {
		return nil
	}
	objs := []manifest.Object{b.object(manifest.PartBackup, "v1", "ServiceAccount", b.backupAccount(), manifest.Of("automountServiceAccountToken", false))}
	for _, s := range b.Backup.Schedules {
		objs = append(objs, b.schedule(s))
	}
	return objs
}

func (b builder) backupAccount() string { return b.Name + "-backup" }

func (b builder) schedule(s plan.Schedule) manifest.Object {
	labels := b.labels(manifest.PartBackup)
	labels.Set(labelBackup, b.Name)
	meta := manifest.Of("labels", labels)
	fields.Put(meta, "annotations", fields.TextMap(b.Annotations))
	return b.object(manifest.PartBackup, "batch/v1", "CronJob", s.FullName, manifest.Of("spec", manifest.Of(
		"schedule", s.Cron.Five(),
		"timeZone", "Etc/UTC",
		"suspend", s.Suspend,
		"concurrencyPolicy", "Forbid",
		"startingDeadlineSeconds", int64(late/time.Second),
		"successfulJobsHistoryLimit", int64(1),
		"failedJobsHistoryLimit", int64(3),
		"jobTemplate", manifest.Of("spec", manifest.Of(
			"backoffLimit", int64(2), // a primary that moves meanwhile is there again within seconds
			"activeDeadlineSeconds", int64(longest/time.Second),
			"template", manifest.Of("metadata", meta, "spec", b.asking(s.Type)),
		)),
	)))
}

// asking is a pod that asks the agents for a backup, and ends as that ends.
func (b builder) asking(kind string) *manifest.Fields {
	c := b.container("ask", b.Agent.Image)
	c.Set("args", fields.Texts([]string{
		"ctl", "--url", fmt.Sprintf("http://%s:%d", b.headless(), agentPort), "--token-file", tokenDir + "/password", "--timeout", hours(longest),
		"backup", "--type", map[string]string{"full": "full", "differential": "diff", "incremental": "incr"}[kind], "--wait",
	}))
	c.Set("terminationMessagePolicy", "FallbackToLogsOnError")
	c.Set("volumeMounts", []any{mount("token", tokenDir, true)})
	c.Set("resources", manifest.Of(
		"requests", manifest.Of("cpu", "10m", "memory", "16Mi", "ephemeral-storage", "16Mi"),
		"limits", manifest.Of("cpu", "100m", "memory", "64Mi", "ephemeral-storage", "32Mi"),
	))
	return b.jobPod(b.backupAccount(), c, []any{manifest.Of("name", "token", "secret", secret{"token", b.Agent.Token}.source())})
}

// jobPod is a pod that runs once, where the database's may run, and whom the API server does not know.
func (b builder) jobPod(account string, container *manifest.Fields, volumes []any) *manifest.Fields {
	pod := manifest.Of(
		"restartPolicy", "Never",
		"serviceAccountName", account,
		"automountServiceAccountToken", false,
		"enableServiceLinks", false,
		"securityContext", podSecurity(),
		"containers", []any{container},
		"volumes", volumes,
	)
	fields.Put(pod, "nodeSelector", fields.TextMap(b.Placement.NodeSelector))
	fields.Put(pod, "tolerations", fields.Tolerations(b.Placement))
	fields.Put(pod, "imagePullSecrets", fields.NamedAll(b.PullSecrets))
	return pod
}

// hours writes whole hours as a flag reads them.
func hours(d time.Duration) string { return strings.TrimSuffix(d.String(), "0m0s") }
