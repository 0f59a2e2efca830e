package cloudnativepg

import (
	"time"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/monitoring"
)

func (b builder) monitoring() []manifest.Object {
	m := b.Monitoring
	if m == nil {
		return nil
	}
	labels := make(map[string]string)
	for k, v := range b.labels(manifest.PartMonitoring) {
		labels[k], _ = v.(string)
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
	}
	if b.Pooler != nil {
		for _, member := range b.Pooler.Members {
			c.Poolers = append(c.Poolers, member.Name)
		}
	}
	var objs []manifest.Object
	if m.Scrape {
		objs = monitoring.PodMonitors(c)
	}
	if m.Alerts {
		objs = append(objs, monitoring.Rules(c)...)
	}
	if m.Dashboards {
		objs = append(objs, monitoring.Dashboards(c)...)
	}
	return objs
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
