package postgres

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Refusal is a parameter that a user may not give this value, or not at all, and why.
type Refusal struct{ Name, Value, Reason string }

func (r Refusal) Error() string {
	if r.Value == "" {
		return fmt.Sprintf("parameter %s is refused: %s", r.Name, r.Reason)
	}
	return fmt.Sprintf("parameter %s = %q is refused: %s", r.Name, r.Value, r.Reason)
}

// ownedReason is why a user may not set a parameter, and "" for one that is free or depends on its value. These are the
// ones that the agent writes, and those that would take the server out of its hands.
func ownedReason(name string) string {
	switch name {
	case "listen_addresses", "port", "unix_socket_directories", "external_pid_file":
		return "the agent and the Services reach the server where they expect it"
	case "data_directory", "config_file", "hba_file", "ident_file", "include", "include_dir", "include_if_exists":
		return "files stay where the agent writes them"
	case "hot_standby":
		return "the agent asks standbys for their state"
	case "wal_log_hints":
		return "pg_rewind needs it"
	case "primary_conninfo", "primary_slot_name", "synchronous_standby_names":
		return "the agent changes it with every change of the primary"
	case "recovery_target_timeline", "recovery_target", "recovery_target_action", "recovery_target_inclusive", "recovery_target_lsn",
		"recovery_target_name", "recovery_target_time", "recovery_target_xid", "recovery_end_command", "promote_trigger_file", "trigger_file":
		return "only the agent ends recovery"
	case "restore_command":
		return "it belongs to the cluster's backup section"
	case "archive_cleanup_command":
		return "a standby would remove archived log that other members need"
	case "max_slot_wal_keep_size":
		return "the agent bounds what a lost standby may hold back, or the volume fills up"
	case "wal_receiver_timeout", "wal_sender_timeout", "wal_receiver_status_interval", "wal_retrieve_retry_interval":
		return "the time in which a failover is done rests on it"
	case "restart_after_crash":
		return "what to do after a crash is the agent's to decide"
	case "ssl", "ssl_cert_file", "ssl_key_file", "ssl_ca_file":
		return "it belongs to the cluster's TLS section"
	case "allow_alter_system":
		return "ALTER SYSTEM overrides what the agent writes"
	case "onggi.generation":
		return "the agent marks its file with it"
	}
	return ""
}

// ownedNames are those of ownedReason that stand in files of ours, for Status to look where they come from.
func ownedNames() []string {
	return []string{"listen_addresses", "port", "unix_socket_directories", "hot_standby", "wal_log_hints", "primary_conninfo", "primary_slot_name",
		"synchronous_standby_names", "recovery_target_timeline", "restore_command", "max_slot_wal_keep_size", "wal_receiver_timeout",
		"wal_sender_timeout", "wal_receiver_status_interval", "wal_retrieve_retry_interval", "restart_after_crash", "ssl", "wal_level",
		"max_wal_senders", "max_replication_slots"}
}

func ownedArray() string { return "{" + strings.Join(ownedNames(), ",") + "}" }

var parameterName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_$]*(\.[A-Za-z_][A-Za-z0-9_$]*)?$`)

// limits are what the values of parameters that a user may set are held against.
type limits struct {
	synchronous bool // commits wait for standbys
	senders     int  // least max_wal_senders and max_replication_slots
	archiving   bool // the agent archives the log
}

// checkParameter says why a parameter is refused, "" when it is not. The name is in lower case.
func (l limits) checkParameter(name, value string) string {
	if reason := ownedReason(name); reason != "" {
		return reason
	}
	if strings.ContainsRune(value, 0) {
		return "it has a NUL"
	}
	switch name {
	case "archive_mode", "archive_command", "archive_library":
		if l.archiving {
			return "it belongs to the cluster's backup section"
		}
	case "fsync", "full_page_writes":
		if isFalse(value) {
			return "a crash would leave a data directory that can neither be started nor rewound"
		}
	case "data_sync_retry":
		if isTrue(value) {
			return "after a failed fsync the server must stop, not go on with data that was never written"
		}
	case "wal_level":
		if v := strings.ToLower(value); v != "replica" && v != "logical" {
			return "replication needs replica or logical"
		}
	case "recovery_min_apply_delay":
		if n, err := strconv.Atoi(value); err != nil || n != 0 {
			return "a standby that is behind on purpose cannot take over in time"
		}
	case "synchronous_commit":
		switch strings.ToLower(value) {
		case "on", "remote_apply", "true", "yes", "1":
		default:
			if l.synchronous {
				return "commits would be acknowledged before a standby has them on disk; set it for a session or a role that can lose them"
			}
		}
	case "max_wal_senders", "max_replication_slots":
		return atLeast(value, l.senders, "every member needs its own, and copies need some")
	case "superuser_reserved_connections":
		return atLeast(value, 3, "the agent has to get in when all others are taken")
	}
	return ""
}

func atLeast(value string, least int, why string) string {
	if n, err := strconv.ParseInt(value, 0, 32); err != nil || int(n) < least {
		return fmt.Sprintf("it has to be a number not below %d: %s", least, why)
	}
	return ""
}

// userParameters are a user's parameters by name in lower case. The error joins a Refusal for each that is refused.
func (l limits) userParameters(given map[string]string) (map[string]string, error) {
	merged := map[string]string{}
	var refused []error
	for _, name := range slices.Sorted(maps.Keys(given)) {
		lower, value := strings.ToLower(name), given[name]
		reason := l.checkParameter(lower, value)
		if !parameterName.MatchString(name) {
			reason = "that is no name of a parameter"
		}
		if _, twice := merged[lower]; twice {
			reason = "it is given twice, in different case"
		}
		if reason != "" {
			refused = append(refused, Refusal{Name: name, Value: value, Reason: reason})
			continue
		}
		merged[lower] = value
	}
	return merged, errors.Join(refused...)
}

// isFalse and isTrue follow Postgres, which takes any beginning of a word that is not ambiguous, in any case.
func isFalse(value string) bool {
	v := strings.ToLower(strings.TrimSpace(value))
	return v == "0" || v != "" && strings.HasPrefix("false", v) || v != "" && strings.HasPrefix("no", v) || len(v) > 1 && strings.HasPrefix("off", v)
}

func isTrue(value string) bool {
	v := strings.ToLower(strings.TrimSpace(value))
	return v == "1" || v != "" && strings.HasPrefix("true", v) || v != "" && strings.HasPrefix("yes", v) || len(v) > 1 && strings.HasPrefix("on", v)
}

// Order is the order in which members have to be restarted.
type Order int

// The orders. A standby needs at least what its primary runs with of five parameters, so that a greater value comes to the
// standbys first and a smaller one to the primary first.
const (
	AnyOrder Order = iota
	StandbysFirst
	PrimaryFirst
)

func (o Order) String() string {
	return [...]string{"any order", "standbys first", "primary first"}[o]
}

// RestartOrder is the order for what the primary has pending. Where some grow and others shrink, standbys come first:
// Configure does not let a standby have less than its log asks for, and they are restarted again for the rest.
func RestartOrder(pending []PendingRestart) Order {
	order := AnyOrder
	for _, p := range pending {
		switch p.Name {
		case "max_connections", "max_worker_processes", "max_wal_senders", "max_prepared_transactions", "max_locks_per_transaction":
		default:
			continue
		}
		now, err1 := strconv.ParseInt(p.Now, 0, 64)
		wanted, err2 := strconv.ParseInt(p.Wanted, 0, 64)
		if err1 != nil || err2 != nil || wanted > now { // what cannot be compared may be more
			return StandbysFirst
		}
		order = PrimaryFirst
	}
	return order
}
