package argocd_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/argocd"
	"github.com/onggi-db/onggi/render/manifest"
)

const (
	sync    = "argocd.argoproj.io/sync-wave"
	options = "argocd.argoproj.io/sync-options"
)

func TestAnnotate(t *testing.T) {
	const cnpg = "postgresql.cnpg.io/v1"
	tests := []struct {
		apiVersion, kind string
		spec             manifest.Map
		wave             string
		options          string // "" is no annotation
	}{
		{"v1", "Namespace", nil, "-3", "Prune=false,Delete=false"},
		{"apiextensions.k8s.io/v1", "CustomResourceDefinition", nil, "-3", "Prune=false,Delete=false"},

		{"v1", "Secret", nil, "-2", "Delete=false"},
		{"bitnami.com/v1alpha1", "SealedSecret", nil, "-2", "Delete=false,SkipDryRunOnMissingResource=true"},
		{"external-secrets.io/v1", "ExternalSecret", nil, "-2", "Delete=false,SkipDryRunOnMissingResource=true"},
		{"cert-manager.io/v1", "Certificate", nil, "-2", "Delete=false,SkipDryRunOnMissingResource=true"},
		{"v1", "ServiceAccount", nil, "-2", "Delete=false"},
		{"rbac.authorization.k8s.io/v1", "Role", nil, "-2", "Delete=false"},

		{"barmancloud.cnpg.io/v1", "ObjectStore", nil, "-1", "Delete=false,SkipDryRunOnMissingResource=true"},
		{cnpg, "ImageCatalog", nil, "-1", "Delete=false,SkipDryRunOnMissingResource=true"},
		{"v1", "ConfigMap", nil, "-1", "Delete=false"},
		{"v1", "PersistentVolumeClaim", nil, "-1", "Prune=false,Delete=false"},
		{"networking.k8s.io/v1", "NetworkPolicy", nil, "-1", ""},
		{"v1", "Service", manifest.Map{"type": "ClusterIP"}, "-1", ""},

		{cnpg, "Cluster", nil, "0", "Prune=false,Delete=false,ServerSideApply=true,SkipDryRunOnMissingResource=true"},
		{"postgres-operator.crunchydata.com/v1beta1", "PostgresCluster", nil, "0", "Prune=false,Delete=false,SkipDryRunOnMissingResource=true"},
		{"acid.zalan.do/v1", "postgresql", nil, "0", "Prune=false,Delete=false,SkipDryRunOnMissingResource=true"},
		{"mysql.oracle.com/v2", "InnoDBCluster", nil, "0", "Prune=false,Delete=false,SkipDryRunOnMissingResource=true"},
		{"apps/v1", "StatefulSet", nil, "0", "Prune=false,Delete=false"},
		{"cluster.x-k8s.io/v1beta1", "Cluster", nil, "1", "SkipDryRunOnMissingResource=true"}, // not a database

		{cnpg, "Database", manifest.Map{"databaseReclaimPolicy": "retain"}, "1", "Delete=false,SkipDryRunOnMissingResource=true"},
		{cnpg, "Database", manifest.Map{"databaseReclaimPolicy": "delete"}, "1", "Prune=false,Delete=false,SkipDryRunOnMissingResource=true"},
		{cnpg, "Pooler", nil, "1", "ServerSideApply=true,SkipDryRunOnMissingResource=true"},
		{cnpg, "ScheduledBackup", manifest.Map{"method": "plugin", "backupOwnerReference": "self"}, "1", "Delete=false,SkipDryRunOnMissingResource=true"},
		{cnpg, "ScheduledBackup", manifest.Map{"method": "volumeSnapshot", "backupOwnerReference": "self"}, "1", "Prune=false,Delete=false,SkipDryRunOnMissingResource=true"},
		{"v1", "Service", manifest.Map{"type": "LoadBalancer"}, "1", ""},
		{"policy/v1", "PodDisruptionBudget", nil, "1", ""},
		{"monitoring.coreos.com/v1", "PodMonitor", nil, "1", "SkipDryRunOnMissingResource=true"},
		{"monitoring.coreos.com/v1", "PrometheusRule", nil, "1", "SkipDryRunOnMissingResource=true"},
		{"snapshot.storage.k8s.io/v1", "VolumeSnapshot", nil, "1", "Prune=false,Delete=false,SkipDryRunOnMissingResource=true"},
	}
	for _, tt := range tests {
		t.Run(tt.kind, func(t *testing.T) {
			o := object(tt.apiVersion, tt.kind, "databases", "x", tt.spec)
			got := argocd.Annotate([]manifest.Object{o})[0]
			want := manifest.Map{sync: tt.wave}
			if tt.options != "" {
				want[options] = tt.options
			}
			require.Equal(t, want, at(got.Body(), "metadata", "annotations"))
			delete(got.Body()["metadata"].(manifest.Map), "annotations")
			require.Equal(t, o, got, "nothing else changes")
		})
	}
}

