package cloudnativepg

import (
	"strconv"
	"strings"

	"github.com/onggi-db/onggi/render/internal/fields"
	"github.com/onggi-db/onggi/render/manifest"
)

// services are Services of our own rather than managed.services: they stand in Git, work the same for every back end, and
// follow a failover by the role label all the same.
func (b builder) services() []manifest.Object {
	var objs []manifest.Object
	for _, e := range b.Services {
		o := b.object(manifest.PartExpose, "v1", "Service", e.FullName, fields.Service(e, b.selector(e.Role), postgresPort))
		objs = append(objs, fields.Dress(o, e))
	}
	return objs
}

func put2(m *manifest.Fields, key string, value any) *manifest.Fields {
	fields.Put(m, key, value)
	return m
}

// selector picks the pods that answer for a role.
func (b builder) selector(role string) *manifest.Fields {
	switch role {
	case "pooler":
		return manifest.Of(labelPooler, b.Name+"-pooler")
	case "any":
		return manifest.Of(labelCluster, b.name, labelPodRole, "instance")
	}
	return manifest.Of(labelCluster, b.name, labelRole, role)
}

// poolerImage is the PgBouncer that CloudNativePG 1.30 was released with.
const poolerImage = "ghcr.io/cloudnative-pg/pgbouncer:1.25.1"

func (b builder) poolers() []manifest.Object {
	if b.Pooler == nil {
		return nil
	}
	var objs []manifest.Object
	for _, m := range b.Pooler.Members {
		bouncer := manifest.Of("poolMode", b.Pooler.Mode, "paused", b.Pooler.Paused)
		fields.Put(bouncer, "parameters", fields.TextMap(b.Pooler.Parameters))
		fields.Put(bouncer, "pg_hba", fields.Texts(b.Pooler.HBA))
		kind := "rw"
		if m.ReadOnly {
			kind = "ro"
		}
		objs = append(objs, b.object(manifest.PartPooler, apiVersion, "Pooler", m.Name, manifest.Of(
			"cluster", fields.Named(b.Name), "instances", m.Instances, "type", kind,
			"pgbouncer", bouncer, "template", b.poolerTemplate(m.Name),
		)))
	}
	return objs
}

func (b builder) poolerTemplate(name string) *manifest.Fields {
	image := b.Pooler.Image
	if image == "" {
		image = poolerImage
	}
	container := manifest.Of("name", "pgbouncer", "image", image)
	fields.Put(container, "imagePullPolicy", b.PullPolicy)
	fields.Put(container, "resources", fields.Resources(b.Pooler.Resources))
	pod := manifest.Of(
		"containers", []any{container},
		"affinity", manifest.Of("podAntiAffinity", manifest.Of(
			"preferredDuringSchedulingIgnoredDuringExecution", []any{manifest.Of(
				"weight", int64(100),
				"podAffinityTerm", manifest.Of(
					"topologyKey", b.Placement.TopologyKey,
					"labelSelector", manifest.Of("matchLabels", manifest.Of(labelPooler, name)),
				),
			)},
		)),
	)
	fields.Put(pod, "nodeSelector", fields.TextMap(b.Placement.NodeSelector))
	fields.Put(pod, "tolerations", fields.Tolerations(b.Placement))
	fields.Put(pod, "priorityClassName", b.Placement.PriorityClass)
	fields.Put(pod, "imagePullSecrets", fields.NamedAll(b.PullSecrets))
	meta := manifest.Of()
	fields.Put(meta, "labels", fields.TextMap(b.Labels))
	fields.Put(meta, "annotations", fields.TextMap(b.Annotations))
	out := manifest.Of("spec", pod)
	fields.Put(out, "metadata", meta)
	return out
}

