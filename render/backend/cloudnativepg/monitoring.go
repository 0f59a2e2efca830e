package cloudnativepg

import (
	"time"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/monitoring"
)

// monitors, rules and dashboards are what Prometheus reads and Grafana shows.
func (b builder) monitors() []manifest.Object {
	if b.Monitoring == nil || !b.Monitoring.Scrape {
		return nil
	}
	return monitoring.PodMonitors(b.monitored())
}

func (b builder) rules() []manifest.Object {
	if b.Monitoring == nil || !b.Monitoring.Alerts {
		return nil
	}
	return monitoring.Rules(b.monitored())
}

func (b builder) dashboards() []manifest.Object {
	if b.Monitoring == nil || !b.Monitoring.Dashboards {
		return nil
	}
	return monitoring.Dashboards(b.monitored())
}

// monitored is the cluster as those see it.
func (b builder) monitored() monitoring.Cluster {
	m := b.Monitoring
	labels := map[string]string{componentLabel: string(manifest.PartMonitoring)}
	for k, v := range b.common.All() {
		labels[k] = v.(string)
	}
	c := monitoring.Cluster{
		Name: b.Name, Namespace: b.Namespace, Backend: monitoring.CloudNativePG, Labels: labels,
		Interval: m.Interval, Hibernated: b.Hibernate, TLS: m.TLS, MonitorLabels: m.Labels, RunbookURL: m.RunbookURL,
		DashboardNamespace: m.DashboardNamespace, DashboardFolder: m.DashboardFolder,
	}
	if b.TLS != nil {
		c.CASecret = b.caSecret()
	}
	if k := b.Backup; k != nil && m.BackupMaxAge > 0 {
		c.Backup = &monitoring.Backup{
			Plugin: k.Method == "plugin", WAL: k.Destination != "",
			MaxAge: time.Duration(m.BackupMaxAge) * time.Second,
		}
		if d := b.drill(); d != nil && !d.Suspend {
			c.Backup.DrillMaxAge = time.Duration(d.MaxAge) * time.Second
		}
	}
	if b.Pooler != nil {
		for _, member := range b.Pooler.Members {
			c.Poolers = append(c.Poolers, member.Name)
		}
	}
	return c
}

// caSecret holds the authority that signed the server's certificate.
func (b builder) caSecret() string {
	switch {
	case b.TLS.CertManager != nil:
		return b.Name + "-server-tls"
	case b.TLS.CASecret != "":
		return b.TLS.CASecret
	}
	return b.Name + "-ca"
}
