package provision

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/onggi-db/onggi/sidecars/config"
)

// session reads the catalogs.
type session struct{ conn *pgconn.PgConn }

// roles reads those of these names that there are.
func (s session) roles(ctx context.Context, names []string) (map[string]FoundRole, error) {
	var all []FoundRole
	if err := s.read(ctx, rolesStatement, names, &all); err != nil {
		return nil, fmt.Errorf("read the roles: %w", err)
	}
	found := make(map[string]FoundRole, len(all))
	for _, r := range all {
		found[r.Name] = r
	}
	return found, nil
}

// databases reads those of these names that there are.
func (s session) databases(ctx context.Context, wanted []config.Database) (map[string]FoundDatabase, error) {
	encodings := map[string]string{config.BirthDatabase: ""}
	for _, w := range wanted {
		encodings[w.Name] = w.Encoding
	}
	var all []FoundDatabase
	if err := s.read(ctx, databasesStatement, encodings, &all); err != nil {
		return nil, fmt.Errorf("read the databases: %w", err)
	}
	found := make(map[string]FoundDatabase, len(all))
	for _, d := range all {
		found[d.Name] = d
	}
	return found, nil
}

// contents reads what stands in the session's database.
func (s session) contents(ctx context.Context, d config.Database) (Contents, error) {
	versions := map[string]string{}
	for _, e := range d.Extensions {
		versions[e.Name] = e.Version
	}
	var found Contents
	if err := s.read(ctx, contentsStatement, versions, &found); err != nil {
		return Contents{}, fmt.Errorf("read schemas and extensions: %w", err)
	}
	return found, nil
}

// read runs a statement with one parameter, which is JSON, and decodes its one value, which is JSON too.
func (s session) read(ctx context.Context, sql string, parameter, into any) error {
	text, err := json.Marshal(parameter)
	if err != nil {
		return err
	}
	result := s.conn.ExecParams(ctx, sql, [][]byte{text}, nil, nil, nil).Read()
	if result.Err != nil {
		return result.Err
	}
	if len(result.Rows) != 1 || len(result.Rows[0]) != 1 {
		return fmt.Errorf("the answer has %d rows", len(result.Rows))
	}
	return json.Unmarshal(result.Rows[0][0], into)
}

// rolesStatement tells who granted a group only from 16 on: before, a role is in a group once, and REVOKE asks for nobody.
const rolesStatement = `SELECT coalesce(json_agg(json_build_object('name', r.rolname, 'login', r.rolcanlogin, 'superuser', r.rolsuper,
  'createdb', r.rolcreatedb, 'createrole', r.rolcreaterole, 'replication', r.rolreplication, 'bypassrls', r.rolbypassrls,
  'inherit', r.rolinherit, 'limit', r.rolconnlimit,
  'until', CASE WHEN isfinite(r.rolvaliduntil) THEN trunc(extract(epoch FROM r.rolvaliduntil) * 1000000)::int8 END,
  'stored', coalesce(r.rolpassword, ''), 'comment', coalesce(shobj_description(r.oid, 'pg_authid'), ''),
  'groups', (SELECT json_agg(json_build_object('name', g.rolname,
               'grantor', CASE WHEN current_setting('server_version_num')::int >= 160000 THEN coalesce(by.rolname, '') ELSE '' END))
             FROM pg_auth_members m JOIN pg_authid g ON g.oid = m.roleid LEFT JOIN pg_authid by ON by.oid = m.grantor WHERE m.member = r.oid))), '[]')::text
FROM pg_authid r WHERE r.rolname::text IN (SELECT json_array_elements_text($1::json))`

const databasesStatement = `SELECT coalesce(json_agg(json_build_object('name', d.datname, 'owner', pg_get_userbyid(d.datdba),
  'encoding', pg_encoding_to_char(d.encoding), 'collate', d.datcollate, 'limit', d.datconnlimit,
  'wanted', CASE WHEN w.value <> '' THEN pg_encoding_to_char(pg_char_to_encoding(w.value)) ELSE '' END)), '[]')::text
FROM pg_database d JOIN json_each_text($1::json) w ON w.key = d.datname::text`

// contentsStatement tells where an extension has to be by the version that is wanted, or would be installed.
const contentsStatement = `SELECT json_build_object(
  'schemas', (SELECT json_object_agg(nspname, pg_get_userbyid(nspowner)) FROM pg_namespace),
  'extensions', (SELECT json_object_agg(x.extname, json_build_object('version', x.extversion, 'schema', n.nspname))
                 FROM pg_extension x JOIN pg_namespace n ON n.oid = x.extnamespace),
  'fixed', (SELECT json_object_agg(v.name, v.schema) FROM json_each_text($1::json) w
            JOIN pg_available_extensions a ON a.name::text = w.key
            JOIN pg_available_extension_versions v ON v.name = a.name AND v.version = CASE WHEN w.value <> '' THEN w.value ELSE a.default_version END
            WHERE v.schema IS NOT NULL))::text`
