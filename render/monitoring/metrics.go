package monitoring

import "strings"

// series is a metric and the matchers that narrow it to one question.
type series struct{ name, match string }

// metrics says which metric of a back end answers which question about one cluster. A zero series is a question that the
// back end cannot answer. Values are seconds, bytes, Unix times and counts unless a comment says otherwise.
type metrics struct {
	instances string // matchers of the series of every instance
	volumes   string // matchers of the series that kubelets report of its volumes

	// One series for each instance.
	target     series // 1 when Prometheus could scrape the instance
	up         series // 1 while the instance answers queries
	inRecovery series // 0 on a primary, 1 on a standby
	replica    series // 1 when the whole cluster follows another one
	fenced     series // 1 while the instance is kept down on purpose
	switchover series // 1 while an update waits for a person to switch over
	nodes      series // how many nodes the instances of the cluster run on
	nodeOf     series // where nothing counts them: 1, with the label node
	started    series // when the server process started
	scrapeErr  series // 1 when the exporter could not read all it should
	queryErr   series // 1 when one of the exporter's queries failed
	refused    series // 1 for queries of one's own that were left out; where a back end leaves any out
	lag        series // how far a standby is behind

	// Of the primary.
	slotActive   series // 1 while the standby that a slot is kept for is streaming; label slot_name
	syncWanted   series // how many synchronous standbys were asked for
	syncRequired series // how many the server waits for at commit; negative when unknown

	// Backups; any instance may report them, the newest counts. 0 means never.
	lastBackup   series
	failedBackup series
	lastArchived series // -1 means never; only where an archiver runs
	walReady     series // segments waiting to be archived

	// Write-ahead log on disk, in segments.
	walSegments, walMax, walKeep series

	// Load.
	sessions, maxConnections series // sessions of users; label datname, usename, state…
	idleTransaction          series // age of the oldest transaction that a client holds open while idle
	transaction              series // age of the oldest transaction
	waiting                  series // sessions waiting for a lock
	deadlocks                series // counter; label datname
	xidAge, mxidAge          series // transactions since the oldest unfrozen one; label datname
	freezeAge                series // the age at which autovacuum freezes

	// dumpSuccess is when the last good dump began, dumpFailures how many failed since; label series.
	dumpSuccess, dumpFailures string

	// poolerState compares as poolerAnswers, " == 0" say, on each pod of a pooler that answers.
	poolerState, poolerAnswers string
	// poolerWait is how long a pooler's oldest client waits; labels database, user.
	poolerWait string
	// poolerPods follows the pooler's name in the pattern of its pods' names.
	poolerPods string
}

// metricsOf is the choice among back ends. ok is false for one whose metrics are not known.
func metricsOf(c Cluster) (m metrics, ok bool) {
	switch c.Backend {
	case CloudNativePG:
		return cnpgMetrics(c.Name, c.Namespace, c.Backup != nil && c.Backup.Plugin), true
	case Native:
		return nativeMetrics(c.Name, c.Namespace), true
	}
	return metrics{}, false
}

// cnpgMetrics are those of CloudNativePG's exporter (1.24 to 1.30) and of its default queries.
func cnpgMetrics(name, namespace string, plugin bool) metrics {
	m := metrics{
		instances: `namespace="` + namespace + `",pod=~"` + name + `-[0-9]+"`,
		volumes:   `namespace="` + namespace + `",persistentvolumeclaim=~"` + name + `-[0-9]+(-wal|-tbs-.+)?"`,

		target:     series{"up", `container="postgres"`},
		up:         series{"cnpg_collector_up", ""},
		inRecovery: series{"cnpg_pg_replication_in_recovery", ""},
		replica:    series{"cnpg_collector_replica_mode", ""},
		fenced:     series{"cnpg_collector_fencing_on", ""},
		switchover: series{"cnpg_collector_manual_switchover_required", ""},
		nodes:      series{"cnpg_collector_nodes_used", ""},
		started:    series{"cnpg_pg_postmaster_start_time", ""},
		scrapeErr:  series{"cnpg_collector_last_collection_error", ""},
		queryErr:   series{"cnpg_last_error", ""},
		lag:        series{"cnpg_pg_replication_lag", ""},

		// The operator keeps one such slot for each instance that should exist, running or not.
		slotActive:   series{"cnpg_pg_replication_slots_active", `slot_name=~"_cnpg_` + strings.ReplaceAll(name, "-", "_") + `_[0-9]+"`},
		syncWanted:   series{"cnpg_collector_sync_replicas", `value="expected"`},
		syncRequired: series{"cnpg_collector_sync_replicas", `value="observed"`},

		lastBackup:   series{"cnpg_collector_last_available_backup_timestamp", ""},
		failedBackup: series{"cnpg_collector_last_failed_backup_timestamp", ""},
		lastArchived: series{"cnpg_pg_stat_archiver_last_archived_time", ""},
		walReady:     series{"cnpg_collector_pg_wal_archive_status", `value="ready"`},

		walSegments: series{"cnpg_collector_pg_wal", `value="count"`},
		walMax:      series{"cnpg_collector_pg_wal", `value="max"`},
		walKeep:     series{"cnpg_collector_pg_wal", `value="keep"`},

		sessions:        series{"cnpg_backends_total", `usename!="streaming_replica"`},
		maxConnections:  series{"cnpg_pg_settings_setting", `name="max_connections"`},
		idleTransaction: series{"cnpg_backends_max_tx_duration_seconds", `state=~"idle in transaction.*"`},
		transaction:     series{"cnpg_backends_max_tx_duration_seconds", `usename!="streaming_replica"`},
		waiting:         series{"cnpg_backends_waiting_total", ""},
		deadlocks:       series{"cnpg_pg_stat_database_deadlocks", ""},
		xidAge:          series{"cnpg_pg_database_xid_age", ""},
		mxidAge:         series{"cnpg_pg_database_mxid_age", ""},
		freezeAge:       series{"cnpg_pg_settings_setting", `name="autovacuum_freeze_max_age"`},

		// cnpg_pgbouncer_up is declared by the exporter but never sent.
		poolerState: "cnpg_pgbouncer_last_collection_error", poolerAnswers: " == 0",
		poolerWait: "cnpg_pgbouncer_pools_maxwait",
		poolerPods: "-[a-z0-9]+-[a-z0-9]+",
	}
	if plugin {
		m.lastBackup.name = "barman_cloud_cloudnative_pg_io_last_available_backup_timestamp"
		m.failedBackup.name = "barman_cloud_cloudnative_pg_io_last_failed_backup_timestamp"
	}
	return m
}
