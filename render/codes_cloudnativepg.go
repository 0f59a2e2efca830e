package render

import "github.com/onggi-db/onggi/render/spec"

func nameCodes() []spec.CodeDoc {
	return []spec.CodeDoc{{
		Code: "ONG2102", Title: "a Service that the operator makes",
		Text: "CloudNativePG makes the Services <cluster>-rw, -ro, -r and -any itself, and poolers bring their own. One of that name in Git would fight with the operator over its selector: " +
			"clients would be sent to standbys and back, at every reconciliation.",
		Wrong: "expose: [{name: rw}]", Right: "expose: [{name: lb}]",
	}, {
		Code: "ONG2103", Title: "a pooler that is exposed and does not exist",
		Text:  "The Service selects the pods of a pooler, and the spec has none. It would have no endpoints: every connection would time out, which looks like a network fault.",
		Wrong: "expose: [{name: lb, role: pooler}]", Right: "pooler: {mode: transaction}\nexpose: [{name: lb, role: pooler}]",
	}, {
		Code: "ONG2104", Title: "a role that belongs to the server",
		Text: "postgres, streaming_replica and every role whose name begins with pg_ or cnpg_ belong to the server or to the operator, which refuses to manage them. The superuser's password has a field of its own. " +
			"Changing such a role by hand can stop replication.",
		Wrong: "roles: [{name: postgres, secret: admin}]", Right: "superuser: {secret: admin}",
	}, {
		Code: "ONG2105", Title: "a database that belongs to the server",
		Text:  "postgres, template0 and template1 exist in every cluster and are not an application's. The operator refuses to manage them, and what is put into template1 is copied into every database made later.",
		Wrong: "databases: [{name: postgres}]", Right: "databases: [{name: app}]",
	}, {
		Code: "ONG2106", Title: "not a name for a tablespace",
		Text: "The operator writes the names of tablespaces into SQL and into the names of volumes, so it takes letters, digits, underscores and dollar signs, no digit first, not pg_, " +
			"and counts upper and lower case as the same. It refuses the whole cluster otherwise.",
		Wrong: "tablespaces: [{name: cold-data, size: 1Ti}]", Right: "tablespaces: [{name: cold_data, size: 1Ti}]",
	}, {
		Code: "ONG2107", Title: "two databases of one object",
		Text: "Each database but a plain first one is an object of the operator's, which is called after the cluster and the database in lower case, with dashes for underscores, points and blanks. " +
			"Two names that differ in those alone would be one object, and one of the databases would not be made.",
		Wrong: "databases: [{name: app}, {name: sales_eu}, {name: sales-eu}]", Right: "databases: [{name: app}, {name: sales_eu}, {name: returns_eu}]",
	}}
}

