package postgres_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheRoleOfDumps(t *testing.T) {
	t.Parallel()
	n := newPrimary(t, "a")
	file := filepath.Join(n.dir, "dump")
	set := func(password string) { require.NoError(t, os.WriteFile(file, []byte(password+"\n"), 0o600)) }
	keep := func(want bool) {
		t.Helper()
		changed, err := n.KeepDumper(n.ctx(), file)
		require.NoError(t, err)
		require.Equal(t, want, changed)
	}
	settled := func() { // what depends on the role comes a round later
		t.Helper()
		for range 3 {
			if changed, err := n.KeepDumper(n.ctx(), file); err == nil && !changed {
				return
			}
		}
		keep(false)
	}
	set("first")
	keep(true)
	settled()

	t.Run("it reads everything, and writes its outcomes alone", func(t *testing.T) {
		n.sql(`CREATE ROLE owner; CREATE SCHEMA secret AUTHORIZATION owner; SET ROLE owner; CREATE TABLE secret.t (n int); INSERT INTO secret.t VALUES (1);
			ALTER TABLE secret.t ENABLE ROW LEVEL SECURITY; ALTER TABLE secret.t FORCE ROW LEVEL SECURITY; CREATE SEQUENCE secret.s; SELECT lo_from_bytea(4711, 'hidden')`)
		conn, err := n.client("onggi_dump")
		if err != nil { // peer lets only the superuser in over the socket
			conn, err = n.client("postgres")
			require.NoError(t, err)
			_, err = conn.Exec(n.ctx(), "SET SESSION AUTHORIZATION onggi_dump").ReadAll()
			require.NoError(t, err)
			_, err = conn.Exec(n.ctx(), "SELECT set_config(split_part(c, '=', 1), split_part(c, '=', 2), false) FROM pg_db_role_setting, unnest(setconfig) c WHERE setrole = 'onggi_dump'::regrole AND c NOT LIKE 'lo%'").ReadAll()
			require.NoError(t, err)
		}
		defer conn.Close(n.ctx())
		try := func(statement string) error {
			_, err := conn.Exec(n.ctx(), statement).ReadAll()
			return err
		}
		require.NoError(t, try("SET row_security = off; SELECT * FROM secret.t; SELECT last_value FROM secret.s; SELECT rolpassword FROM pg_authid"))
		require.ErrorContains(t, try("INSERT INTO secret.t VALUES (2)"), "read-only transaction")
		require.NoError(t, try("SET default_transaction_read_only = off"))
		require.ErrorContains(t, try("INSERT INTO secret.t VALUES (2)"), "permission denied")
		require.ErrorContains(t, try("CREATE TABLE onggi_dump.mine ()"), "permission denied")
		require.ErrorContains(t, try("CREATE ROLE another"), "permission denied")
		require.NoError(t, try("INSERT INTO onggi_dump.outcome (series, failed, failures) VALUES ('nightly', now(), 1)"))
		require.ErrorContains(t, try("DELETE FROM onggi_dump.outcome"), "permission denied")
	})
	t.Run("what somebody changed is put back", func(t *testing.T) {
		n.sql("CREATE DATABASE closed")
		settled()
		for _, statement := range []string{
			"ALTER ROLE onggi_dump CREATEDB",
			"ALTER ROLE onggi_dump NOLOGIN",
			"ALTER ROLE onggi_dump NOBYPASSRLS",
			"ALTER ROLE onggi_dump PASSWORD NULL",
			"ALTER ROLE onggi_dump RESET lo_compat_privileges",
			"REVOKE pg_read_all_data FROM onggi_dump",
			"REVOKE CONNECT ON DATABASE closed FROM PUBLIC",
			"REVOKE INSERT ON onggi_dump.outcome FROM onggi_dump",
			"REVOKE SELECT ON onggi_dump.outcome FROM pg_monitor",
			"DROP TABLE onggi_dump.outcome",
			"DROP SCHEMA onggi_dump CASCADE",
		} {
			n.sql(statement)
			keep(true)
			settled()
		}
		require.Equal(t, "t", n.sql("SELECT has_database_privilege('onggi_dump', 'closed', 'CONNECT')"))
	})
	t.Run("a table of somebody else's is not written to", func(t *testing.T) {
		n.sql("ALTER TABLE onggi_dump.outcome OWNER TO owner")
		_, err := n.KeepDumper(n.ctx(), file)
		require.ErrorContains(t, err, "another role's")
		n.sql("ALTER TABLE onggi_dump.outcome OWNER TO postgres")
		settled()
	})
	t.Run("without a password nothing is done", func(t *testing.T) {
		set("")
		_, err := n.KeepDumper(n.ctx(), file)
		require.ErrorContains(t, err, "is empty")
	})
}
