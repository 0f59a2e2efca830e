package plan

import (
	"fmt"
	"slices"

	"github.com/onggi-db/onggi/render/spec"
	"github.com/onggi-db/onggi/sidecars/config"
)

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
	if a := p.Agent; a != nil {
		add(Need{a.Replication, []string{"username", "password"}, basicAuth, replicator, "the password by which standbys log in to the primary", "backend"})
		add(Need{a.Token, []string{"username", "password"}, basicAuth, agentUser, "the token that agents, and people who move the primary, show", "backend"})
		if a.Pooler != "" {
			add(Need{a.Pooler, []string{"username", "password"}, basicAuth, config.PoolerRole, "the password by which poolers ask for those of clients", "pooler"})
		}
		if a.Dump != "" {
			add(Need{a.Dump, []string{"username", "password"}, basicAuth, config.DumpRole, "the password by which dumps are made", "backup.dumps"})
		}
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
	} else if p.Dumps != nil {
		p.Needs = append(p.Needs, p.Dumps.needs("backup")...)
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
	if k := a.EncryptionKey; k != nil {
		out = append(out, Need{k.Secret, []string{k.Key}, opaque, "", "the passphrase of the backups", path + ".encryptionKey"})
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
		switch {
		case c.SASToken != "":
			return []string{c.SASToken}
		case c.AccountKey != "":
			return []string{c.AccountKey}
		}
		return []string{c.ConnectionString}
	}
	return nil
}

func (r *resolver) tlsNeeds(p *Plan) {
	t := p.TLS
	if t == nil || t.CertManager != nil {
		return
	}
	pair := []string{"tls.crt", "tls.key"}
	for _, n := range []Need{
		{t.Secret, pair, tlsType, "", "the server's certificate", "tls.secret"},
		{t.CASecret, p.authorityKeys(t.Secret), opaque, "", "the authority of the server's certificate", "tls.caSecret"},
		{t.ReplicationSecret, pair, tlsType, "", "the certificate of streaming_replica", "tls.replicationSecret"},
		{t.ClientCASecret, p.authorityKeys(t.ReplicationSecret), opaque, "", "the authority of client certificates", "tls.clientCASecret"},
	} {
		if n.Name != "" {
			p.Needs = append(p.Needs, n)
		}
	}
}

// authorityKeys are the keys of an authority's Secret: its own key too, where an operator is to sign the certificate that nobody brings.
func (p *Plan) authorityKeys(certificate string) []string {
	if certificate == "" && p.Backend != native {
		return []string{"ca.crt", "ca.key"}
	}
	return []string{"ca.crt"}
}

// Wanted is one Secret that is to be made beside the spec: what all that read it need of it.
type Wanted struct {
	Name string
	Type string
	Keys []string // in the order they were first asked for
	User string   // what its username must be; "" when it does not matter
	Why  []string // what it is for, in words
	Path string   // the first spec field that names it

	known []string // keys whose value somebody else knows already
}

// Makes reports whether the value of a key may be made up: the password of a role of this database. Anything else is known to
// somebody else already, and has to be the same here.
func (w Wanted) Makes(key string) bool {
	return key == "password" && w.User != "" && !slices.Contains(w.known, key)
}

// Wanted are the Secrets to make, in the order of the spec: all that are needed but those declared as existing, and none at
// all when the provider is existing.
func (p *Plan) Wanted() []Wanted {
	if p.Secrets.Provider == "existing" {
		return nil
	}
	var out []Wanted
	for _, n := range p.Needs {
		if slices.ContainsFunc(p.Secrets.Existing, func(e spec.ExistingSecret) bool { return e.Name == n.Name }) {
			continue
		}
		i := slices.IndexFunc(out, func(w Wanted) bool { return w.Name == n.Name })
		if i < 0 {
			out = append(out, Wanted{Name: n.Name, Type: n.Type, Path: n.Path})
			i = len(out) - 1
		}
		out[i].add(n)
	}
	return out
}

// add is one more reader. What contradicts the others has been refused when the plan was resolved.
func (w *Wanted) add(n Need) {
	for _, key := range n.Keys {
		if !slices.Contains(w.Keys, key) {
			w.Keys = append(w.Keys, key)
		}
	}
	if w.Type == opaque {
		w.Type = n.Type
	}
	if w.User == "" {
		w.User = n.User
	}
	if n.User == "" {
		w.known = append(w.known, n.Keys...)
	}
	if !slices.Contains(w.Why, n.Why) {
		w.Why = append(w.Why, n.Why)
	}
}

// sharedSecrets refuses one Secret for what takes two: it has one type and one username.
func (r *resolver) sharedSecrets(p *Plan) {
	if p.Secrets.Provider == "existing" {
		return // it is the maker's to know
	}
	first := make(map[string]Need, len(p.Needs))
	for _, n := range p.Needs {
		one, known := first[n.Name]
		switch {
		case !known || one.Type == opaque:
			first[n.Name] = n
		case n.Type != opaque && n.Type != one.Type:
			r.problem("ONG2222", n.Path, fmt.Sprintf("%s is %s and %s", n.Name, one.Why, n.Why),
				fmt.Sprintf("a Secret has one type: spec.%s wants %s, this wants %s", one.Path, one.Type, n.Type), "name another Secret here")
		case n.User != one.User && n.User != "" && one.User != "":
			r.problem("ONG2222", n.Path, fmt.Sprintf("%s is %s and %s", n.Name, one.Why, n.Why),
				"a Secret has one username, and it must be the role's", "name another Secret here")
		}
	}
}

// store refuses ExternalSecrets that nobody could fetch.
func (r *resolver) store(p *Plan) {
	if p.Secrets.Provider == "external-secrets" && p.Secrets.Store == nil && len(p.Wanted()) > 0 {
		r.problem("ONG2223", "secrets.provider", "no store is named to read the Secrets from", "an ExternalSecret without a store is never filled, and the database waits for it",
			"add store: {name: NAME}, or kind: ClusterSecretStore with it")
	}
}
