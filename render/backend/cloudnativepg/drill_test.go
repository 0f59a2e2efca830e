package cloudnativepg_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/policies"
	"github.com/onggi-db/onggi/render/drill"
	"github.com/onggi-db/onggi/render/manifest"
)

const drilled = "backup: {destination: s3://backups/shop, credentials: {secret: keys}, retention: 30d, schedules: [{name: daily, cron: 0 0 * * *}], drill: "

func TestDrills(t *testing.T) {
	const cron, job, pod = "CronJob/shop-drill spec", "CronJob/shop-drill spec.jobTemplate.spec", "CronJob/shop-drill spec.jobTemplate.spec.template.spec"
	check(t, []row{
		{"none", drilled + "null}", map[string]string{
			"CronJob/shop-drill": nothing, "ConfigMap/shop-drill": nothing, "ServiceAccount/shop-drill-job": nothing, "Role/shop-drill-job": nothing, "RoleBinding/shop-drill-job": nothing,
			"Cluster/shop spec.monitoring.customQueriesConfigMap": "[{name: cnpg-default-monitoring, key: queries}]",
		}},
		{"a schedule", drilled + "0 6 * * 0}", map[string]string{
			cron + ".schedule":                "0 6 * * 0", // five fields: this is a CronJob
			cron + ".timeZone":                "Etc/UTC",
			cron + ".concurrencyPolicy":       "Forbid",
			cron + ".startingDeadlineSeconds": "1800",
			cron + ".suspend":                 "false",
			job + ".activeDeadlineSeconds":    "4500", // the hour, sweeping and removing with five minutes each, and the pod's start
			job + ".ttlSecondsAfterFinished":  "86400",
			job + ".backoffLimit":             "3",
			job + ".podReplacementPolicy":     "Failed",
			pod + ".restartPolicy":            "Never",
			pod + ".serviceAccountName":       "shop-drill-job",
			pod + ".containers[0].image":      "ghcr.io/onggi-db/onggi:0.1.0",
			pod + ".containers[0].args":       "[drill, run, --config, /etc/onggi/drill.yaml, --job, $(JOB_NAME), --job-uid, $(JOB_UID), --pod, $(POD_NAME)]",
			pod + ".volumes":                  "[{name: config, configMap: {name: shop-drill, defaultMode: 288}}]",
			// Made by the first drill. The exporter takes a ConfigMap that is not there for none.
			"Cluster/shop spec.monitoring.customQueriesConfigMap": "[{name: cnpg-default-monitoring, key: queries}, {name: shop-drill-metrics, key: queries}]",
			"RoleBinding/shop-drill-job subjects":                 "[{kind: ServiceAccount, name: shop-drill-job, namespace: databases}]",
			"NetworkPolicy/shop-drill":                            nothing,
		}},
		{"its own image and time", "imagePullPolicy: Always\nimagePullSecrets: [r]\n" + drilled + "{schedule: 0 6 * * 0, timeout: 4h, image: 'registry.lan/onggi:1'}}", map[string]string{
			job + ".activeDeadlineSeconds":         "15300",
			pod + ".containers[0].image":           "registry.lan/onggi:1",
			pod + ".containers[0].imagePullPolicy": "Always",
			pod + ".imagePullSecrets":              "[{name: r}]",
		}},
		{"where the cluster may run", "placement: {nodeSelector: {disk: ssd}, tolerations: [{key: db, operator: Exists}], priorityClass: high}\n" + drilled + "0 6 * * 0}", map[string]string{
			pod + ".nodeSelector":      "{disk: ssd}",
			pod + ".tolerations":       "[{key: db, operator: Exists}]",
			pod + ".priorityClassName": nothing, // a drill takes no node from anybody
		}},
		{"labels are the user's, and a drill's before those", "labels: {team: data, onggi.dev/drill-of: x, app.kubernetes.io/component: db}\n" + drilled + "0 6 * * 0}", map[string]string{
			job + ".template.metadata.labels": "{team: data, onggi.dev/drill-of: shop, app.kubernetes.io/component: drill, app.kubernetes.io/name: onggi, app.kubernetes.io/managed-by: onggi}",
		}},
		{"a hibernated cluster has nobody to read the results", "hibernate: true\n" + drilled + "0 6 * * 0}", map[string]string{cron + ".suspend": "true"}},
		{"a closed network", "network: {allow: [{namespace: web}]}\n" + drilled + "0 6 * * 0}", map[string]string{
			"NetworkPolicy/shop-drill spec": `{podSelector: {matchLabels: {cnpg.io/cluster: shop-drill}}, policyTypes: [Ingress], ingress: [
				{from: [{podSelector: {matchLabels: {cnpg.io/cluster: shop-drill}}}], ports: [{port: 5432, protocol: TCP}, {port: 8000, protocol: TCP}]},
				{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: cnpg-system}}}], ports: [{port: 5432, protocol: TCP}, {port: 8000, protocol: TCP}]},
				{from: [{podSelector: {matchLabels: {onggi.dev/drill-of: shop}}}], ports: [{port: 5432, protocol: TCP}]}]}`,
			"NetworkPolicy/shop-drill-job spec": "{podSelector: {matchLabels: {onggi.dev/drill-of: shop}}, policyTypes: [Ingress]}",
		}},
	})
}

