package cloudnativepg

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/onggi-db/onggi/render/plan"
	"github.com/onggi-db/onggi/render/spec"
)

func (k *checker) archives() {
	if b := k.plan.Backup; b != nil {
		k.archive("spec.backup", b.Archive)
		switch {
		case b.Method == "snapshot" && b.Retention != "":
			k.problem("ONG2150", "spec.backup.retention", "snapshots are not pruned by age", "CloudNativePG prunes object stores only", "leave retention out and prune VolumeSnapshots by their class")
		case b.Method != "snapshot" && b.Destination == "":
			k.problem("ONG2151", "spec.backup", "there is nowhere to put the backups", "backup needs a destination", "write destination: s3://bucket/path")
		}
	}
	for i, e := range k.plan.ExternalClusters {
		if e.Archive == nil {
			continue
		}
		path := fmt.Sprintf("spec.externalClusters[%d].archive", i)
		if e.Archive.Destination == "" {
			k.problem("ONG2151", path, "there is nowhere to read backups from", "an archive needs a destination", "write destination: s3://bucket/path")
		}
		k.archive(path, *e.Archive)
	}
	k.regions()
}

// regions: without the plugin one environment serves every store that the instances read or write.
func (k *checker) regions() {
	b := newBuilder(k.plan)
	if !b.InTree() {
		return
	}
	region := ""
	for _, a := range b.archives() {
		if region != "" && a.Region != "" && a.Region != region {
			k.problem("ONG2155", "spec.backup.region", fmt.Sprintf("%s and %s are two regions", region, a.Region), "in-tree Barman has one region for all stores of a cluster",
				"use stores of one region, or the plugin (operatorVersion 1.26 and newer)")
			return
		}
		region = orElse(region, a.Region)
	}
}

func (k *checker) archive(path string, a plan.Archive) {
	if a.Destination == "" {
		return
	}
	if a.Compression == "xz" || a.Compression == "zstd" {
		k.problem("ONG2152", path+".compression", fmt.Sprintf("base backups cannot be compressed with %s", a.Compression), "Barman has bzip2, gzip, lz4 and snappy for them", "choose one of those")
	}
	if a.Credentials == nil && a.Scheme != plan.PVC {
		k.problem("ONG2153", path+".credentials", "the store has no credentials", "every store needs a Secret or the identity of the pod", "write credentials: {secret: NAME} or credentials: {fromPod: true}")
	}
	if c := a.Credentials; c != nil && !c.FromPod && c.Secret == "" {
		k.problem("ONG2153", path+".credentials", "the credentials name no Secret", "onggi never takes keys in plain text", "write secret: NAME, or fromPod: true for a cloud role")
	}
	if a.Scheme != plan.S3 && (a.Endpoint != "" || a.Region != "") {
		k.problem("ONG2154", path+".destination", "endpoint and region belong to s3 destinations", fmt.Sprintf("this is %s", a.Destination), "take them out")
	}
	if a.EndpointCA != nil && a.Endpoint == "" {
		k.problem("ONG2154", path+".endpointCA", "endpointCA belongs to an endpoint", "there is none", "take it out, or add endpoint")
	}
}

func (k *checker) bootstrap() {
	b := k.plan.Bootstrap
	if i := b.Initdb; i != nil && i.WALSegmentMB&(i.WALSegmentMB-1) != 0 {
		k.problem("ONG2160", "spec.bootstrap.initdb.walSegmentMB", fmt.Sprintf("%d is not a power of two", i.WALSegmentMB), "initdb refuses it", "write 16, 32 or 64")
	}
	if r := b.Recovery; r != nil {
		k.recovery(r)
	}
	if b.Basebackup != nil {
		k.external("spec.bootstrap.basebackup.from", b.Basebackup.From, "a connection", connected)
	}
	if b.Initdb != nil && b.Initdb.Import != nil {
		k.external("spec.bootstrap.initdb.import.from", b.Initdb.Import.From, "a connection", connected)
	}
	if r := k.plan.Replica; r != nil {
		k.external("spec.replica.from", r.From, "", nil)
		k.external("spec.replica.self", r.Self, "", nil)
		k.external("spec.replica.primary", r.Primary, "", nil)
		k.promotion(r)
		if b.Initdb != nil {
			k.problem("ONG2161", "spec.replica", "a replica cluster cannot start empty", "it continues the history of another cluster", "add bootstrap: {recovery: {from: NAME}} or bootstrap: {basebackup: {from: NAME}}")
		}
	}
}

func connected(e plan.ExternalCluster) bool { return e.Connection != nil }

func archived(e plan.ExternalCluster) bool { return e.Archive != nil }

// promotion: the token is what the former primary site hands over, so it means nothing to a site that goes on following.
func (k *checker) promotion(r *plan.Replica) {
	if r.PromotionToken == "" {
		return
	}
	follows := r.On
	if r.Primary != "" {
		follows = r.Primary != orElse(r.Self, k.plan.Name)
	}
	switch {
	case follows:
		k.problem("ONG2165", "spec.replica.promotionToken", "a token promotes, and this cluster goes on following", "the operator refuses the two together", "set primary to this cluster, or enabled: false; or take the token out")
	case r.ApplyDelay != "":
		k.problem("ONG2165", "spec.replica.applyDelay", "a cluster that is promoted cannot stay behind", "the operator refuses the two together", "take applyDelay out")
	}
}

