package drill

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/onggi-db/onggi/render/drill"
	"github.com/onggi-db/onggi/render/manifest"
	pg "github.com/onggi-db/onggi/sidecars/postgres"
)

// postgresDatabase is there in every server.
const postgresDatabase = "postgres"

// verify logs in to the restored database and checks it. An error is about reaching it; what the checks find is in the results.
func (k *Cluster) verify(ctx context.Context) ([]drill.Result, *drill.Moment, error) {
	asked, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	secret, err := k.get(asked, secrets(), k.cfg.Login.Secret)
	if err != nil {
		return nil, nil, err
	}
	if secret == nil {
		return nil, nil, retryable{fmt.Errorf("the Secret %s is not there yet", k.cfg.Login.Secret)}
	}
	user, err := decoded(secret, "username")
	if err != nil {
		return nil, nil, err
	}
	password, err := decoded(secret, "password")
	if err != nil {
		return nil, nil, err
	}
	return Verify(ctx, k.cfg, user, password)
}

func decoded(secret manifest.Map, key string) (string, error) {
	data, err := base64.StdEncoding.DecodeString(manifest.Text(secret, "data", key))
	if err != nil || len(data) == 0 {
		return "", retryable{fmt.Errorf("the Secret %s has no %s yet", manifest.Text(secret, "metadata", "name"), key)}
	}
	return string(data), nil
}

// server is a restored Postgres and the way into it.
type server struct {
	login          drill.Login
	user, password string
}

// Verify runs all checks of the config as a user, and finds out the moment that the database came back to; nil when it is not known.
func Verify(ctx context.Context, cfg *drill.Config, user, password string) ([]drill.Result, *drill.Moment, error) {
	s := server{cfg.Login, user, password}
	conn, err := s.connect(ctx, postgresDatabase, nil)
	if err != nil {
		return nil, nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var recovering bool
	if err := conn.QueryRow(ctx, "SELECT pg_is_in_recovery()").Scan(&recovering); err != nil {
		return nil, nil, fmt.Errorf("ask whether the recovery has ended: %w", lost(err))
	}
	if recovering {
		return nil, nil, retryable{errors.New("the server is still in recovery")}
	}
	// Before anything is written: every checkpoint may take WAL away.
	moment, err := recovered(ctx, conn)
	if err != nil {
		return nil, nil, err
	}
	var results []drill.Result
	for _, check := range cfg.Checks {
		result, err := s.check(ctx, check)
		if err != nil {
			return nil, nil, fmt.Errorf("check %s: %w", check.Name, err)
		}
		results = append(results, result)
	}
	if cfg.Amcheck {
		result, err := s.amcheck(ctx, conn)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", drill.AmcheckName, err)
		}
		results = append(results, result)
	}
	return results, moment, nil
}

// connect logs in. Params are settings of the session.
func (s server) connect(ctx context.Context, database string, params map[string]string) (*pgx.Conn, error) {
	words := []string{"host", s.login.Host, "port", strconv.Itoa(orPort(s.login.Port)), "user", s.user, "password", s.password,
		"dbname", database, "connect_timeout", "10", "application_name", "onggi-drill"}
	if s.login.SSLMode == "disable" {
		words = append(words, "sslmode", "disable")
	} else {
		// The certificate is of an authority that lives as long as the scratch cluster. Bound to the channel, SCRAM proves
		// all the same that the other end knows the password.
		words = append(words, "sslmode", "require", "channel_binding", "require")
	}
	var dsn strings.Builder
	for i := 0; i < len(words); i += 2 {
		value := strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(words[i+1])
		fmt.Fprintf(&dsn, "%s='%s' ", words[i], value)
	}
	cfg, err := pgx.ParseConfig(dsn.String())
	if err != nil {
		return nil, fmt.Errorf("log in to %s: the login cannot be read: %w", s.login.Host, errRefused) // err may have the password
	}
	cfg.RuntimeParams["timezone"], cfg.RuntimeParams["datestyle"] = "UTC", "ISO"
	// What ALTER DATABASE set for its clients is restored too, and would be taken for damage.
	cfg.RuntimeParams["statement_timeout"], cfg.RuntimeParams["default_transaction_read_only"] = "0", "off"
	for name, value := range params {
		cfg.RuntimeParams[name] = value
	}
	cfg.AfterConnect = pg.Unhurried
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err == nil {
		return conn, nil
	}
	var answer *pgconn.PgError
	if errors.As(err, &answer) && answer.Code == "3D000" { // no such database
		return nil, answer
	}
	return nil, retryable{fmt.Errorf("log in to %s: %w", s.login.Host, err)}
}

func orPort(port int) int {
	if port == 0 {
		return 5432
	}
	return port
}

// lost tells an answer of the server, which stands, from a connection that broke, which is worth another try.
func lost(err error) error {
	var answer *pgconn.PgError
	if err == nil || errors.As(err, &answer) && !strings.HasPrefix(answer.Code, "57P") { // 57P: the server is shutting down, or starting
		return err
	}
	return retryable{err}
}

// check asks one question. Only a connection that fails is an error: an answer in the form of an SQL error fails the check.
func (s server) check(ctx context.Context, c drill.Check) (drill.Result, error) {
	expect, err := drill.ParseExpect(c.Expect)
	if err != nil {
		return drill.Result{}, fmt.Errorf("%w: %w", err, errRefused)
	}
	out := drill.Result{Name: c.Name}
	// Read-only, so that one check does not change what the next one sees.
	conn, err := s.connect(ctx, c.Database, map[string]string{"default_transaction_read_only": "on"})
	if err != nil {
		return answered(out, err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	result := conn.PgConn().ExecParams(ctx, c.SQL, nil, nil, nil, nil)
	found := result.NextRow()
	var value *string
	columns := len(result.FieldDescriptions())
	if found && columns > 0 {
		if v := result.Values()[0]; v != nil {
			text := string(v)
			value = &text
		}
	}
	for result.NextRow() { // an error may come behind any row
	}
	if _, err := result.Close(); err != nil {
		return answered(out, err)
	}
	switch {
	case !found || columns == 0:
		out.Detail = "no row"
	case expect.Met(value):
		out.Passed, out.Detail = true, shown(value)
	default:
		out.Detail = shown(value) + ", expected " + expect.String()
	}
	return out, nil
}

// answered is a failed check when the server said so, and an error when the connection broke.
func answered(out drill.Result, err error) (drill.Result, error) {
	var answer *pgconn.PgError
	if err := lost(err); errors.As(err, &retryable{}) || !errors.As(err, &answer) {
		return out, err
	}
	out.Detail = brief(answer.Message + " (SQLSTATE " + answer.Code + ")")
	return out, nil
}

func shown(value *string) string {
	if value == nil {
		return "NULL"
	}
	return brief(*value)
}

// brief is a text on one short line: it stands in an Event, for all who may read those.
func brief(s string) string {
	const most = 120
	s = strings.ToValidUTF8(strings.Join(strings.Fields(s), " "), "?")
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}

// instant is a time as the server writes one in UTC.
func instant(s string) (time.Time, error) {
	t, err := time.Parse("2006-01-02 15:04:05.999999999-07", s)
	return t.UTC(), err
}