func serverCodes() []spec.CodeDoc {
	return []spec.CodeDoc{{
		Code: "ONG2110", Title: "a parameter that is not yours to set",
		Text: "CloudNativePG sets these parameters itself, or relies on their defaults: where WAL goes, how logs are written, how standbys are found, which certificates are shown. Its admission webhook refuses the cluster. " +
			"Libraries stand under preload, replication under replication, the archive under backup.",
		Wrong: "parameters: {archive_command: \"cp %p /backup/%f\"}", Right: "backup: {destination: s3://backups/shop, credentials: {secret: backup-keys}}",
	}, {
		Code: "ONG2111", Title: "a WAL level that is too low",
		Text:  "wal_level minimal writes too little for standbys and archives, and replica too little for logical slots. The operator would refuse the first; the second shows when a subscriber finds no slot after a failover.",
		Wrong: "parameters: {wal_level: minimal}", Right: "parameters: {wal_level: logical}",
	}, {
		Code: "ONG2112", Title: "standbys that cannot be rewound",
		Text: "After a failover the former primary is wound back with pg_rewind, which needs wal_log_hints or checksums. Without it every failover means copying the whole database to the old primary, " +
			"and for that long the cluster has one standby less. The operator refuses to turn it off with more than one instance.",
		Wrong: "instances: 3\nparameters: {wal_log_hints: \"off\"}", Right: "instances: 3",
	}, {
		Code: "ONG2113", Title: "a parameter of several lines",
		Text: "The operator writes postgresql.conf and pgbouncer.ini, each with one setting on a line, and copies values as they are. A line break in one breaks the file: the server does not start with it, " +
			"and in pgbouncer.ini what follows would be settings that nobody asked for.",
		Wrong: "parameters: {log_line_prefix: \"%m\\n\"}", Right: "parameters: {log_line_prefix: \"%m \"}",
	}, {
		Code: "ONG2120", Title: "a request above its limit",
		Text: "A container cannot ask for more than it may use, and huge pages and devices must be asked for and limited alike. The API server refuses the pod, after the operator has accepted the cluster: " +
			"the cluster would exist and have no pods. It often comes from an environment that lowers a limit and leaves the request.",
		Wrong: "resources: {requests: {memory: 8Gi}, limits: {memory: 4Gi}}", Right: "resources: {requests: {memory: 4Gi}, limits: {memory: 4Gi}}",
	}, {
		Code: "ONG2121", Title: "less memory than shared_buffers",
		Text: "The scheduler sets aside what is requested, and shared_buffers alone take more. On a full node the server is the first to be killed for want of memory, under load, and again after the failover. " +
			"About four times shared_buffers is a good request.",
		Wrong: "parameters: {shared_buffers: 2GB}\nresources: {requests: {memory: 1Gi}}", Right: "parameters: {shared_buffers: 2GB}\nresources: {requests: {memory: 8Gi}}",
	}, {
		Code: "ONG2122", Title: "more WAL than its volume holds",
		Text:  "min_wal_size and max_wal_size let the log grow to the size of its volume or beyond. A full WAL volume stops the primary, and a failover does not help, as the standby's is as large.",
		Wrong: "storage: {size: 10Gi, wal: {size: 2Gi}}\nparameters: {max_wal_size: 4GB}", Right: "storage: {size: 10Gi, wal: {size: 8Gi}}\nparameters: {max_wal_size: 4GB}",
	}, {
		Code: "ONG2123", Title: "shared_buffers without a unit",
		Text: "Postgres counts a bare number in pages of 8 kB, CloudNativePG's webhook in MB: 16384 is 128 MB to the one and 16 GB to the other, which then refuses the memory request. " +
			"With a unit both mean the same.",
		Wrong: `parameters: {shared_buffers: "16384"}`, Right: "parameters: {shared_buffers: 128MB}",
	}, {
		Code: "ONG2124", Title: "min_wal_size above max_wal_size",
		Text:  "min_wal_size is how much WAL is kept for reuse and max_wal_size when a checkpoint is forced; the first is below the second. The defaults are 80MB and 1GB, so a large min_wal_size needs a max_wal_size too. The operator refuses the cluster otherwise.",
		Wrong: "parameters: {min_wal_size: 2GB}", Right: "parameters: {min_wal_size: 2GB, max_wal_size: 8GB}",
	}}
}

func imageCodes() []spec.CodeDoc {
	return []spec.CodeDoc{{
		Code: "ONG2140", Title: "an image of another version",
		Text: "CloudNativePG reads the version of the server from the tag of the image, and it must be the major that the spec names: a server of another major cannot open the data, and a restore needs the major that was backed up. " +
			"Changing a major is an upgrade, and is done by changing both.",
		Wrong: "version: \"17\"\nimage: ghcr.io/cloudnative-pg/postgresql:16.14-standard-trixie", Right: "version: \"17\"\nimage: ghcr.io/cloudnative-pg/postgresql:17.10-standard-trixie",
	}, {
		Code: "ONG2141", Title: "an image without a tag",
		Text:  "A digest pins an image exactly and says nothing of its version, which CloudNativePG needs to tell an upgrade from a restart. It refuses an image by digest alone; a tag and a digest together are welcome.",
		Wrong: "image: registry.example.com/postgresql@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", Right: "image: registry.example.com/postgresql:17.10@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
	}, {
		Code: "ONG2180", Title: "a PgBouncer parameter that is not yours to set",
		Text:  "CloudNativePG sets where PgBouncer listens, how it logs in and where its files are, and lets only the listed parameters be changed. Its webhook refuses the Pooler, which leaves a cluster without one.",
		Wrong: "pooler: {parameters: {listen_port: \"6432\"}}", Right: "pooler: {parameters: {default_pool_size: \"40\"}}",
	}, {
		Code: "ONG2181", Title: "a pooler for standbys without a standby",
		Text:  "pooler.readOnly connects to standbys, and the cluster has one instance. Its clients would wait for a server until they time out. It is often an environment that has one instance and inherits the pooler.",
		Wrong: "instances: 1\npooler: {readOnly: {}}", Right: "instances: 2\npooler: {readOnly: {}}",
	}, {
		Code: "ONG2190", Title: "a certificate without its authority",
		Text: "Standbys verify the server, and the server verifies them. A certificate of your own needs the Secret with the ca.crt that signed it: caSecret for the server's, clientCASecret for the one of replication. " +
			"The operator refuses the cluster otherwise.",
		Wrong: "tls: {secret: shop-tls}", Right: "tls: {secret: shop-tls, caSecret: shop-ca}",
	}}
}

