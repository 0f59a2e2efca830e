package native_test

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/onggi-db/onggi/render"
	"github.com/onggi-db/onggi/render/backend/native"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec"
	"github.com/onggi-db/onggi/sidecars/config"
)

// compile lays fields over the smallest native spec and compiles it.
func compile(t *testing.T, fields string) render.Bundle {
	t.Helper()
	return compileAll(t, []spec.Source{source(t, fields)})[0]
}

func source(t *testing.T, fields string) spec.Source {
	t.Helper()
	var tree map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(fields), &tree))
	body := map[string]any{"version": "17", "backend": "native", "storage": map[string]any{"size": "10Gi"}}
	for k, v := range tree {
		body[k] = v
	}
	text, err := yaml.Marshal(map[string]any{
		"apiVersion": spec.APIVersion, "kind": spec.KindCluster, "metadata": map[string]any{"name": "shop", "namespace": "databases"}, "spec": body,
	})
	require.NoError(t, err)
	return spec.Source{Name: "shop.yaml", Data: text}
}

// compileAll compiles all databases of some files in all their environments.
func compileAll(t *testing.T, sources []spec.Source) []render.Bundle {
	t.Helper()
	set, problems := spec.Load(sources)
	require.Empty(t, problems)
	var out []render.Bundle
	for _, doc := range set.Clusters {
		for _, env := range append([]string{""}, doc.Environments()...) {
			cluster, problems := doc.Resolve(env)
			require.Empty(t, problems)
			bundle, problems := render.Compile(cluster)
			require.Empty(t, problems)
			out = append(out, bundle)
		}
	}
	return out
}

// samples are the databases of testdata/specs/native-*.
func samples(t *testing.T) []render.Bundle {
	t.Helper()
	files, err := filepath.Glob("../../../testdata/specs/native-*/*.yaml")
	require.NoError(t, err)
	var out []render.Bundle
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		out = append(out, compileAll(t, []spec.Source{{Name: file, Data: data}})...)
	}
	require.Greater(t, len(out), 5)
	return out
}

func find(t *testing.T, b render.Bundle, kind, name string) manifest.Map {
	t.Helper()
	for _, o := range b.Objects {
		if ref := o.Ref(); ref.Kind == kind && ref.Name == name {
			return o.Body()
		}
	}
	require.Fail(t, "there is no "+kind+" "+name)
	return nil
}

func at(t *testing.T, body manifest.Map, path ...any) any {
	t.Helper()
	value, found := manifest.Get(body, path...)
	require.True(t, found, "%v is not there", path)
	return value
}

// container finds one by name among both lists.
func container(t *testing.T, b render.Bundle, name string) manifest.Map {
	t.Helper()
	set := find(t, b, "StatefulSet", b.Plan.Name)
	for _, list := range []string{"initContainers", "containers"} {
		for _, c := range at(t, set, "spec", "template", "spec", list).([]any) {
			if c.(manifest.Map)["name"] == name {
				return c.(manifest.Map)
			}
		}
	}
	require.Fail(t, "there is no container "+name)
	return nil
}

// The agent takes the file that the ConfigMap has, and what it reads is what the plan says.
func TestTheAgentTakesItsFile(t *testing.T) {
	for _, b := range samples(t) {
		text := at(t, find(t, b, "ConfigMap", b.Plan.Name+"-config"), "data", "agent.yaml").(string)
		got, err := config.Parse([]byte(text))
		require.NoError(t, err, text)
		want := native.File(b.Plan).Defaults()
		if len(want.Postgres.Parameters) == 0 {
			want.Postgres.Parameters = nil
		}
		require.Equal(t, want, got)
		require.Equal(t, int(b.Plan.Instances), got.Instances)
		require.Equal(t, b.Plan.Version.Major, got.Postgres.Version)
		require.Equal(t, map[string]string{"onggi.dev/cluster": b.Plan.Name}, got.Labels)
		require.Equal(t, "database", got.Kubernetes.Container)
		container(t, b, got.Kubernetes.Container) // the one whose end the agents look for
	}
}

func TestReplication(t *testing.T) {
	for fields, want := range map[string]config.Replication{
		`{}`: {Mode: "async"},
		`{instances: 3, replication: {mode: quorum, minSync: 2}}`:                            {Mode: "required", MinSync: 2},
		`{instances: 3, replication: {mode: sync, minSync: 1}}`:                              {Mode: "required", MinSync: 1, Priority: true},
		`{instances: 3, replication: {mode: quorum, minSync: 1, durability: preferred}}`:     {Mode: "preferred", MinSync: 1},
		`{instances: 5, replication: {mode: quorum, failoverQuorum: true}, hibernate: true}`: {Mode: "required", MinSync: 1},
	} {
		require.Equal(t, want, native.File(compile(t, fields).Plan).Replication, fields)
	}
}

