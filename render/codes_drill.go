package render

import "github.com/onggi-db/onggi/render/spec"

func drillCodes() []spec.CodeDoc {
	return []spec.CodeDoc{{
		Code: "ONG2230", Title: "a drill that has no time",
		Text: "Drills of one database never run at once. One that may take longer than the time to the next has that one skipped; one that never comes round, or is given up within a minute, shows nothing; " +
			"and an alert about drills that are older than maxAge must leave time for the next one to end, or it fires between two good ones until nobody reads it.",
		Wrong: `backup: {drill: {schedule: "0 * * * *", timeout: 2h}}`, Right: `backup: {drill: {schedule: "0 6 * * 0", timeout: 2h}}`,
	}, {
		Code: "ONG2231", Title: "a drill with nothing to restore",
		Text: "A drill restores what the backup keeps: the newest base backup and the WAL behind it. Without a schedule there is no base backup. A random moment lies inside the recovery window, which is made of " +
			"an archive of WAL and of retention, the time that restores are promised for.",
		Wrong: `backup: {destination: s3://backups/shop, drill: "0 6 * * 0"}`, Right: `backup: {destination: s3://backups/shop, schedules: [{name: daily, cron: "0 0 * * *"}], drill: "0 6 * * 0"}`,
	}, {
		Code: "ONG2232", Title: "a check that has no result",
		Text: "A check of a drill compares the first column of the first row with expect: a text as it is, or a condition such as \"> 0\", whose limit is a decimal number. Its name stands in the metrics, " +
			"where amcheck is the check of tables and indexes that onggi makes itself.",
		Wrong: `backup: {drill: {schedule: "0 6 * * 0", checks: [{name: orders, sql: select count(*) from orders, expect: "> many"}]}}`,
		Right: `backup: {drill: {schedule: "0 6 * * 0", checks: [{name: orders, sql: select count(*) from orders, expect: "> 0"}]}}`,
	}, {
		Code: "ONG2233", Title: "a check of a database that there is not",
		Text: "A check asks a database that spec.databases does not list, and nothing else makes one: the cluster is born empty. Every drill would fail at the login, which looks like a backup that cannot be restored. " +
			"Databases of clusters that began with an import or a recovery are not listed, and taken as they are written.",
		Wrong: "databases: [{name: app}]\nbackup: {drill: {schedule: \"0 6 * * 0\", checks: [{name: orders, database: shop, sql: select 1}]}}",
		Right: "databases: [{name: app}]\nbackup: {drill: {schedule: \"0 6 * * 0\", checks: [{name: orders, database: app, sql: select 1}]}}",
	}}
}
