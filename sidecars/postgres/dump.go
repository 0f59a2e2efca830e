package postgres

import (
	"context"
	"errors"
	"fmt"
)

// DumpRole is the role by which logical dumps are made, and the name of the schema where they tell how they went.
const DumpRole = "onggi_dump"

// dumpAttributes: it reads everything, whatever row level security says, and writes nothing but its outcomes. Large objects have no such group
// to be in: lo_compat_privileges lets it read them, and the transactions of pg_dump are read-only.
const dumpAttributes = `GRANT pg_read_all_data TO onggi_dump;
ALTER ROLE onggi_dump SET lo_compat_privileges = on;
ALTER ROLE onggi_dump SET default_transaction_read_only = on;
ALTER ROLE onggi_dump LOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION BYPASSRLS INHERIT CONNECTION LIMIT -1 VALID UNTIL 'infinity' PASSWORD `

// dumpObjects are in the database postgres, where the exporter asks.
const dumpObjects = `CREATE SCHEMA IF NOT EXISTS onggi_dump;
CREATE TABLE IF NOT EXISTS onggi_dump.outcome (series text PRIMARY KEY, good timestamptz, failed timestamptz, failures int NOT NULL DEFAULT 0, bytes int8, seconds float8);
GRANT USAGE ON SCHEMA onggi_dump TO onggi_dump, pg_monitor;
GRANT SELECT, INSERT, UPDATE ON onggi_dump.outcome TO onggi_dump;
GRANT SELECT ON onggi_dump.outcome TO pg_monitor`

// KeepDumper makes the role of dumps, and the table of their outcomes, be as they should, with the password that the file has. It changes nothing
// where they are, and tells whether it did. The server has to take writes, and be of version 14 or later.
func (s *Server) KeepDumper(ctx context.Context, passwordFile string) (changed bool, err error) {
	statements, err := s.dumpStatements(ctx, passwordFile)
	if err == nil && statements != nil {
		err = s.atOnce(ctx, statements)
	}
	if err != nil {
		return false, fmt.Errorf("make the role of dumps: %w", err)
	}
	return statements != nil, nil
}

// dumpStatements are those that make the role and its table as they should be.
func (s *Server) dumpStatements(ctx context.Context, passwordFile string) ([]string, error) {
	password, err := ReadPassword(passwordFile)
	if err != nil {
		return nil, err
	}
	rows, err := s.query(ctx, `SELECT coalesce(rolpassword, ''), rolcanlogin AND rolbypassrls AND rolinherit AND NOT (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication)
AND rolconnlimit = -1 AND coalesce(rolvaliduntil, 'infinity') = 'infinity' AND pg_has_role(r.oid, 'pg_read_all_data', 'USAGE')
AND coalesce((SELECT setconfig @> '{lo_compat_privileges=on,default_transaction_read_only=on}' FROM pg_db_role_setting WHERE setrole = r.oid AND setdatabase = 0), false),
(SELECT coalesce(string_agg(format('GRANT CONNECT ON DATABASE %I TO onggi_dump', datname), ';'), '') FROM pg_database d
WHERE datallowconn AND NOT datistemplate AND NOT has_database_privilege(r.oid, d.oid, 'CONNECT')) FROM pg_authid r WHERE rolname = $1`, DumpRole)
	if err != nil {
		return nil, err
	}
	var statements []string
	if len(rows) == 0 {
		statements = append(statements, "CREATE ROLE "+DumpRole)
	} else if rows[0][2] != "" {
		statements = append(statements, rows[0][2])
	}
	if len(rows) == 0 || rows[0][1] != "t" || !Verifies(rows[0][0], password) {
		text, err := NewVerifier(password)
		if err != nil {
			return nil, err
		}
		statements = append(statements, dumpAttributes+QuoteLiteral(text))
	}
	whole, err := s.hasDumpObjects(ctx)
	if err == nil && !whole {
		statements = append(statements, dumpObjects)
	}
	return statements, err
}

// hasDumpObjects tells that the table is there and who may use it. One that somebody else made is refused: what its triggers do, they would do as a role
// that reads everything.
func (s *Server) hasDumpObjects(ctx context.Context) (bool, error) {
	rows, err := s.query(ctx, `SELECT n.nspowner = m AND coalesce(c.relowner = m, true), coalesce(has_table_privilege(r.oid, c.oid, 'INSERT') AND has_table_privilege('pg_monitor', c.oid, 'SELECT'), false)
FROM pg_namespace n JOIN to_regrole('postgres') m ON true LEFT JOIN pg_roles r ON r.rolname = nspname LEFT JOIN pg_class c ON relnamespace = n.oid AND relname = 'outcome' WHERE nspname = $1`, DumpRole)
	switch {
	case err != nil:
		return false, err
	case len(rows) == 1 && rows[0][0] != "t":
		return false, errors.New("the schema onggi_dump, or its table, is another role's")
	}
	return len(rows) == 1 && rows[0][1] == "t", nil
}
