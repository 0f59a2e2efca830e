package native_test

import (
	"path"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render"
	"github.com/onggi-db/onggi/render/backend/native"
	"github.com/onggi-db/onggi/render/drill"
	"github.com/onggi-db/onggi/render/manifest"
)

const drilled = `{network: {}, preload: [pg_cron], serviceAccount: {annotations: {role: r}}, backup: {destination: pvc://claim/a, encryptionKey: {secret: k, key: PASS}, serverName: shop-2, schedules: [{name: daily, cron: 0 1 * * *}], retention: 4w, ` +
	`drill: {schedule: 0 6 * * 0, point: random, checks: [{name: orders, sql: select 1}], timeout: 2h, storage: {size: 5Gi, class: scratch}, resources: {limits: {memory: 1Gi}}}}}`

func drillPod(t *testing.T, b render.Bundle) manifest.Map {
	return at(t, find(t, b, "CronJob", "shop-drill"), "spec", "jobTemplate", "spec", "template", "spec").(manifest.Map)
}

// The program takes its file, which says what the plan does.
func TestTheDrillTakesItsFile(t *testing.T) {
	b := compile(t, drilled)
	got, err := drill.DecodeLocal([]byte(at(t, find(t, b, "ConfigMap", "shop-drill"), "data", "drill.yaml").(string)))
	require.NoError(t, err)
	require.Equal(t, native.Drill(b.Plan), got)
	require.Equal(t, "shop-2", got.Stanza)
	require.Equal(t, native.File(b.Plan).Backup.Repository, got.Repository)
	require.Equal(t, 28, got.WindowDays)
	require.Equal(t, []string{"pg_cron"}, got.Preload)
	require.Equal(t, []drill.Check{{Name: "orders", Database: "postgres", SQL: "select 1"}}, got.Checks)
}

// A drill has no rights, reads the repository and writes nowhere else than to what ends with its pod.
func TestWhatADrillMay(t *testing.T) {
	b := compile(t, drilled)
	pod := drillPod(t, b)
	require.Equal(t, false, pod["automountServiceAccountToken"])
	require.Equal(t, manifest.Map{"role": "r"}, at(t, find(t, b, "ServiceAccount", "shop-drill"), "metadata", "annotations"), "the cloud identity for the store")
	for _, o := range b.Objects {
		if o.Ref().Kind == "RoleBinding" {
			require.NotEqual(t, "shop-drill", at(t, o.Body(), "subjects", 0, "name"))
		}
	}
	lasting := map[string]bool{}
	for _, v := range pod["volumes"].([]any) {
		volume := v.(manifest.Map)
		if _, is := volume["persistentVolumeClaim"]; is {
			lasting[volume["name"].(string)] = true
			require.Equal(t, true, at(t, volume, "persistentVolumeClaim", "readOnly"))
		}
	}
	require.Len(t, lasting, 1)
	run := at(t, pod, "containers", 0).(manifest.Map)
	mounts := map[string]bool{}
	for _, m := range run["volumeMounts"].([]any) {
		mount := m.(manifest.Map)
		mounts[mount["mountPath"].(string)] = mount["readOnly"] == true
		if lasting[mount["name"].(string)] {
			require.Equal(t, true, mount["readOnly"])
		}
	}
	l := native.Drill(b.Plan)
	require.True(t, mounts[path.Dir(l.Repository.CipherFile)])
	require.Contains(t, mounts, l.Volume)
	require.Contains(t, mounts, l.Run)
	require.Contains(t, mounts, "/repository/claim")
	require.Equal(t, container(t, b, "database")["image"], run["image"], "postgres and pgBackRest are of the same release")
	require.NotContains(t, at(t, find(t, b, "NetworkPolicy", "shop-drill"), "spec"), "ingress", "nobody comes in")
}

func TestTheDrillsVolume(t *testing.T) {
	for fields, want := range map[string]manifest.Map{
		drilled: {"resources": manifest.Map{"requests": manifest.Map{"storage": "5Gi"}}, "storageClassName": "scratch"},
		`{storage: {size: 7Gi, class: own}, backup: {destination: pvc://claim, schedules: [{name: daily, cron: 0 1 * * *}], drill: 0 6 * * 0}}`: {
			"resources": manifest.Map{"requests": manifest.Map{"storage": "7Gi"}}, "storageClassName": "own"},
		`{storage: {size: 7Gi, wal: {size: 1536Mi}}, backup: {destination: pvc://claim, schedules: [{name: daily, cron: 0 1 * * *}], drill: 0 6 * * 0}}`: {
			"resources": manifest.Map{"requests": manifest.Map{"storage": "8704Mi"}}}, // the log of the copy is beside its data
	} {
		want["accessModes"], want["volumeMode"] = []any{"ReadWriteOnce"}, "Filesystem"
		require.Equal(t, want, at(t, drillPod(t, compile(t, fields)), "volumes", 0, "ephemeral", "volumeClaimTemplate", "spec"), fields)
	}
}
