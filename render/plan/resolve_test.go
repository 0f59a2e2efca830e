package plan_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/plan"
	"github.com/onggi-db/onggi/render/spec"
)

// resolve plans the smallest spec with some more fields, which are given as lines of YAML below spec.
func resolve(t *testing.T, fields string) *plan.Plan {
	t.Helper()
	text := "apiVersion: onggi.dev/v1alpha1\nkind: DatabaseCluster\nmetadata: {name: shop, namespace: databases}\nspec:\n" +
		"  version: \"17\"\n  backend: cloudnative-pg\n  storage: {size: 10Gi, class: fast}\n" + fields
	set, problems := spec.Load([]spec.Source{{Name: "shop.yaml", Data: []byte(text)}})
	require.Empty(t, problems, text)
	cluster, problems := set.Clusters[0].Resolve("")
	require.Empty(t, problems, text)
	p, problems := plan.Resolve(cluster)
	require.Empty(t, problems, text)
	return p
}

func TestDefaults(t *testing.T) {
	p := resolve(t, "")
	require.Equal(t, plan.Version{Major: 17, Minor: 10, Patch: -1}, p.Version, "the minor release that is pinned")
	require.Equal(t, "1.30", p.Operator.String(), "the release that is tested against")
	require.Equal(t, []plan.Database{{Name: "app", Owner: "app", Reclaim: "retain"}}, p.Databases, "as every operator has it")
	require.NotNil(t, p.Bootstrap.Initdb)
	require.False(t, p.Budget)
	require.Nil(t, p.Backup)
	require.Empty(t, p.Needs)
	require.Equal(t, plan.Timeouts{Start: 3600, Stop: 1800, SmartStop: 180, Switchover: 3600}, p.Timeouts)
}

func TestVolumesInheritTheClass(t *testing.T) {
	p := resolve(t, "  tablespaces: [{name: a, size: 1Gi}, {name: b, size: 1Gi, class: slow}]\n")
	require.Equal(t, "fast", p.Tablespaces[0].Class)
	require.Equal(t, "slow", p.Tablespaces[1].Class)
	require.Nil(t, p.WAL)
}

// Every owner has a role; the server's own are nobody's to make.
func TestOwnersHaveRoles(t *testing.T) {
	p := resolve(t, `  databases:
    - {name: app}
    - {name: a, owner: app}
    - {name: b, owner: named}
    - {name: c, owner: new}
    - {name: d, owner: new}
    - {name: e, owner: postgres}
    - {name: f, owner: pg_database_owner}
  roles: [{name: named, login: true}]
`)
	var names []string
	for _, r := range p.Roles {
		names = append(names, r.Name)
		require.True(t, r.Login)
		require.Equal(t, "present", r.Ensure)
	}
	require.Equal(t, []string{"named", "new"}, names)
}

