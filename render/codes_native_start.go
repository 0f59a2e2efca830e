package render

import "github.com/onggi-db/onggi/render/spec"

// nativeStartCodes are what native refuses of queries, maps of names, and servers to start from.
func nativeStartCodes() []spec.CodeDoc {
	return []spec.CodeDoc{{
		Code: "ONG2360", Title: "queries for the exporter that cannot be read",
		Text: "Each entry of monitoring.queries is a key of a ConfigMap of your own, mounted into the exporter's container. One that is there twice would clash with itself in every query, " +
			"NAME-queries is onggi's own, and a key that no ConfigMap can have would keep the pods from being made.",
		Wrong: "backend: native\nmonitoring: {queries: [{configMap: mine, key: shop.yaml}, {configMap: mine, key: shop.yaml}]}",
		Right: "backend: native\nmonitoring: {queries: [{configMap: mine, key: shop.yaml}]}",
	}, {
		Code: "ONG2361", Title: "a line of pg_ident.conf that the server would not read",
		Text: "A line has a map, the name that a client has outside of the database, and the role that it may log in as; names with spaces or commas stand in double quotes. The map onggi is the agent's, " +
			"by which it and the exporter are let in. With a wrong line the agent takes nothing of the new configuration.",
		Wrong: "backend: native\nident: [people Ada Lovelace ada]", Right: "backend: native\nident: ['people \"Ada Lovelace\" ada']",
	}, {
		Code: "ONG2362", Title: "a copy of a server that is not named",
		Text:  "bootstrap.basebackup.from means an entry of externalClusters with a connection: the first member copies that running server. Without it there is nothing to start from, and the cluster would not come up.",
		Wrong: "backend: native\nbootstrap: {basebackup: {from: befor}}\nexternalClusters: [{name: before, connection: {host: before-rw, user: onggi_replicator}}]",
		Right: "backend: native\nbootstrap: {basebackup: {from: before}}\nexternalClusters: [{name: before, connection: {host: before-rw, user: onggi_replicator}}]",
	}, {
		Code: "ONG2363", Title: "an import from a server that is not named",
		Text: "bootstrap.initdb.import.from means an entry of externalClusters with a connection: the first primary copies databases out of that running server. A standby cluster has what the one that it follows has, and " +
			"takes nothing in.",
		Wrong: "backend: native\ndatabases: [{name: app}]\nbootstrap: {initdb: {import: {from: befor, databases: [app]}}}\nexternalClusters: [{name: before, connection: {host: before-rw}}]",
		Right: "backend: native\ndatabases: [{name: app}]\nbootstrap: {initdb: {import: {from: before, databases: [app]}}}\nexternalClusters: [{name: before, connection: {host: before-rw}}]",
	}, {
		Code: "ONG2364", Title: "an import with nowhere to go",
		Text: "An import of the type microservice copies one database into the first of databases, which gets it under its own name and owner; without one there is nothing to copy into. A monolith's databases keep their names, " +
			"and postgres, template0 and template1 are every server's own.",
		Wrong: "backend: native\nbootstrap: {initdb: {import: {from: before, databases: [app]}}}\nexternalClusters: [{name: before, connection: {host: before-rw}}]",
		Right: "backend: native\ndatabases: [{name: app}]\nbootstrap: {initdb: {import: {from: before, databases: [app]}}}\nexternalClusters: [{name: before, connection: {host: before-rw}}]",
	}}
}
