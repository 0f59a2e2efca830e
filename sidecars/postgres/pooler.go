package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// PoolerRole is the role by which a pooler asks for the passwords of others, and the name of the schema that has what it asks.
const PoolerRole = "onggi_pooler"

// poolerObjects makes what a pooler asks, in the database postgres. The function sees what its owner, the superuser, sees; so what it shows
// is written there and not in PgBouncer's configuration: no superuser, no replicator, nobody who may not log in now.
const poolerObjects = `
CREATE SCHEMA IF NOT EXISTS onggi_pooler;
CREATE OR REPLACE FUNCTION onggi_pooler.credentials(role text) RETURNS TABLE (usename text, passwd text)
LANGUAGE sql STABLE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$` + poolerBody + `$$;
REVOKE ALL ON SCHEMA onggi_pooler FROM PUBLIC;
REVOKE ALL ON FUNCTION onggi_pooler.credentials(text) FROM PUBLIC;
GRANT USAGE ON SCHEMA onggi_pooler TO onggi_pooler;
GRANT EXECUTE ON FUNCTION onggi_pooler.credentials(text) TO onggi_pooler;
`

const poolerBody = `
SELECT rolname::text, rolpassword FROM pg_authid
WHERE rolname = role AND rolcanlogin AND NOT rolsuper AND NOT rolreplication
AND rolname NOT LIKE 'onggi\_%' AND (rolvaliduntil IS NULL OR rolvaliduntil > now())
`

// KeepPooler makes the role of poolers and what it asks be as they should, with the password that the file has. It changes nothing where they
// are, and tells whether it did. The server has to take writes.
func (s *Server) KeepPooler(ctx context.Context, passwordFile string) (changed bool, err error) {
	password, err := ReadPassword(passwordFile)
	if err != nil {
		return false, fmt.Errorf("make the role of poolers: %w", err)
	}
	rows, err := s.query(ctx, `SELECT coalesce(rolpassword, ''), rolcanlogin AND NOT (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls)
		AND rolconnlimit = -1 AND coalesce(rolvaliduntil, 'infinity') = 'infinity' FROM pg_authid WHERE rolname = $1`, PoolerRole)
	if err != nil {
		return false, fmt.Errorf("look for the role of poolers: %w", err)
	}
	var statements []string
	switch {
	case len(rows) == 0:
		statements = append(statements, "CREATE ROLE "+PoolerRole)
		fallthrough
	case rows[0][1] != "t" || !Verifies(rows[0][0], password):
		text, err := verifierFromFile(passwordFile)
		if err != nil {
			return false, fmt.Errorf("make the role of poolers: %w", err)
		}
		statements = append(statements, "ALTER ROLE "+PoolerRole+" LOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS CONNECTION LIMIT -1 VALID UNTIL 'infinity' PASSWORD "+QuoteLiteral(text))
	}
	whole, err := s.hasPoolerObjects(ctx)
	if err != nil {
		return false, err
	}
	if !whole {
		statements = append(statements, poolerObjects)
	}
	if len(statements) == 0 {
		return false, nil
	}
	err = s.atOnce(ctx, statements)
	if err != nil {
		return false, fmt.Errorf("make the role of poolers: %w", err)
	}
	return true, nil
}

// atOnce runs statements as one query, and so in one transaction.
func (s *Server) atOnce(ctx context.Context, statements []string) error {
	return s.use(ctx, func(conn *pgconn.PgConn) error {
		_, err := conn.Exec(ctx, strings.Join(statements, ";\n")).ReadAll()
		return err
	})
}

// hasPoolerObjects tells that the function is the one above and that only its role may ask it.
func (s *Server) hasPoolerObjects(ctx context.Context) (bool, error) {
	rows, err := s.query(ctx, `SELECT 1 FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
		WHERE n.nspname = $1 AND p.proname = 'credentials' AND p.prosecdef AND p.prosrc = $2 AND p.proowner = n.nspowner
		AND n.nspowner = (SELECT oid FROM pg_roles WHERE rolname = current_user)
		AND has_function_privilege($1, p.oid, 'EXECUTE') AND has_schema_privilege($1, n.oid, 'USAGE')
		AND NOT EXISTS (SELECT 1 FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) WHERE grantee = 0)
		AND EXISTS (SELECT 1 FROM pg_roles WHERE rolname = $1)`, PoolerRole, poolerBody)
	if err != nil && sqlState(err) != "42704" { // undefined_object: the role is not there yet
		return false, fmt.Errorf("look for what poolers ask: %w", err)
	}
	return len(rows) == 1, nil
}