// Lines of one's own come before the line that every back end ends with, and never replace it.
func TestHBA(t *testing.T) {
	const last = "host all all all scram-sha-256"
	for fields, want := range map[string][]string{
		`{}`: {last},
		`{hba: ["hostssl all all 10.0.0.0/8 cert"]}`: {"hostssl all all 10.0.0.0/8 cert", last},
		`{tls: {secret: tls, only: true}}`:           {"hostnossl all all all reject", last},
	} {
		require.Equal(t, want, native.File(compile(t, fields).Plan).Postgres.HBA, fields)
	}
}

// Only the agent's container can ask the API server and read passwords: whoever gets into the database does not have them.
func TestTheDatabaseSeesNoSecrets(t *testing.T) {
	for _, b := range samples(t) {
		secret := map[string]bool{"account": true, "replication": true, "token": true, "superuser": true, "roles": true}
		seen := 0
		for _, m := range at(t, container(t, b, "agent"), "volumeMounts").([]any) {
			if secret[at(t, m.(manifest.Map), "name").(string)] {
				seen++
			}
		}
		require.GreaterOrEqual(t, seen, 3)
		for _, name := range []string{"database", "install"} {
			for _, m := range at(t, container(t, b, name), "volumeMounts").([]any) {
				require.False(t, secret[at(t, m.(manifest.Map), "name").(string)], "%s mounts %v", name, m)
			}
		}
		pod := at(t, find(t, b, "StatefulSet", b.Plan.Name), "spec", "template", "spec").(manifest.Map)
		require.Equal(t, false, pod["automountServiceAccountToken"])
	}
}

// What is mounted is there, and what the file names is mounted where it says.
func TestMounts(t *testing.T) {
	for _, b := range samples(t) {
		set := find(t, b, "StatefulSet", b.Plan.Name)
		volumes := map[any]bool{}
		for _, c := range at(t, set, "spec", "volumeClaimTemplates").([]any) {
			volumes[at(t, c.(manifest.Map), "metadata", "name")] = true
		}
		for _, v := range at(t, set, "spec", "template", "spec", "volumes").([]any) {
			volumes[v.(manifest.Map)["name"]] = true
		}
		paths := map[string]bool{}
		for _, name := range []string{"install", "agent", "database"} {
			for _, m := range at(t, container(t, b, name), "volumeMounts").([]any) {
				mount := m.(manifest.Map)
				require.True(t, volumes[mount["name"]], "%s mounts %v, which is no volume", name, mount["name"])
				paths[name+" "+mount["mountPath"].(string)] = true
			}
		}
		f := native.File(b.Plan)
		for _, c := range []string{"agent", "database"} {
			require.True(t, paths[c+" "+f.Postgres.Volume])
			require.True(t, paths[c+" "+f.Run.Dir])
			if f.Postgres.TLS.Cert != "" {
				require.True(t, paths[c+" "+filepath.Dir(f.Postgres.TLS.Cert)])
			}
		}
		for _, file := range []string{f.Postgres.ReplicationPasswordFile, f.Listen.TokenFile, f.Postgres.SuperuserPasswordFile} {
			require.True(t, file == "" || paths["agent "+filepath.Dir(file)], file)
		}
	}
}

// The kubelet waits at least as long as a handover takes, and longer than the supervisor waits before it stops postgres itself.
func TestGrace(t *testing.T) {
	for _, b := range samples(t) {
		grace := at(t, find(t, b, "StatefulSet", b.Plan.Name), "spec", "template", "spec", "terminationGracePeriodSeconds").(int64)
		require.GreaterOrEqual(t, grace, int64(120))
		require.Greater(t, grace, int64(native.File(b.Plan).Run.GraceSeconds))
	}
}

// Volumes get the labels of the selector, and Argo CD must never take one for its own. What an API server refuses to change
// later depends on nothing that a person changes often.
func TestWhatNeverChanges(t *testing.T) {
	parts := func(fields string) []any {
		set := find(t, compile(t, fields), "StatefulSet", "shop")
		return []any{at(t, set, "spec", "selector"), at(t, set, "spec", "serviceName"), at(t, set, "spec", "podManagementPolicy"), at(t, set, "spec", "volumeClaimTemplates")}
	}
	plain := parts(`{}`)
	require.Equal(t, manifest.Map{"matchLabels": manifest.Map{"onggi.dev/cluster": "shop"}}, plain[0])
	for _, fields := range []string{
		`{instances: 3}`, `{labels: {team: data}, annotations: {a: b}}`, `{hibernate: true}`, `{image: "postgres:17.1"}`,
		`{resources: {limits: {memory: 1Gi}}}`, `{agent: {profile: fast}}`, `{placement: {antiAffinity: required}}`, `{tls: {secret: tls}}`,
	} {
		require.Equal(t, plain, parts(fields), fields)
	}
}

