package cloudnativepg

import (
	"time"

	"github.com/onggi-db/onggi/render/drill"
	"github.com/onggi-db/onggi/render/internal/fields"
	"github.com/onggi-db/onggi/render/manifest"
)

const (
	drillKey       = "drill.yaml"
	drillFolder    = "/etc/onggi"
	drillContainer = "drill"
	nonroot        = int64(65532) // the user of onggi's image
)

// drillCron starts drills. Never two at once: the second would find the first one's cluster and have to take it for its own
// leftovers.
func (b builder) drillCron(c *drill.Config) manifest.Object {
	d := b.drill()
	labels := manifest.Of()
	for k, v := range b.Labels {
		labels.Set(k, v)
	}
	labels.Add(b.drillLabels())
	labels.Set("app.kubernetes.io/name", "onggi")
	labels.Set(componentLabel, "drill")
	pod := manifest.Of("labels", labels)
	fields.Put(pod, "annotations", fields.TextMap(b.Annotations))
	return b.ofDrill("batch/v1", "CronJob", d.Name, manifest.Of("spec", manifest.Of(
		"schedule", d.Cron.Five(),
		"timeZone", "Etc/UTC",
		"suspend", d.Suspend,
		"concurrencyPolicy", "Forbid",
		"startingDeadlineSeconds", int64(1800),
		"successfulJobsHistoryLimit", int64(1),
		"failedJobsHistoryLimit", int64(3),
		"jobTemplate", manifest.Of("spec", manifest.Of(
			"backoffLimit", int64(3), // of pods that were killed: the next one removes what they made
			"podFailurePolicy", drill.PodFailurePolicy(drillContainer),
			"podReplacementPolicy", "Failed",
			"completions", int64(1),
			"parallelism", int64(1),
			"activeDeadlineSeconds", int64(c.Deadline()/time.Second),
			"ttlSecondsAfterFinished", int64(24*time.Hour/time.Second), // the last resort: what it owns goes with it
			"template", manifest.Of("metadata", pod, "spec", b.drillPod()),
		)),
	)))
}

// drillPod has the restricted pod security profile.
func (b builder) drillPod() *manifest.Fields {
	d := b.drill()
	container := manifest.Of(
		"name", drillContainer,
		"image", d.Image,
		"imagePullPolicy", "IfNotPresent",
		"args", drill.Args(drillFolder+"/"+drillKey),
		"env", append(drill.Env(), env("GOMEMLIMIT", "128MiB")), // the collector hurries before the limit is met
		"terminationMessagePath", "/dev/termination-log",
		"terminationMessagePolicy", "FallbackToLogsOnError",
		"resources", manifest.Of(
			"requests", manifest.Of("cpu", "10m", "memory", "64Mi", "ephemeral-storage", "16Mi"),
			"limits", manifest.Of("cpu", "500m", "memory", "192Mi", "ephemeral-storage", "64Mi"),
		),
		"securityContext", manifest.Of(
			"allowPrivilegeEscalation", false, "readOnlyRootFilesystem", true, "privileged", false,
			"capabilities", manifest.Of("drop", []any{"ALL"}),
		),
		"volumeMounts", []any{manifest.Of("name", "config", "mountPath", drillFolder, "readOnly", true)},
	)
	fields.Put(container, "imagePullPolicy", b.PullPolicy)
	pod := manifest.Of(
		"restartPolicy", "Never",
		"terminationGracePeriodSeconds", int64(drill.Grace/time.Second),
		"serviceAccountName", b.drillAccount(),
		"automountServiceAccountToken", true,
		"enableServiceLinks", false,
		"securityContext", manifest.Of(
			"runAsNonRoot", true, "runAsUser", nonroot, "runAsGroup", nonroot, "fsGroup", nonroot,
			"seccompProfile", manifest.Of("type", "RuntimeDefault"),
		),
		"containers", []any{container},
		"volumes", []any{manifest.Of("name", "config", "configMap", manifest.Of("name", d.Name, "defaultMode", int64(0o440)))},
	)
	fields.Put(pod, "nodeSelector", fields.TextMap(b.Placement.NodeSelector))
	fields.Put(pod, "tolerations", fields.Tolerations(b.Placement))
	var secrets []any
	for _, s := range b.PullSecrets {
		secrets = append(secrets, fields.Named(s))
	}
	fields.Put(pod, "imagePullSecrets", secrets)
	return pod
}

// drillRights are exactly what the program does.
func (b builder) drillRights(c *drill.Config) []manifest.Object {
	const rbac = "rbac.authorization.k8s.io"
	account := b.drillAccount()
	return []manifest.Object{
		b.ofDrill("v1", "ServiceAccount", account, manifest.Of("automountServiceAccountToken", false)),
		b.ofDrill(rbac+"/v1", "Role", account, manifest.Of("rules", drill.Rules(c))),
		b.ofDrill(rbac+"/v1", "RoleBinding", account, manifest.Of(
			"roleRef", manifest.Of("apiGroup", rbac, "kind", "Role", "name", account),
			"subjects", []any{manifest.Of("kind", "ServiceAccount", "name", account, "namespace", b.Namespace)},
		)),
	}
}

// drillNetwork closes the scratch cluster but to itself, the operator and the program, and the program to everybody: the clients
// of the drilled cluster have nothing to look for in a copy of its data.
func (b builder) drillNetwork() []manifest.Object {
	d := b.drill()
	if d == nil {
		return nil
	}
	labels := func() *manifest.Fields { return manifest.Of(labelCluster, d.Name) }
	program := func() *manifest.Fields { return manifest.Of(drill.LabelOf, b.Name) }
	objs := []manifest.Object{
		b.policy(d.Name, labels(), []any{
			fields.Rule([]any{fields.Pods(labels())}, postgresPort, statusPort),
			fields.Rule([]any{fields.InNamespace(b.Network.OperatorNamespace, nil)}, postgresPort, statusPort),
			fields.Rule([]any{fields.Pods(program())}, postgresPort),
		}),
		b.policy(b.drillAccount(), program(), []any{}),
	}
	for _, o := range objs {
		o.Fields().Below("metadata").Below("labels").Set(drill.LabelOf, b.Name)
	}
	return objs
}

// drillAccount is not called like the scratch cluster: the operator gives that an account and a Role of its name, and would
// write over these.
func (b builder) drillAccount() string { return b.drill().Name + "-job" }