// The pod has the restricted profile of pod security.
func TestDrillPodIsRestricted(t *testing.T) {
	objs := compile(t, drilled+"0 6 * * 0}")
	pod, found := at(t, objs, "CronJob/shop-drill", "spec.jobTemplate.spec.template.spec")
	require.True(t, found)
	get := func(path ...any) any { v, _ := manifest.Get(pod, path...); return v }
	require.Equal(t, manifest.Map{"runAsNonRoot": true, "runAsUser": int64(65532), "runAsGroup": int64(65532), "fsGroup": int64(65532), "seccompProfile": manifest.Map{"type": "RuntimeDefault"}}, get("securityContext"))
	require.Len(t, get("containers"), 1)
	require.Equal(t, manifest.Map{"allowPrivilegeEscalation": false, "privileged": false, "readOnlyRootFilesystem": true, "capabilities": manifest.Map{"drop": []any{"ALL"}}}, get("containers", 0, "securityContext"))
	require.NotNil(t, get("containers", 0, "resources", "limits", "memory"))
	for _, field := range []string{"hostNetwork", "hostPID", "hostIPC", "initContainers"} {
		require.Nil(t, get(field), field)
	}
	account, _ := at(t, objs, "ServiceAccount/shop-drill-job", "automountServiceAccountToken")
	require.Equal(t, false, account, "only the pod that asks for the token gets it")
}

// drillOf reads the drill's file out of rendered objects, and completes its scratch Cluster as the program will.
func drillOf(t *testing.T, objs []manifest.Object) (*drill.Config, manifest.Map) {
	t.Helper()
	file, found := at(t, objs, "ConfigMap/shop-drill", "data")
	require.True(t, found)
	c, err := drill.Decode([]byte(file.(manifest.Map)["drill.yaml"].(string)))
	require.NoError(t, err)
	require.NoError(t, c.In("databases"))
	require.NoError(t, c.Validate())
	cluster, _ := at(t, objs, "Cluster/shop", "")
	run := drill.Run{Job: "shop-drill-1", JobUID: "uid", Pod: "p"}
	moment := time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)
	target := drill.Target{Time: &moment}
	if c.Snapshot {
		target = drill.Target{Backup: "shop-daily-1"}
	}
	scratch, err := drill.Build(c, run, target, cluster.(manifest.Map))
	require.NoError(t, err)
	return c, scratch
}

