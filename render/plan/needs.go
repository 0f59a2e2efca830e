package plan

import "github.com/onggi-db/onggi/render/spec"

const (
	basicAuth = "kubernetes.io/basic-auth"
	tlsType   = "kubernetes.io/tls"
	opaque    = "Opaque"
)

// needs lists every Secret that the objects will read, in the order of the spec.
func (r *resolver) needs(p *Plan) {
	add := func(n Need) { p.Needs = append(p.Needs, n) }
	for i, d := range p.Databases {
		if d.Secret != "" {
			add(Need{d.Secret, []string{"username", "password"}, basicAuth, d.Owner, "the password of " + d.Owner, index("databases", i) + ".secret"})
		}
	}
	for i, role := range p.Roles {
		if role.Secret != "" {
			add(Need{role.Secret, []string{"username", "password"}, basicAuth, role.Name, "the password of " + role.Name, index("roles", i) + ".secret"})
		}
	}
	if p.Superuser != "" {
		add(Need{p.Superuser, []string{"username", "password"}, basicAuth, "postgres", "the superuser's password", "superuser.secret"})
	}
	for i, name := range p.PullSecrets {
		add(Need{Name: name, Keys: []string{".dockerconfigjson"}, Type: "kubernetes.io/dockerconfigjson", Why: "pulling images", Path: index("imagePullSecrets", i)})
	}
	for i, e := range p.ExternalClusters {
		path := index("externalClusters", i)
		if e.Archive != nil {
			p.Needs = append(p.Needs, e.Archive.needs(path+".archive")...)
		}
		if e.Connection != nil {
			p.Needs = append(p.Needs, connectionNeeds(e.Connection, path+".connection")...)
		}
	}
	if p.Backup != nil {
		p.Needs = append(p.Needs, p.Backup.needs("backup")...)
	}
	r.tlsNeeds(p)
}

func connectionNeeds(c *spec.Connection, path string) []Need {
	var out []Need
	for _, k := range []struct {
		key        *spec.SecretKey
		field, why string
	}{
		{c.Password, "password", "the password for the external cluster"},
		{c.Certificate, "certificate", "the client certificate for the external cluster"},
		{c.Key, "key", "the client key for the external cluster"},
		{c.RootCert, "rootCert", "the authority of the external cluster"},
	} {
		if k.key != nil {
			out = append(out, Need{k.key.Secret, []string{k.key.Key}, opaque, "", k.why, path + "." + k.field})
		}
	}
	return out
}

func (a Archive) needs(path string) []Need {
	var out []Need
	if a.EndpointCA != nil {
		out = append(out, Need{a.EndpointCA.Secret, []string{a.EndpointCA.Key}, opaque, "", "the authority of the object store", path + ".endpointCA"})
	}
	if c := a.Credentials; c != nil && !c.FromPod && c.Secret != "" {
		out = append(out, Need{c.Secret, a.CredentialKeys(), opaque, "", "access to the object store", path + ".credentials.secret"})
	}
	return out
}

// CredentialKeys are the keys that are read from the credentials' Secret.
func (a Archive) CredentialKeys() []string {
	c := a.Credentials
	if c == nil || c.FromPod {
		return nil
	}
	switch a.Scheme {
	case S3:
		keys := []string{c.AccessKey, c.SecretKey}
		if c.SessionToken != "" {
			keys = append(keys, c.SessionToken)
		}
		return keys
	case GCS:
		return []string{c.ApplicationCredentials}
	case Azure:
		return []string{c.ConnectionString}
	}
	return nil
}

func (r *resolver) tlsNeeds(p *Plan) {
	t := p.TLS
	if t == nil || t.CertManager != nil {
		return
	}
	pair, ca := []string{"tls.crt", "tls.key"}, []string{"ca.crt"}
	for _, n := range []Need{
		{t.Secret, pair, tlsType, "", "the server's certificate", "tls.secret"},
		{t.CASecret, ca, opaque, "", "the authority of the server's certificate", "tls.caSecret"},
		{t.ReplicationSecret, pair, tlsType, "", "the certificate of streaming_replica", "tls.replicationSecret"},
		{t.ClientCASecret, ca, opaque, "", "the authority of client certificates", "tls.clientCASecret"},
	} {
		if n.Name != "" {
			p.Needs = append(p.Needs, n)
		}
	}
}
