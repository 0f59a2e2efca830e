package pooler

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// snapshot is what PgBouncer said of itself.
type snapshot struct {
	version           string // "" when it did not answer
	pools, stats, all table  // SHOW POOLS, STATS, DATABASES
	lists             map[string]float64
	configured        map[string]string // SHOW CONFIG
	reloads           int
	reloadFailed      bool
}

// family is a metric and the column that it is read from.
type family struct {
	name, kind, help, column string
	scale                    float64
}

const microseconds = 1e-6

func poolFamilies() []family {
	return []family{
		{"pgbouncer_pools_client_active_connections", "gauge", "Clients that are paired with a server connection, or that have nothing to ask.", "cl_active", 1},
		{"pgbouncer_pools_client_waiting_connections", "gauge", "Clients that have asked and wait for a server connection.", "cl_waiting", 1},
		{"pgbouncer_pools_client_waiting_cancel_connections", "gauge", "Requests to cancel that wait to be sent.", "cl_waiting_cancel_req", 1},
		{"pgbouncer_pools_server_active_connections", "gauge", "Server connections that a client uses.", "sv_active", 1},
		{"pgbouncer_pools_server_idle_connections", "gauge", "Server connections that are ready for a client.", "sv_idle", 1},
		{"pgbouncer_pools_server_used_connections", "gauge", "Server connections that were idle for so long that they are asked first.", "sv_used", 1},
		{"pgbouncer_pools_server_testing_connections", "gauge", "Server connections that are being reset or asked.", "sv_tested", 1},
		{"pgbouncer_pools_server_login_connections", "gauge", "Server connections that are being made.", "sv_login", 1},
		{"pgbouncer_pools_client_maxwait_seconds", "gauge", "How long the client that has waited longest has waited.", "maxwait", 1},
	}
}

func statFamilies() []family {
	return []family{
		{"pgbouncer_stats_sql_transactions_pooled_total", "counter", "Transactions.", "total_xact_count", 1},
		{"pgbouncer_stats_queries_pooled_total", "counter", "Queries.", "total_query_count", 1},
		{"pgbouncer_stats_received_bytes_total", "counter", "Bytes from clients and servers.", "total_received", 1},
		{"pgbouncer_stats_sent_bytes_total", "counter", "Bytes to clients and servers.", "total_sent", 1},
		{"pgbouncer_stats_server_in_transaction_seconds_total", "counter", "Time that server connections were in a transaction.", "total_xact_time", microseconds},
		{"pgbouncer_stats_queries_duration_seconds_total", "counter", "Time that server connections worked.", "total_query_time", microseconds},
		{"pgbouncer_stats_client_wait_seconds_total", "counter", "Time that clients waited for a server connection.", "total_wait_time", microseconds},
	}
}

func databaseFamilies() []family {
	return []family{
		{"pgbouncer_databases_pool_size", "gauge", "Server connections that a pool may have.", "pool_size", 1},
		{"pgbouncer_databases_max_connections", "gauge", "Server connections that all pools of a database may have, 0 for as many as they like.", "max_connections", 1},
		{"pgbouncer_databases_current_connections", "gauge", "Server connections that there are.", "current_connections", 1},
		{"pgbouncer_databases_paused", "gauge", "Whether queries are held.", "paused", 1},
		{"pgbouncer_databases_disabled", "gauge", "Whether new clients are refused.", "disabled", 1},
	}
}

// exposition is Prometheus' text format.
type exposition struct{ strings.Builder }

func (w *exposition) head(name, kind, help string) {
	fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

var escapes = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)

func (w *exposition) sample(name string, value float64, labels ...string) {
	var in []string
	for i := 0; i+1 < len(labels); i += 2 {
		in = append(in, labels[i]+`="`+escapes.Replace(strings.ToValidUTF8(labels[i+1], "\uFFFD"))+`"`)
	}
	w.WriteString(name)
	if in != nil {
		w.WriteString("{" + strings.Join(in, ",") + "}")
	}
	w.WriteString(" " + strconv.FormatFloat(value, 'g', -1, 64) + "\n")
}

// each writes one family: a sample for each row that has its column, but for the console's own.
func (w *exposition) each(f family, rows table, labels func(row map[string]string) []string) {
	begun := false
	for _, row := range rows {
		value, ok := number(row, f.column)
		if !ok || cmp.Or(row["name"], row["database"]) == "pgbouncer" {
			continue
		}
		if !begun {
			w.head(f.name, f.kind, f.help)
			begun = true
		}
		w.sample(f.name, value*f.scale, labels(row)...)
	}
}

// metrics writes a snapshot, as the exporter of the Prometheus community names things.
func metrics(s snapshot) string {
	var w exposition
	w.head("pgbouncer_up", "gauge", "Whether PgBouncer answers.")
	up := 0.0
	if s.version != "" {
		up = 1
	}
	w.sample("pgbouncer_up", up)
	w.head("onggi_pooler_reloads_total", "counter", "How often PgBouncer was told to read its files again.")
	w.sample("onggi_pooler_reloads_total", float64(s.reloads))
	failed := 0.0
	if s.reloadFailed {
		failed = 1
	}
	w.head("onggi_pooler_reload_failed", "gauge", "Whether the files as they are could not be taken.")
	w.sample("onggi_pooler_reload_failed", failed)
	if s.version == "" {
		return w.String()
	}
	w.head("pgbouncer_version_info", "gauge", "The version.")
	w.sample("pgbouncer_version_info", 1, "version", s.version)
	for _, setting := range []struct{ name, help, key string }{
		{"pgbouncer_config_max_client_connections", "Clients that may be connected.", "max_client_conn"},
		{"pgbouncer_config_max_user_connections", "Server connections that a user may have, 0 for as many as there are.", "max_user_connections"},
	} {
		if value, err := strconv.ParseFloat(s.configured[setting.key], 64); err == nil {
			w.head(setting.name, "gauge", setting.help)
			w.sample(setting.name, value)
		}
	}
	for _, list := range []struct{ name, help, key string }{
		{"pgbouncer_used_clients", "Clients that are connected.", "used_clients"},
		{"pgbouncer_login_clients", "Clients that are logging in.", "login_clients"},
		{"pgbouncer_used_servers", "Server connections.", "used_servers"},
		{"pgbouncer_pools", "Pools.", "pools"},
	} {
		if value, ok := s.lists[list.key]; ok {
			w.head(list.name, "gauge", list.help)
			w.sample(list.name, value)
		}
	}
	for _, f := range poolFamilies() {
		w.each(f, s.pools, func(r map[string]string) []string { return []string{"database", r["database"], "user", r["user"]} })
	}
	for _, f := range statFamilies() {
		w.each(f, s.stats, func(r map[string]string) []string { return []string{"database", r["database"]} })
	}
	for _, f := range databaseFamilies() {
		w.each(f, s.all, func(r map[string]string) []string { return []string{"name", r["name"], "database", r["database"]} })
	}
	return w.String()
}
