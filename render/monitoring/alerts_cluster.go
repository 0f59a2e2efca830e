package monitoring

import "strconv"

// availability: is there a primary, is it the only one, does every instance answer.
func (b *builder) availability() []alert {
	m := &b.metrics
	up, inRecovery := b.of(m.up), b.of(m.inRecovery)
	return []alert{{
		name: "PostgresDown", severity: critical, hold: "3m",
		expr:    b.join("absent(", up, " == 1)"),
		summary: "no instance answers",
		detail: "Prometheus sees no instance that answers queries: every one is down, or none is scraped. " +
			"Applications cannot reach their data.",
	}, {
		name: "PostgresNoPrimary", severity: critical, hold: "3m",
		// A cluster that follows another one has no primary of its own.
		expr:    b.join("min(", inRecovery, ") == 1 unless on () max(", b.of(m.replica), ") == 1"),
		summary: "no instance takes writes",
		detail:  "Every instance that answers is a standby. Reads may work, writes fail; a failover should have ended this within a minute.",
	}, {
		name: "PostgresTwoPrimaries", severity: critical, hold: "2m",
		expr:    b.join("count(", inRecovery, " == 0) > 1"),
		summary: "{{ $value }} instances take writes",
		detail: "{{ $value }} instances say that they are the primary. Writes that reach the wrong one are lost when it is " +
			"rewound. A switchover looks like this for less than a minute.",
	}, {
		name: "PostgresInstanceDown", severity: warning, hold: "5m",
		expr:    b.join("max by (namespace, pod) (", b.of(m.target), " == 0 or ", up, " == 0)"),
		summary: "{{ $labels.pod }} does not answer",
		detail: "{{ $labels.pod }} cannot be scraped, or its server refuses connections. The cluster has one instance fewer to " +
			"fail over to.",
	}, {
		name: "PostgresFenced", severity: warning, hold: "5m",
		expr:    b.join(b.of(m.fenced), " == 1"),
		summary: "{{ $labels.pod }} is fenced",
		detail: "{{ $labels.pod }} is kept down on purpose. Nothing starts it again until someone lifts the fence; if it was the " +
			"primary, nothing takes writes.",
	}, {
		name: "PostgresRestarting", severity: warning,
		expr:    b.join("changes(", b.of(m.started), "[1h]) >= 3"),
		summary: "{{ $labels.pod }} keeps restarting",
		detail:  "The server in {{ $labels.pod }} started {{ $value }} times within an hour. An update restarts it once.",
	}}
}

// roles: who is the primary, where do the instances run, are their metrics whole.
func (b *builder) roles() []alert {
	m := &b.metrics
	up, inRecovery := b.of(m.up), b.of(m.inRecovery)
	nodes := b.join("max(", b.of(m.nodes), ")")
	if m.nodeOf.name != "" {
		nodes = b.join("count(count by (node) (", b.of(m.nodeOf), "))")
	}
	refused := ""
	if m.refused.name != "" {
		refused = b.join(" or ", b.of(m.refused), " == 1")
	}
	return []alert{{
		name: "PostgresFailover", severity: info,
		expr:    b.join(inRecovery, " == 0 and on (namespace, pod) max_over_time(", inRecovery, "[15m]) == 1"),
		summary: "{{ $labels.pod }} is the new primary",
		detail: "{{ $labels.pod }} was a standby a quarter of an hour ago and takes writes now: a failover or a switchover. " +
			"Sessions on the old primary were cut.",
	}, {
		name: "PostgresSwitchoverPending", severity: warning, hold: "15m",
		expr:    b.join(b.of(m.switchover), " == 1"),
		summary: "an update waits for a switchover",
		detail: "The standbys are updated; the primary {{ $labels.pod }} waits for a person, because the cluster is set to " +
			"supervised updates.",
	}, {
		name: "PostgresOneNode", severity: info, hold: "1h",
		expr:    b.join(nodes, " == 1 and on () count(", up, " == 1) > 1"),
		summary: "all instances run on one node",
		detail:  "The instances share one node. When it fails, no standby is left to take over.",
	}, {
		name: "PostgresMetricsFailing", severity: warning, hold: "15m",
		expr: b.join("max by (namespace, pod) (", b.of(m.scrapeErr), " == 1 or ", b.of(m.queryErr), " == 1", refused, ") and on (namespace, pod) ",
			up, " == 1 unless on (namespace, pod) ", b.of(m.fenced), " == 1"),
		summary: "{{ $labels.pod }} reports only part of its metrics",
		detail: "The exporter of {{ $labels.pod }} fails to read some of its metrics though the server answers. Alerts that need " +
			"them are blind.",
	}}
}

