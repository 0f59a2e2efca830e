package plan_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What is to be made beside the spec: each Secret once, with all that its readers need, but for those that exist.
func TestWanted(t *testing.T) {
	p := resolve(t, `  databases: [{name: app, secret: owner}]
  superuser: {secret: admin}
  imagePullSecrets: [registry]
  tls: {secret: tls, caSecret: tls, clientCASecret: clients}
  backup: {destination: "s3://backups/shop", credentials: {secret: keys}}
  externalClusters:
    - {name: one, connection: {host: h, user: postgres, password: {secret: admin, key: password}, certificate: {secret: old, key: crt}, key: {secret: old, key: key}}}
    - {name: two, archive: {destination: "s3://backups/old", credentials: {secret: keys, secretKey: OLD}}}
  secrets: {provider: sealed-secrets, existing: [{name: registry}]}
`)
	type wanted struct {
		name, kind, user string
		keys             []string
		made             string
	}
	var got []wanted
	for _, w := range p.Wanted() {
		one := wanted{name: w.Name, kind: w.Type, user: w.User, keys: w.Keys}
		for _, key := range w.Keys {
			if w.Makes(key) {
				one.made += key
			}
		}
		require.NotEmpty(t, w.Why)
		require.NotEmpty(t, w.Path)
		got = append(got, one)
	}
	const basic = "kubernetes.io/basic-auth"
	require.Equal(t, []wanted{
		{"owner", basic, "app", []string{"username", "password"}, "password"},
		{"admin", basic, "postgres", []string{"username", "password"}, ""}, // another server knows this password already
		{"old", "Opaque", "", []string{"crt", "key"}, ""},
		{"keys", "Opaque", "", []string{"ACCESS_KEY_ID", "OLD", "SECRET_ACCESS_KEY"}, ""},
		{"tls", "kubernetes.io/tls", "", []string{"tls.crt", "tls.key", "ca.crt"}, ""},
		{"clients", "Opaque", "", []string{"ca.crt", "ca.key"}, ""}, // it signs the certificate of streaming_replica
	}, got)
	require.Empty(t, resolve(t, "  superuser: {secret: admin}\n").Wanted(), "somebody else makes what exists")
}

// An authority that signs needs its key, one that is only known does not.
func TestAuthoritiesThatSign(t *testing.T) {
	keys := func(tls string) map[string][]string {
		out := make(map[string][]string)
		for _, n := range resolve(t, "  tls: "+tls+"\n").Needs {
			out[n.Name] = n.Keys
		}
		return out
	}
	require.Equal(t, map[string][]string{"ca": {"ca.crt", "ca.key"}, "clients": {"ca.crt", "ca.key"}}, keys("{caSecret: ca, clientCASecret: clients}"))
	pair := []string{"tls.crt", "tls.key"}
	require.Equal(t, map[string][]string{"ca": {"ca.crt"}, "clients": {"ca.crt"}, "server": pair, "repl": pair},
		keys("{secret: server, caSecret: ca, replicationSecret: repl, clientCASecret: clients}"))
}