var drillCases = map[string]string{
	"plugin":     drilled + "{schedule: 0 6 * * 0, point: random}}",
	"in-tree":    strings.Replace(drilled, "backup: {", "backup: {method: in-tree, serverName: shop-2, region: r, ", 1) + "{schedule: 0 6 * * 0, point: random}}",
	"1.25":       "operatorVersion: '1.25'\n" + drilled + "0 6 * * 0}",
	"snapshots":  "backup: {method: snapshot, snapshot: {class: ceph}, schedules: [{name: daily, cron: 0 0 * * *}], drill: 0 6 * * 0}",
	"with WAL":   "backup: {method: snapshot, destination: s3://backups/shop, credentials: {secret: keys}, schedules: [{name: daily, cron: 0 0 * * *}], drill: 0 6 * * 0}",
	"everything": "storage: {size: 10Gi, class: ceph, wal: {size: 5Gi}}\ntablespaces: [{name: archive, size: 1Gi, owner: app}]\nparameters: {max_connections: '300'}\npreload: [pg_cron]\nimageCatalog: {kind: ImageCatalog, name: c}\nresources: {requests: {memory: 1Gi}}\nserviceAccount: {annotations: {role: r}}\n" + drilled + "{schedule: 0 6 * * 0, storage: {size: 20Gi, class: local}, resources: {limits: {memory: 2Gi}}}}",
}

// The Cluster that a drill will create is one that the definitions take, that no policy denies, and that cannot archive.
func TestScratchClusters(t *testing.T) {
	dir := os.Getenv("ONGGI_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "shared")
	}
	if _, err := os.Stat(filepath.Join(dir, "crds")); err != nil {
		t.Skipf("needs the upstream definitions: set ONGGI_SHARED to the folder that holds crds/ (%v)", err)
	}
	for name, snippet := range drillCases {
		t.Run(name, func(t *testing.T) {
			schemas, err := latest(dir)
			if name == "1.25" {
				schemas, err = older(dir)
			}
			require.NoError(t, err)
			_, scratch := drillOf(t, compile(t, snippet))
			o := manifest.New(scratch)
			require.Empty(t, schemas.Validate(o), "%s", manifest.Encode(o))
			require.NoError(t, drill.Archives(scratch))
			for _, f := range policies.Check(policies.Input{Objects: []manifest.Object{o}}) {
				local := f.Policy == "ONG7001" || f.Policy == "ONG7003" || f.Policy == "ONG7063" // what it refers to stands elsewhere
				require.True(t, f.Level != policies.Error || local, "%s: %s", f.Policy, f.Message)
			}
		})
	}
}

// What it restores from, and on.
func TestScratchFollowsTheCluster(t *testing.T) {
	get := func(name string, path ...any) any {
		_, scratch := drillOf(t, compile(t, drillCases[name]))
		v, _ := manifest.Get(scratch, append([]any{"spec"}, path...)...)
		return v
	}
	require.Equal(t, manifest.Map{"barmanObjectName": "shop", "serverName": "shop"}, get("plugin", "externalClusters", 0, "plugin", "parameters"))
	require.Equal(t, "2026-11-22T06:00:00Z", get("plugin", "bootstrap", "recovery", "recoveryTarget", "targetTime"))
	require.Equal(t, "s3://backups/shop", get("in-tree", "externalClusters", 0, "barmanObjectStore", "destinationPath"))
	require.Equal(t, "shop-2", get("in-tree", "externalClusters", 0, "barmanObjectStore", "serverName"))
	require.Equal(t, []any{manifest.Map{"name": "AWS_DEFAULT_REGION", "value": "r"}}, get("in-tree", "env"))
	require.Nil(t, get("snapshots", "externalClusters"))
	require.Equal(t, manifest.Map{"backup": manifest.Map{"name": "shop-daily-1"}, "database": "app", "owner": "app"}, get("snapshots", "bootstrap", "recovery"))
	require.Equal(t, "origin", get("with WAL", "bootstrap", "recovery", "source"), "an online snapshot is consistent only with its WAL")
	require.Equal(t, manifest.Map{"size": "20Gi", "storageClass": "local", "resizeInUseVolumes": true}, get("everything", "storage"))
	require.Equal(t, manifest.Map{"size": "5Gi", "storageClass": "local", "resizeInUseVolumes": true}, get("everything", "walStorage"))
	require.Equal(t, "local", get("everything", "tablespaces", 0, "storage", "storageClass"))
	require.Equal(t, manifest.Map{"limits": manifest.Map{"memory": "2Gi"}}, get("everything", "resources"))
	require.Equal(t, manifest.Map{"max_connections": "300", "max_logical_replication_workers": "0"}, get("everything", "postgresql", "parameters"))
	require.Nil(t, get("everything", "postgresql", "shared_preload_libraries"), "jobs of the original would run a second time")
	require.Equal(t, int64(1), get("everything", "instances"))
}