func replicationCodes() []spec.CodeDoc {
	return []spec.CodeDoc{{
		Code: "ONG2130", Title: "more standbys to wait for than there are",
		Text: "Every commit waits for minSync standbys, and there are fewer. No commit would ever end: the database would look up and accept no write. " +
			"It is often an environment with fewer instances; give it mode: async or take replication away with a null.",
		Wrong: "instances: 2\nreplication: {mode: quorum, minSync: 2}", Right: "instances: 3\nreplication: {mode: quorum, minSync: 2}",
	}, {
		Code: "ONG2131", Title: "a quorum without synchronous replication",
		Text:  "failoverQuorum forbids a failover that could lose an acknowledged commit. With asynchronous replication no standby is known to have the last commits, so every failover could, and the promise would be empty.",
		Wrong: "replication: {failoverQuorum: true}", Right: "replication: {mode: quorum, minSync: 1, failoverQuorum: true}",
	}, {
		Code: "ONG2132", Title: "a supervised update of one instance",
		Text:  "A supervised update waits for a person to promote a standby that has been updated. With one instance there is none, so an update would never be finished, and the operator refuses it.",
		Wrong: "instances: 1\nupdates: {strategy: supervised}", Right: "instances: 2\nupdates: {strategy: supervised}",
	}, {
		Code: "ONG2133", Title: "logical slots that a standby cannot keep",
		Text: "PostgreSQL copies logical slots to standbys from version 17 on. Before, the extension pg_failover_slots does it, and its parameters have to be set. " +
			"With neither, a failover loses the slots, and subscribers have to be filled anew.",
		Wrong: "version: \"16\"\nreplication: {logicalSlots: true}", Right: "version: \"17\"\nreplication: {logicalSlots: true}",
	}, {
		Code: "ONG2134", Title: "logical slots without what they need",
		Text:  "Copying logical slots to standbys needs hot_standby_feedback and sync_replication_slots. onggi turns both on with logicalSlots; turned off again, the slots stay on the primary and are lost with it. The operator refuses it.",
		Wrong: "replication: {logicalSlots: true}\nparameters: {hot_standby_feedback: \"off\"}", Right: "replication: {logicalSlots: true}",
	}}
}

func backupCodes() []spec.CodeDoc {
	return []spec.CodeDoc{{
		Code: "ONG2150", Title: "a retention that nobody keeps",
		Text:  "CloudNativePG prunes object stores by age, never volume snapshots. A retention with method: snapshot would be read by nobody, and the snapshots would grow in number until the storage is full.",
		Wrong: "backup: {method: snapshot, retention: 30d}", Right: "backup: {method: snapshot}",
	}, {
		Code: "ONG2151", Title: "backups without a place",
		Text: "A backup needs somewhere to go. Without a destination no WAL is archived and no backup taken, while schedules exist and everything looks configured. " +
			"An external cluster's archive without one can be read from nowhere, and the API server refuses its ObjectStore.",
		Wrong: "backup: {schedules: [{name: daily, cron: \"0 3 * * *\"}]}", Right: "backup: {destination: s3://backups/shop, credentials: {secret: backup-keys}, schedules: [{name: daily, cron: \"0 3 * * *\"}]}",
	}, {
		Code: "ONG2152", Title: "a compression that base backups do not have",
		Text:  "Barman compresses WAL with xz and zstd too, base backups with bzip2, gzip, lz4 and snappy only. The API server refuses the object store, and a cluster whose store is missing archives nothing.",
		Wrong: "backup: {destination: s3://backups/shop, compression: zstd}", Right: "backup: {destination: s3://backups/shop, compression: lz4, walCompression: zstd}",
	}, {
		Code: "ONG2153", Title: "a store without credentials",
		Text: "The instances read and write the store with the keys of a Secret, or with the cloud identity of their pod (fromPod). With neither, every archive_command fails, WAL piles up, and the primary stops when its volume is full. " +
			"Keys themselves never stand in a spec.",
		Wrong: "backup: {destination: s3://backups/shop}", Right: "backup: {destination: s3://backups/shop, credentials: {secret: backup-keys}}",
	}, {
		Code: "ONG2154", Title: "a setting of another kind of store",
		Text:  "endpoint, endpointCA and region belong to stores that speak S3; a CA belongs to an endpoint. Elsewhere nothing would read them, or the client would be sent to the wrong server.",
		Wrong: "backup: {destination: gs://backups/shop, region: eu-west1}", Right: "backup: {destination: gs://backups/shop}",
	}, {
		Code: "ONG2155", Title: "two regions without the plugin",
		Text: "In-tree Barman takes the region from the environment of the instance, which has one for all stores. A recovery from a store in another region would fail, or find nothing. " +
			"The barman-cloud plugin gives each store its own; it needs operator 1.26.",
		Wrong: "operatorVersion: \"1.25\"\nbackup: {destination: s3://here, region: eu-central-1}\nexternalClusters: [{name: old, archive: {destination: s3://there, region: us-east-1}}]",
		Right: "operatorVersion: \"1.30\"\nbackup: {destination: s3://here, region: eu-central-1}\nexternalClusters: [{name: old, archive: {destination: s3://there, region: us-east-1}}]",
	}}
}

