package monitoring

import "github.com/onggi-db/onggi/render/manifest"

// Selectors of the queries, in terms of the dashboard's constants.
const (
	ofInstances = `{namespace="$namespace",pod=~"$pods"}`
	inInstances = `{namespace="$namespace",pod=~"$pods",` // to be continued
	ofVolumes   = `{namespace="$namespace",persistentvolumeclaim=~"$pods(-wal|-tbs-.+)?"}`
	ofPoolers   = `{namespace="$namespace",pod=~"$poolers"}`
	onPrimary   = ` and on (pod) cnpg_pg_replication_in_recovery` + ofInstances + ` == 0`

	usedConnections = `100 * max(sum by (pod) (cnpg_backends_total` + inInstances + `usename!="streaming_replica"}) / on (pod) ` +
		`max by (pod) (cnpg_pg_settings_setting` + inInstances + `name="max_connections"}))`
	usedVolume = `max by (persistentvolumeclaim) (100 * (1 - kubelet_volume_stats_available_bytes` + ofVolumes +
		` / kubelet_volume_stats_capacity_bytes` + ofVolumes + `))`
)

// rate is the change per second of a counter of the instances, summed by some labels.
func rate(metric, by string) string {
	return "sum by (" + by + ") (rate(" + metric + ofInstances + "[$__rate_interval]))"
}

func overviewRow() row {
	return row{"Overview", []panel{
		{title: "Primary", kind: names, width: 3, queries: []query{{`cnpg_pg_replication_in_recovery` + ofInstances + ` == 0`, "{{pod}}"}}},
		{
			title: "Instances", kind: stat, width: 3, help: "Those that answer, and those that should exist: the primary and one for each of its slots.",
			queries: []query{
				{`sum(cnpg_collector_up` + ofInstances + `)`, "up"},
				{`count(cnpg_pg_replication_slots_active` + inInstances + `slot_name=~"_cnpg_.+"}` + onPrimary + `) + 1 or vector(1)`, "wanted"},
			},
		},
		{
			title: "Firing alerts", kind: stat, width: 3, warn: 1, bad: 3,
			queries: []query{{`count(ALERTS{alertstate="firing",namespace="$namespace",database_cluster="$cluster"}) or vector(0)`, ""}},
		},
		{
			title: "Standby behind", kind: stat, width: 3, unit: "s", warn: 60, bad: 300,
			queries: []query{{`max(cnpg_pg_replication_lag` + ofInstances + `)`, ""}},
		},
		{title: "Connections", kind: stat, width: 3, unit: "percent", warn: 80, bad: 95, queries: []query{{usedConnections, ""}}},
		{title: "Fullest volume", kind: stat, width: 3, unit: "percent", warn: 80, bad: 90, queries: []query{{`max(` + usedVolume + `)`, ""}}},
		{
			title: "Primary running for", kind: stat, width: 3, unit: "s",
			queries: []query{{`time() - max(cnpg_pg_postmaster_start_time` + ofInstances + onPrimary + `)`, ""}},
		},
		{title: "Version", kind: names, width: 3, queries: []query{{`max by (full) (cnpg_collector_postgres_version` + ofInstances + `)`, "{{full}}"}}},
		{
			title: "Alerts", kind: table, width: 24,
			queries: []query{{`ALERTS{alertstate="firing",namespace="$namespace",database_cluster="$cluster"}`, ""}},
		},
	}}
}

func replicationRow() row {
	role := func(text, colour string) *manifest.Fields { return manifest.Of("text", text, "color", colour) }
	return row{"Replication", []panel{
		{
			title: "Role", kind: timeline, width: 12, queries: []query{{`cnpg_pg_replication_in_recovery` + ofInstances, "{{pod}}"}},
			mappings: []any{manifest.Of("type", "value", "options", manifest.Of("0", role("primary", "green"), "1", role("standby", "blue")))},
		},
		{title: "Standby behind", kind: graph, width: 12, unit: "s", queries: []query{{`cnpg_pg_replication_lag` + ofInstances, "{{pod}}"}}},
		{
			title: "WAL not yet replayed", kind: graph, width: 8, unit: "bytes",
			queries: []query{{`max by (application_name) (cnpg_pg_stat_replication_replay_diff_bytes` + ofInstances + `)`, "{{application_name}}"}},
		},
		{
			title: "WAL kept for slots", kind: graph, width: 8, unit: "bytes", help: "What the primary must keep until the reader of a slot has seen it.",
			queries: []query{{`max by (slot_name) (cnpg_pg_replication_slots_pg_wal_lsn_diff` + ofInstances + onPrimary + `)`, "{{slot_name}}"}},
		},
		{
			title: "Synchronous standbys", kind: graph, width: 8, help: "A commit waits for the required ones; below that number writes hang.",
			queries: []query{
				{`max(cnpg_collector_sync_replicas` + inInstances + `value="expected"}` + onPrimary + `)`, "asked for"},
				{`max(cnpg_collector_sync_replicas` + inInstances + `value="observed"}` + onPrimary + `)`, "required"},
				{`sum(cnpg_pg_replication_slots_active` + inInstances + `slot_name=~"_cnpg_.+"}` + onPrimary + `)`, "streaming"},
			},
		},
	}}
}

