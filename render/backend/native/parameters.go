package native

import (
	"maps"
	"slices"
	"strings"
)

func sortedNames(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }

// Owned is why a parameter may not be set, "" for one that may. These are the agent's, which would refuse to start with them; what
// it only bounds (fsync, wal_level and others) it says in its log. A test compares the list with the agent's own.
func Owned(name string) string {
	switch strings.ToLower(name) {
	case preload:
		return "libraries are listed under spec.preload"
	case "synchronous_standby_names":
		return "the agent writes it, as it knows which standbys there are: set spec.replication"
	case "ssl", "ssl_cert_file", "ssl_key_file", "ssl_ca_file":
		return "certificates are named under spec.tls"
	}
	if slices.Contains(owned, strings.ToLower(name)) {
		return "the agent sets it, or depends on its default"
	}
	return ""
}

// OwnedNames are the names of the list, sorted.
func OwnedNames() []string { return slices.Clone(owned) }

// owned are those that stand in the files which the agent writes, and those that would take the server out of its hands.
var owned = []string{
	"allow_alter_system", "archive_cleanup_command", "config_file", "data_directory", "external_pid_file", "hba_file",
	"hot_standby", "ident_file", "include", "include_dir", "include_if_exists", "listen_addresses", "max_slot_wal_keep_size",
	"onggi.generation", "port", "primary_conninfo", "primary_slot_name", "promote_trigger_file", "recovery_end_command",
	"recovery_target", "recovery_target_action", "recovery_target_inclusive", "recovery_target_lsn", "recovery_target_name",
	"recovery_target_time", "recovery_target_timeline", "recovery_target_xid", "restart_after_crash", "restore_command", "ssl",
	"ssl_ca_file", "ssl_cert_file", "ssl_key_file", "synchronous_standby_names", "trigger_file", "unix_socket_directories",
	"wal_log_hints", "wal_receiver_status_interval", "wal_receiver_timeout", "wal_retrieve_retry_interval", "wal_sender_timeout",
}
