package spec

func valueCodes() []CodeDoc {
	return []CodeDoc{{
		Code: codeEnum, Title: "not one of the values",
		Text:  "The field takes one of a few words. Another one would be refused by the API server after everything before it was applied, which leaves half a change behind.",
		Wrong: "replication: {mode: synchronous}", Right: "replication: {mode: sync}",
	}, {
		Code: codeRange, Title: "a number out of range",
		Text: "The number is smaller or larger than what can work. The limits are those of Kubernetes, of the server, or of sense: a cluster of no instances " +
			"is no cluster; to stop one and keep its volumes there is hibernate.",
		Wrong: "instances: 0", Right: "instances: 1",
	}, {
		Code: codeLength, Title: "too long or too short",
		Text: "The text has more characters than fit, or fewer than are needed. Names become parts of other names: a cluster called shop has a Service shop-rw and " +
			"pods shop-1, and Kubernetes allows 63 characters for those.",
	}, {
		Code: codePattern, Title: "not in the form the field takes",
		Text:  "The text is not in the form that is documented for the field; onggi explain with the field's path shows it.",
		Wrong: "retention: 3 months", Right: "retention: 90d",
	}, {
		Code: codeQuantity, Title: "not a quantity",
		Text: "Sizes and amounts are written as Kubernetes does: a number and a unit. Gi is 1024^3 bytes and G is 1000^3; GB does not exist, and m is a " +
			"thousandth, so that memory: 512m asks for half a byte and the container is killed as soon as it starts.",
		Wrong: "storage: {size: 10GB}", Right: "storage: {size: 10Gi}",
	}, {
		Code: codeDuration, Title: "not a duration",
		Text: "Durations are whole numbers with units: w, d, h, m, s, ms, e.g. 90d, 36h or 5m30s. A number without a unit would be seconds to one operator and " +
			"minutes to the next; each backend gets the form that it reads.",
		Wrong: "timeouts: {stop: 30}", Right: "timeouts: {stop: 30s}",
	}, {
		Code: codeCron, Title: "not a schedule of five fields",
		Text: "Schedules are five cron fields in UTC: minute, hour, day of the month, month, day of the week. CloudNativePG wants a sixth field for seconds in front, " +
			"others do not: with the wrong number of fields a nightly backup runs every minute or never. onggi writes each backend's own form.",
		Wrong: `cron: "0 0 0 * * *"`, Right: `cron: "0 0 * * *"`,
	}, {
		Code: codeAddress, Title: "not an address or a network",
		Text: "Addresses are IPv4 or IPv6 without a mask, networks have one and no bits behind it. 10.0.0.5/8 can mean one host or sixteen million; which of them a " +
			"firewall takes it for should not be a surprise.",
		Wrong: "sourceRanges: [192.168.0.10/24]", Right: "sourceRanges: [192.168.0.0/24]",
	}, {
		Code: codeURL, Title: "not a URL",
		Text: "The field takes a URL with its scheme, http or https, and a host. Without a scheme some clients take https for granted and others http, " +
			"and then credentials travel in plain text.",
		Wrong: "endpoint: minio.lan:9000", Right: "endpoint: https://minio.lan:9000",
	}, {
		Code: codeDestination, Title: "not a place for backups",
		Text: "A destination says which kind of store, which bucket and which path in it, in one spelling only: that is how onggi can tell that a cluster would " +
			"recover from the very path it archives to, which destroys the backup.",
		Wrong: "destination: lemon-backup/cnpg/", Right: "destination: s3://lemon-backup/cnpg",
	}, {
		Code: codeTime, Title: "not a time with a zone",
		Text: "Moments are written as in RFC 3339, with a zone: 2026-11-22T06:00:00Z. A time without a zone is read in the zone of the server, and a recovery to a time " +
			"that is nine hours off either misses the data or brings the accident back.",
		Wrong: `time: "2026-11-22 06:00"`, Right: `time: "2026-11-22T06:00:00Z"`,
	}}
}

func nameCodes() []CodeDoc {
	return []CodeDoc{{
		Code: codeName, Title: "not a name that Kubernetes takes",
		Text: "Names of objects are lower-case letters, digits and dashes. The API server refuses others, some of them only when a Service or a pod is made from them, " +
			"which is after the rest has been applied.",
		Wrong: "name: My_Shop", Right: "name: my-shop",
	}, {
		Code: codeIdentifier, Title: "not a name that the database takes",
		Text: "Postgres cuts names off after 63 bytes without an error, so that two long names can become one. Extensions go by the name in CREATE EXTENSION, " +
			"which is not always that of the project: pgvector's is vector.",
		Wrong: "extensions: [pgvector]", Right: "extensions: [vector]",
	}, {
		Code: codeHBA, Title: "not a line of pg_hba.conf",
		Text: "A line is TYPE DATABASE USER ADDRESS METHOD, without the address for local. Postgres does not skip a line that it cannot read: a running server keeps the old " +
			"rules without saying so, and a server that starts with it does not start.",
		Wrong: `hba: ["host all all 10.0.0.5 md5"]`, Right: `hba: ["hostssl all all 10.0.0.5/32 scram-sha-256"]`,
	}, {
		Code: codeImage, Title: "not an image that stays the same",
		Text: "An image needs a tag other than latest, or a digest. Without one a pod that is moved to another node can come back with another major version, which " +
			"cannot open the data, or with another C library, whose other sort order breaks indexes.",
		Wrong: "image: postgres", Right: "image: ghcr.io/cloudnative-pg/postgresql:17.10",
	}, {
		Code: codeLabel, Title: "not a label that Kubernetes takes",
		Text: "Keys of labels and annotations are at most 63 characters with an optional DNS name before a slash; values of labels have at most 63. " +
			"The API server refuses the whole object otherwise.",
		Wrong: `labels: {team: "shop & stock"}`, Right: "labels: {team: shop-and-stock}",
	}, {
		Code: codeParameter, Title: "not a name of a parameter",
		Text:  "Parameters have letters, digits and underscores, and one point for those of extensions. The server refuses to start with a name that it cannot read.",
		Wrong: "parameters: {max-connections: \"200\"}", Right: "parameters: {max_connections: \"200\"}",
	}, {
		Code: codeResource, Title: "not a resource",
		Text: "Requests and limits are for cpu, memory, ephemeral-storage, huge pages, or a device such as example.com/gpu. The scheduler would look for a node that has " +
			"a device called ram, and the pod would wait for ever.",
		Wrong: "requests: {ram: 1Gi}", Right: "requests: {memory: 1Gi}",
	}, {
		Code: codeQuery, Title: "not a query that can be checked with",
		Text: "A check of a drill is SQL that the server reads, so backslash commands of psql mean nothing to it. It runs in a read-only transaction, so it is one statement and has none of its own. " +
			"A query that ends inside quotes or is empty would fail every drill, or pass every one, and either says nothing about the backup.",
		Wrong: "checks: [{name: orders, sql: \"\\\\dt orders\"}]", Right: "checks: [{name: orders, sql: select count(*) from orders, expect: \"> 0\"}]",
	}}
}
