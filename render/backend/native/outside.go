package native

import (
	"path"
	"slices"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/plan"
	"github.com/onggi-db/onggi/render/spec"
	"github.com/onggi-db/onggi/sidecars/config"
)

// outsideDir has the certificates for the server that a standby cluster follows, or begins with a copy of. Postgres and its programs
// connect by them, so the database's container has them too; the password is the agent's alone, which writes it where they find it.
const outsideDir = "/etc/onggi/outside"

// outside is how to reach that server, or the one that was followed: to promote a standby cluster must not replace its pods, so what they mount
// stays until replica is taken out of the spec. It is nil for a cluster that begins by itself.
func outside(p *plan.Plan) *spec.Connection {
	from := ""
	switch {
	case p.Replica != nil:
		from = p.Replica.From
	case p.Bootstrap.Basebackup != nil:
		from = p.Bootstrap.Basebackup.From
	case imports(p) != nil:
		from = imports(p).From
	}
	for _, e := range p.ExternalClusters {
		if e.Name == from {
			return e.Connection
		}
	}
	return nil
}

// outsideFile is the server that a standby cluster follows.
func outsideFile(p *plan.Plan) *config.Outside {
	if p.Replica == nil || !p.Replica.On {
		return nil
	}
	return outsideServer(p)
}

// copyFile is the server that a cluster begins as a copy of. One that follows it is a standby cluster's.
func copyFile(p *plan.Plan) *config.Outside {
	if p.Replica != nil || p.Bootstrap.Basebackup == nil {
		return nil
	}
	return outsideServer(p)
}

func outsideServer(p *plan.Plan) *config.Outside {
	c := outside(p)
	if c == nil {
		return nil
	}
	f := &config.Outside{Host: c.Host, Port: c.Port, User: c.User, SSLMode: c.SSLMode}
	if c.Password != nil {
		f.PasswordFile = secretsDir + "/outside/password"
	}
	for _, k := range outsideKeys(c) {
		*k.field(&f.TLS) = path.Join(outsideDir, k.file)
	}
	return f
}

// outsideKey is one key of a Secret, the file that it becomes, and the field that names the file.
type outsideKey struct {
	*spec.SecretKey
	file  string
	field func(*config.TLS) *string
}

// outsideKeys are the certificates that a connection names.
func outsideKeys(c *spec.Connection) []outsideKey {
	all := []outsideKey{
		{c.RootCert, "ca.crt", func(t *config.TLS) *string { return &t.CA }},
		{c.Certificate, "tls.crt", func(t *config.TLS) *string { return &t.Cert }},
		{c.Key, "tls.key", func(t *config.TLS) *string { return &t.Key }},
	}
	return slices.DeleteFunc(all, func(k outsideKey) bool { return k.SecretKey == nil })
}

// outsideFiles are the volume of the certificates, nil for none.
func (b builder) outsideFiles() []any {
	c := outside(b.Plan)
	if c == nil {
		return nil
	}
	var sources []any
	for _, k := range outsideKeys(c) {
		sources = append(sources, manifest.Of("secret", manifest.Of(
			"name", k.Secret, "items", []any{manifest.Of("key", k.Key, "path", k.file)},
		)))
	}
	if sources == nil {
		return nil
	}
	return []any{manifest.Of("name", "outside-tls", "projected", manifest.Of("defaultMode", restricted, "sources", sources))}
}

// outsidePassword is the volume of the password, nil for none.
func (b builder) outsidePassword() []any {
	c := outside(b.Plan)
	if c == nil || c.Password == nil {
		return nil
	}
	return []any{manifest.Of("name", "outside", "secret", manifest.Of(
		"secretName", c.Password.Secret, "defaultMode", restricted,
		"items", []any{manifest.Of("key", c.Password.Key, "path", "password")},
	))}
}
