package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheExampleOfTheManual(t *testing.T) {
	source, err := os.ReadFile("config.go")
	require.NoError(t, err)
	var example strings.Builder
	for line := range strings.Lines(string(source)) {
		if text, ok := strings.CutPrefix(line, "//\t"); ok {
			example.WriteString(text)
		}
		if strings.HasPrefix(line, "package ") {
			break
		}
	}
	f, err := Parse([]byte(example.String()))
	require.NoError(t, err)
	require.Equal(t, "shop", f.Cluster)
	require.Equal(t, Replication{Mode: "required", MinSync: 1}, f.Replication)
	require.Equal(t, "200", f.Postgres.Parameters["max_connections"])
}

func TestWhatIsLeftOutHasADefault(t *testing.T) {
	f, err := Parse([]byte("cluster: shop"))
	require.NoError(t, err)
	require.Equal(t, File{
		Cluster: "shop", Instances: 3, Profile: "default", Replication: Replication{Mode: "async"},
		Postgres:   Postgres{Volume: "/var/lib/postgresql/data", Data: "/var/lib/postgresql/data/pgdata", Port: 5432, Listen: "*", RotationSeconds: 180},
		Listen:     Listen{Port: 8008},
		Kubernetes: Kubernetes{Lease: "shop-primary", Container: "database", StatefulSet: "shop"},
		Run:        Run{Dir: "/run/onggi", TerminationLog: "/dev/termination-log", GraceSeconds: 100},
		Labels:     map[string]string{"app.kubernetes.io/instance": "shop"},
	}, f)
	require.Equal(t, "/run/onggi/supervisor.sock", f.SupervisorSocket())
	require.Equal(t, "/run/onggi/postgres", f.PostgresSocket())
	require.Equal(t, "/run/onggi/agent.sock", f.ControlSocket())
	require.Equal(t, f, f.Defaults(), "defaults of defaults change nothing")
	f, err = Parse([]byte("{cluster: shop, replication: {mode: preferred}}"))
	require.NoError(t, err)
	require.Equal(t, 1, f.Replication.MinSync)
}

func TestWhatIsWrongIsToldAtOnce(t *testing.T) {
	for _, row := range []struct {
		name, text string
		want       []string
	}{
		{"nothing", "", []string{"cluster is empty"}},
		{"an unknown field", "{cluster: shop, clutser: x}", []string{`unknown field "clutser"`}},
		{"no YAML", "cluster: [", []string{"yaml"}},
		{"several", "{instances: -1, profile: slow, replication: {mode: maybe}}",
			[]string{"cluster is empty", "instances is -1", `profile is "slow"`, `replication.mode is "maybe"`}},
		{"a quorum of all", "{cluster: a, instances: 3, replication: {mode: required, minSync: 3}}", []string{"replication.minSync is 3 of 3 instances: from 1 to 2"}},
		{"an order for nobody", "{cluster: a, replication: {priority: true}}", []string{"replication.priority is set in mode async"}},
		{"a quorum of none", "{cluster: a, replication: {mode: required, minSync: -1}}", []string{"replication.minSync is -1"}},
		{"a quorum where nobody waits", "{cluster: a, replication: {minSync: 1}}", []string{"minSync is 1 in mode async"}},
		{"alone and required", "{cluster: a, instances: 1, replication: {mode: required}}", []string{"minSync is 1 of 1"}},
		{"an old server", "{cluster: a, postgres: {version: 12}}", []string{"postgres.version is 12: 13 to 18"}},
		{"data elsewhere", "{cluster: a, postgres: {volume: /v, data: /w/d}}", []string{`postgres.data "/w/d" is not below postgres.volume "/v"`}},
		{"data that is the volume", "{cluster: a, postgres: {volume: /v, data: /v}}", []string{"is not below"}},
		{"data that leaves the volume", "{cluster: a, postgres: {volume: /v, data: /v/../w}}", []string{"is not below"}},
		{"ports", "{cluster: a, postgres: {port: 70000}, listen: {port: -1}}", []string{"postgres.port is 70000", "listen.port is -1"}},
		{"one port for two", "{cluster: a, postgres: {port: 5432}, listen: {port: 5432}}", []string{"both"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := Parse([]byte(row.text))
			require.Error(t, err)
			for _, want := range row.want {
				require.ErrorContains(t, err, want)
			}
		})
	}
}

func TestAFileIsNamedWhereItIsWrong(t *testing.T) {
	_, err := Read(filepath.Join(t.TempDir(), "none"))
	require.ErrorContains(t, err, "read the agent's configuration")
	name := filepath.Join(t.TempDir(), "agent.yaml")
	require.NoError(t, os.WriteFile(name, []byte("cluster: ''"), 0o600))
	_, err = Read(name)
	require.ErrorContains(t, err, name)
}

func TestThePodIsNamedByItsEnvironment(t *testing.T) {
	env := map[string]string{"POD_NAME": "shop-2", "POD_UID": "u", "POD_IP": "10.0.0.3", "POD_NAMESPACE": "db"}
	lookup := func(name string) string { return env[name] }
	p, err := FromEnv(lookup)
	require.NoError(t, err)
	require.Equal(t, Pod{Name: "shop-2", UID: "u", IP: "10.0.0.3", Namespace: "db"}, p)
	require.Equal(t, 2, p.Ordinal())
	require.Equal(t, -1, Pod{Name: "shop"}.Ordinal())
	env["POD_IP"] = "shop-2.shop"
	_, err = FromEnv(lookup)
	require.ErrorContains(t, err, "not an address")
	delete(env, "POD_UID")
	delete(env, "POD_NAME")
	_, err = FromEnv(lookup)
	require.ErrorContains(t, err, "POD_NAME, POD_UID")
}

// Whatever is read without an error is whole, and stays what it is.
func FuzzParse(f *testing.F) {
	f.Add([]byte("cluster: shop"))
	f.Add([]byte("{cluster: a, replication: {mode: required, minSync: 1}, postgres: {version: 17}}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := Parse(text)
		if err != nil {
			return
		}
		require.NotEmpty(t, file.Cluster)
		require.NoError(t, file.Validate())
		require.Equal(t, file, file.Defaults())
	})
}