// replication: is every standby streaming, how far behind is it, do commits have enough of them.
func (b *builder) replication() []alert {
	m := &b.metrics
	slotActive, required := b.of(m.slotActive), b.of(m.syncRequired)
	return []alert{{
		name: "PostgresReplicaNotStreaming", severity: warning, hold: "15m",
		expr:    b.join(slotActive, " == 0", b.onPrimary()),
		summary: "the standby of slot {{ $labels.slot_name }} is not streaming",
		detail: "No standby reads from slot {{ $labels.slot_name }} of primary {{ $labels.pod }}. It cannot take over without " +
			"losing data, and the primary keeps every WAL segment it has not seen.",
	}, {
		name: "PostgresReplicationLag", severity: warning, hold: "5m",
		expr:    b.join(b.of(m.lag), " > 300"),
		summary: "{{ $labels.pod }} is {{ $value | humanizeDuration }} behind",
		detail: "{{ $labels.pod }} replays what the primary wrote {{ $value | humanizeDuration }} ago. Reads from it are stale, and a " +
			"failover to it takes as long as the replay.",
	}, {
		name: "PostgresWritesBlocked", severity: critical, hold: "2m",
		expr:    b.join("sum by (namespace, pod) (", slotActive, ") < on (namespace, pod) ", required, b.onPrimary()),
		summary: "commits wait for a synchronous standby",
		detail: "{{ $value }} standbys stream from primary {{ $labels.pod }}, fewer than each commit waits for. Writes hang until " +
			"one is back.",
	}, {
		name: "PostgresSyncStandbysMissing", severity: warning, hold: "10m",
		expr:    b.join("(", required, " >= 0) < on (namespace, pod) ", b.of(m.syncWanted), b.onPrimary()),
		summary: "commits are copied to {{ $value }} standbys, fewer than asked for",
		detail: "Primary {{ $labels.pod }} waits for {{ $value }} synchronous standbys, because no more are there. A failure of the " +
			"primary now can lose commits that were confirmed.",
	}}
}

// Ages from which on a database must be vacuumed before it refuses writes, at about 2.1 billion.
const (
	wraparoundDanger = "1600000000"
	freezeFactor     = "1.5"
)

