package native

import (
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/plan"
)

// certificate is the Secret of the server's certificate.
func (b builder) certificate() string {
	if b.TLS.CertManager != nil {
		return b.Name + "-server-tls"
	}
	return b.TLS.Secret
}

// authority is the Secret of who signed it; "" when nobody says.
func (b builder) authority() string {
	if b.TLS.CertManager != nil {
		return b.certificate()
	}
	return b.TLS.CASecret
}

func authority(t *plan.TLS) bool { return t.CertManager != nil || t.CASecret != "" }

// certificates are made by cert-manager when asked for.
func (b builder) certificates() []manifest.Object {
	if b.TLS == nil || b.TLS.CertManager == nil {
		return nil
	}
	var names []any
	services := []string{b.Name + "-rw", b.Name + "-ro", b.Name + "-r"}
	if b.Pooler != nil {
		for _, m := range b.Pooler.Members {
			services = append(services, m.Name)
		}
	}
	for _, base := range services {
		names = append(names, base, base+"."+b.Namespace, base+"."+b.Namespace+".svc", base+"."+b.Namespace+".svc.cluster.local")
	}
	for _, name := range b.TLS.DNSNames {
		names = append(names, name)
	}
	return []manifest.Object{b.object(manifest.PartTLS, "cert-manager.io/v1", "Certificate", b.certificate(), manifest.Of("spec", manifest.Of(
		"secretName", b.certificate(), "usages", []any{"server auth"}, "dnsNames", names,
		"issuerRef", manifest.Of("group", "cert-manager.io", "kind", b.TLS.CertManager.Kind, "name", b.TLS.CertManager.Issuer),
		"duration", b.TLS.Duration, "renewBefore", b.TLS.RenewBefore,
	)))}
}