func loadRow() row {
	return row{"Load", []panel{
		{
			title: "Sessions by state", kind: graph, width: 8, stacked: true,
			queries: []query{{`sum by (state) (cnpg_backends_total` + ofInstances + `)`, "{{state}}"}},
		},
		{
			title: "Sessions by user", kind: graph, width: 8, stacked: true,
			queries: []query{{`sum by (datname, usename) (cnpg_backends_total` + inInstances + `usename!="streaming_replica"})`, "{{usename}} in {{datname}}"}},
		},
		{
			title: "Oldest transaction", kind: graph, width: 8, unit: "s",
			queries: []query{{`max by (usename, state) (cnpg_backends_max_tx_duration_seconds` + inInstances + `usename!="streaming_replica"})`, "{{usename}}, {{state}}"}},
		},
		{
			title: "Transactions", kind: graph, width: 8, unit: "ops",
			queries: []query{
				{rate("cnpg_pg_stat_database_xact_commit", "datname"), "{{datname}} committed"},
				{rate("cnpg_pg_stat_database_xact_rollback", "datname"), "{{datname}} rolled back"},
			},
		},
		{
			title: "Rows", kind: graph, width: 8, unit: "rps",
			queries: []query{
				{rate("cnpg_pg_stat_database_tup_fetched", ""), "fetched"},
				{rate("cnpg_pg_stat_database_tup_inserted", ""), "inserted"},
				{rate("cnpg_pg_stat_database_tup_updated", ""), "updated"},
				{rate("cnpg_pg_stat_database_tup_deleted", ""), "deleted"},
			},
		},
		{
			title: "Cache hits", kind: graph, width: 8, unit: "percent", help: "Blocks found in shared_buffers, of all that were read.",
			queries: []query{{`100 * ` + rate("cnpg_pg_stat_database_blks_hit", "datname") + ` / (` + rate("cnpg_pg_stat_database_blks_hit", "datname") +
				` + ` + rate("cnpg_pg_stat_database_blks_read", "datname") + ` > 0)`, "{{datname}}"}},
		},
		{
			title: "Lock waits and deadlocks", kind: graph, width: 8,
			queries: []query{
				{`sum by (pod) (cnpg_backends_waiting_total` + ofInstances + `)`, "{{pod}} waiting"},
				{`sum by (datname) (increase(cnpg_pg_stat_database_deadlocks` + ofInstances + `[$__rate_interval]))`, "{{datname}} deadlocks"},
			},
		},
		{title: "Temporary files", kind: graph, width: 8, unit: "Bps", queries: []query{{rate("cnpg_pg_stat_database_temp_bytes", "datname"), "{{datname}}"}}},
		{
			title: "Oldest row version", kind: graph, width: 8, help: "Transactions since the oldest one not frozen. Beyond autovacuum_freeze_max_age vacuum is held back.",
			queries: []query{
				{`max by (datname) (cnpg_pg_database_xid_age` + ofInstances + `)`, "{{datname}}"},
				{`max(cnpg_pg_settings_setting` + inInstances + `name="autovacuum_freeze_max_age"})`, "autovacuum_freeze_max_age"},
			},
		},
	}}
}

func storageRow() row {
	// Version 17 of Postgres moved the counts of checkpoints to a view of their own.
	checkpoints := func(kind string) string {
		return rate("cnpg_pg_stat_checkpointer_checkpoints_"+kind, "pod") + " or " + rate("cnpg_pg_stat_bgwriter_checkpoints_"+kind, "pod")
	}
	return row{"Storage", []panel{
		{title: "Volumes used", kind: graph, width: 8, unit: "percent", queries: []query{{usedVolume, "{{persistentvolumeclaim}}"}}},
		{
			title: "Size of databases", kind: graph, width: 8, unit: "bytes", stacked: true,
			queries: []query{{`max by (datname) (cnpg_pg_database_size_bytes` + ofInstances + `)`, "{{datname}}"}},
		},
		{
			title: "WAL segments on disk", kind: graph, width: 8,
			queries: []query{
				{`cnpg_collector_pg_wal` + inInstances + `value="count"}`, "{{pod}}"},
				{`max(cnpg_collector_pg_wal` + inInstances + `value="max"})`, "max_wal_size"},
			},
		},
		{title: "WAL written", kind: graph, width: 8, unit: "Bps", queries: []query{{rate("cnpg_collector_wal_bytes", "pod"), "{{pod}}"}}},
		{
			title: "Checkpoints", kind: graph, width: 8, unit: "ops", help: "Requested ones come before their time: max_wal_size is small for the load.",
			queries: []query{{checkpoints("timed"), "{{pod}} timed"}, {checkpoints("req"), "{{pod}} requested"}},
		},
		{
			title: "Time spent in checkpoints", kind: graph, width: 8, unit: "ms", help: "Milliseconds in each second.",
			queries: []query{
				{rate("cnpg_pg_stat_checkpointer_write_time", "pod") + " or " + rate("cnpg_pg_stat_bgwriter_checkpoint_write_time", "pod"), "{{pod}} writing"},
				{rate("cnpg_pg_stat_checkpointer_sync_time", "pod") + " or " + rate("cnpg_pg_stat_bgwriter_checkpoint_sync_time", "pod"), "{{pod}} syncing"},
			},
		},
	}}
}

