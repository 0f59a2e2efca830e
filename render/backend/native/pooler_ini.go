package native

import (
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/onggi-db/onggi/render/plan"
	"github.com/onggi-db/onggi/sidecars/config"
)

// PoolerIni is PgBouncer's configuration for one set of pods.
//
// After a failover everything depends on how soon PgBouncer tries again. A connection that the old primary closed is dropped at once. One
// whose node vanished is found out by keepalives, in 11 s, which is before the node is given up. A new one goes to a Service that leads
// to nobody for a moment, and PgBouncer's own pause after that would be 15 s; clients wait meanwhile, for two minutes at most.
func PoolerIni(p *plan.Plan, m plan.PoolerMember) string {
	settings := map[string]string{
		"max_client_conn":           "1000",
		"ignore_startup_parameters": "extra_float_digits,options", // JDBC sends the one, many drivers the other
		"server_login_retry":        "0.2",
		"server_connect_timeout":    "3",
		"server_check_delay":        "5",
		"dns_nxdomain_ttl":          "1",
		"tcp_keepalive":             "1",
		"tcp_keepidle":              "5",
		"tcp_keepintvl":             "2",
		"tcp_keepcnt":               "3",
		"tcp_user_timeout":          "11000",
		"log_connections":           "0", // an application without a pool of its own makes thousands
		"log_disconnections":        "0",
		"log_stats":                 "0", // they are metrics
	}
	if m.ReadOnly {
		settings["server_lifetime"] = "600" // sooner or later a standby that came gets its share
	}
	maps.Copy(settings, p.Pooler.Parameters)
	maps.Copy(settings, poolerOwn(p))
	var b strings.Builder
	b.WriteString("[databases]\n* = host=" + p.Name + "-" + direction(m) + " port=" + strconv.FormatInt(postgresPort, 10) + "\n\n[pgbouncer]\n")
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		b.WriteString(strings.TrimRight(name+" = "+settings[name], " ") + "\n")
	}
	return b.String()
}

func direction(m plan.PoolerMember) string {
	if m.ReadOnly {
		return "ro"
	}
	return "rw"
}

// poolerOwn are the settings that the rest depends on.
func poolerOwn(p *plan.Plan) map[string]string {
	own := map[string]string{
		"listen_addr": "*", "listen_port": strconv.FormatInt(postgresPort, 10), "unix_socket_dir": runDir, "unix_socket_mode": "0700",
		"pool_mode": p.Pooler.Mode,
		"auth_type": "scram-sha-256", "auth_file": path.Join(runDir, config.PoolerUserlist), "auth_user": config.PoolerRole,
		"auth_query": config.PoolerQuery, "auth_dbname": "postgres",
	}
	if len(p.Pooler.HBA) > 0 {
		own["auth_type"], own["auth_hba_file"] = "hba", path.Join(configDir, poolerHBA)
	}
	t := p.TLS
	if t == nil {
		return own
	}
	own["server_tls_sslmode"], own["client_tls_sslmode"] = "require", "prefer"
	own["client_tls_cert_file"], own["client_tls_key_file"] = tlsDir+"/tls.crt", tlsDir+"/tls.key"
	if authority(t) {
		// Of a certificate that somebody brings, nobody says that it names the Services.
		own["server_tls_sslmode"], own["server_tls_ca_file"] = "verify-ca", tlsDir+"/ca.crt"
	}
	if t.CertManager != nil {
		own["server_tls_sslmode"] = "verify-full"
	}
	if t.Only {
		own["client_tls_sslmode"] = "require"
	}
	return own
}

// poolerRefused are settings that are not the user's, and why. What is not listed is PgBouncer's to refuse.
func poolerRefused(name string) string {
	switch name {
	case "pool_mode":
		return "it is spec.pooler.mode"
	case "client_tls_sslmode", "client_tls_key_file", "client_tls_cert_file", "client_tls_ca_file", "server_tls_sslmode", "server_tls_ca_file", "server_tls_key_file", "server_tls_cert_file":
		return "it follows from spec.tls"
	case "auth_type", "auth_hba_file":
		return "it follows from spec.pooler.hba"
	case "listen_addr", "listen_port", "unix_socket_dir", "unix_socket_mode", "unix_socket_group", "auth_file", "auth_user", "auth_query", "auth_dbname",
		"auth_ident_file", "auth_ldap_options", "logfile", "pidfile", "user", "conffile", "service_name", "job_name", "syslog", "peer_id", "so_reuseport", "resolv_conf":
		return "the pod depends on it"
	}
	return ""
}

func lines(list []string) string { return strings.Join(list, "\n") + "\n" }
