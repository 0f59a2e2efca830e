package native

import (
	"slices"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/plan"
	"github.com/onggi-db/onggi/render/spec"
	"github.com/onggi-db/onggi/sidecars/config"
)

// rolesDir has the passwords of roles, each in a file named after its Secret.
const rolesDir = secretsDir + "/roles"

// provision is what the primary keeps in the server; nil where the spec says nothing of it.
func provision(p *plan.Plan) *config.Provision {
	if len(p.Databases)+len(p.Roles) == 0 {
		return nil
	}
	out := &config.Provision{}
	for _, r := range p.Roles {
		out.Roles = append(out.Roles, role(r))
	}
	for i, d := range p.Databases {
		if i == 0 {
			out.Roles = owner(out.Roles, d)
		}
		out.Databases = append(out.Databases, database(d))
	}
	if i := p.Bootstrap.Initdb; i != nil && len(out.Databases) > 0 {
		out.SQL = i.SQL
	}
	return out
}

// owner is the role of the first database. It is like any other where roles names it; otherwise it is only to be there, with its password.
func owner(roles []config.Role, d plan.Database) []config.Role {
	i := slices.IndexFunc(roles, func(r config.Role) bool { return r.Name == d.Owner })
	switch {
	case i >= 0 && roles[i].PasswordFile == "":
		roles[i].PasswordFile = passwordFile(d.Secret)
	case i < 0 && !plan.ServersRole(d.Owner):
		roles = append(roles, config.Role{Name: d.Owner, Login: true, Loose: true, PasswordFile: passwordFile(d.Secret)})
	}
	return roles
}

func passwordFile(secret string) string {
	if secret == "" {
		return ""
	}
	return rolesDir + "/" + secret
}

func role(r spec.Role) config.Role {
	out := config.Role{
		Name: r.Name, Login: r.Login, Superuser: r.Superuser, CreateDB: r.CreateDB, CreateRole: r.CreateRole, Replication: r.Replication,
		BypassRLS: r.BypassRLS, NoInherit: r.Inherit != nil && !*r.Inherit, InRoles: r.InRoles, ValidUntil: r.ValidUntil,
		PasswordFile: passwordFile(r.Secret), Comment: r.Comment, Absent: r.Ensure == "absent",
	}
	if n := r.ConnectionLimit; n != nil && *n != -1 {
		out.ConnectionLimit = n
	}
	return out
}

func database(d plan.Database) config.Database {
	out := config.Database{Name: d.Name, Owner: d.Owner, Encoding: d.Encoding, Locale: d.Locale, ConnectionLimit: d.ConnectionLimit}
	for _, s := range d.Schemas {
		out.Schemas = append(out.Schemas, config.Schema{Name: s.Name, Owner: s.Owner})
	}
	for _, e := range d.Extensions {
		out.Extensions = append(out.Extensions, config.Extension{Name: e.Name, Version: e.Version, Schema: e.Schema})
	}
	return out
}

// initdb is what a new database system is made with.
func initdb(p *plan.Plan) config.InitDB {
	i := p.Bootstrap.Initdb
	if i == nil {
		return config.InitDB{}
	}
	return config.InitDB{
		Encoding: i.Encoding, Locale: i.Locale, LocaleProvider: i.LocaleProvider, ICULocale: i.IcuLocale, BuiltinLocale: i.BuiltinLocale,
		WALSegmentMB: i.WALSegmentMB, NoChecksums: i.Checksums != nil && !*i.Checksums,
	}
}

// rolePasswords are the Secrets of roles in one volume of the agent. A pod starts without them: that one is missing is the trouble of a role,
// which the agent tells, and not of the database.
func (b builder) rolePasswords() []any {
	var names []string
	add := func(name string) {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, r := range b.Roles {
		if r.Ensure != "absent" {
			add(r.Secret)
		}
	}
	for _, d := range b.Databases {
		add(d.Secret)
	}
	var sources []any
	for _, name := range names {
		sources = append(sources, manifest.Of("secret", manifest.Of(
			"name", name, "optional", true, "items", []any{manifest.Of("key", "password", "path", name)},
		)))
	}
	return sources
}

// rolesVolume is the volume of those, if there are any.
func (b builder) rolesVolume() []any {
	sources := b.rolePasswords()
	if sources == nil {
		return nil
	}
	return []any{manifest.Of("name", "roles", "projected", manifest.Of("defaultMode", restricted, "sources", sources))}
}