func (b builder) certificateNames() *manifest.Fields {
	out := manifest.Of()
	t := b.TLS
	if t == nil {
		return out
	}
	if t.CertManager != nil {
		server, client := b.Name+"-server-tls", b.Name+"-replication-tls"
		out.Set("serverTLSSecret", server)
		out.Set("serverCASecret", server)
		out.Set("replicationTLSSecret", client)
		out.Set("clientCASecret", client)
		return out
	}
	fields.Put(out, "serverTLSSecret", t.Secret)
	fields.Put(out, "serverCASecret", t.CASecret)
	fields.Put(out, "replicationTLSSecret", t.ReplicationSecret)
	fields.Put(out, "clientCASecret", t.ClientCASecret)
	if t.Secret == "" {
		fields.Put(out, "serverAltDNSNames", fields.Texts(t.DNSNames)) // the operator's own certificate carries them
	}
	return out
}

// certificates are made by cert-manager when asked for. The reload label lets the operator notice a renewal.
func (b builder) certificates() []manifest.Object {
	if b.TLS == nil || b.TLS.CertManager == nil {
		return nil
	}
	certificate := func(name string, s *manifest.Fields) manifest.Object {
		s.Set("secretName", name)
		s.Set("secretTemplate", manifest.Of("labels", manifest.Of("cnpg.io/reload", "")))
		s.Set("issuerRef", manifest.Of("group", "cert-manager.io", "kind", b.TLS.CertManager.Kind, "name", b.TLS.CertManager.Issuer))
		s.Set("duration", b.TLS.Duration)
		s.Set("renewBefore", b.TLS.RenewBefore)
		return b.object(manifest.PartTLS, "cert-manager.io/v1", "Certificate", name, s)
	}
	var names []any
	for _, suffix := range []string{"-rw", "-ro", "-r"} {
		base := b.Name + suffix
		names = append(names, base, base+"."+b.Namespace, base+"."+b.Namespace+".svc", base+"."+b.Namespace+".svc.cluster.local")
	}
	names = append(names, fields.Texts(b.TLS.DNSNames)...)
	return []manifest.Object{
		certificate(b.Name+"-server-tls", manifest.Of("usages", []any{"server auth"}, "dnsNames", names)),
		certificate(b.Name+"-replication-tls", manifest.Of("usages", []any{"client auth"}, "commonName", "streaming_replica")),
	}
}

func (b builder) databases() []manifest.Object {
	var objs []manifest.Object
	for i, d := range b.Databases {
		if !d.Managed(i == 0) {
			continue
		}
		s := manifest.Of(
			"cluster", fields.Named(b.Name), "name", d.Name, "owner", d.Owner,
			"ensure", "present", "databaseReclaimPolicy", d.Reclaim,
		)
		fields.Put(s, "tablespace", d.Tablespace)
		fields.Put(s, "encoding", d.Encoding)
		fields.Put(s, "locale", d.Locale)
		if d.ConnectionLimit != nil {
			s.Set("connectionLimit", int64(*d.ConnectionLimit))
		}
		var extensions, schemas []any
		for _, e := range d.Extensions {
			extensions = append(extensions, put2(put2(manifest.Of("name", e.Name, "ensure", "present"), "version", e.Version), "schema", e.Schema))
		}
		for _, c := range d.Schemas {
			schemas = append(schemas, manifest.Of("name", c.Name, "owner", c.Owner, "ensure", "present"))
		}
		fields.Put(s, "extensions", extensions)
		fields.Put(s, "schemas", schemas)
		objs = append(objs, b.object(manifest.PartDatabases, apiVersion, "Database", b.Name+"-"+objectName(d.Name), s))
	}
	return objs
}

// objectName makes the name of an object from the name of a database, which may hold more than Kubernetes allows.
func objectName(database string) string {
	out := make([]byte, 0, len(database))
	for _, c := range []byte(database) {
		switch {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			out = append(out, c)
		case c >= 'A' && c <= 'Z':
			out = append(out, c+'a'-'A')
		case c == '_' || c == '-' || c == ' ' || c == '.':
			out = append(out, '-')
		default:
			out = append(out, 'x')
			out = strconv.AppendUint(out, uint64(c), 16)
		}
	}
	return strings.TrimRight(string(out), "-") // a name ends in a letter or a digit
}
