package provision_test

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/config"
	"github.com/onggi-db/onggi/sidecars/provision"
)

func TestDatabases(t *testing.T) {
	t.Parallel()
	s := start(t)
	app := config.Database{Name: "app", Owner: "app", Schemas: []config.Schema{{Name: "sales", Owner: "clerk"}, {Name: "tools"}},
		Extensions: []config.Extension{{Name: "pg_trgm"}, {Name: "hstore", Version: "1.7", Schema: "tools"}, {Name: "plpgsql"}}}
	other := config.Database{Name: "other", Owner: "clerk", Encoding: "latin-1", Locale: "C", ConnectionLimit: pointer(3)}
	w := provision.Wanted{Roles: []provision.Role{role("app"), role("clerk")}, Databases: []config.Database{app, other}}

	require.Equal(t, []string{`create role "app"`, `create role "clerk"`, `create database "app"`, `create database "other"`,
		`create schema "sales" in database "app"`, `create schema "tools" in database "app"`,
		`create extension "pg_trgm" in database "app"`, `create extension "hstore" in database "app"`}, s.settled(w))
	require.Equal(t, []string{"app|app|UTF8|C|-1", "other|clerk|LATIN1|C|3"}, s.sql("postgres", `SELECT datname, pg_get_userbyid(datdba),
		pg_encoding_to_char(encoding), datcollate, datconnlimit FROM pg_database WHERE datname IN ('app', 'other') ORDER BY 1`))
	require.Equal(t, []string{"hstore|tools|1.7", "pg_trgm|public|1.6", "plpgsql|pg_catalog|1.0"},
		s.sql("app", "SELECT extname, nspname, extversion FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace ORDER BY 1"))

	t.Run("owners, limits, schemas and versions follow", func(t *testing.T) {
		app.Owner, app.Schemas[0].Owner, app.ConnectionLimit = "clerk", "app", pointer(9)
		app.Extensions[1] = config.Extension{Name: "hstore", Version: "1.8", Schema: "public"}
		w.Databases = []config.Database{app, other}
		require.Equal(t, []string{`give database "app" to role "clerk"`, `alter database "app": connection limit 9`,
			`give schema "sales" to role "app" in database "app"`, `move extension "hstore" to schema "public" in database "app"`,
			`update extension "hstore" from 1.7 to 1.8 in database "app"`}, s.settled(w))
	})
	t.Run("what nobody names is left alone", func(t *testing.T) {
		s.sql("app", "CREATE SCHEMA stranger; CREATE EXTENSION citext")
		s.sql("postgres", "CREATE DATABASE stranger")
		require.Empty(t, s.settled(provision.Wanted{Databases: []config.Database{{Name: "app"}}}))
		require.Equal(t, []string{"1"}, s.sql("stranger", "SELECT 1"))
		require.Equal(t, []string{"3"}, s.sql("app", "SELECT count(*) FROM pg_extension WHERE extname IN ('pg_trgm', 'hstore', 'citext')"))
	})
	t.Run("what can never be changed is told", func(t *testing.T) {
		_, failed := s.apply(provision.Wanted{Databases: []config.Database{{Name: "other", Encoding: "UTF8", Locale: "en_US.utf8"}}})
		require.Len(t, failed, 2)
		require.Contains(t, failed[0], `change database "other": it has the encoding LATIN1 and not UTF8`)
		require.Contains(t, failed[1], `change database "other": it has the locale C and not en_US.utf8`)
	})
}

func TestAStatementThatFailsDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	s := start(t)
	w := provision.Wanted{
		Roles: []provision.Role{role("a", in("missing")), role("b")},
		Databases: []config.Database{
			{Name: "one", Owner: "ghost"},
			{Name: "two", Owner: "b", Extensions: []config.Extension{{Name: "no such thing"}, {Name: "citext"}, {Name: "cube", Version: "99"}}},
		},
	}
	done, failed := s.apply(w)
	require.Equal(t, []string{`create role "a"`, `create role "b"`, `create database "two"`, `create extension "citext" in database "two"`}, done)
	require.Len(t, failed, 4, failed)
	require.Equal(t, `grant role "missing" to role "a": role "missing" does not exist (42704)`, failed[0])
	require.Equal(t, `create database "one": role "ghost" does not exist (42704)`, failed[1])
	require.Contains(t, failed[2], `create extension "no such thing" in database "two": extension "no such thing" is not available`)
	require.Contains(t, failed[3], `create extension "cube" in database "two": extension "cube" has no installation script nor update path for version "99"`)

	w.Roles = append(w.Roles, role("missing"), role("ghost"))
	w.Databases[1].Extensions = w.Databases[1].Extensions[1:2]
	require.Equal(t, []string{`create role "missing"`, `create role "ghost"`, `grant role "missing" to role "a"`, `create database "one"`}, s.settled(w))
}

