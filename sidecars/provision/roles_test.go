package provision_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/config"
	"github.com/onggi-db/onggi/sidecars/postgres"
	"github.com/onggi-db/onggi/sidecars/provision"
)

const attributes = `SELECT rolcanlogin, rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls, rolinherit, rolconnlimit,
	rolvaliduntil AT TIME ZONE 'UTC', shobj_description(oid, 'pg_authid') FROM pg_authid WHERE rolname = `

func TestRoles(t *testing.T) {
	t.Parallel()
	s := start(t)
	full := provision.Role{Role: config.Role{
		Name: "reader", CreateDB: true, CreateRole: true, Replication: true, BypassRLS: true, NoInherit: true, InRoles: []string{"pg_read_all_data", "readers"},
		ConnectionLimit: pointer(7), ValidUntil: "2031-02-03T04:05:06.5+09:00", Comment: "it's a role",
	}}
	readers := provision.Role{Role: config.Role{Name: "readers"}}

	require.Equal(t, []string{`create role "reader"`, `comment on role "reader"`, `create role "readers"`,
		`grant role "pg_read_all_data" to role "reader"`, `grant role "readers" to role "reader"`}, s.settled(roles(full, readers)))
	require.Equal(t, []string{"f|f|t|t|t|t|f|7|2031-02-02 19:05:06.5|it's a role"}, s.sql("postgres", attributes+"'reader'"))

	t.Run("what it has beyond what is wanted is taken from it", func(t *testing.T) {
		require.Equal(t, []string{`alter role "reader": login, nocreatedb, nocreaterole, noreplication, nobypassrls, inherit, connection limit -1, valid until infinity`,
			`revoke role "pg_read_all_data" from role "reader"`}, s.settled(roles(role("reader", in("readers")), readers)))
		require.Equal(t, []string{"t|f|f|f|f|f|t|-1|infinity|it's a role"}, s.sql("postgres", attributes+"'reader'"))
	})
	t.Run("what people change by hand is changed back", func(t *testing.T) {
		s.sql("postgres", "ALTER ROLE reader SUPERUSER; GRANT pg_monitor TO reader")
		require.Equal(t, []string{`alter role "reader": nosuperuser`, `revoke role "pg_monitor" from role "reader"`}, s.settled(roles(role("reader", in("readers")))))
	})
	t.Run("a loose role keeps what it has", func(t *testing.T) {
		s.sql("postgres", "ALTER ROLE reader CREATEDB; GRANT pg_monitor TO reader")
		loose := role("reader", func(r *provision.Role) { r.Loose = true })
		require.Empty(t, s.settled(roles(loose)))
		require.Equal(t, []string{`create role "owner"`}, s.settled(roles(role("owner", func(r *provision.Role) { r.Loose = true }))))
	})
	t.Run("roles that nobody names are left alone", func(t *testing.T) {
		s.sql("postgres", "CREATE ROLE stranger SUPERUSER")
		s.settled(roles(role("reader")))
		require.Equal(t, []string{"t"}, s.sql("postgres", "SELECT rolsuper FROM pg_roles WHERE rolname = 'stranger'"))
	})
	t.Run("one that is to be absent is dropped, and need not be there", func(t *testing.T) {
		absent := role("owner", func(r *provision.Role) { r.Absent = true })
		require.Equal(t, []string{`drop role "owner"`}, s.settled(roles(absent)))
	})
	t.Run("one that owns something is not", func(t *testing.T) {
		s.sql("postgres", "CREATE ROLE holder; CREATE TABLE kept (n int); ALTER TABLE kept OWNER TO holder")
		done, failed := s.apply(roles(role("holder", func(r *provision.Role) { r.Absent = true }), role("other")))
		require.Equal(t, []string{`create role "other"`}, done)
		require.Equal(t, []string{`drop role "holder": role "holder" cannot be dropped because some objects depend on it. owner of table public.kept (2BP01)`}, failed)
	})
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.sql("postgres", "CREATE TABLE t (n int)")
	const first, second = `first's \ "word": $1`, "second word"
	require.Equal(t, []string{`create role "app"`}, s.settled(roles(role("app", withPassword(first)))))
	require.NoError(t, s.login("app", first))
	require.Error(t, s.login("app", second))

	require.Equal(t, []string{`set the password of role "app"`}, s.settled(roles(role("app", withPassword(second)))))
	require.NoError(t, s.login("app", second), "the new one is let in")
	require.ErrorContains(t, s.login("app", first), "28P01", "and the old one is not")

	t.Run("none is given, and it stays", func(t *testing.T) {
		require.Empty(t, s.settled(roles(role("app"))))
		require.NoError(t, s.login("app", second))
	})
	t.Run("it is not known, and the rest is done", func(t *testing.T) {
		broken := role("app", func(r *provision.Role) { r.Password.Err = errors.New("no such file"); r.CreateDB = true })
		done, failed := s.apply(roles(broken))
		require.Equal(t, []string{`alter role "app": createdb`}, done)
		require.Equal(t, []string{`set the password of role "app": no such file`}, failed)
		require.NoError(t, s.login("app", second))
	})
	t.Run("a new role whose password is not known has none", func(t *testing.T) {
		done, failed := s.apply(roles(role("late", func(r *provision.Role) { r.Password.Err = errors.New("no such file") })))
		require.Equal(t, []string{`create role "late"`}, done)
		require.Len(t, failed, 1)
		require.Equal(t, []string{"t"}, s.sql("postgres", "SELECT rolpassword IS NULL FROM pg_authid WHERE rolname = 'late'"))
	})
	t.Run("what Postgres stores of one is taken as it is", func(t *testing.T) {
		verifier, err := postgres.NewVerifier("third")
		require.NoError(t, err)
		s.settled(roles(role("app", withPassword(verifier))))
		require.NoError(t, s.login("app", "third"))
		require.Error(t, s.login("app", verifier))
	})
	t.Run("an md5 of old is replaced", func(t *testing.T) {
		s.sql("postgres", "SET password_encryption = md5; ALTER ROLE app PASSWORD 'fourth'")
		s.settled(roles(role("app", withPassword("fourth"))))
		require.NoError(t, s.login("app", "fourth"))
		require.Equal(t, []string{"t"}, s.sql("postgres", "SELECT left(rolpassword, 13) = 'SCRAM-SHA-256' FROM pg_authid WHERE rolname = 'app'"))
	})
	t.Run("it is taken away", func(t *testing.T) {
		none := role("app", func(r *provision.Role) { r.Password.None = true })
		require.Equal(t, []string{`set the password of role "app"`}, s.settled(roles(none)))
		require.Error(t, s.login("app", "fourth"))
	})
	t.Run("no log has it, though the server logs every statement", func(t *testing.T) {
		log := s.log()
		require.Contains(t, log, "CREATE TABLE", "it does log")
		for _, secret := range []string{first, `first''s`, second, "SCRAM-SHA-256$", "third"} {
			require.NotContains(t, log, secret)
		}
	})
}

func TestAPasswordThatIsRefusedIsNotTold(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.sql("postgres", "CREATE TABLE t (n int)")
	bad := "SCRAM-SHA-256$no:verifier$at all" // to the agent one, to Postgres the text of a password
	_, failed := s.apply(roles(role("app", withPassword(bad)), role("other")))
	require.Empty(t, failed)
	wrong := roles(role("x", withPassword("a word"), in("nobody's group")))
	_, failed = s.apply(wrong)
	require.Equal(t, []string{`grant role "nobody's group" to role "x": role "nobody's group" does not exist (42704)`}, failed)
	require.NotContains(t, strings.Join(failed, ""), "a word")
}

func TestTheReplicatorIsMadeWithWhatItNeeds(t *testing.T) {
	t.Parallel()
	s := start(t)
	r := role(postgres.Replicator, withPassword("secret"), func(r *provision.Role) {
		r.Replication, r.Loose, r.AtBirth = true, true, postgres.ReplicatorGrants()
	})
	s.settled(roles(r))
	require.Equal(t, []string{"t"}, s.sql("postgres", `SELECT has_function_privilege('onggi_replicator', 'pg_read_binary_file(text)', 'EXECUTE')`))
}
