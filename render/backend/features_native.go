package backend

import (
	"slices"

	"github.com/onggi-db/onggi/render/spec"
)

// cells makes the cells of a row.
type cells func(map[Name]Support) map[Name]Support

// agentFeatures are the rows that only the native back end has, and those that it alone does not have yet.
func agentFeatures(with, only cells) []Feature {
	yes := Support{Yes: true}
	alone := func() map[Name]Support { return only(map[Name]Support{Native: yes}) }
	lacking := func(also ...Name) map[Name]Support {
		changes := map[Name]Support{Native: {}}
		for _, n := range also {
			changes[n] = yes
		}
		return with(changes)
	}
	return []Feature{
		{"agent", "onggi's agent", func(s *spec.Spec) bool { return s.Agent != nil }, alone()},
		{"monitoring.exporter", "choice of exporters", func(s *spec.Spec) bool { return s.Monitoring != nil && s.Monitoring.Exporter != nil }, alone()},
		{"storage.accessMode", "choice of access modes", func(s *spec.Spec) bool { return s.Storage.AccessMode != "" }, alone()},
		{"operatorVersion", "operator", func(s *spec.Spec) bool { return s.OperatorVersion != "" }, lacking(MySQLOperator)},
		{"databases", "databases that are dropped when the spec no longer names them", func(s *spec.Spec) bool {
			return slices.ContainsFunc(s.Databases, func(d spec.Database) bool { return d.Reclaim == "delete" })
		}, lacking()},
		{"ident", "lines of pg_ident.conf", func(s *spec.Spec) bool { return len(s.Ident) > 0 }, with(nil)},
		{"bootstrap.recovery", "recovery from a backup", recovers(func(*spec.Recovery) bool { return true }), with(map[Name]Support{MySQLOperator: yes})},
		{"bootstrap.recovery.backup", "Backup objects to start from", recovers(func(r *spec.Recovery) bool { return r.Backup != "" }), lacking()},
		{"bootstrap.recovery.database", "application databases of a recovery", recovers(func(r *spec.Recovery) bool { return r.Database != "" || r.Owner != "" }), lacking()},
		{"bootstrap.recovery.orInit", "recoveries that start empty where there is no backup", recovers(func(r *spec.Recovery) bool { return r.OrInit }), alone()},
		{"bootstrap.basebackup", "copies of running servers that do not follow them", func(s *spec.Spec) bool {
			return copies(s) != nil && s.Replica == nil
		}, with(nil)},
		{"bootstrap.basebackup.database", "application databases of a copy", func(s *spec.Spec) bool {
			b := copies(s)
			return b != nil && (b.Database != "" || b.Owner != "")
		}, lacking()},
		{"replica.primary", "planned moves between sites", func(s *spec.Spec) bool {
			return s.Replica != nil && (s.Replica.Self != "" || s.Replica.Primary != "" || s.Replica.PromotionToken != "")
		}, lacking()},
		{"replica.applyDelay", "standby clusters that stay behind on purpose", func(s *spec.Spec) bool { return s.Replica != nil && s.Replica.ApplyDelay != "" }, lacking()},
		{"externalClusters", "servers that nothing starts from or follows", connects, lacking()},
		{"pooler", "poolers", func(s *spec.Spec) bool { return s.Pooler != nil }, with(map[Name]Support{MySQLOperator: yes})},
		{"backup", "backups", func(s *spec.Spec) bool { return s.Backup != nil }, with(map[Name]Support{MySQLOperator: yes})},
		{"tls.replicationSecret", "client certificates for replication", func(s *spec.Spec) bool { return s.TLS != nil && s.TLS.ReplicationSecret != "" }, lacking()},
		{"tls.clientCASecret", "authorities of client certificates", func(s *spec.Spec) bool { return s.TLS != nil && s.TLS.ClientCASecret != "" }, with(nil)},
		{"network.operatorNamespace", "operator to let in", func(s *spec.Spec) bool { return s.Network != nil && s.Network.OperatorNamespace != "" }, lacking(MySQLOperator)},
		{"timeouts.start", "limits on starts", func(s *spec.Spec) bool { return !lasts(s.Timeouts.Start, "1h") }, lacking()},
		{"timeouts.smartStop", "time for sessions to end by themselves", func(s *spec.Spec) bool { return !lasts(s.Timeouts.SmartStop, "3m") }, lacking()},
		{"timeouts.switchover", "limits on switchovers", func(s *spec.Spec) bool { return !lasts(s.Timeouts.Switchover, "1h") }, lacking()},
		{"timeouts.failoverDelay", "delays of failovers", func(s *spec.Spec) bool { return !lasts(s.Timeouts.FailoverDelay, "0s") }, lacking()},
		{"logLevel", "choice of what is logged", func(s *spec.Spec) bool { return s.LogLevel != "" && s.LogLevel != "info" }, with(nil)},
	}
}

func recovers(how func(*spec.Recovery) bool) func(*spec.Spec) bool {
	return func(s *spec.Spec) bool {
		return s.Bootstrap != nil && s.Bootstrap.Recovery != nil && how(s.Bootstrap.Recovery)
	}
}

func copies(s *spec.Spec) *spec.Basebackup {
	if s.Bootstrap == nil {
		return nil
	}
	return s.Bootstrap.Basebackup
}

// connects finds a server that neither bootstrap nor replica means.
func connects(s *spec.Spec) bool {
	meant := map[string]bool{}
	if s.Replica != nil {
		meant[s.Replica.From] = true
	}
	if b := copies(s); b != nil {
		meant[b.From] = true
	}
	if i := initdb(s).Import; i != nil {
		meant[i.From] = true
	}
	return slices.ContainsFunc(s.ExternalClusters, func(e spec.ExternalCluster) bool { return e.Connection != nil && !meant[e.Name] })
}

// lasts compares durations; one that was not given is the default.
func lasts(s, standard string) bool {
	if s == "" {
		return true
	}
	a, _ := spec.ParseDuration(s)
	b, _ := spec.ParseDuration(standard)
	return a == b
}