func bootstrapCodes() []spec.CodeDoc {
	return []spec.CodeDoc{{
		Code: "ONG2160", Title: "not a size of a WAL segment",
		Text:  "WAL segments have a size that is a power of two, from 1 to 1024 MB. initdb refuses any other, and the size cannot be changed later.",
		Wrong: "bootstrap: {initdb: {walSegmentMB: 48}}", Right: "bootstrap: {initdb: {walSegmentMB: 64}}",
	}, {
		Code: "ONG2161", Title: "a replica cluster that starts empty",
		Text:  "A replica cluster goes on with the history of another one, so it starts from a copy of it: a recovery from its archive or a base backup of its server. One that was made by initdb has a history of its own and can never follow.",
		Wrong: "replica: {from: west}", Right: "replica: {from: west}\nbootstrap: {recovery: {from: west}}",
	}, {
		Code: "ONG2162", Title: "a target without the backup to start from",
		Text: "A time or a log position tells which base backup comes before it; a transaction, a restore point and immediate do not, so they need backupID. A recovery from a snapshot has no choice, and takes none. " +
			"The operator refuses both, at the hour when the recovery is urgent.",
		Wrong: "bootstrap: {recovery: {from: old, target: {immediate: true}}}",
		Right: "bootstrap: {recovery: {from: old, target: {immediate: true, backupID: 20261122T030000}}}",
	}, {
		Code: "ONG2163", Title: "a recovery that would overwrite its backup",
		Text: "The new cluster would archive into the very place that it is restored from. Its WAL has other contents under the same names, so the only backup would be damaged by the restore. The operator's own check for an empty archive " +
			"stops the first pod instead, and the cluster does not come up.",
		Wrong: "backup: {destination: s3://backups, serverName: shop}\nbootstrap: {recovery: {from: before}}\nexternalClusters: [{name: before, archive: {destination: s3://backups, serverName: shop}}]",
		Right: "backup: {destination: s3://backups, serverName: shop-2}\nbootstrap: {recovery: {from: before}}\nexternalClusters: [{name: before, archive: {destination: s3://backups, serverName: shop}}]",
	}, {
		Code: "ONG2164", Title: "a WAL snapshot without a WAL volume",
		Text:  "The snapshot of a WAL volume is restored to a WAL volume, and the spec has none. Without its WAL the snapshot of the data cannot be made consistent.",
		Wrong: "storage: {size: 10Gi}\nbootstrap: {recovery: {snapshot: {storage: shop, wal: shop-wal}}}",
		Right: "storage: {size: 10Gi, wal: {size: 5Gi}}\nbootstrap: {recovery: {snapshot: {storage: shop, wal: shop-wal}}}",
	}, {
		Code: "ONG2165", Title: "a promotion that contradicts itself",
		Text: "The promotion token proves that the former primary site has stopped, and lets this one continue from that very point. A cluster that goes on following needs none, and one that is promoted cannot lag behind on purpose. " +
			"The operator refuses both.",
		Wrong: "replica: {from: west, self: east, primary: west, promotionToken: e30=}", Right: "replica: {from: west, self: east, primary: east, promotionToken: e30=}",
	}, {
		Code: "ONG2166", Title: "a timeline that the operator does not take",
		Text:  "CloudNativePG follows the latest timeline or a numbered one. Postgres' word current is not among what it takes.",
		Wrong: "bootstrap: {recovery: {from: old, target: {lsn: 0/3000000, timeline: current}}}",
		Right: "bootstrap: {recovery: {from: old, target: {lsn: 0/3000000, timeline: latest}}}",
	}, {
		Code: "ONG2170", Title: "an external cluster without what is needed of it",
		Text:  "A recovery reads an archive, a base backup and an import connect to a server. The entry of externalClusters that is meant has the other one, so the first instance would wait for something that is not there.",
		Wrong: "externalClusters: [{name: old, connection: {host: old.lan}}]\nbootstrap: {recovery: {from: old}}",
		Right: "externalClusters: [{name: old, connection: {host: old.lan}}]\nbootstrap: {basebackup: {from: old}}",
	}, {
		Code: "ONG2171", Title: "a name that externalClusters does not have",
		Text:  "bootstrap, replica and imports mean other clusters by their names in externalClusters, this cluster's own name among sites included. The operator refuses a name that is not listed.",
		Wrong: "bootstrap: {recovery: {from: befor}}\nexternalClusters: [{name: before}]", Right: "bootstrap: {recovery: {from: before}}\nexternalClusters: [{name: before}]",
	}}
}