// load: connections, transactions and what they do to each other.
func (b *builder) load() []alert {
	m := &b.metrics
	used := b.join("100 * sum by (namespace, pod) (", b.of(m.sessions), ") / on (namespace, pod) max by (namespace, pod) (", b.of(m.maxConnections), ") > ")
	const (
		connSummary = "{{ $labels.pod }} uses {{ $value | humanize }}% of its connections"
		connDetail  = "{{ $labels.pod }} has {{ $value | humanize }}% of max_connections in use. At 100% new clients are refused."
		xidSummary  = "database {{ $labels.datname }} nears transaction ID wraparound"
	)
	xidAge := b.of(m.xidAge)
	return []alert{{
		name: "PostgresConnectionsHigh", severity: warning, hold: "10m",
		expr: b.join(used, "80"), summary: connSummary, detail: connDetail,
	}, {
		name: "PostgresConnectionsHigh", severity: critical, hold: "5m",
		expr: b.join(used, "95"), summary: connSummary, detail: connDetail,
	}, {
		name: "PostgresLongTransaction", severity: warning, hold: "5m",
		expr:    b.join(b.of(m.idleTransaction), " > 1800 or ", b.of(m.transaction), " > 14400"),
		summary: "a transaction of {{ $labels.usename }} is open for {{ $value | humanizeDuration }}",
		detail: "On {{ $labels.pod }}, {{ $labels.usename }} ({{ $labels.application_name }}) has held a transaction in " +
			"{{ $labels.datname }} open for {{ $value | humanizeDuration }}; its state is {{ $labels.state }}. Vacuum cannot clean up " +
			"what it might still see, and its locks stay.",
	}, {
		name: "PostgresLockWaits", severity: warning, hold: "10m",
		expr:    b.join(b.of(m.waiting), " > 10"),
		summary: "{{ $value }} lock waits on {{ $labels.pod }}",
		detail:  "{{ $value }} sessions on {{ $labels.pod }} have waited for locks of others for ten minutes.",
	}, {
		name: "PostgresDeadlocks", severity: warning, hold: "30m",
		expr:    b.join("sum by (namespace, pod, datname) (increase(", b.of(m.deadlocks), "[30m])) > 10"),
		summary: "deadlocks in {{ $labels.datname }}",
		detail: "{{ $value | humanize }} deadlocks in {{ $labels.datname }} on {{ $labels.pod }} within half an hour, for an hour now. Each one " +
			"aborted a transaction.",
	}, {
		name: "PostgresWraparound", severity: warning, hold: "1h",
		expr:    b.join("max by (namespace, datname) (", xidAge, " > on (namespace, pod) group_left () ", freezeFactor, " * ", b.of(m.freezeAge), ")"),
		summary: xidSummary,
		detail: "The oldest row version of {{ $labels.datname }} is {{ $value | humanize }} transactions old, far beyond the age at " +
			"which autovacuum freezes: something holds it back. At 2.1 billion the database refuses writes.",
	}, {
		name: "PostgresWraparound", severity: critical, hold: "5m",
		expr:    b.join("max by (namespace, datname) (", xidAge, " > ", wraparoundDanger, " or ", b.of(m.mxidAge), " > ", wraparoundDanger, ")"),
		summary: xidSummary,
		detail: "The oldest row version of {{ $labels.datname }} is {{ $value | humanize }} transactions old. At 2.1 billion the database " +
			"refuses writes until it is vacuumed.",
	}}
}

// storage: will the volumes last.
func (b *builder) storage() []alert {
	m := &b.metrics
	free := b.join("kubelet_volume_stats_available_bytes{", m.volumes, "}")
	usedPercent := b.join("max by (namespace, persistentvolumeclaim) (100 * (1 - ", free, " / kubelet_volume_stats_capacity_bytes{", m.volumes, "}))")
	warn := b.StorageWarnPercent
	const (
		summary = "volume {{ $labels.persistentvolumeclaim }} is {{ $value | humanize }}% full"
		detail  = "Volume {{ $labels.persistentvolumeclaim }} is {{ $value | humanize }}% full. A server that cannot write its log stops."
	)
	return []alert{{
		name: "PostgresVolumeAlmostFull", severity: warning, hold: "15m",
		expr: b.join(usedPercent, " > ", strconv.FormatInt(warn, 10)), summary: summary, detail: detail,
	}, {
		name: "PostgresVolumeAlmostFull", severity: critical, hold: "5m",
		expr: b.join(usedPercent, " > ", strconv.FormatInt((100+warn)/2, 10)), summary: summary, detail: detail,
	}, {
		name: "PostgresVolumeFillingUp", severity: warning, hold: "1h",
		// Below half full a steep hour proves nothing: a restore, a new index.
		expr:    b.join("min by (namespace, persistentvolumeclaim) (predict_linear(", free, "[6h], 86400)) < 0 and on (namespace, persistentvolumeclaim) ", usedPercent, " > 50"),
		summary: "volume {{ $labels.persistentvolumeclaim }} will be full within a day",
		detail:  "At the rate of the last six hours volume {{ $labels.persistentvolumeclaim }} is full within 24 hours.",
	}, {
		name: "PostgresWALPileUp", severity: warning, hold: "30m",
		expr:    b.join(b.of(m.walSegments), " > on (namespace, pod) 2 * (", b.of(m.walMax), " + on (namespace, pod) ", b.of(m.walKeep), ")"),
		summary: "{{ $labels.pod }} keeps {{ $value }} WAL segments",
		detail: "{{ $labels.pod }} keeps {{ $value }} WAL segments, more than twice what max_wal_size and wal_keep_size ask for. A slot that " +
			"nobody reads, or an archive that fails, holds them.",
	}}
}
