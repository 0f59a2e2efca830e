package native_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/backend/native"
	"github.com/onggi-db/onggi/render/plan"
	"github.com/onggi-db/onggi/render/spec"
)

func ini(p *plan.Plan, readOnly bool) map[string]string {
	m := plan.PoolerMember{Name: "shop-pooler", ReadOnly: readOnly}
	out := map[string]string{}
	for line := range strings.Lines(native.PoolerIni(p, m)) {
		if name, value, found := strings.Cut(strings.TrimSpace(line), " = "); found {
			out[name] = value
		}
	}
	return out
}

func TestPoolerIni(t *testing.T) {
	pooled := func(change func(*plan.Plan)) *plan.Plan {
		p := &plan.Plan{Name: "shop", Pooler: &plan.Pooler{Pooler: spec.Pooler{Mode: "transaction"}}}
		change(p)
		return p
	}
	for _, row := range []struct {
		name   string
		change func(*plan.Plan)
		want   map[string]string
	}{
		{"nothing more", func(*plan.Plan) {}, map[string]string{
			"*": "host=shop-rw port=5432", "pool_mode": "transaction", "auth_type": "scram-sha-256", "auth_user": "onggi_pooler", "auth_dbname": "postgres",
			"server_login_retry": "0.2", "server_tls_sslmode": "", "client_tls_sslmode": "", "server_lifetime": "",
		}},
		{"a user's settings come after the defaults, and before onggi's own", func(p *plan.Plan) {
			p.Pooler.Parameters = map[string]string{"server_login_retry": "5", "auth_user": "postgres"}
		}, map[string]string{"server_login_retry": "5", "auth_user": "onggi_pooler"}},
		{"lines of HBA", func(p *plan.Plan) { p.Pooler.HBA = []string{"host all all all scram-sha-256"} },
			map[string]string{"auth_type": "hba", "auth_hba_file": "/etc/onggi/config/pg_hba.conf"}},
		{"a certificate of unknown names and makers", func(p *plan.Plan) { p.TLS = &plan.TLS{TLS: spec.TLS{Secret: "tls"}} },
			map[string]string{"server_tls_sslmode": "require", "client_tls_sslmode": "prefer", "server_tls_ca_file": "", "client_tls_key_file": "/etc/onggi/tls/tls.key"}},
		{"a certificate whose maker is known", func(p *plan.Plan) { p.TLS = &plan.TLS{TLS: spec.TLS{Secret: "tls", CASecret: "ca", Only: true}} },
			map[string]string{"server_tls_sslmode": "verify-ca", "client_tls_sslmode": "require", "server_tls_ca_file": "/etc/onggi/tls/ca.crt"}},
		{"a certificate made here names the Services", func(p *plan.Plan) { p.TLS = &plan.TLS{TLS: spec.TLS{CertManager: &spec.CertManager{Issuer: "ca"}}} },
			map[string]string{"server_tls_sslmode": "verify-full", "server_tls_ca_file": "/etc/onggi/tls/ca.crt"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := ini(pooled(row.change), false)
			for name, want := range row.want {
				require.Equal(t, want, got[name], name)
			}
		})
	}
	standbys := ini(pooled(func(*plan.Plan) {}), true)
	require.Equal(t, "host=shop-ro port=5432", standbys["*"])
	require.Equal(t, "600", standbys["server_lifetime"], "a standby that came gets its share")
}
