package native_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/backend/native"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/sidecars/config"
)

// Queries of one's own are merged by the agent's program, in the exporter's container; without any it is as it was.
func TestOwnQueries(t *testing.T) {
	plain := compile(t, `{monitoring: {}}`)
	require.NotContains(t, container(t, plain, "exporter"), "command")
	require.Contains(t, at(t, find(t, plain, "StatefulSet", "shop"), "spec", "template", "metadata", "annotations"), "onggi.dev/queries")
	b := compile(t, `{logLevel: debug, monitoring: {queries: [{configMap: mine, key: a.yaml}, {configMap: mine, key: b.yaml}]}}`)
	c := container(t, b, "exporter")
	require.Equal(t, []any{"/onggi/onggi-agent", "exporter", "--config", "/etc/onggi/exporter/exporter.yaml"}, c["command"])
	require.NotContains(t, c, "args")
	require.NotContains(t, at(t, find(t, b, "StatefulSet", "shop"), "spec", "template", "metadata", "annotations"), "onggi.dev/queries", "it reads them again by itself")
	got, err := config.ParseExporter([]byte(at(t, find(t, b, "ConfigMap", "shop-queries"), "data", "exporter.yaml").(string)))
	require.NoError(t, err)
	require.Equal(t, config.Exporter{
		Args: []string{"--web.listen-address=:9187"}, Own: "/etc/onggi/exporter/queries.yaml", Merged: "/run/exporter/queries.yaml", LogLevel: "debug",
		Queries: []string{"/etc/onggi/queries/mine/a.yaml", "/etc/onggi/queries/mine/b.yaml"},
	}, got)
	mounted := map[any]any{}
	for _, m := range c["volumeMounts"].([]any) {
		mounted[m.(manifest.Map)["mountPath"]] = m.(manifest.Map)["name"]
	}
	require.Equal(t, map[any]any{"/run/onggi/postgres": "run", "/etc/onggi/exporter": "queries", "/onggi": "program", "/etc/onggi/queries": "own-queries", "/run/exporter": "exporter"}, mounted)
	for _, v := range at(t, find(t, b, "StatefulSet", "shop"), "spec", "template", "spec", "volumes").([]any) {
		if v.(manifest.Map)["name"] == "own-queries" {
			require.Equal(t, true, at(t, v.(manifest.Map), "projected", "sources", 1, "configMap", "optional"), "a pod starts without them")
			require.Equal(t, "mine/b.yaml", at(t, v.(manifest.Map), "projected", "sources", 1, "configMap", "items", 0, "path"))
		}
	}
}

func TestWhatTheAgentIsTold(t *testing.T) {
	file := func(fields string) config.File { return native.File(compile(t, fields).Plan) }
	require.Equal(t, []string{"people ada ada"}, file(`{ident: [people ada ada]}`).Postgres.Ident)
	require.Empty(t, file(`{logLevel: info}`).LogLevel)
	require.Equal(t, config.LogLevel("trace"), file(`{logLevel: trace}`).LogLevel)
	require.True(t, file(`{updates: {strategy: supervised}}`).Supervised)
	require.False(t, file(`{updates: {strategy: unsupervised}}`).Supervised)
	require.Equal(t, "/etc/onggi/tls/clients.crt", file(`{tls: {secret: a, clientCASecret: b}}`).Postgres.ClientCA)
}

const west = `externalClusters: [{name: west, connection: {host: west-rw, user: me, database: app, sslMode: require, password: {secret: pw, key: password}, rootCert: {secret: ca, key: ca.crt}}}]`

var westServer = config.Outside{Host: "west-rw", Port: 5432, User: "me", SSLMode: "require", PasswordFile: "/etc/onggi/secrets/outside/password", TLS: config.TLS{CA: "/etc/onggi/outside/ca.crt"}}

// A cluster that begins as a copy is told whom to copy, and one that follows whom to follow.
func TestACopy(t *testing.T) {
	f := native.File(compile(t, `{bootstrap: {basebackup: {from: west}}, `+west+`}`).Plan)
	require.Equal(t, &westServer, f.Copy)
	require.Nil(t, f.Outside)
	f = native.File(compile(t, `{bootstrap: {basebackup: {from: west}}, replica: {from: west}, `+west+`}`).Plan)
	require.Equal(t, &westServer, f.Outside)
	require.Nil(t, f.Copy)
}

func TestAnImport(t *testing.T) {
	f := native.File(compile(t, `{databases: [{name: shop, owner: keeper}], bootstrap: {initdb: {import: {from: west, databases: [old], schemaOnly: true}}}, `+west+`}`).Plan)
	require.Equal(t, &config.Import{Server: westServer, Database: "app", SchemaOnly: true, Databases: []config.ImportDatabase{{Name: "old", As: "shop", Owner: "keeper"}}}, f.Import)
	f = native.File(compile(t, `{bootstrap: {initdb: {import: {from: west, type: monolith, databases: ["*"], roles: [a, b]}}}, `+west+`}`).Plan)
	require.Equal(t, &config.Import{Server: westServer, Database: "app", Roles: []string{"a", "b"}, Databases: []config.ImportDatabase{{Name: "*"}}}, f.Import)
}

// The password of a server to start from is the agent's alone.
func TestThePasswordOfTheOtherServer(t *testing.T) {
	for _, fields := range []string{`bootstrap: {basebackup: {from: west}}`, `databases: [{name: shop}], bootstrap: {initdb: {import: {from: west, databases: [old]}}}`} {
		b := compile(t, `{`+fields+`, `+west+`}`)
		mounts := func(name string) (all []any) {
			for _, m := range at(t, container(t, b, name), "volumeMounts").([]any) {
				all = append(all, m.(manifest.Map)["mountPath"])
			}
			return all
		}
		require.Contains(t, mounts("agent"), "/etc/onggi/secrets/outside")
		require.NotContains(t, mounts("database"), "/etc/onggi/secrets/outside")
		require.Contains(t, mounts("database"), "/etc/onggi/outside", "certificates of authorities")
	}
}
