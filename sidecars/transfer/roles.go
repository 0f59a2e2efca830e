package transfer

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/onggi-db/onggi/sidecars/config"
)

// Role is a role as the other server has it.
type Role struct {
	Name       string  `json:"name"`
	Login      bool    `json:"login"`
	CreateDB   bool    `json:"createdb"`
	CreateRole bool    `json:"createrole"`
	BypassRLS  bool    `json:"bypassrls"`
	Inherit    bool    `json:"inherit"`
	Limit      int     `json:"limit"`
	Until      *string `json:"until"`
	Stored     *string `json:"stored"` // what that server stores of its password
	Comment    *string `json:"comment"`
	Groups     []Group `json:"groups"`
}

// Group is a group that a role is in.
type Group struct {
	Name  string `json:"name"`
	Admin bool   `json:"admin"`
}

// rolesOf reads pg_authid where one may, and otherwise what everybody sees, which has no passwords. %s is the one or the other.
const rolesOf = `SELECT coalesce(json_agg(json_build_object('name', r.rolname, 'login', r.rolcanlogin, 'createdb', r.rolcreatedb, 'createrole', r.rolcreaterole,
  'bypassrls', r.rolbypassrls, 'inherit', r.rolinherit, 'limit', r.rolconnlimit, 'until', CASE WHEN isfinite(r.rolvaliduntil) THEN r.rolvaliduntil::text END, 'stored', %s,
  'comment', shobj_description(r.oid, 'pg_authid'),
  'groups', (SELECT json_agg(json_build_object('name', g.rolname, 'admin', m.admin_option)) FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles g ON g.oid = m.roleid
    WHERE m.member = r.oid)) ORDER BY r.rolname), '[]')::text FROM pg_catalog.%s r WHERE r.oid >= 16384`

// roles copies those that are wanted and not here.
func (t *transfer) roles(ctx context.Context, away, here *pgconn.PgConn) error {
	if len(t.wanted.Roles) == 0 {
		return nil
	}
	may, err := row(ctx, away, "SELECT has_table_privilege('pg_catalog.pg_authid', 'SELECT')::text")
	if err != nil {
		return err
	}
	query := fmt.Sprintf(rolesOf, "NULL", "pg_roles")
	if may[0] == "true" {
		query = fmt.Sprintf(rolesOf, "r.rolpassword", "pg_authid")
	}
	var there []Role
	if err := document(ctx, away, query, &there); err != nil {
		return err
	}
	ours, err := column(ctx, here, "SELECT rolname FROM pg_roles")
	if err != nil {
		return err
	}
	if t.wanted.Roles[0] != "*" {
		for _, one := range t.wanted.Roles {
			known := slices.ContainsFunc(there, func(r Role) bool { return r.Name == one })
			if !known && !slices.Contains(ours, one) {
				return fmt.Errorf("%s has no role %q", t.wanted.Server.Host, one)
			}
		}
	}
	made, statements := Statements(t.wanted.Roles, there, ours)
	for _, sql := range statements {
		if err := t.run1(ctx, here, sql); err != nil {
			return err
		}
	}
	t.done.Roles = made
	return nil
}

// Statements make the roles that are wanted and not here, and put them into their groups. made are the roles.
func Statements(wanted []string, there []Role, here []string) (made, statements []string) {
	all := slices.Equal(wanted, []string{"*"})
	known := slices.Clone(here)
	for _, r := range there {
		if slices.Contains(here, r.Name) || !all && !slices.Contains(wanted, r.Name) || foreign(r.Name) {
			continue
		}
		made, known = append(made, r.Name), append(known, r.Name)
		statements = append(statements, r.create())
		if r.Comment != nil {
			statements = append(statements, "COMMENT ON ROLE "+name(r.Name)+" IS "+literal(*r.Comment))
		}
	}
	for _, r := range there {
		if !slices.Contains(made, r.Name) {
			continue
		}
		for _, g := range r.Groups {
			if !slices.Contains(known, g.Name) {
				continue
			}
			sql := "GRANT " + name(g.Name) + " TO " + name(r.Name)
			if g.Admin {
				sql += " WITH ADMIN OPTION"
			}
			statements = append(statements, sql)
		}
	}
	return made, statements
}

// foreign are roles by which another back end does its work.
func foreign(role string) bool {
	return config.Reserved(role) || role == "streaming_replica" || role == "cnpg_pooler_pgbouncer" || role == "cnpg_metrics_exporter"
}

// create makes the role, neither a superuser nor one that replicates.
func (r Role) create() string {
	words := []string{"CREATE ROLE", name(r.Name)}
	for _, a := range []struct {
		has       bool
		attribute string
	}{{r.Login, "LOGIN"}, {r.CreateDB, "CREATEDB"}, {r.CreateRole, "CREATEROLE"}, {r.BypassRLS, "BYPASSRLS"}, {r.Inherit, "INHERIT"}} {
		if !a.has {
			a.attribute = "NO" + a.attribute
		}
		words = append(words, a.attribute)
	}
	words = append(words, fmt.Sprintf("CONNECTION LIMIT %d", r.Limit))
	if r.Until != nil {
		words = append(words, "VALID UNTIL "+literal(*r.Until))
	}
	if r.Stored != nil && *r.Stored != "" {
		words = append(words, "PASSWORD "+literal(*r.Stored))
	}
	return strings.Join(words, " ")
}
