package native

import (
	"path"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/plan"
	"github.com/onggi-db/onggi/render/spec"
	"github.com/onggi-db/onggi/sidecars/config"
)

// outsideDir has the certificates for the server that a standby cluster follows. Postgres connects by them, so its container has them too; the
// password is the agent's alone, which writes it where postgres finds it.
const outsideDir = "/etc/onggi/outside"

// outside is how to reach the server that a standby cluster follows, or followed: to promote one must not replace its pods, so what they mount
// stays until replica is taken out of the spec. It is nil for a cluster that never followed any.
func outside(p *plan.Plan) *spec.Connection {
	if p.Replica == nil {
		return nil
	}
	for _, e := range p.ExternalClusters {
		if e.Name == p.Replica.From {
			return e.Connection
		}
	}
	return nil
}

func outsideFile(p *plan.Plan) *config.Outside {
	c := outside(p)
	if c == nil || !p.Replica.On {
		return nil
	}
	f := &config.Outside{Host: c.Host, Port: c.Port, User: c.User, SSLMode: c.SSLMode}
	if c.Password != nil {
		f.PasswordFile = secretsDir + "/outside/password"
	}
	for _, one := range []struct {
		key  *spec.SecretKey
		path *string
		file string
	}{{c.RootCert, &f.TLS.CA, "ca.crt"}, {c.Certificate, &f.TLS.Cert, "tls.crt"}, {c.Key, &f.TLS.Key, "tls.key"}} {
		if one.key != nil {
			*one.path = path.Join(outsideDir, one.file)
		}
	}
	return f
}

// outsideFiles are the volume of the certificates, nil for none.
func (b builder) outsideFiles() []any {
	c := outside(b.Plan)
	if c == nil {
		return nil
	}
	var sources []any
	for _, one := range []struct {
		key  *spec.SecretKey
		file string
	}{{c.RootCert, "ca.crt"}, {c.Certificate, "tls.crt"}, {c.Key, "tls.key"}} {
		if one.key != nil {
			sources = append(sources, manifest.Map{"secret": manifest.Map{
				"name": one.key.Secret, "items": []any{manifest.Map{"key": one.key.Key, "path": one.file}},
			}})
		}
	}
	if sources == nil {
		return nil
	}
	return []any{manifest.Map{"name": "outside-tls", "projected": manifest.Map{"defaultMode": restricted, "sources": sources}}}
}

// outsidePassword is the volume of the password, nil for none.
func (b builder) outsidePassword() []any {
	c := outside(b.Plan)
	if c == nil || c.Password == nil {
		return nil
	}
	return []any{manifest.Map{"name": "outside", "secret": manifest.Map{
		"secretName": c.Password.Secret, "defaultMode": restricted,
		"items": []any{manifest.Map{"key": c.Password.Key, "path": "password"}},
	}}}
}
