package postgres_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

func TestTheRoleOfPoolers(t *testing.T) {
	t.Parallel()
	n := newPrimary(t, "a")
	file := filepath.Join(n.dir, "pooler")
	set := func(password string) { require.NoError(t, os.WriteFile(file, []byte(password+"\n"), 0o600)) }
	keep := func(want bool) {
		t.Helper()
		changed, err := n.KeepPooler(n.ctx(), file)
		require.NoError(t, err)
		require.Equal(t, want, changed)
	}
	set("first")
	keep(true)
	keep(false)

	t.Run("it may look at passwords, and at nothing else", func(t *testing.T) {
		n.sql(`CREATE ROLE app LOGIN PASSWORD 'x'; CREATE ROLE nologin PASSWORD 'x'; CREATE ROLE expired LOGIN PASSWORD 'x' VALID UNTIL '2001-01-01';
			CREATE ROLE boss SUPERUSER LOGIN PASSWORD 'x'; CREATE ROLE streams REPLICATION LOGIN PASSWORD 'x'; CREATE ROLE "it's" LOGIN PASSWORD 'x'`)
		as := func(statement string) (string, error) { return n.trySQL("SET ROLE onggi_pooler; " + statement) }
		for role, shown := range map[string]bool{
			"app": true, "it''s": true, "nologin": false, "expired": false, "boss": false, "streams": false, "postgres": false, "onggi_replicator": false, "onggi_pooler": false, "nobody": false,
		} {
			got, err := as("SELECT count(*) FROM onggi_pooler.credentials('" + role + "') WHERE passwd LIKE 'SCRAM-SHA-256$%'")
			require.NoError(t, err)
			require.Equal(t, map[bool]string{true: "1", false: "0"}[shown], got, role)
		}
		for _, statement := range []string{"SELECT 1 FROM pg_authid", "CREATE TABLE onggi_pooler.t ()", "CREATE ROLE another"} {
			_, err := as(statement)
			require.ErrorContains(t, err, "permission denied", statement)
		}
		_, err := n.trySQL("SET ROLE app; SELECT * FROM onggi_pooler.credentials('app')")
		require.ErrorContains(t, err, "permission denied", "others may not ask")
	})
	t.Run("what somebody changed is put back", func(t *testing.T) {
		for _, statement := range []string{
			"ALTER ROLE onggi_pooler CREATEDB",
			"ALTER ROLE onggi_pooler NOLOGIN",
			"ALTER ROLE onggi_pooler PASSWORD NULL",
			"ALTER ROLE onggi_pooler VALID UNTIL '2001-01-01'",
			"GRANT EXECUTE ON FUNCTION onggi_pooler.credentials(text) TO PUBLIC",
			"REVOKE EXECUTE ON FUNCTION onggi_pooler.credentials(text) FROM onggi_pooler",
			"CREATE OR REPLACE FUNCTION onggi_pooler.credentials(role text) RETURNS TABLE (usename text, passwd text) LANGUAGE sql AS 'SELECT 1::text, 2::text'",
			"DROP SCHEMA onggi_pooler CASCADE",
			"DROP OWNED BY onggi_pooler; DROP ROLE onggi_pooler",
		} {
			n.sql(statement)
			keep(true)
			keep(false)
		}
		require.Equal(t, "t", n.sql("SELECT rolcanlogin AND NOT rolcreatedb FROM pg_roles WHERE rolname = 'onggi_pooler'"))
	})
	t.Run("a new password is in force", func(t *testing.T) {
		set("second: it's \"quoted\" \\")
		keep(true)
		keep(false)
		login := func(password string) error {
			conn, err := pgconn.Connect(n.ctx(), "host=127.0.0.1 dbname=postgres user=onggi_pooler sslmode=disable port="+n.sql("SHOW port")+" password='"+password+"'")
			if err == nil {
				_ = conn.Close(n.ctx())
			}
			return err
		}
		require.NoError(t, login(`second: it\'s "quoted" \\`))
		require.Error(t, login("first"))
	})
	t.Run("without a password nothing is done", func(t *testing.T) {
		set("")
		_, err := n.KeepPooler(n.ctx(), file)
		require.ErrorContains(t, err, "is empty")
	})
}
