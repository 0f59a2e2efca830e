package render

import "github.com/onggi-db/onggi/render/spec"

func dumpCodes() []spec.CodeDoc {
	return []spec.CodeDoc{{
		Code: "ONG2234", Title: "a dump that has no time",
		Text: "A series of dumps that never comes round, or whose dumps are given up within a minute, keeps nothing. An alert about dumps that are older than maxAge must leave time for the next one, or it fires between " +
			"two good ones until nobody reads it.",
		Wrong: `backup: {destination: pvc://backups, dumps: [{name: nightly, schedule: "0 2 * * *", maxAge: 12h}]}`,
		Right: `backup: {destination: pvc://backups, dumps: [{name: nightly, schedule: "0 2 * * *", maxAge: 36h}]}`,
	}, {
		Code: "ONG2235", Title: "a dump of a database that there is not",
		Text: "A series names a database that spec.databases does not list, and nothing else makes one: the cluster is born empty. A dump is good when all of it is, so each would fail. " +
			"Databases of clusters that began with an import or a recovery are not listed, and taken as they are written. Without databases, a series dumps all that there are.",
		Wrong: "databases: [{name: app}]\nbackup: {destination: pvc://backups, dumps: [{name: nightly, schedule: \"0 2 * * *\", databases: [shop]}]}",
		Right: "databases: [{name: app}]\nbackup: {destination: pvc://backups, dumps: [{name: nightly, schedule: \"0 2 * * *\", databases: [app]}]}",
	}, {
		Code: "ONG2236", Title: "two limits for one series of dumps",
		Text:  "Dumps are kept by number or by time. With both, one of the two would promise what nobody keeps. The last good dump stays in any case.",
		Wrong: `backup: {destination: pvc://backups, dumps: [{name: nightly, schedule: "0 2 * * *", keep: 7, retention: 30d}]}`,
		Right: `backup: {destination: pvc://backups, dumps: [{name: nightly, schedule: "0 2 * * *", retention: 30d}]}`,
	}, {
		Code: "ONG2237", Title: "settings of backups where there are only dumps",
		Text: "With method: dumps nothing is archived and no base backups are taken: a restore brings back what was there at the time of a dump, and nothing later. Schedules, drills and retention are those of base backups, so " +
			"nobody would do what they say. A series of dumps has a schedule and a retention of its own.",
		Wrong: `backup: {method: dumps, destination: pvc://backups, retention: 30d, dumps: [{name: nightly, schedule: "0 2 * * *"}]}`,
		Right: `backup: {method: dumps, destination: pvc://backups, dumps: [{name: nightly, schedule: "0 2 * * *", retention: 30d}]}`,
	}}
}

func nativeDumpCodes() []spec.CodeDoc {
	return []spec.CodeDoc{{
		Code: "ONG2319", Title: "dumps of a version that has no role to read everything",
		Text: "Dumps are made by a role that may read and nothing else, a member of pg_read_all_data. PostgreSQL has that group from 14 on; before, only a superuser could be sure to read all, and one whose password stands in a " +
			"Secret for a CronJob is more than a dump is worth.",
		Wrong: "backend: native\nversion: \"13\"\nimage: registry.example.com/postgres:13\nbackup: {destination: pvc://backups, dumps: [{name: nightly, schedule: \"0 2 * * *\"}]}",
		Right: "backend: native\nversion: \"17\"\nbackup: {destination: pvc://backups, dumps: [{name: nightly, schedule: \"0 2 * * *\"}]}",
	}}
}
