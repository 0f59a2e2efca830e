package monitoring

// nativeRows are the rows that every native cluster has.
func nativeRows() []row {
	const leads = ` and on (pod) patroni_primary` + ofInstances + ` == 1`
	return []row{
		overviewRow().native(panel{
			title: "Instances", kind: stat, width: 3, help: "Those that answer, and the members on the record.",
			queries: []query{
				{`sum(pg_up` + ofInstances + `)`, "up"},
				{`count(patroni_postgres_running` + ofInstances + `)`, "members"},
			},
		}),
		agentRow(),
		replicationRow().native(panel{
			title: "Synchronous standbys", kind: graph, width: 8, help: "A commit waits for the required ones. Fewer than asked for: commits are on fewer nodes.",
			queries: []query{
				{`max(onggi_sync_standbys` + inInstances + `value="asked"}` + leads + `)`, "asked for"},
				{`max(onggi_sync_standbys` + inInstances + `value="required"}` + leads + `)`, "required"},
				{`sum(patroni_postgres_streaming` + ofInstances + `)`, "streaming"},
			},
		}),
		loadRow().native(),
		storageRow().native(panel{
			title: "WAL segments on disk", kind: graph, width: 8,
			queries: []query{
				{`onggi_pg_wal_segments` + inInstances + `value="count"}`, "{{pod}}"},
				{`max(onggi_pg_wal_segments` + inInstances + `value="max"})`, "max_wal_size"},
			},
		}),
		podsRow().native(),
	}
}

// agentRow is about who may lead, and why.
func agentRow() row {
	return row{"Agent", []panel{
		{
			title: "Permit", kind: graph, width: 8, unit: "s", help: "How long the primary may go on without another grant. At 0 it is stopped.",
			queries: []query{{`onggi_permit_remaining_seconds` + ofInstances, "{{pod}}"}},
		},
		{
			title: "Paths of the permit", kind: graph, width: 8, help: "Either is enough. One of two is a warning.",
			queries: []query{{`sum by (path) (onggi_permit_path` + ofInstances + `)`, "{{path}}"}},
		},
		{
			title: "May take over", kind: graph, width: 8, help: "Replicas that could be elected now.",
			queries: []query{{`sum(onggi_replica_eligible` + ofInstances + `)`, "replicas"}},
		},
		{title: "Term", kind: stat, width: 4, help: "How often the primary has changed.", queries: []query{{`max(onggi_term` + ofInstances + `)`, ""}}},
		{title: "Last outage", kind: stat, width: 4, unit: "s", help: "How long nobody could write, the last time.", queries: []query{{`max(onggi_last_outage_seconds` + ofInstances + `)`, ""}}},
		{
			title: "Not as the spec wants", kind: stat, width: 4, warn: 1, bad: 1, help: "Roles, databases and passwords that could not be changed.",
			queries: []query{{`sum(onggi_provision_problems` + ofInstances + `)`, ""}},
		},
		{
			title: "Commits waiting", kind: stat, width: 4, unit: "s", warn: 5, bad: 30, help: "How long commits have been waiting for a standby.",
			queries: []query{{`max(onggi_commit_stall_seconds` + ofInstances + `)`, ""}},
		},
		{
			title: "Requests to the API server", kind: graph, width: 8, unit: "reqps",
			queries: []query{{`sum by (verb, code) (rate(onggi_api_requests_total` + ofInstances + `[$__rate_interval]))`, "{{verb}} {{code}}"}},
		},
	}}
}

// nativeBackupRow reads the agent's metrics of pgBackRest, and the server's of its archiver.
func nativeBackupRow() row {
	return row{"Backup", []panel{
		{
			title: "Newest backup", kind: stat, width: 6, unit: "s", help: "How old it is.",
			queries: []query{{`time() - max(onggi_backup_last_timestamp_seconds` + inInstances + `type="any"} > 0)`, ""}},
		},
		{title: "Backups", kind: graph, width: 6, help: "In the repository.", queries: []query{{`max by (type) (onggi_backups` + ofInstances + `)`, "{{type}}"}}},
		{
			title: "Last failure", kind: stat, width: 6, unit: "dateTimeFromNow",
			queries: []query{{`1000 * max(onggi_backup_last_failure_timestamp_seconds` + ofInstances + ` > 0)`, ""}},
		},
		{
			title: "Last WAL archived", kind: stat, width: 6, unit: "s", help: "How long ago. An idle server has nothing to archive.",
			queries: []query{{`time() - max(onggi_pg_stat_archiver_last_archived_time` + ofInstances + ` > 0)`, ""}},
		},
		{title: "WAL segments waiting", kind: graph, width: 8, queries: []query{{`onggi_pg_wal_archive_ready` + ofInstances, "{{pod}}"}}},
		{
			title: "WAL segments archived", kind: graph, width: 8, unit: "ops",
			queries: []query{
				{rate("onggi_pg_stat_archiver_archived_count", "pod"), "{{pod}} archived"},
				{rate("onggi_pg_stat_archiver_failed_count", "pod"), "{{pod}} failed"},
			},
		},
		{
			title: "How long backups take", kind: graph, width: 8, unit: "s",
			queries: []query{{`max by (type) (onggi_backup_last_duration_seconds` + inInstances + `type!="any"} > 0)`, "{{type}}"}},
		},
	}}
}

// nativePoolerRow reads the metrics of onggi-agent pooler.
func nativePoolerRow() row {
	return row{"Pooler", []panel{
		{
			title: "Clients", kind: graph, width: 6,
			queries: []query{
				{`sum by (pod) (pgbouncer_pools_client_active_connections` + ofPoolers + `)`, "{{pod}} active"},
				{`sum by (pod) (pgbouncer_pools_client_waiting_connections` + ofPoolers + `)`, "{{pod}} waiting"},
			},
		},
		{
			title: "Longest wait", kind: graph, width: 6, unit: "s",
			queries: []query{{`max by (database, user) (pgbouncer_pools_client_maxwait_seconds` + ofPoolers + `)`, "{{user}} in {{database}}"}},
		},
		{
			title: "Server connections", kind: graph, width: 6,
			queries: []query{
				{`sum by (pod) (pgbouncer_pools_server_active_connections` + ofPoolers + `)`, "{{pod}} active"},
				{`sum by (pod) (pgbouncer_pools_server_idle_connections` + ofPoolers + `)`, "{{pod}} idle"},
			},
		},
		{
			title: "Queries", kind: graph, width: 6, unit: "ops",
			queries: []query{{`sum by (database) (rate(pgbouncer_stats_queries_pooled_total` + ofPoolers + `[$__rate_interval]))`, "{{database}}"}},
		},
	}}
}