func TestTheFirstDatabaseIsBornWhole(t *testing.T) {
	t.Parallel()
	s := start(t)
	w := provision.Wanted{Roles: []provision.Role{role("app")}, Databases: []config.Database{{Name: "app", Owner: "app", ConnectionLimit: pointer(5)}},
		Birth: []string{"CREATE TABLE born (n int)", "INSERT INTO born VALUES (1)", "INSERT INTO nowhere VALUES (1)"}}
	_, failed := s.apply(w)
	require.Equal(t, []string{`create database "app": statement 3 of its SQL: relation "nowhere" does not exist (42P01)`}, failed)
	require.Equal(t, []string{"0"}, s.sql("postgres", "SELECT count(*) FROM pg_database WHERE datname = 'app'"), "nobody sees it half done")

	w.Birth[2] = "COMMIT"
	_, failed = s.apply(w)
	require.Equal(t, []string{`create database "app": statement 3 of its SQL ends the transaction that all of them are in`}, failed)

	w.Birth[2] = "INSERT INTO public.born VALUES (2); SELECT count(*) FROM born"
	done := s.settled(w)
	require.Contains(t, done, `create database "app" and run its SQL`)
	require.Equal(t, []string{"1", "2"}, s.sql("app", "SELECT n FROM public.born ORDER BY n"))
	require.Equal(t, []string{"app|5"}, s.sql("postgres", "SELECT datname, datconnlimit FROM pg_database WHERE datname IN ('app', 'onggi_birth')"))

	w.Birth = []string{"DROP TABLE born"}
	require.Empty(t, s.settled(w), "SQL is run once")
}

// What the owner of a database makes in it is called by nobody who sets it up.
func TestNoNameOfAUserIsCalled(t *testing.T) {
	t.Parallel()
	s := start(t)
	w := provision.Wanted{Roles: []provision.Role{role("app")},
		Databases: []config.Database{{Name: "app", Owner: "app", Extensions: []config.Extension{{Name: "citext"}}, Schemas: []config.Schema{{Name: "mine"}}}}}
	s.settled(w)
	s.sql("app", `ALTER DATABASE app SET search_path TO trap, pg_catalog; ALTER DATABASE app SET role TO app; ALTER DATABASE app SET default_transaction_read_only TO on;
		SET default_transaction_read_only TO off; CREATE SCHEMA trap;
		CREATE TABLE trap.sprung (n int); CREATE VIEW trap.pg_extension AS SELECT 1 AS oid;
		CREATE FUNCTION trap.pg_get_userbyid(oid) RETURNS name LANGUAGE sql AS $$ INSERT INTO trap.sprung VALUES (1); SELECT 'x'::name $$;
		CREATE FUNCTION trap.json_build_object(VARIADIC text[]) RETURNS json LANGUAGE sql AS $$ INSERT INTO trap.sprung VALUES (2); SELECT '{}'::json $$`)
	w.Databases[0].Schemas = append(w.Databases[0].Schemas, config.Schema{Name: "yours"})
	w.Databases[0].Extensions = append(w.Databases[0].Extensions, config.Extension{Name: "hstore"})
	require.Equal(t, []string{`create schema "yours" in database "app"`, `create extension "hstore" in database "app"`}, s.settled(w))
	require.Empty(t, s.sql("app", "SET ROLE none; SELECT n FROM trap.sprung"))
	require.Equal(t, []string{"public"}, s.sql("app", "SET ROLE none; SELECT nspname FROM pg_catalog.pg_extension JOIN pg_catalog.pg_namespace n ON n.oid = extnamespace WHERE extname = 'hstore'"))
}

func TestAServerThatIsGone(t *testing.T) {
	t.Parallel()
	s := start(t)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	result := provision.Apply(ctx, func(ctx context.Context, database string) (*pgconn.PgConn, error) {
		conn, err := s.Session(ctx, database)
		if err == nil {
			s.sql("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'onggi-agent provision'")
		}
		return conn, err
	}, roles(role("a"), role("b")))
	require.Empty(t, result.Done)
	require.Len(t, result.Failed, 1, "it is told once")
	require.True(t, strings.HasPrefix(result.Failed[0].String(), `look at database "postgres": `), result.Failed[0])
}

// Names mean themselves, whatever they are made of: a law, looked for with names that are made to break quoting.
func TestNamesMeanThemselves(t *testing.T) {
	t.Parallel()
	s := start(t)
	random := rand.New(rand.NewPCG(1, 2))
	for range 12 {
		a, b, c := nasty(random), nasty(random), nasty(random)
		if a == b || strings.HasPrefix(a+b, "pg_") {
			continue
		}
		w := provision.Wanted{
			Roles: []provision.Role{role(a, withPassword("a word"), func(r *provision.Role) { r.Comment = c }), role(b, in(a))},
			Databases: []config.Database{{Name: c, Owner: b, Schemas: []config.Schema{{Name: a, Owner: b}},
				Extensions: []config.Extension{{Name: "citext", Schema: a}}}},
		}
		s.settled(w)
		require.NoError(t, s.login(a, "a word"))
		w.Databases[0].Extensions[0].Schema = "public"
		w.Databases[0].Owner, w.Databases[0].Schemas[0].Owner, w.Roles[1].InRoles = a, a, nil
		s.settled(w)
		s.sql("postgres", "DROP DATABASE "+quote(c))
		w.Databases, w.Roles[0].Absent, w.Roles[1].Absent = nil, true, true
		s.settled(w)
	}
	require.Equal(t, []string{"1"}, s.sql("postgres", "SELECT count(*) FROM pg_roles WHERE rolname !~ '^pg_'"), "nothing is left over")
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// nasty is a name of pieces that mean something to SQL.
func nasty(random *rand.Rand) string {
	pieces := []string{`"`, `""`, `'`, `\`, `$$`, `;`, `--`, `/*`, `*/`, " ", "%", "\n", "\t", "ü", "名", "DROP", "U&", "{", "}", ",", `\x27`, "A", "b", "=", "\u2019"}
	var b strings.Builder
	for range 1 + random.IntN(8) {
		b.WriteString(pieces[random.IntN(len(pieces))])
	}
	name := b.String()
	for len(name) > 60 || !utf8.ValidString(name) {
		name = name[:len(name)-1]
	}
	return "x" + name
}
