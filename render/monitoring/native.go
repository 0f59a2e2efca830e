package monitoring

import (
	_ "embed"
	"slices"
	"strings"

	"github.com/onggi-db/onggi/render/manifest"
)

// What the exporter asks. Version 17 of Postgres moved the counts of checkpoints to a view of their own.
var (
	//go:embed queries.yaml
	queriesFile string
	//go:embed queries_to_16.yaml
	queriesTo16 string
	//go:embed queries_from_17.yaml
	queriesFrom17 string
	//go:embed queries_dump.yaml
	queriesDump string
)

// DumpQueries is what comes behind [Queries] for a cluster that has logical dumps: how the last of each series ended, which the program of a dump leaves
// in a table.
func DumpQueries() string { return queriesDump }

// Queries is what the exporter of a native cluster asks its server of a major version, as a file of postgres_exporter: the series that
// alerts and the dashboard read, whatever release of the exporter runs.
func Queries(major int) string {
	if major >= 17 {
		return queriesFile + queriesFrom17
	}
	return queriesFile + queriesTo16
}

// nativeMetrics are those of onggi's agent, and of the exporter beside each instance with [Queries]. The names of the latter are CloudNativePG's but
// for what they begin with, so that people's own dashboards move along.
func nativeMetrics(name, namespace string) metrics {
	return metrics{
		instances: `namespace="` + namespace + `",pod=~"` + name + `-[0-9]+"`,
		volumes:   `namespace="` + namespace + `",persistentvolumeclaim=~"(data|wal|tbs-.+)-` + name + `-[0-9]+"`,

		target:     series{"up", `container=~"agent|exporter"`},
		up:         series{"pg_up", ""},
		inRecovery: series{"onggi_pg_replication_in_recovery", ""},
		fenced:     series{"onggi_fenced", ""},
		nodeOf:     series{"onggi_node_info", ""},
		started:    series{"onggi_pg_postmaster_start_time", ""},
		scrapeErr:  series{"pg_exporter_last_scrape_error", ""},
		queryErr:   series{"pg_exporter_user_queries_load_error", ""},
		switchover: series{"onggi_switchover_awaited", ""},
		refused:    series{"onggi_exporter_queries_refused", ""},
		lag:        series{"onggi_pg_replication_lag", ""},

		syncWanted:   series{"onggi_sync_standbys", `value="asked"`},
		syncRequired: series{"onggi_sync_standbys", `value="required"`},

		lastBackup:   series{"onggi_backup_last_timestamp_seconds", ""},
		failedBackup: series{"onggi_backup_last_failure_timestamp_seconds", ""},
		lastArchived: series{"onggi_pg_stat_archiver_last_archived_time", ""},
		walReady:     series{"onggi_pg_wal_archive_ready", ""},

		walSegments: series{"onggi_pg_wal_segments", `value="count"`},
		walMax:      series{"onggi_pg_wal_segments", `value="max"`},
		walKeep:     series{"onggi_pg_wal_segments", `value="keep"`},

		sessions:        series{"onggi_backends_total", `usename!="onggi_replicator"`},
		maxConnections:  series{"onggi_pg_settings_setting", `name="max_connections"`},
		idleTransaction: series{"onggi_backends_max_tx_duration_seconds", `state=~"idle in transaction.*"`},
		transaction:     series{"onggi_backends_max_tx_duration_seconds", `usename!="onggi_replicator"`},
		waiting:         series{"onggi_backends_waiting_total", ""},
		deadlocks:       series{"onggi_pg_stat_database_deadlocks", ""},
		xidAge:          series{"onggi_pg_database_xid_age", ""},
		mxidAge:         series{"onggi_pg_database_mxid_age", ""},
		freezeAge:       series{"onggi_pg_settings_setting", `name="autovacuum_freeze_max_age"`},

		dumpSuccess: "onggi_dump_last_success_timestamp_seconds", dumpFailures: "onggi_dump_failures",

		poolerState: "pgbouncer_up", poolerAnswers: " == 1",
		poolerWait: "pgbouncer_pools_client_maxwait_seconds",
		poolerPods: "-[a-z0-9]+-[a-z0-9]+",
	}
}

// toldByAgent is an alert for which the agent has one that knows more: two pages for one trouble wake a person twice. The others that native
// lacks ask what it has no metric for.
func (b *builder) toldByAgent(a *alert) bool {
	return b.Backend == Native && a.name == "PostgresTwoPrimaries" // AgentTwoPrimaries
}

// nativePodMonitors scrape the agent and the exporter of each instance, and each pooler.
func nativePodMonitors(c Cluster) []manifest.Object {
	endpoint := func(port string) *manifest.Fields {
		return manifest.Of("port", port, "path", "/metrics", "interval", c.Interval, "scheme", "http")
	}
	own := podMonitor(c, c.Name, manifest.Of("onggi.dev/cluster", c.Name), endpoint("agent"), endpoint("metrics"))
	return append([]manifest.Object{own}, poolerMonitors(c, "onggi.dev/pooler")...)
}

// nativeNames writes a query on CloudNativePG's metrics as one on native's.
var nativeNames = strings.NewReplacer(
	"cnpg_collector_up", "pg_up", "cnpg_collector_postgres_version", "onggi_pg_version_info",
	"cnpg_collector_pg_wal{", "onggi_pg_wal_segments{", "cnpg_collector_wal_bytes", "onggi_wal_bytes",
	"cnpg_pg_", "onggi_pg_", "cnpg_backends_", "onggi_backends_",
	"streaming_replica", "onggi_replicator", `container="postgres"`, `container="database"`,
	`persistentvolumeclaim=~"$pods(-wal|-tbs-.+)?"`, `persistentvolumeclaim=~"(data|wal|tbs-.+)-$pods"`,
)

// native is a row of panels on native's metrics, with some panels in the place of others by their title.
func (r row) native(instead ...panel) row {
	out := row{title: r.title}
	for _, p := range r.panels {
		if i := slices.IndexFunc(instead, func(other panel) bool { return other.title == p.title }); i >= 0 {
			p = instead[i]
		}
		queries := make([]query, len(p.queries))
		for i, q := range p.queries {
			queries[i] = query{nativeNames.Replace(q.expr), q.legend}
		}
		p.queries = queries
		out.panels = append(out.panels, p)
	}
	return out
}