func TestDrillFiles(t *testing.T) {
	c, _ := drillOf(t, compile(t, drillCases["plugin"]))
	require.Equal(t, &drill.Window{Kind: "ObjectStore", Name: "shop", ServerName: "shop"}, c.Window)
	c, _ = drillOf(t, compile(t, drillCases["in-tree"]))
	require.Equal(t, &drill.Window{Kind: "Cluster", Name: "shop"}, c.Window)
	c, _ = drillOf(t, compile(t, drillCases["snapshots"]))
	require.True(t, c.Snapshot)
	require.Nil(t, c.Window, "the newest has no moment to choose")
	require.True(t, c.Amcheck)

	c, _ = drillOf(t, compile(t, "databases: [{name: orders}, {name: stock}]\n"+drilled+"{schedule: 0 6 * * 0, amcheck: false, timeout: 90m, checks: [{name: a, sql: select 1}, {name: b, database: stock, sql: select 2, expect: '> 1'}]}}"))
	require.False(t, c.Amcheck)
	require.Equal(t, drill.Duration(90*time.Minute), c.Timeout)
	require.Equal(t, []drill.Check{{Name: "a", Database: "orders", SQL: "select 1"}, {Name: "b", Database: "stock", SQL: "select 2", Expect: "> 1"}}, c.Checks)
	require.Equal(t, drill.Login{Secret: "shop-drill-superuser", Host: "shop-drill-rw", Port: 5432}, c.Login)
	require.Equal(t, "shop-drill-metrics", c.Record.ConfigMap)
}

// The operator makes an account, a Role, a budget, Services and Secrets of the scratch Cluster's name, and writes over what is
// there. The drill has none of these names.
func TestDrillKeepsOutOfTheOperatorsNames(t *testing.T) {
	for _, o := range compile(t, "network: {}\n"+drilled+"0 6 * * 0}") {
		ref := o.Ref()
		taken := slices.Contains([]string{"ServiceAccount", "Role", "RoleBinding", "PodDisruptionBudget", "Secret", "Service", "PodMonitor", "Lease", "Pod"}, ref.Kind)
		require.False(t, taken && ref.Name == "shop-drill", ref)
	}
}

// The drill's label is on its own objects and on no other, whoever's the component is.
func TestOnlyTheDrillsObjectsHaveItsLabel(t *testing.T) {
	for _, labels := range []string{"", "labels: {app.kubernetes.io/component: db}\n"} {
		for _, o := range compile(t, labels+"network: {}\n"+drilled+"0 6 * * 0}") {
			name := o.Ref().Name
			require.Equal(t, strings.HasPrefix(name, "shop-drill"), manifest.Text(o, "metadata", "labels", drill.LabelOf) != "", name)
		}
	}
}

// The Role is what the program says that it needs, for exactly this database.
func TestDrillRights(t *testing.T) {
	objs := compile(t, drillCases["plugin"])
	c, _ := drillOf(t, objs)
	rules, found := at(t, objs, "Role/shop-drill-job", "rules")
	require.True(t, found)
	require.Equal(t, manifest.Canonical(drill.Rules(c)), rules)
	for _, r := range rules.([]any) {
		verbs, _ := manifest.Get(r, "verbs")
		names, named := manifest.Get(r, "resourceNames")
		for _, verb := range verbs.([]any) {
			require.NotEqual(t, "*", verb)
			switch verb {
			case "delete":
				require.Equal(t, []any{"shop-drill"}, names)
			case "update", "patch", "watch":
				require.True(t, named, "%v", r)
			}
		}
		if resources, _ := manifest.Get(r, "resources"); resources.([]any)[0] == "secrets" {
			require.Equal(t, []any{"shop-drill-superuser"}, names, "no password but the scratch cluster's")
			require.Equal(t, []any{"get"}, verbs)
		}
	}
}