func (k *checker) recovery(r *spec.Recovery) {
	k.external("spec.bootstrap.recovery.from", r.From, "an archive", archived)
	k.target(r)
	if s := r.Snapshot; s != nil && s.WAL != "" && k.plan.WAL == nil {
		k.problem("ONG2164", "spec.bootstrap.recovery.snapshot.wal", "there is no WAL volume to restore the snapshot to", "storage.wal is not set", "add storage: {wal: {size: …}}")
	}
	if k.plan.Backup == nil {
		return
	}
	for i, e := range k.plan.ExternalClusters {
		if e.Name == r.From && e.Archive != nil && e.Archive.Place() == k.plan.Backup.Place() {
			k.problem("ONG2163", fmt.Sprintf("spec.externalClusters[%d].archive", i), "the cluster would archive over the backup that it recovers from",
				fmt.Sprintf("both are %s/%s", e.Archive.Destination, e.Archive.Server), "give backup.serverName a new name, e.g. "+k.plan.Name+"-2")
		}
	}
}

// target checks the moment that a recovery stops at against the backup that it starts from.
func (k *checker) target(r *spec.Recovery) {
	const path = "spec.bootstrap.recovery.target"
	t := r.Target
	if t == nil {
		return
	}
	named := t.XID != "" || t.Name != "" || t.Immediate
	switch {
	case r.Snapshot == nil && named && t.BackupID == "":
		k.problem("ONG2162", path, "this target needs backupID", "only a time or an LSN tells which base backup to start from", "add backupID: the id of the base backup")
	case r.Snapshot != nil && t.BackupID != "":
		k.problem("ONG2162", path+".backupID", "a recovery from a snapshot has no base backup to choose", "the snapshot is the backup", "take backupID out")
	}
	if t.Timeline == "current" || t.Timeline == "0" {
		k.problem("ONG2166", path+".timeline", fmt.Sprintf("CloudNativePG does not take timeline %s", t.Timeline), "it takes latest and numbers from 1 on", "write latest, or the number of the timeline")
	}
}

// external finds the cluster that a reference means; an empty one means nothing. fits is nil where any will do.
func (k *checker) external(path, name, needs string, fits func(plan.ExternalCluster) bool) {
	if name == "" {
		return
	}
	var known []string
	for _, e := range k.plan.ExternalClusters {
		known = append(known, e.Name)
		if e.Name == name {
			if fits != nil && !fits(e) {
				k.problem("ONG2170", path, fmt.Sprintf("externalClusters has %s without %s", name, needs), "it is needed for this", "add it there")
			}
			return
		}
	}
	fix := "add {name: " + name + ", …} to spec.externalClusters"
	if len(known) > 0 {
		fix = "write " + strings.Join(known, " or ") + ", or " + fix
	}
	k.problem("ONG2171", path, fmt.Sprintf("externalClusters has no %s", name), "the name must be listed there", fix)
}

func (k *checker) pooler() {
	if k.plan.Pooler == nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(k.plan.Pooler.Parameters)) {
		if !poolerParameter(name) {
			k.problem("ONG2180", plan.Key("spec.pooler.parameters", name), fmt.Sprintf("CloudNativePG does not let %s be set", name), "PgBouncer's other parameters belong to the operator", "take the line out")
		}
		k.oneLine(plan.Key("spec.pooler.parameters", name), name, k.plan.Pooler.Parameters[name])
	}
	if k.plan.Pooler.ReadOnly != nil && k.plan.Instances < 2 {
		k.problem("ONG2181", "spec.pooler.readOnly", "there is no standby to pool connections to", "the cluster has one instance", "set instances to 2 or more, or take readOnly out in this environment")
	}
}

// poolerParameter is the list of what the operator's webhook lets through.
func poolerParameter(name string) bool {
	switch name {
	case "application_name_add_host", "auth_type", "autodb_idle_timeout", "cancel_wait_timeout", "client_idle_timeout",
		"client_login_timeout", "client_tls_sslmode", "default_pool_size", "disable_pqexec", "dns_max_ttl", "dns_nxdomain_ttl",
		"idle_transaction_timeout", "ignore_startup_parameters", "listen_backlog", "log_connections", "log_disconnections",
		"log_pooler_errors", "log_stats", "max_client_conn", "max_db_connections", "max_packet_size",
		"max_prepared_statements", "max_user_connections", "min_pool_size", "pkt_buf", "query_timeout",
		"query_wait_timeout", "reserve_pool_size", "reserve_pool_timeout", "sbuf_loopcnt", "server_check_delay",
		"server_check_query", "server_connect_timeout", "server_fast_close", "server_idle_timeout", "server_lifetime",
		"server_login_retry", "server_reset_query", "server_reset_query_always", "server_round_robin",
		"server_tls_ciphers", "server_tls_protocols", "server_tls_sslmode", "stats_period", "suspend_timeout",
		"tcp_defer_accept", "tcp_socket_buffer", "tcp_keepalive", "tcp_keepcnt", "tcp_keepidle", "tcp_keepintvl",
		"tcp_user_timeout", "track_extra_parameters", "verbose":
		return true
	}
	return false
}
