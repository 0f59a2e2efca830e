package render

import "github.com/onggi-db/onggi/render/spec"

// provisionCodes are what native refuses of roles and databases.
func provisionCodes() []spec.CodeDoc {
	return []spec.CodeDoc{{
		Code: "ONG2320", Title: "a role that is the server's or the agent's",
		Text: "postgres and the roles that begin with pg_ belong to the server, those that begin with onggi_ to the agent, which lets standbys and the exporter in by them. " +
			"A spec that describes one would take away what it needs.",
		Wrong: "backend: native\nroles: [{name: onggi_replicator, login: true}]", Right: "backend: native\nroles: [{name: replicator, login: true, replication: true}]",
	}, {
		Code: "ONG2321", Title: "a database that is the server's",
		Text: "postgres is where the agent works from, template0 and template1 are what new databases are copies of, onggi_birth is the name of the first database until its " +
			"bootstrap.initdb.sql has been run, and onggi_import that of one that is being copied.",
		Wrong: "backend: native\ndatabases: [{name: postgres}]", Right: "backend: native\ndatabases: [{name: app}]",
	}, {
		Code: "ONG2322", Title: "two passwords for one role",
		Text:  "The first database names a Secret for its owner, and roles names another one for the same role. A role has one password, and which of the two it has would be left to chance.",
		Wrong: "backend: native\ndatabases: [{name: app, secret: app-one}]\nroles: [{name: app, login: true, secret: app-two}]",
		Right: "backend: native\ndatabases: [{name: app}]\nroles: [{name: app, login: true, secret: app-two}]",
	}, {
		Code: "ONG2323", Title: "a locale provider that the version does not have",
		Text:  "A database system can be ordered by ICU from PostgreSQL 15 on and by the built-in provider from 17 on. initdb of an older one refuses, and the cluster is never born.",
		Wrong: "backend: native\nversion: \"16\"\nbootstrap: {initdb: {localeProvider: builtin, builtinLocale: C.UTF-8}}",
		Right: "backend: native\nversion: \"17\"\nbootstrap: {initdb: {localeProvider: builtin, builtinLocale: C.UTF-8}}",
	}}
}
