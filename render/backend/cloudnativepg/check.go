package cloudnativepg

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/onggi-db/onggi/render/plan"
	"github.com/onggi-db/onggi/render/spec"
)

// Check says beforehand what the operator's admission webhook, or the database itself, would refuse later. What the CRD's
// schema refuses is not repeated here: the output is tested against it.
func Check(c *spec.Cluster, p *plan.Plan) spec.Problems {
	k := checker{c, p, nil}
	k.names()
	k.parameters()
	k.resources()
	k.sharedBuffers()
	k.walSpace()
	k.replication()
	k.image()
	k.certificates()
	k.archives()
	k.bootstrap()
	k.pooler()
	return k.problems
}

type checker struct {
	cluster  *spec.Cluster
	plan     *plan.Plan
	problems spec.Problems
}

func (k *checker) problem(code, path, message, why, fix string) {
	k.problems = append(k.problems, k.cluster.Problem(code, path, message, why, fix))
}

// names keeps to those that the operator has not taken.
func (k *checker) names() {
	for i, s := range k.plan.Services {
		if slices.Contains([]string{"rw", "ro", "r", "any", "pooler", "pooler-ro"}, s.Name) {
			k.problem("ONG2102", fmt.Sprintf("spec.expose[%d].name", i), fmt.Sprintf("a Service called %s exists already", s.FullName),
				"the operator makes it", "choose another name, e.g. lb")
		}
		if s.Role == "pooler" && k.plan.Pooler == nil {
			k.problem("ONG2103", fmt.Sprintf("spec.expose[%d].role", i), "there is no pooler to expose", "spec.pooler is not set", "add pooler: {mode: transaction}, or expose the primary")
		}
	}
	for i, r := range k.cluster.Spec.Roles {
		if r.Name == "postgres" || r.Name == "streaming_replica" || strings.HasPrefix(r.Name, "pg_") || strings.HasPrefix(r.Name, "cnpg_") {
			k.problem("ONG2104", fmt.Sprintf("spec.roles[%d].name", i), fmt.Sprintf("the role %s belongs to the server or the operator", r.Name), "the operator refuses to manage it", "choose another name")
		}
	}
	for i, d := range k.cluster.Spec.Databases {
		if slices.Contains([]string{"postgres", "template0", "template1"}, d.Name) {
			k.problem("ONG2105", fmt.Sprintf("spec.databases[%d].name", i), fmt.Sprintf("the database %s belongs to the server", d.Name), "the operator refuses to manage it", "choose another name")
		}
	}
	k.databases()
	k.tablespaces()
}

// databases have an object each, called after them in what Kubernetes takes for a name.
func (k *checker) databases() {
	seen := make(map[string]string)
	for i, d := range k.plan.Databases {
		if !d.Managed(i == 0) {
			continue
		}
		name := objectName(d.Name)
		if other, taken := seen[name]; taken {
			k.problem("ONG2107", fmt.Sprintf("spec.databases[%d].name", i), fmt.Sprintf("the databases %s and %s would have one object", other, d.Name),
				fmt.Sprintf("both are called %s-%s in Kubernetes, which knows no upper case and no underscores in names", k.plan.Name, name), "choose a name that differs in a letter or digit")
		}
		seen[name] = d.Name
	}
}

// tablespaces have plain names, as the operator writes them into SQL and into the names of volumes.
func (k *checker) tablespaces() {
	seen := make(map[string]string)
	for i, t := range k.plan.Tablespaces {
		path, folded := fmt.Sprintf("spec.tablespaces[%d].name", i), strings.ToLower(t.Name)
		switch other := seen[folded]; {
		case strings.HasPrefix(folded, "pg_"):
			k.problem("ONG2106", path, "names that begin with pg_ belong to the server", "CREATE TABLESPACE refuses them", "choose another name")
		case !plainName(t.Name):
			k.problem("ONG2106", path, fmt.Sprintf("%q is not a name for a tablespace", t.Name), "the operator takes letters, digits, _ and $, and no digit first", "choose another name")
		case other != "":
			k.problem("ONG2106", path, fmt.Sprintf("%s and %s are one tablespace", other, t.Name), "upper and lower case count as the same", "rename one of them")
		}
		seen[folded] = t.Name
	}
}

func plainName(s string) bool {
	for i, c := range []byte(s) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		if !letter && (i == 0 || (c < '0' || c > '9') && c != '$') {
			return false
		}
	}
	return true
}

