package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What renews certificates does so long before they run out, and nobody restarts a database for it.
func TestRenewedCertificatesAreRead(t *testing.T) {
	e2e(t, "ONGGI_E2E_AGENT")
	l := newLab(t, 1, "")
	p := l.pods[0]
	// renew gives the server a certificate of another authority, and returns that.
	renew := func() (authority string) {
		made := t.TempDir()
		certify(t, made, "shop")
		for _, name := range []string{"ca.crt", "tls.key", "tls.crt"} {
			text, err := os.ReadFile(made + "/" + name)
			require.NoError(t, err)
			l.secret(name, string(text))
		}
		return made + "/ca.crt"
	}
	first := renew()
	l.edit("hba: [", fmt.Sprintf("tls: {cert: %[1]s/tls.crt, key: %[1]s/tls.key, ca: %[1]s/ca.crt}\n  hba: [\"hostssl all postgres all trust\", ", l.dir))
	p.start()
	l.eventually(60*time.Second, "it takes writes", func() bool { return l.primary() != nil })
	believes := func(authority string) bool {
		connection := fmt.Sprintf("host=%s port=%d user=postgres dbname=postgres sslmode=verify-ca sslrootcert=%s", p.ip, l.port, authority)
		out, err := exec.Command(bindir+"/psql", connection, "-Atc", "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").CombinedOutput()
		return err == nil && strings.TrimSpace(string(out)) == "t"
	}
	require.True(t, believes(first))

	before, second := p.postmaster(), renew()
	require.False(t, believes(second), "not at once")
	l.eventually(60*time.Second, "the new certificate is shown", func() bool { return believes(second) })
	require.False(t, believes(first))
	require.Equal(t, before, p.postmaster(), "and nothing was restarted")
	l.eventually(20*time.Second, "it is told", func() bool { return strings.Contains(p.log.String(), "certificates were renewed") })
}