// Needs are all Secrets that the objects will read, in the order of the spec, with the keys and the type that readers expect.
func TestNeeds(t *testing.T) {
	p := resolve(t, `  imagePullSecrets: [registry]
  databases: [{name: app, secret: owner}]
  roles: [{name: reader, login: true, secret: reader}]
  superuser: {secret: admin}
  externalClusters:
    - name: old
      connection: {host: h, password: {secret: old, key: password}, rootCert: {secret: old-ca, key: ca.crt}}
      archive: {destination: "gs://old", credentials: {secret: old-keys}}
  backup:
    destination: s3://backups/shop
    endpoint: https://minio.lan
    endpointCA: {secret: minio-ca, key: ca.crt}
    credentials: {secret: keys, accessKey: A, secretKey: S, sessionToken: T}
  tls: {secret: tls, caSecret: ca, replicationSecret: repl, clientCASecret: client-ca}
`)
	basic, pair := []string{"username", "password"}, []string{"tls.crt", "tls.key"}
	want := []plan.Need{
		{Name: "owner", Keys: basic, Type: "kubernetes.io/basic-auth", User: "app", Path: "databases[0].secret"},
		{Name: "reader", Keys: basic, Type: "kubernetes.io/basic-auth", User: "reader", Path: "roles[0].secret"},
		{Name: "admin", Keys: basic, Type: "kubernetes.io/basic-auth", User: "postgres", Path: "superuser.secret"},
		{Name: "registry", Keys: []string{".dockerconfigjson"}, Type: "kubernetes.io/dockerconfigjson", Path: "imagePullSecrets[0]"},
		{Name: "old-keys", Keys: []string{"gcs-key.json"}, Type: "Opaque", Path: "externalClusters[0].archive.credentials.secret"},
		{Name: "old", Keys: []string{"password"}, Type: "Opaque", Path: "externalClusters[0].connection.password"},
		{Name: "old-ca", Keys: []string{"ca.crt"}, Type: "Opaque", Path: "externalClusters[0].connection.rootCert"},
		{Name: "minio-ca", Keys: []string{"ca.crt"}, Type: "Opaque", Path: "backup.endpointCA"},
		{Name: "keys", Keys: []string{"A", "S", "T"}, Type: "Opaque", Path: "backup.credentials.secret"},
		{Name: "tls", Keys: pair, Type: "kubernetes.io/tls", Path: "tls.secret"},
		{Name: "ca", Keys: []string{"ca.crt"}, Type: "Opaque", Path: "tls.caSecret"},
		{Name: "repl", Keys: pair, Type: "kubernetes.io/tls", Path: "tls.replicationSecret"},
		{Name: "client-ca", Keys: []string{"ca.crt"}, Type: "Opaque", Path: "tls.clientCASecret"},
	}
	got := p.Needs
	for i := range got {
		require.NotEmpty(t, got[i].Why, got[i].Name)
		got[i].Why = ""
	}
	require.Equal(t, want, got)
	require.Empty(t, resolve(t, "  backup: {destination: s3://backups, credentials: {fromPod: true}}\n").Needs, "the pod's identity needs no Secret")
	require.Empty(t, resolve(t, "  tls: {certManager: {issuer: ca}}\n").Needs, "cert-manager makes its own")
}

// How old the newest backup may be: the longest gap of the schedule that runs most often, a quarter of it, and two hours.
func TestBackupMaxAge(t *testing.T) {
	const hour = 3600
	backup := func(schedules string) string {
		return "  monitoring: {alerts: true}\n  backup: {destination: s3://backups, credentials: {fromPod: true}, schedules: [" + schedules + "]}\n"
	}
	for _, tc := range []struct {
		name, fields string
		want         int64
	}{
		{"daily", backup(`{name: a, cron: "0 3 * * *"}`), 32 * hour},
		{"hourly and weekly", backup(`{name: a, cron: "0 * * * *"}, {name: b, cron: "0 3 * * 0"}`), 3*hour + 900},
		{"suspended ones do not count", backup(`{name: a, cron: "0 * * * *", suspend: true}, {name: b, cron: "0 3 * * *"}`), 32 * hour},
		{"no schedule, no age", backup(""), 0},
		{"hibernated", "  hibernate: true\n" + backup(`{name: a, cron: "0 3 * * *"}`), 0},
		{"one's own", "  monitoring: {backupMaxAge: 36h}\n  backup: {destination: s3://backups, credentials: {fromPod: true}}\n", 36 * hour},
		{"without backups", "  monitoring: {backupMaxAge: 36h}\n", 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			require.Equal(t, tc.want, resolve(t, tc.fields).Monitoring.BackupMaxAge)
		})
	}
}

// Two archives with one place overwrite each other, however their destinations are written.
func TestPlaces(t *testing.T) {
	p := resolve(t, `  backup: {destination: s3://backups/all, credentials: {fromPod: true}}
  externalClusters:
    - {name: same, archive: {destination: s3://backups/all, serverName: shop, credentials: {fromPod: true}}}
    - {name: shop, archive: {destination: s3://backups/all, credentials: {fromPod: true}}}
    - {name: other-server, archive: {destination: s3://backups/all, credentials: {fromPod: true}}}
    - {name: other-endpoint, archive: {destination: s3://backups/all, serverName: shop, endpoint: "https://minio.lan", credentials: {fromPod: true}}}
`)
	for i, same := range []bool{true, true, false, false} {
		require.Equal(t, same, p.ExternalClusters[i].Archive.Place() == p.Backup.Place(), p.ExternalClusters[i].Name)
	}
}

func TestOperatorNamespaces(t *testing.T) {
	require.Equal(t, &plan.Network{OperatorNamespace: "cnpg-system", MonitoringNamespace: "monitoring"}, resolve(t, "  network: {}\n").Network)
	require.Equal(t, "here", resolve(t, "  network: {operatorNamespace: here}\n").Network.OperatorNamespace)
}