func podsRow() row {
	return row{"Pods", []panel{
		{
			title: "CPU", kind: graph, width: 8, unit: "short", help: "Cores.",
			queries: []query{{`sum by (pod) (rate(container_cpu_usage_seconds_total` + inInstances + `container="postgres"}[$__rate_interval]))`, "{{pod}}"}},
		},
		{
			title: "Memory", kind: graph, width: 8, unit: "bytes",
			queries: []query{{`sum by (pod) (container_memory_working_set_bytes` + inInstances + `container="postgres"})`, "{{pod}}"}},
		},
		{
			title: "Starts of the server within an hour", kind: graph, width: 8,
			queries: []query{{`changes(cnpg_pg_postmaster_start_time` + ofInstances + `[1h])`, "{{pod}}"}},
		},
	}}
}

func backupRow() row {
	return row{"Backup", []panel{
		{title: "Newest backup", kind: stat, width: 6, unit: "s", help: "How old it is.", queries: []query{{`time() - max(${backup}_last_available_backup_timestamp` + ofInstances + ` > 0)`, ""}}},
		{
			title: "Recovery window", kind: stat, width: 6, unit: "s", help: "How far back a restore can go.",
			queries: []query{{`time() - min(${backup}_first_recoverability_point` + ofInstances + ` > 0)`, ""}},
		},
		{
			title: "Last failure", kind: stat, width: 6, unit: "dateTimeFromNow",
			queries: []query{{`1000 * max(${backup}_last_failed_backup_timestamp` + ofInstances + ` > 0)`, ""}},
		},
		{
			title: "Last WAL archived", kind: stat, width: 6, unit: "s", help: "How long ago. An idle server has nothing to archive.",
			queries: []query{{`time() - max(cnpg_pg_stat_archiver_last_archived_time` + ofInstances + ` > 0)`, ""}},
		},
		{
			title: "WAL segments waiting", kind: graph, width: 12,
			queries: []query{{`cnpg_collector_pg_wal_archive_status` + inInstances + `value="ready"}`, "{{pod}}"}},
		},
		{
			title: "WAL segments archived", kind: graph, width: 12, unit: "ops",
			queries: []query{
				{rate("cnpg_pg_stat_archiver_archived_count", "pod"), "{{pod}} archived"},
				{rate("cnpg_pg_stat_archiver_failed_count", "pod"), "{{pod}} failed"},
			},
		},
	}}
}

func poolerRow() row {
	return row{"Pooler", []panel{
		{
			title: "Clients", kind: graph, width: 6,
			queries: []query{
				{`sum by (pod) (cnpg_pgbouncer_pools_cl_active` + ofPoolers + `)`, "{{pod}} active"},
				{`sum by (pod) (cnpg_pgbouncer_pools_cl_waiting` + ofPoolers + `)`, "{{pod}} waiting"},
			},
		},
		{
			title: "Longest wait", kind: graph, width: 6, unit: "s",
			queries: []query{{`max by (database, user) (cnpg_pgbouncer_pools_maxwait` + ofPoolers + `)`, "{{user}} in {{database}}"}},
		},
		{
			title: "Server connections", kind: graph, width: 6,
			queries: []query{
				{`sum by (pod) (cnpg_pgbouncer_pools_sv_active` + ofPoolers + `)`, "{{pod}} active"},
				{`sum by (pod) (cnpg_pgbouncer_pools_sv_idle` + ofPoolers + `)`, "{{pod}} idle"},
			},
		},
		{
			title: "Queries", kind: graph, width: 6, unit: "ops",
			queries: []query{{`sum by (database) (rate(cnpg_pgbouncer_stats_total_query_count` + ofPoolers + `[$__rate_interval]))`, "{{database}}"}},
		},
	}}
}
