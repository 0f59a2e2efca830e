package transfer

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func text(s string) *string { return &s }

func TestWhichRolesAreMade(t *testing.T) {
	there := []Role{
		{Name: "app", Login: true, Inherit: true, Limit: -1, Stored: text("SCRAM-SHA-256$4096:x"), Groups: []Group{{Name: "readers"}, {Name: "pg_monitor"}, {Name: "elsewhere", Admin: true}}},
		{Name: "clerk", Login: true, Limit: 3, Until: text("2031-01-01 00:00:00+00"), Comment: text("it's a clerk")},
		{Name: "elsewhere", Limit: -1}, {Name: "onggi_replicator", Limit: -1}, {Name: "streaming_replica", Limit: -1},
		{Name: `o"dd`, CreateDB: true, CreateRole: true, BypassRLS: true, Limit: -1, Stored: text("")},
		{Name: "readers", Limit: -1},
	}
	here := []string{"postgres", "pg_monitor", "clerk"}
	made, statements := Statements([]string{"*"}, there, here)
	require.Equal(t, []string{"app", "elsewhere", `o"dd`, "readers"}, made)
	require.Equal(t, []string{
		`CREATE ROLE "app" LOGIN NOCREATEDB NOCREATEROLE NOBYPASSRLS INHERIT CONNECTION LIMIT -1 PASSWORD 'SCRAM-SHA-256$4096:x'`,
		`CREATE ROLE "elsewhere" NOLOGIN NOCREATEDB NOCREATEROLE NOBYPASSRLS NOINHERIT CONNECTION LIMIT -1`,
		`CREATE ROLE "o""dd" NOLOGIN CREATEDB CREATEROLE BYPASSRLS NOINHERIT CONNECTION LIMIT -1`,
		`CREATE ROLE "readers" NOLOGIN NOCREATEDB NOCREATEROLE NOBYPASSRLS NOINHERIT CONNECTION LIMIT -1`,
		`GRANT "readers" TO "app"`, `GRANT "pg_monitor" TO "app"`, `GRANT "elsewhere" TO "app" WITH ADMIN OPTION`,
	}, statements)

	made, statements = Statements([]string{"clerk", "app"}, there, []string{"postgres"})
	require.Equal(t, []string{"app", "clerk"}, made)
	require.Equal(t, []string{
		`CREATE ROLE "app" LOGIN NOCREATEDB NOCREATEROLE NOBYPASSRLS INHERIT CONNECTION LIMIT -1 PASSWORD 'SCRAM-SHA-256$4096:x'`,
		`CREATE ROLE "clerk" LOGIN NOCREATEDB NOCREATEROLE NOBYPASSRLS NOINHERIT CONNECTION LIMIT 3 VALID UNTIL '2031-01-01 00:00:00+00'`,
		`COMMENT ON ROLE "clerk" IS 'it''s a clerk'`,
	}, statements, "only groups that are here are granted")
}