func TestVolumes(t *testing.T) {
	for fields, want := range map[string]any{
		`{}`: "ReadWriteOncePod",
		`{storage: {size: 10Gi, accessMode: ReadWriteOnce}}`: "ReadWriteOnce",
	} {
		set := find(t, compile(t, fields), "StatefulSet", "shop")
		require.Equal(t, []any{want}, at(t, set, "spec", "volumeClaimTemplates", 0, "spec", "accessModes"), fields)
	}
}

// The log's volume is of the kind that the data's is, mounted in both containers and named to both. The agent's file says nothing of it, since pods that
// are there already read that too.
func TestTheLogsVolume(t *testing.T) {
	b := compile(t, `{storage: {size: 10Gi, class: slow, accessMode: ReadWriteOnce, wal: {size: 5Gi, class: fast}}}`)
	claims := at(t, find(t, b, "StatefulSet", "shop"), "spec", "volumeClaimTemplates").([]any)
	require.Len(t, claims, 2)
	require.Equal(t, "data", at(t, claims[0].(manifest.Map), "metadata", "name"))
	require.Equal(t, "wal", at(t, claims[1].(manifest.Map), "metadata", "name"))
	require.Equal(t, manifest.Map{
		"accessModes": []any{"ReadWriteOnce"}, "volumeMode": "Filesystem", "storageClassName": "fast", "resources": manifest.Map{"requests": manifest.Map{"storage": "5Gi"}},
	}, at(t, claims[1].(manifest.Map), "spec"))
	for _, name := range []string{"agent", "database"} {
		c := container(t, b, name)
		env := map[string]string{}
		for _, v := range at(t, c, "env").([]any) {
			value, _ := v.(manifest.Map)["value"].(string)
			env[v.(manifest.Map)["name"].(string)] = value
		}
		require.Contains(t, at(t, c, "volumeMounts"), manifest.Map{"name": "wal", "mountPath": env[config.WALVolume]}, name)
		pod, err := config.FromEnv(func(name string) string { return cmp.Or(env[name], "127.0.0.1") })
		require.NoError(t, err)
		volume := native.File(b.Plan).Postgres.Volume
		require.False(t, strings.HasPrefix(pod.WAL+"/", volume+"/") || strings.HasPrefix(volume+"/", pod.WAL+"/"), "neither is inside the other")
	}
	without := compile(t, `{storage: {size: 10Gi}}`)
	require.Equal(t, native.File(without.Plan), native.File(b.Plan))
	require.NotContains(t, fmt.Sprint(at(t, find(t, without, "StatefulSet", "shop"), "spec")), config.WALVolume)
	same := compile(t, `{storage: {size: 10Gi, class: slow, wal: {size: 5Gi}}}`)
	require.Equal(t, "slow", at(t, find(t, same, "StatefulSet", "shop"), "spec", "volumeClaimTemplates", 1, "spec", "storageClassName"), "of the data's class where it has none")
}

// A budget never blocks the drain of the only pod's node.
func TestBudget(t *testing.T) {
	for fields, there := range map[string]bool{
		`{instances: 1}`: false, `{instances: 3}`: true, `{instances: 1, disruption: {budget: true}}`: true, `{instances: 3, disruption: {budget: false}}`: false,
	} {
		found := false
		for _, o := range compile(t, fields).Objects {
			if o.Ref().Kind == "PodDisruptionBudget" {
				found = true
				require.Equal(t, int64(1), at(t, o.Body(), "spec", "maxUnavailable"), fields)
				_, set := manifest.Get(o.Body(), "spec", "minAvailable")
				require.False(t, set, fields)
			}
		}
		require.Equal(t, there, found, fields)
	}
}

// Probes ask the sidecar, and what restarts a container asks for nothing but its own loop.
func TestProbes(t *testing.T) {
	b := compile(t, `{instances: 3}`)
	require.Equal(t, "/liveness", at(t, container(t, b, "agent"), "livenessProbe", "httpGet", "path"))
	require.Equal(t, "/readiness", at(t, container(t, b, "database"), "readinessProbe", "httpGet", "path"))
	require.Equal(t, "Always", container(t, b, "agent")["restartPolicy"])
	for _, probe := range []string{"livenessProbe", "startupProbe"} {
		require.NotContains(t, container(t, b, "database"), probe, "a kubelet that kills a slow database makes an outage of a bad hour")
	}
	require.NotContains(t, container(t, b, "agent"), "startupProbe", "the database starts after it, and it needs the database")
}

