package render

import "github.com/onggi-db/onggi/render/spec"

// outsideCodes are what native refuses of standby clusters.
func outsideCodes() []spec.CodeDoc {
	const west = "backend: native\nreplica: {from: west}\nexternalClusters: [{name: west, connection: {host: west-rw, user: onggi_replicator}"
	return []spec.CodeDoc{{
		Code: "ONG2350", Title: "a standby cluster with nobody to stream from",
		Text: "The agent makes a standby cluster as a copy of a running server and follows that. The external cluster that replica.from names has no connection, so there is no server to " +
			"ask, and the pods would wait for ever.",
		Wrong: "backend: native\nreplica: {from: west}\nexternalClusters: [{name: west, archive: {destination: s3://backups/west, credentials: {fromPod: true}}}]", Right: west + "}]",
	}, {
		Code: "ONG2351", Title: "an archive that a standby cluster does not read",
		Text: "A standby cluster of the native back end streams, and reads no archive: a segment that the server outside has thrown away is not fetched from there. An archive in its external " +
			"cluster would look like a safety that is not there.",
		Wrong: west + ", archive: {destination: s3://backups/west, credentials: {fromPod: true}}}]", Right: west + "}]",
	}, {
		Code: "ONG2352", Title: "backups of a standby cluster",
		Text: "What a standby cluster has is the log of the server that it follows, and that one archives it. Two archives of one log under two names would each lack what the other got, and after " +
			"a promotion nobody could tell which goes on.",
		Wrong: west + "}]\nbackup: {destination: s3://backups/east, credentials: {fromPod: true}}", Right: west + "}]",
	}, {
		Code: "ONG2353", Title: "a standby cluster that begins as something else",
		Text: "A standby can only follow what it is a copy of. The agent copies the server that replica.from names; another bootstrap.basebackup.from, or a backup to recover from, would give " +
			"a database that cannot follow it.",
		Wrong: west + "}, {name: east, connection: {host: east-rw}}]\nbootstrap: {basebackup: {from: east}}", Right: west + "}]\nbootstrap: {basebackup: {from: west}}",
	}}
}
