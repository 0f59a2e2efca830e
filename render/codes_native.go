package render

import "github.com/onggi-db/onggi/render/spec"

func nativeCodes() []spec.CodeDoc {
	return append(provisionCodes(), []spec.CodeDoc{{
		Code: "ONG2301", Title: "a Service that every native cluster has",
		Text: "The native back end makes the Services NAME-rw (the primary), NAME-ro (standbys), NAME-r (any instance) and NAME-pods (without an address, for the names of the pods), and NAME-pooler with poolers. " +
			"Another one of the same name would replace it, and applications would find nobody.",
		Wrong: "backend: native\nexpose: [{name: rw}]", Right: "backend: native\nexpose: [{name: lb}]",
	}, {
		Code: "ONG2302", Title: "a Service for a pooler that is not there",
		Text:  "The entry of expose has the role pooler, and the spec has no pooler. The Service would select no pod, and connections to it would hang.",
		Wrong: "backend: native\nexpose: [{name: lb, role: pooler}]", Right: "backend: native\npooler: {mode: transaction}\nexpose: [{name: lb, role: pooler}]",
	}, {
		Code: "ONG2303", Title: "a parameter that is the agent's",
		Text: "The agent writes this parameter itself, or would lose the server with another value: it changes with every change of the primary, or belongs to another field of the spec. " +
			"A member whose configuration has it does not start postgres with what the file says.",
		Wrong: "backend: native\nparameters: {primary_conninfo: host=other}", Right: "backend: native\nparameters: {max_connections: \"200\"}",
	}, {
		Code: "ONG2304", Title: "more synchronous standbys than there are, or none where a failover needs one",
		Text: "One instance is the primary, so minSync is at most one less than instances: with more, every commit would wait for a standby that never comes. And failoverQuorum promises that " +
			"no failover loses a commit, which in mode async nothing can keep, as the primary acknowledges what no standby has.",
		Wrong: "backend: native\ninstances: 2\nreplication: {mode: quorum, minSync: 2}", Right: "backend: native\ninstances: 3\nreplication: {mode: quorum, minSync: 2}",
	}, {
		Code: "ONG2305", Title: "a version that the agent does not know",
		Text:  "The agent runs PostgreSQL 13 to 18. Of a later one it does not know what the control file, the functions and the messages that it reads look like, and it would refuse to start.",
		Wrong: "backend: native\nversion: \"12\"\nimage: docker.io/library/postgres:12.22", Right: "backend: native\nversion: \"17\"",
	}, {
		Code: "ONG2306", Title: "a pod that is given too little time to end",
		Text: "When a pod is deleted, its member checkpoints, hands the role over, stops postgres and waits until a standby has the last byte. The kubelet kills whatever is still there after " +
			"timeouts.stop: a planned move would become a lost primary, and the next start a crash recovery. Two minutes are the least.",
		Wrong: "backend: native\ntimeouts: {stop: 30s, smartStop: 10s}", Right: "backend: native\ntimeouts: {stop: 10m}",
	}, {
		Code: "ONG2307", Title: "TLS without a certificate",
		Text: "An operator makes a certificate for its servers by itself; the agent does not. Without one, a server with tls set would offer nothing, and with tls.only refuse everybody. " +
			"Name a Secret with tls.crt and tls.key, or an issuer of cert-manager.",
		Wrong: "backend: native\ntls: {only: true}", Right: "backend: native\ntls: {secret: shop-tls, only: true}",
	}, {
		Code: "ONG2309", Title: "more log than its volume holds",
		Text: "With storage.wal the log has a volume of its own, and max_wal_size (1GB unless it is set) and wal_keep_size are what it takes of that in good days. There is nothing else on the volume that could " +
			"make room: when it is full, the primary stops, and so do its standbys, whose volumes are as large.",
		Wrong: "backend: native\nstorage: {size: 10Gi, wal: {size: 2Gi}}\nparameters: {max_wal_size: 4GB}",
		Right: "backend: native\nstorage: {size: 10Gi, wal: {size: 8Gi}}\nparameters: {max_wal_size: 4GB}",
	}, {
		Code: "ONG2340", Title: "a setting of PgBouncer's that is onggi's",
		Text: "onggi writes this setting of pgbouncer.ini: it follows from another field of the spec, or the pod depends on it. With another value PgBouncer would listen where nobody asks, " +
			"or look for passwords where there are none.",
		Wrong: "backend: native\npooler: {parameters: {pool_mode: session}}", Right: "backend: native\npooler: {mode: session}",
	}, {
		Code: "ONG2341", Title: "a setting of PgBouncer's of several lines",
		Text:  "pgbouncer.ini has one setting on each line. What follows the first line of this value would be settings, or sections, that nobody asked for.",
		Wrong: "backend: native\npooler: {parameters: {server_reset_query: \"DISCARD ALL\\nadmin_users = app\"}}", Right: "backend: native\npooler: {parameters: {server_reset_query: DISCARD ALL}}",
	}, {
		Code: "ONG2342", Title: "a request above its limit",
		Text: "A container cannot ask for more than it may use, and huge pages and devices must be asked for and limited alike. The API server takes the StatefulSet and refuses each of its pods: " +
			"the cluster would exist and have none. It often comes from an environment that lowers a limit and leaves the request.",
		Wrong: "backend: native\nresources: {requests: {memory: 8Gi}, limits: {memory: 4Gi}}", Right: "backend: native\nresources: {requests: {memory: 4Gi}, limits: {memory: 4Gi}}",
	}}...)
}
