package render

import "github.com/onggi-db/onggi/render/spec"

func nativeBackupCodes() []spec.CodeDoc {
	return []spec.CodeDoc{{
		Code: "ONG2308", Title: "an image without pgBackRest",
		Text: "postgres itself archives its log, and it does so with pgBackRest, which the stock images do not have. Every archive_command would fail, the log would pile up, and the primary would stop when its " +
			"volume is full. Without image, a database with backups runs onggi's image, which is the stock one with pgBackRest in it.",
		Wrong: "backend: native\nimage: docker.io/library/postgres:17.10\nbackup: {destination: pvc://backups/shop}", Right: "backend: native\nbackup: {destination: pvc://backups/shop}",
	}, {
		Code: "ONG2310", Title: "a repository without a place, or without a key to it",
		Text: "A repository is somewhere, and unless it is a volume it lets nobody in without the keys of a Secret or the cloud identity of the pod (fromPod). With neither, every archive_command fails, " +
			"the log piles up, and the primary stops when its volume is full. Keys themselves never stand in a spec.",
		Wrong: "backend: native\nbackup: {destination: gs://backups/shop}", Right: "backend: native\nbackup: {destination: gs://backups/shop, credentials: {secret: backup-keys}}",
	}, {
		Code: "ONG2311", Title: "a way into the store that pgBackRest does not go",
		Text: "pgBackRest speaks to stores over TLS, to a host, with the bucket or the account right behind it; S3's region is part of the address and of every signature. It takes an Azure account by its key or a shared access signature, not by a " +
			"connection string. Settings of one kind of store mean nothing to another.",
		Wrong: "backend: native\nbackup: {destination: s3://backups/shop, endpoint: \"http://minio.lan:9000\", credentials: {secret: backup-keys}}",
		Right: "backend: native\nbackup: {destination: s3://backups/shop, endpoint: \"https://minio.lan:9000\", endpointCA: {secret: minio-ca, key: ca.crt}, credentials: {secret: backup-keys}}",
	}, {
		Code: "ONG2312", Title: "a compression that pgBackRest does not have",
		Text: "pgBackRest compresses with gzip, bzip2, lz4 or zstd, or not at all, and base backups and the log in the same way. Another name would be refused when the pods start; of two different ones " +
			"one would be forgotten.",
		Wrong: "backend: native\nbackup: {destination: pvc://backups/shop, compression: snappy}", Right: "backend: native\nbackup: {destination: pvc://backups/shop, compression: zstd}",
	}, {
		Code: "ONG2313", Title: "two words for how long backups are kept",
		Text:  "retention is a time: every moment in it can be restored. retentionFull is a number of full backups, however old. pgBackRest goes by one of them, and the other one would be a promise that nobody keeps.",
		Wrong: "backend: native\nbackup: {destination: pvc://backups/shop, retention: 30d, retentionFull: 4}", Right: "backend: native\nbackup: {destination: pvc://backups/shop, retention: 30d}",
	}, {
		Code: "ONG2314", Title: "schedules without a full backup",
		Text: "Differential and incremental backups hold what has changed since another one. Where no schedule ever takes a full one, all hang on the first backup that there was: it can never expire, so the repository grows for ever, " +
			"and if it is damaged nothing can be restored.",
		Wrong: "backend: native\nbackup: {destination: pvc://backups/shop, schedules: [{name: daily, cron: \"0 1 * * *\", type: incremental}]}",
		Right: "backend: native\nbackup: {destination: pvc://backups/shop, schedules: [{name: weekly, cron: \"0 1 * * 0\"}, {name: daily, cron: \"0 1 * * 1-6\", type: incremental}]}",
	}}
}

func nativeRecoveryCodes() []spec.CodeDoc {
	return []spec.CodeDoc{{
		Code: "ONG2315", Title: "a recovery from what externalClusters does not have",
		Text:  "bootstrap.recovery.from means an entry of externalClusters, and reads the archive there. Without it the first member would have nothing to start from, and the cluster would not come up.",
		Wrong: "backend: native\nbootstrap: {recovery: {from: befor}}\nexternalClusters: [{name: before, archive: {destination: pvc://backups/shop}}]",
		Right: "backend: native\nbootstrap: {recovery: {from: before}}\nexternalClusters: [{name: before, archive: {destination: pvc://backups/shop}}]",
	}, {
		Code: "ONG2316", Title: "a recovery that would archive to what it reads",
		Text: "The restored database would go on with the log of the one that it is a copy of, in the same stanza of the same repository. While the original lives, two servers with one identity write the same names there, and neither can be " +
			"restored any more. Give the new one a stanza of its own with serverName. One case is meant so: orInit, by which a cluster that is made anew comes back from its own backups. It takes no target, since the next time " +
			"it would lose everything that was written after that.",
		Wrong: "backend: native\nbackup: {destination: pvc://backups, serverName: shop}\nbootstrap: {recovery: {from: before}}\nexternalClusters: [{name: before, archive: {destination: pvc://backups, serverName: shop}}]",
		Right: "backend: native\nbackup: {destination: pvc://backups, serverName: shop-2}\nbootstrap: {recovery: {from: before}}\nexternalClusters: [{name: before, archive: {destination: pvc://backups, serverName: shop}}]",
	}, {
		Code: "ONG2317", Title: "an archive, or a setting of one, that nobody reads",
		Text: "The native back end reads an archive to start a cluster from it. One that bootstrap.recovery does not name is read by nobody, and compression and jobs say how an archive is written, " +
			"which this cluster does not do. What nobody reads is not kept silently: somebody believes that it does something.",
		Wrong: "backend: native\nexternalClusters: [{name: before, archive: {destination: pvc://backups/shop}}]",
		Right: "backend: native\nbootstrap: {recovery: {from: before}}\nexternalClusters: [{name: before, archive: {destination: pvc://backups/shop}}]",
	}, {
		Code: "ONG2318", Title: "a moment that pgBackRest cannot find the backup for",
		Text: "A time or a log position tells which base backup comes before it; a transaction and a restore point do not, so they need backupID: the label of a backup such as 20261122-030000F, or 20261122-030000F_20261124-030000I for " +
			"one that hangs on it. Timelines count from 1.",
		Wrong: "backend: native\nbootstrap: {recovery: {from: before, target: {name: before-upgrade}}}\nexternalClusters: [{name: before, archive: {destination: pvc://backups/shop}}]",
		Right: "backend: native\nbootstrap: {recovery: {from: before, target: {name: before-upgrade, backupID: 20261122-030000F}}}\nexternalClusters: [{name: before, archive: {destination: pvc://backups/shop}}]",
	}}
}
