package monitoring

import (
	"strconv"
	"time"

	"github.com/onggi-db/onggi/render/manifest"
)

// dumpRules are the alerts of all series of dumps.
func (b *builder) dumpRules() []manifest.Object {
	var alerts []alert
	for _, d := range b.Dumps {
		if !d.Suspended {
			alerts = append(alerts, b.dump(d)...)
		}
	}
	if alerts == nil || b.metrics.dumpSuccess == "" {
		return nil
	}
	return []manifest.Object{b.object(b.Name+"-alerts-dump", b.group("dump", alerts))}
}

// dump: was the last one good, and is it recent. The program of a dump leaves that in a table of the primary, which its standbys have too; before the
// first one there is nothing, so what is absent for as long as a dump may be old is a dump that never was.
func (b *builder) dump(d Dump) []alert {
	m := &b.metrics
	age := strconv.FormatInt(int64(d.MaxAge/time.Second), 10)
	only := `series="` + d.Name + `"`
	success, failures := b.of(series{m.dumpSuccess, only}), b.of(series{m.dumpFailures, only})
	failed := b.join("max(", failures, ") >= ")
	return []alert{{
		name: "PostgresDumpFailed", severity: warning, hold: "5m",
		expr:    b.join(failed, "1"),
		summary: "the last logical dump " + d.Name + " failed",
		detail:  "The dumps before are still there. The Job's last words say why.",
		dump:    d.Name,
	}, {
		name: "PostgresDumpFailed", severity: critical, hold: "5m",
		expr:    b.join(failed, "3"),
		summary: "the last {{ $value }} logical dumps " + d.Name + " failed",
		detail:  "None of the last {{ $value }} dumps was good. Nothing that was written since can be brought back from a dump.",
		dump:    d.Name,
	}, {
		name: "PostgresDumpTooOld", severity: warning, hold: "15m",
		expr:    b.join("time() - max(", success, " > 0) > ", age),
		summary: "the last good dump " + d.Name + " is {{ $value | humanizeDuration }} old",
		detail:  "No dump was good for {{ $value | humanizeDuration }}, longer than the schedule allows. Dumps fail, are skipped, or are not started.",
		dump:    d.Name,
	}, {
		name: "PostgresDumpTooOld", severity: warning, hold: age + "s",
		expr:    b.join("absent(", success, " > 0)"),
		summary: "there is no good dump " + d.Name,
		detail:  "Dumps are scheduled, and for longer than one may be old there has been none.",
		dump:    d.Name,
	}}
}

// dumpRow shows how the last dumps of each series went.
func dumpRow() row {
	return row{"Logical dumps", []panel{
		{
			title: "Last good dump", kind: stat, width: 6, unit: "s", help: "How old it is.",
			queries: []query{{`time() - max by (series) (onggi_dump_last_success_timestamp_seconds` + ofInstances + ` > 0)`, "{{series}}"}},
		},
		{
			title: "Failed since", kind: stat, width: 6, warn: 1, bad: 3,
			queries: []query{{`max by (series) (onggi_dump_failures` + ofInstances + `)`, "{{series}}"}},
		},
		{title: "Size", kind: graph, width: 6, unit: "bytes", queries: []query{{`max by (series) (onggi_dump_bytes` + ofInstances + `)`, "{{series}}"}}},
		{
			title: "How long dumps take", kind: graph, width: 6, unit: "s",
			queries: []query{{`max by (series) (onggi_dump_duration_seconds` + ofInstances + `)`, "{{series}}"}},
		},
	}}
}