func (k *checker) parameters() {
	var taken []string
	for name := range k.plan.Parameters {
		if fixed(name) {
			taken = append(taken, name)
		}
	}
	slices.Sort(taken)
	for _, name := range taken {
		path := plan.Key("spec.parameters", name)
		switch name {
		case "shared_preload_libraries":
			k.problem("ONG2110", path, "libraries are not a parameter here", "the operator adds its own", "list them under spec.preload")
		case "synchronous_standby_names":
			k.problem("ONG2110", path, "the operator writes "+name, "it knows which standbys there are", "set spec.replication")
		default:
			k.problem("ONG2110", path, fmt.Sprintf("the operator does not let %s be set", name), "it sets it itself or depends on its default", "take the line out")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(k.plan.Parameters)) {
		k.oneLine(plan.Key("spec.parameters", name), name, k.plan.Parameters[name])
	}
	switch level := k.plan.Parameters["wal_level"]; {
	case level == "" || level == "logical":
	case level != "replica":
		k.problem("ONG2111", "spec.parameters.wal_level", fmt.Sprintf("wal_level %s cannot feed standbys or an archive", level), "the operator accepts replica and logical", "write wal_level: replica")
	case k.plan.Replication.LogicalSlots:
		k.problem("ONG2111", "spec.parameters.wal_level", "wal_level replica has nothing for logical slots", "spec.replication.logicalSlots is set", "write wal_level: logical")
	}
	if hints, set := k.plan.Parameters["wal_log_hints"]; set && !on(hints) && k.plan.Instances > 1 {
		k.problem("ONG2112", "spec.parameters.wal_log_hints", fmt.Sprintf("wal_log_hints is %s with %d instances", hints, k.plan.Instances),
			"without it a former primary cannot be rewound, and has to be copied anew", "take the line out: the operator turns it on")
	}
}

// oneLine refuses what the operator would copy into a file that has a setting on each line. It doubles quotes, and leaves line breaks.
func (k *checker) oneLine(path, name, value string) {
	if strings.Contains(value, "\n") {
		k.problem("ONG2113", path, fmt.Sprintf("the value of %s has more than one line", name), "the operator writes it into its file as it is, and the server does not start with a broken line", "write it on one line")
	}
}

// on reads a boolean as Postgres does.
func on(s string) bool {
	switch strings.ToLower(s) {
	case "on", "true", "yes", "1", "t", "tr", "tru", "y", "ye":
		return true
	}
	return false
}

// fixed are parameters that the operator's webhook refuses.
func fixed(name string) bool {
	switch name {
	case "allow_alter_system", "allow_system_table_mods", "archive_cleanup_command", "archive_command", "archive_mode", "bonjour", "bonjour_name",
		"cluster_name", "config_file", "data_directory", "data_sync_retry", "event_source", "external_pid_file", "hba_file",
		"hot_standby", "ident_file", "jit_provider", "listen_addresses", "log_destination", "log_directory", "log_file_mode",
		"log_filename", "log_rotation_age", "log_rotation_size", "log_truncate_on_rotation", "logging_collector", "port",
		"primary_conninfo", "primary_slot_name", "promote_trigger_file", "restart_after_crash", "restore_command",
		"ssl", "stats_temp_directory", "syslog_facility", "syslog_ident", "syslog_sequence_numbers", "syslog_split_messages",
		"ssl_ca_file", "ssl_cert_file", "ssl_crl_file", "ssl_dh_params_file", "ssl_ecdh_curve", "ssl_key_file",
		"ssl_passphrase_command", "ssl_passphrase_command_supports_reload", "ssl_prefer_server_ciphers",
		"recovery_end_command", "recovery_min_apply_delay", "shared_preload_libraries", "synchronous_standby_names", "synchronized_standby_slots", "temp_tablespaces",
		"pg_failover_slots.primary_dsn", "pg_failover_slots.standby_slot_names":
		return true
	}
	return strings.HasPrefix(name, "recovery_target") || strings.HasPrefix(name, "unix_socket_")
}

// resources compares what containers ask for with what they may take.
func (k *checker) resources() {
	for _, e := range plan.Excesses(&k.cluster.Spec) {
		k.problem("ONG2120", e.Path, e.String(),
			"a request must not exceed its limit, and huge pages and devices must equal it", "raise the limit or lower the request")
	}
}

// sharedBuffers has a unit, as Postgres and the operator take a bare number for different things, and fits into the memory.
func (k *checker) sharedBuffers() {
	value, set := k.plan.Parameters["shared_buffers"]
	if !set {
		return
	}
	buffers, readable := plan.PostgresBytes(value, 8<<10)
	if !readable || !strings.HasSuffix(value, "B") {
		k.problem("ONG2123", "spec.parameters.shared_buffers", fmt.Sprintf("shared_buffers is %s, without a unit of memory", value),
			"Postgres counts a bare number in pages of 8 kB, the operator in MB", "write it like 256MB or 2GB")
		return
	}
	r := k.plan.Resources
	if r == nil {
		return
	}
	memory, asked := plan.Bytes(r.Requests["memory"])
	for name, pages := range r.Requests {
		if size, ok := plan.Bytes(pages); ok && strings.HasPrefix(name, "hugepages-") {
			memory = max(memory, size)
		}
	}
	if asked && memory < buffers {
		k.problem("ONG2121", "spec.resources.requests.memory", fmt.Sprintf("the request of %s is less than shared_buffers (%s)", r.Requests["memory"], value),
			"the server would be killed for want of memory", "ask for about four times shared_buffers")
	}
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// walSpace keeps the log smaller than its volume: a full volume stops the primary.
func (k *checker) walSpace() {
	volume, path := k.plan.Storage.Size, "spec.storage.size"
	if k.plan.WAL != nil {
		volume, path = k.plan.WAL.Size, "spec.storage.wal.size"
	}
	size, ok := plan.Bytes(volume)
	for _, name := range []string{"max_wal_size", "min_wal_size"} {
		if wal, set := plan.PostgresBytes(k.plan.Parameters[name], 1<<20); ok && set && wal >= size {
			k.problem("ONG2122", "spec.parameters."+name, fmt.Sprintf("%s is not less than %s (%s)", name, path, volume),
				"a full WAL volume stops the primary", "lower it, or give the volume more room")
		}
	}
	least, most := orElse(k.plan.Parameters["min_wal_size"], "80MB"), orElse(k.plan.Parameters["max_wal_size"], "1GB")
	low, isLow := plan.PostgresBytes(least, 1<<20)
	high, isHigh := plan.PostgresBytes(most, 1<<20)
	if isLow && isHigh && low >= high {
		k.problem("ONG2124", "spec.parameters.min_wal_size", fmt.Sprintf("min_wal_size (%s) is not less than max_wal_size (%s)", least, most),
			"the operator refuses it", "raise max_wal_size, or lower min_wal_size")
	}
}

func (k *checker) replication() {
	r := k.plan.Replication
	if k.plan.Updates.Strategy == "supervised" && k.plan.Instances == 1 {
		k.problem("ONG2132", "spec.updates.strategy", "one instance cannot be updated under supervision", "there is no standby that a person could promote",
			"set instances to 2 or more, or strategy: unsupervised in this environment")
	}
	if r.LogicalSlots {
		k.logicalSlots()
	}
	if r.Mode == "async" {
		if r.FailoverQuorum {
			k.problem("ONG2131", "spec.replication.failoverQuorum", "asynchronous replication has no quorum to keep", "a failover then may lose commits", "set mode: quorum")
		}
		return
	}
	if int64(r.MinSync) >= k.plan.Instances {
		k.problem("ONG2130", "spec.replication.minSync", fmt.Sprintf("%d of %d standbys cannot be waited for", r.MinSync, k.plan.Instances-1),
			"every commit would wait for ever", fmt.Sprintf("set instances to %d or more, or mode: async in this environment", r.MinSync+1))
	}
}

// logicalSlots are copied to standbys by the server from 17 on, and by an extension before.
func (k *checker) logicalSlots() {
	if k.plan.Version.Major < 17 {
		for name := range k.plan.Parameters {
			if strings.HasPrefix(name, "pg_failover_slots.") {
				return
			}
		}
		k.problem("ONG2133", "spec.replication.logicalSlots", fmt.Sprintf("PostgreSQL %d does not keep logical slots on standbys", k.plan.Version.Major),
			"the server does so from 17 on, and the extension pg_failover_slots before", "set version to 17 or later, or configure pg_failover_slots under parameters")
		return
	}
	for _, name := range []string{"hot_standby_feedback", "sync_replication_slots"} {
		if value := k.plan.Parameters[name]; !on(value) {
			k.problem("ONG2134", "spec.parameters."+name, fmt.Sprintf("%s is %s, and logical slots need it", name, value), "without it they are not copied to the standbys",
				"take the line out: onggi turns it on")
		}
	}
}

// image has a tag from which the operator reads the version.
func (k *checker) image() {
	image := k.cluster.Spec.Image
	if image == "" {
		return
	}
	name, _, _ := strings.Cut(image[strings.LastIndex(image, "/")+1:], "@")
	_, tag, tagged := strings.Cut(name, ":")
	if !tagged {
		k.problem("ONG2141", "spec.image", "the image has a digest and no tag", "CloudNativePG reads the version from the tag", "write both: name:17.10-standard-trixie@sha256:…")
		return
	}
	version, _, _ := strings.Cut(tag, "-")
	if got, err := plan.ParseVersion(version); err != nil || got.Major != k.plan.Version.Major {
		k.problem("ONG2140", "spec.image", fmt.Sprintf("the tag %s does not begin with PostgreSQL %d", tag, k.plan.Version.Major),
			"CloudNativePG reads the version from the tag, and a restore needs the major that was backed up", "choose an image of that version, or change spec.version")
	}
}

// certificates come in pairs: one that is brought, and the authority that others know it by.
func (k *checker) certificates() {
	t := k.plan.TLS
	if t == nil || t.CertManager != nil {
		return
	}
	for _, p := range [...]struct{ secret, ca, path, field string }{
		{t.Secret, t.CASecret, "spec.tls.secret", "caSecret"},
		{t.ReplicationSecret, t.ClientCASecret, "spec.tls.replicationSecret", "clientCASecret"},
	} {
		if p.secret != "" && p.ca == "" {
			k.problem("ONG2190", p.path, fmt.Sprintf("%s has a certificate and nothing names its authority", p.secret), "standbys and clients could not verify it",
				fmt.Sprintf("add %s: the Secret that holds ca.crt", p.field))
		}
	}
}