// A drill is deleted with its Application, whole: its CronJob goes, and what only that needs must not stay.
func TestDrillsSustainNothing(t *testing.T) {
	for _, kind := range []string{"ServiceAccount", "Role", "RoleBinding", "ConfigMap", "CronJob", "NetworkPolicy"} {
		o := object("v1", kind, "databases", "shop-drill", nil)
		o.Body()["metadata"].(manifest.Map)["labels"] = manifest.Map{"onggi.dev/drill-of": "shop"}
		got := argocd.Annotate([]manifest.Object{o})[0]
		require.NotContains(t, at(got.Body(), "metadata", "annotations"), options, kind)
	}
}

func TestAnnotateKeepsWhatTheUserSaid(t *testing.T) {
	tests := []struct {
		name      string
		own, want manifest.Map
	}{
		{"another annotation", manifest.Map{"team": "shop"},
			manifest.Map{"team": "shop", sync: "0", options: "Prune=false,Delete=false,ServerSideApply=true,SkipDryRunOnMissingResource=true"}},
		{"another wave", manifest.Map{sync: "7"},
			manifest.Map{sync: "7", options: "Prune=false,Delete=false,ServerSideApply=true,SkipDryRunOnMissingResource=true"}},
		{"one option turned round", manifest.Map{options: "Prune=true"},
			manifest.Map{sync: "0", options: "Prune=true,Delete=false,ServerSideApply=true,SkipDryRunOnMissingResource=true"}},
		{"confirmation in place of a ban", manifest.Map{options: " Delete=confirm , Prune=confirm ,"},
			manifest.Map{sync: "0", options: "Delete=confirm,Prune=confirm,ServerSideApply=true,SkipDryRunOnMissingResource=true"}},
		{"an option of its own", manifest.Map{options: "Replace=true"},
			manifest.Map{sync: "0", options: "Replace=true,Prune=false,Delete=false,ServerSideApply=true,SkipDryRunOnMissingResource=true"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := object("postgresql.cnpg.io/v1", "Cluster", "databases", "shop", nil)
			o.Body()["metadata"].(manifest.Map)["annotations"] = manifest.Clone(tt.own)
			got := argocd.Annotate([]manifest.Object{o})[0]
			require.Equal(t, tt.want, at(got.Body(), "metadata", "annotations"))
			require.Equal(t, tt.own, at(o.Body(), "metadata", "annotations"), "the object given is not changed")
		})
	}
}

func TestDashboards(t *testing.T) {
	small := object("v1", "ConfigMap", "databases", "shop-dashboard", nil)
	small.Body()["metadata"].(manifest.Map)["labels"] = manifest.Map{"grafana_dashboard": "1"}
	small.Body()["data"] = manifest.Map{"shop.json": strings.Repeat("x", 150_000)}
	require.Equal(t, manifest.Map{sync: "1"}, at(argocd.Annotate([]manifest.Object{small})[0].Body(), "metadata", "annotations"))

	// Quotes count twice in the annotation that a client-side apply would keep.
	large := small.Clone()
	large.Body()["data"] = manifest.Map{"shop.json": strings.Repeat(`"`, 150_000)}
	require.Equal(t, manifest.Map{sync: "1", options: "ServerSideApply=true"},
		at(argocd.Annotate([]manifest.Object{large})[0].Body(), "metadata", "annotations"))
}

// Annotating twice is annotating once, whatever an object says already.
func TestAnnotateIsIdempotent(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(items ...string) string { return items[random.IntN(len(items))] }
	for range 2000 {
		o := object(pick("v1", "apps/v1", "postgresql.cnpg.io/v1", "barmancloud.cnpg.io/v1"),
			pick("Cluster", "Database", "ConfigMap", "Service", "StatefulSet", "Namespace", "ScheduledBackup"), "databases", "x",
			manifest.Map{"type": pick("", "LoadBalancer"), "databaseReclaimPolicy": pick("retain", "delete")})
		o.Body()["metadata"].(manifest.Map)["annotations"] = manifest.Map{
			pick("team", sync): pick("1", "shop"),
			options:            pick("", "Prune=true", "Delete=confirm, Prune=false", ",,", "Replace=true"),
		}
		once := argocd.Annotate([]manifest.Object{o})
		require.Equal(t, once, argocd.Annotate(once))
	}
}

func TestAnnotateKeepsOrderAndOrigin(t *testing.T) {
	objs := objectsOf("shop", "databases", true)
	objs[0].Origin, objs[0].Part = "secrets.yaml:3", manifest.PartSecrets
	objs = append(objs, manifest.New(manifest.Map{"apiVersion": "v1", "kind": "ConfigMap"})) // not even a name
	got := argocd.Annotate(objs)
	require.Len(t, got, len(objs))
	for i := range objs {
		require.Equal(t, objs[i].Ref(), got[i].Ref())
		require.Equal(t, objs[i].Origin, got[i].Origin)
		require.Equal(t, objs[i].Part, got[i].Part)
	}
	require.Empty(t, argocd.Annotate(nil))
}

func BenchmarkAnnotate(b *testing.B) {
	objs := objectsOf("shop", "databases", true)
	b.ReportAllocs()
	for b.Loop() {
		argocd.Annotate(objs)
	}
}
