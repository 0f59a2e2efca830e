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
	k.memory()
	k.walSpace()
	k.replication()
	k.image()
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
	if len(k.plan.Name) > 50 {
		k.problem("ONG2101", "metadata.name", fmt.Sprintf("the name has %d characters", len(k.plan.Name)), "CloudNativePG allows 50", "shorten it")
	}
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
		if r.Name == "postgres" || r.Name == "streaming_replica" || strings.HasPrefix(r.Name, "pg_") {
			k.problem("ONG2104", fmt.Sprintf("spec.roles[%d].name", i), fmt.Sprintf("the role %s belongs to the server", r.Name), "the operator refuses to manage it", "choose another name")
		}
	}
	for i, d := range k.cluster.Spec.Databases {
		if slices.Contains([]string{"postgres", "template0", "template1"}, d.Name) {
			k.problem("ONG2105", fmt.Sprintf("spec.databases[%d].name", i), fmt.Sprintf("the database %s belongs to the server", d.Name), "the operator refuses to manage it", "choose another name")
		}
	}
	for i, t := range k.plan.Tablespaces {
		if strings.HasPrefix(t.Name, "pg_") {
			k.problem("ONG2106", fmt.Sprintf("spec.tablespaces[%d].name", i), "names that begin with pg_ belong to the server", "CREATE TABLESPACE refuses them", "choose another name")
		}
	}
}

func (k *checker) parameters() {
	for _, name := range slices.Sorted(maps.Keys(k.plan.Parameters)) {
		path := "spec.parameters." + name
		switch {
		case name == "shared_preload_libraries":
			k.problem("ONG2110", path, "libraries are not a parameter here", "the operator adds its own", "list them under spec.preload")
		case name == "synchronous_standby_names":
			k.problem("ONG2110", path, "the operator writes "+name, "it knows which standbys there are", "set spec.replication")
		case fixed(name):
			k.problem("ONG2110", path, fmt.Sprintf("the operator does not let %s be set", name), "it sets it itself or depends on its default", "take the line out")
		}
	}
	if level := k.plan.Parameters["wal_level"]; level != "" && level != "logical" && (level != "replica" || k.plan.Replication.LogicalSlots) {
		k.problem("ONG2111", "spec.parameters.wal_level", fmt.Sprintf("wal_level %s cannot feed standbys or an archive", level), "the operator accepts replica and logical", `write wal_level: replica`)
	}
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
		"ssl_passphrase_command", "ssl_passphrase_command_supports_reload", "ssl_prefer_server_ciphers":
		return true
	}
	return strings.HasPrefix(name, "recovery_") || strings.HasPrefix(name, "unix_socket_")
}

// memory compares what the server will take with what its container may take.
func (k *checker) memory() {
	r := k.plan.Resources
	if r == nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(r.Requests)) {
		request, _ := plan.Bytes(r.Requests[name])
		limit, limited := plan.Bytes(r.Limits[name])
		huge := strings.HasPrefix(name, "hugepages-")
		if limited && request > limit || huge && r.Requests[name] != r.Limits[name] {
			k.problem("ONG2120", "spec.resources.requests."+name, fmt.Sprintf("%s asks for %s and may use %s", name, r.Requests[name], orNothing(r.Limits[name])),
				"a request must not exceed its limit, and huge pages must equal it", "raise the limit or lower the request")
		}
	}
	buffers, set := plan.PostgresBytes(k.plan.Parameters["shared_buffers"], 8<<10)
	memory, asked := plan.Bytes(r.Requests["memory"])
	if set && asked && memory < buffers {
		k.problem("ONG2121", "spec.resources.requests.memory", fmt.Sprintf("the request of %s is less than shared_buffers (%s)", r.Requests["memory"], k.plan.Parameters["shared_buffers"]),
			"the server would be killed for want of memory", "ask for about four times shared_buffers")
	}
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
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
}

func (k *checker) replication() {
	r := k.plan.Replication
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

func (k *checker) image() {
	image := k.cluster.Spec.Image
	_, tag, tagged := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":")
	if image == "" || !tagged {
		return
	}
	version, _, _ := strings.Cut(tag, "@")
	version, _, _ = strings.Cut(version, "-")
	if got, err := plan.ParseVersion(version); err != nil || got.Major != k.plan.Version.Major {
		k.problem("ONG2140", "spec.image", fmt.Sprintf("the tag %s does not begin with PostgreSQL %d", tag, k.plan.Version.Major),
			"CloudNativePG reads the version from the tag, and a restore needs the major that was backed up", "choose an image of that version, or change spec.version")
	}
}
