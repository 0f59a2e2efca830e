package monitoring

// backup: is there one, is it recent. The newest report counts, whichever instance makes it: after a failover the old
// primary may still show what it last knew.
func (b *builder) backup() []alert {
	m := &b.metrics
	last := b.of(m.lastBackup)
	age := b.join("time() - max(", last, " > 0) > ")
	const (
		summary = "the newest backup is {{ $value | humanizeDuration }} old"
		detail  = "No backup succeeded for {{ $value | humanizeDuration }}, longer than the schedule allows. A restore replays more and more WAL, and is " +
			"impossible once that WAL is pruned."
	)
	return []alert{{
		name: "PostgresBackupTooOld", severity: warning, hold: "15m",
		expr: b.join(age, b.Backup.maxAge(1)), summary: summary, detail: detail,
	}, {
		name: "PostgresBackupTooOld", severity: critical, hold: "15m",
		expr: b.join(age, b.Backup.maxAge(2)), summary: summary, detail: detail,
	}, {
		name: "PostgresBackupFailed", severity: warning, hold: "5m",
		expr:    b.join("max(", b.of(m.failedBackup), ") > max(", last, ")"),
		summary: "the last backup failed",
		detail:  "The last backup failed, at {{ $value | humanizeTimestamp }}; none has succeeded since.",
	}, {
		name: "PostgresBackupNeverTaken", severity: critical, hold: "15m",
		// Zero now and zero then: a new cluster gets as long as its schedule has.
		expr:    b.join("max(", last, ") == 0 and on () max(", last, " offset ", b.Backup.maxAge(1), "s) == 0"),
		summary: "there is no backup at all",
		detail:  "The cluster is older than its backup schedule and has no backup. Nothing could be restored.",
	}, {
		name: "PostgresBackupUnknown", severity: warning, hold: "30m",
		expr:    b.join("absent(", last, ") and on () max(", b.of(m.up), ") == 1"),
		summary: "nobody can tell how old the newest backup is",
		detail:  "The instances answer but report no time of the last backup, so no other backup alert can fire.",
	}}
}

// walArchive: does the log reach the archive. Only an instance that archives reports lastArchived. Time alone says
// nothing, an idle server has nothing to archive, so a segment must be waiting.
func (b *builder) walArchive() []alert {
	m := &b.metrics
	ready, archived := b.of(m.walReady), b.of(m.lastArchived)
	age := b.join("time() - ", archived, " > ")
	waiting := b.join(" and on (namespace, pod) ", ready, " > 0")
	const (
		summary = "WAL archiving stands still"
		detail  = "Segments wait on {{ $labels.pod }}, and none was archived for {{ $value | humanizeDuration }}. Were the volumes lost now, all that was " +
			"written since would be gone."
	)
	return []alert{{
		name: "PostgresWALArchivingFailing", severity: warning, hold: "5m",
		expr: b.join(age, "900", waiting), summary: summary, detail: detail,
	}, {
		name: "PostgresWALArchivingFailing", severity: critical, hold: "5m",
		expr: b.join(age, "7200", waiting), summary: summary, detail: detail,
	}, {
		name: "PostgresWALArchiveBacklog", severity: warning, hold: "15m",
		expr:    b.join(ready, " > 64 and on (namespace, pod) ", archived),
		summary: "{{ $value }} WAL segments wait to be archived",
		detail:  "{{ $labels.pod }} writes WAL faster than it is archived: {{ $value }} segments wait. The archive falls behind, and the volume fills.",
	}}
}

// pooler: the alerts of one connection pooler.
func (b *builder) pooler(name string) []alert {
	m := &b.metrics
	pods := b.join(`{namespace="`, b.Namespace, `",pod=~"`, name, m.poolerPods, `"}`)
	return []alert{{
		name: "PostgresPoolerDown", severity: critical, hold: "3m",
		expr:    b.ofPooler(m.poolerState, pods, "absent(", m.poolerAnswers+")"),
		summary: "no pod of pooler " + name + " answers",
		detail:  "Prometheus sees no pod of pooler " + name + " that answers. Applications that connect through it are cut off.",
		pooler:  name,
	}, {
		name: "PostgresPoolerClientsWaiting", severity: warning, hold: "5m",
		expr:    b.ofPooler(m.poolerWait, pods, "max by (namespace, pod, database, user) (", ") > 5"),
		summary: "clients wait {{ $value }} s for a connection from pooler " + name,
		detail: "On {{ $labels.pod }} a client of database {{ $labels.database }}, user {{ $labels.user }}, has waited {{ $value }} s for a server " +
			"connection. The pool is too small for the load, or its server connections are stuck.",
		pooler: name,
	}}
}

func (b *builder) ofPooler(metric, pods, before, after string) string {
	if metric == "" {
		return unanswered
	}
	return before + metric + pods + after
}
