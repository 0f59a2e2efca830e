package monitoring

import (
	"strconv"
	"time"

	"github.com/onggi-db/onggi/render/drill"
	"github.com/onggi-db/onggi/render/manifest"
)

// drills: was the last one good, and is it recent. The program of a drill leaves its results with the exporter of the primary;
// before the first drill there are none, so what is absent for as long as a drill may be old is a drill that never ran.
func (b *builder) drills() []alert {
	age := strconv.FormatInt(int64(b.Backup.DrillMaxAge/time.Second), 10)
	success := b.of(series{drill.MetricSuccess, ""})
	return []alert{{
		name: "PostgresDrillFailed", severity: warning, hold: "5m",
		expr:    b.join("max(", b.of(series{drill.MetricOK, ""}), ") == 0"),
		summary: "the last restore drill failed",
		detail: "A backup was restored into a scratch cluster and could not be brought up in time, or did not pass its checks. Until that is understood, " +
			"nobody knows whether this database can be restored.",
	}, {
		name: "PostgresDrillFailed", severity: critical, hold: "5m",
		expr:    b.join("max(", b.of(series{drill.MetricFailures, ""}), ") >= 3"),
		summary: "the last {{ $value }} restore drills failed",
		detail: "None of the last {{ $value }} drills could restore a backup and pass its checks. Take it that this database cannot be restored as it " +
			"is backed up now.",
	}, {
		name: "PostgresDrillTooOld", severity: warning, hold: "15m",
		expr:    b.join("time() - max(", success, ") > ", age),
		summary: "the last good restore drill was {{ $value | humanizeDuration }} ago",
		detail: "No drill has restored a backup for {{ $value | humanizeDuration }}, longer than the schedule allows. Drills fail, are skipped, or are " +
			"not started.",
	}, {
		name: "PostgresDrillTooOld", severity: warning, hold: age + "s",
		expr:    b.join("absent(", success, ")"),
		summary: "no restore drill was ever good",
		detail:  "Drills are scheduled, and for longer than two of them may be apart none has restored a backup. Whether the backups can be restored is not known.",
	}}
}

func (b *builder) drillAlerts() []alert {
	if b.Backup.DrillJob != "" {
		return b.drillJobs()
	}
	return b.drills()
}

// drillJobs is the same of drills whose Jobs tell how they ended. A Job that failed is there for a day; a CronJob says when one was last good.
// Where nobody runs kube-state-metrics there are no such series, and the alerts are silent.
func (b *builder) drillJobs() []alert {
	age := strconv.FormatInt(int64(b.Backup.DrillMaxAge/time.Second), 10)
	cron := b.join(`{namespace="`, b.Namespace, `",cronjob="`, b.Backup.DrillJob, `"}`)
	jobs := b.join(`namespace="`, b.Namespace, `",job_name=~"`, b.Backup.DrillJob, `-[0-9]+"`)
	good := b.join("kube_cronjob_status_last_successful_time", cron)
	return []alert{{
		name: "PostgresDrillFailed", severity: warning, hold: "5m",
		expr: b.join("max(kube_job_status_start_time{", jobs, "} and on (namespace, job_name) kube_job_failed{", jobs,
			`,condition="true"} == 1) > (max(`, good, ") or vector(0))"),
		summary: "the last restore drill failed",
		detail: "A backup was restored into a scratch volume and could not be brought up in time, or did not pass its checks. Until that is understood, " +
			"nobody knows whether this database can be restored.",
	}, {
		name: "PostgresDrillTooOld", severity: warning, hold: "15m",
		expr:    b.join("time() - max(", good, ") > ", age),
		summary: "the last good restore drill was {{ $value | humanizeDuration }} ago",
		detail: "No drill has restored a backup for {{ $value | humanizeDuration }}, longer than the schedule allows. Drills fail, are skipped, or are " +
			"not started.",
	}, {
		name: "PostgresDrillTooOld", severity: warning, hold: "15m",
		expr:    b.join("time() - max(kube_cronjob_created", cron, " unless on (namespace, cronjob) ", good, ") > ", age),
		summary: "no restore drill was ever good",
		detail:  "Drills are scheduled, and for longer than two of them may be apart none has restored a backup. Whether the backups can be restored is not known.",
	}}
}

// verdict shows 1 as a good word and 0 as failed.
func verdict(good string) []any {
	word := func(text, colour string) *manifest.Fields { return manifest.Of("text", text, "color", colour) }
	return []any{manifest.Of("type", "value", "options", manifest.Of("0", word("failed", "red"), "1", word(good, "green")))}
}

// drillRow shows the results of drills.
func drillRow() row {
	return row{"Restore drill", []panel{
		{
			title: "Last good drill", kind: stat, width: 8, unit: "s", help: "How long ago a backup was last restored and checked.",
			queries: []query{{`time() - max(` + drill.MetricSuccess + ofInstances + `)`, ""}},
		},
		{
			title: "Last drill", kind: stat, width: 8, mappings: verdict("good"),
			queries: []query{{`max(` + drill.MetricOK + ofInstances + `)`, ""}},
		},
		{
			title: "Time it took", kind: stat, width: 8, unit: "s", help: "From the start to the last check: how long a restore takes.",
			queries: []query{{`max(` + drill.MetricDuration + ofInstances + `)`, ""}},
		},
		{
			title: "Checks of drills", kind: timeline, width: 24, mappings: verdict("passed"),
			queries: []query{{`max by (` + drill.LabelCheck + `) (` + drill.MetricCheck + ofInstances + `)`, "{{" + drill.LabelCheck + "}}"}},
		},
	}}
}