// The Lease is the agents': were it rendered, GitOps would put an old holder back.
func TestTheLeaseIsNotRendered(t *testing.T) {
	for _, b := range samples(t) {
		for _, o := range b.Objects {
			require.NotEqual(t, "Lease", o.Ref().Kind)
			require.NotEqual(t, "ClusterRole", o.Ref().Kind)
			require.NotEqual(t, "ClusterRoleBinding", o.Ref().Kind)
		}
		require.Equal(t, []any{native.File(b.Plan).Defaults().Kubernetes.Lease}, at(t, find(t, b, "Role", b.Plan.Name), "rules", 0, "resourceNames"))
	}
}

// Roles, databases and what initdb is told reach the agent's file as the spec has them.
func TestProvision(t *testing.T) {
	at := func(fields string) config.File { return native.File(compile(t, fields).Plan) }
	require.Nil(t, at(`{}`).Provision)
	require.Equal(t, config.InitDB{Encoding: "UTF8", Locale: "C"}, at(`{}`).Postgres.InitDB, "as every back end has it")
	require.Equal(t, config.InitDB{Encoding: "UTF8", Locale: "C", LocaleProvider: "icu", ICULocale: "ko-KR", WALSegmentMB: 64, NoChecksums: true},
		at(`{bootstrap: {initdb: {localeProvider: icu, icuLocale: ko-KR, walSegmentMB: 64, checksums: false}}}`).Postgres.InitDB)
	const app = "/etc/onggi/secrets/roles/shop-app"
	for _, row := range []struct {
		fields string
		roles  []config.Role
	}{
		{`{databases: [{name: app}]}`, []config.Role{{Name: "app", Login: true, Loose: true, PasswordFile: app}}},
		{`{databases: [{name: app, owner: postgres}]}`, nil},
		{`{databases: [{name: app}], roles: [{name: app, login: true, createdb: true}]}`, []config.Role{{Name: "app", Login: true, CreateDB: true, PasswordFile: app}}},
		{`{databases: [{name: app}], roles: [{name: app, login: true, secret: mine}], secrets: {existing: [{name: mine}]}}`,
			[]config.Role{{Name: "app", Login: true, PasswordFile: "/etc/onggi/secrets/roles/mine"}}},
		{`{databases: [{name: app}, {name: b, owner: c}]}`, []config.Role{{Name: "c", Login: true}, {Name: "app", Login: true, Loose: true, PasswordFile: app}}},
		{`{roles: [{name: gone, ensure: absent}]}`, []config.Role{{Name: "gone", Absent: true}}},
	} {
		require.Equal(t, row.roles, at(row.fields).Provision.Roles, row.fields)
	}
	f := at(`{databases: [{name: app}], bootstrap: {initdb: {sql: [SELECT 1]}}}`)
	require.Equal(t, []string{"SELECT 1"}, f.Provision.SQL)
	require.Equal(t, []config.Database{{Name: "app", Owner: "app"}}, f.Provision.Databases)
}

// The exporter is another user than the server, who would be let in as superuser, and sees no socket but the server's and no secret.
func TestExporter(t *testing.T) {
	for _, o := range compile(t, `{}`).Objects {
		require.NotContains(t, o.Ref().Name, "queries")
	}
	require.False(t, native.File(compile(t, `{}`).Plan).Postgres.Monitor)
	b := compile(t, `{monitoring: {alerts: true, exporter: {image: "mine:1", resources: {limits: {memory: 1Gi}}}}}`)
	require.True(t, native.File(b.Plan).Postgres.Monitor)
	c := container(t, b, "exporter")
	require.Equal(t, "mine:1", c["image"])
	require.Equal(t, "1Gi", at(t, c, "resources", "limits", "memory"))
	require.Equal(t, "32Mi", at(t, c, "resources", "requests", "memory"))
	require.NotEqual(t, at(t, find(t, b, "StatefulSet", "shop"), "spec", "template", "spec", "securityContext", "runAsUser"), at(t, c, "securityContext", "runAsUser"))
	require.Equal(t, []any{
		manifest.Map{"name": "run", "mountPath": "/run/onggi/postgres", "subPath": "postgres", "readOnly": true},
		manifest.Map{"name": "queries", "mountPath": "/etc/onggi/exporter", "readOnly": true},
	}, c["volumeMounts"])
	for _, major := range []string{"16", "17"} {
		b := compile(t, `{version: "`+major+`", monitoring: {}}`)
		text := at(t, find(t, b, "ConfigMap", "shop-queries"), "data", "queries.yaml").(string)
		require.Equal(t, major == "17", strings.Contains(text, "pg_stat_checkpointer"))
	}
}
