package config

import (
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

func TestThePoolersFile(t *testing.T) {
	p, err := ParsePooler([]byte("{ini: /etc/pgbouncer.ini, passwordFile: /secret/password}"))
	require.NoError(t, err)
	require.Equal(t, Pooler{Bin: "pgbouncer", Ini: "/etc/pgbouncer.ini", PasswordFile: "/secret/password", Run: "/run/onggi", Port: 5432, Listen: 9127, DrainSeconds: 60}, p)
	for _, row := range []struct{ name, text, want string }{
		{"nothing", "", `ini "" is no absolute path`},
		{"a relative path", "{ini: a.ini, passwordFile: /p}", `ini "a.ini" is no absolute path`},
		{"an unknown field", "{ini: /a, passwordFile: /p, pause: true}", `unknown field "pause"`},
		{"one port for two", "{ini: /a, passwordFile: /p, port: 9127}", "both 9127"},
		{"no port", "{ini: /a, passwordFile: /p, listen: 70000}", "listen is 70000: 1 to 65535"},
		{"a negative time", "{ini: /a, passwordFile: /p, drainSeconds: -1}", "drainSeconds is negative"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := ParsePooler([]byte(row.text))
			require.ErrorContains(t, err, row.want)
		})
	}
}

// What was taken is taken again, and means the same.
func FuzzParsePooler(f *testing.F) {
	f.Add([]byte("{ini: /etc/pgbouncer.ini, passwordFile: /secret/password, watch: [/tls.crt], paused: true}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := ParsePooler(data)
		if err != nil {
			return
		}
		text, err := yaml.Marshal(p)
		require.NoError(t, err)
		again, err := ParsePooler(text)
		require.NoError(t, err)
		require.Equal(t, p, again)
	})
}
