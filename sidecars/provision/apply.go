package provision

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/onggi-db/onggi/sidecars/config"
	"github.com/onggi-db/onggi/sidecars/postgres"
)

// Open opens a session of the superuser in a database, in which names mean what stands in pg_catalog.
type Open func(ctx context.Context, database string) (*pgconn.PgConn, error)

// home is the database from which the others are made.
const home = "postgres"

// Apply makes the server be as wanted. It returns when everything was tried, a connection broke, or ctx ended.
func Apply(ctx context.Context, open Open, w Wanted) Result {
	r := &run{open: open}
	r.in(ctx, home, func(ctx context.Context, s session) error { return r.cluster(ctx, s, w) })
	for _, d := range w.Databases {
		if len(d.Schemas)+len(d.Extensions) == 0 || r.lost {
			continue
		}
		r.in(ctx, d.Name, func(ctx context.Context, s session) error {
			found, err := s.contents(ctx, d)
			if err == nil {
				r.all(ctx, s, In(d, found))
			}
			return err
		})
	}
	if !r.lost {
		r.in(ctx, home, func(ctx context.Context, s session) error { return r.drops(ctx, s, w.Roles) })
	}
	return r.Result
}

// run is one Apply.
type run struct {
	Result
	open Open
	lost bool // the server, or the time for it
}

func (r *run) failed(what string, err error) { r.Failed = append(r.Failed, Failure{what, err}) }

// in does something in a database.
func (r *run) in(ctx context.Context, database string, f func(context.Context, session) error) {
	conn, err := r.open(ctx, database)
	if err != nil {
		r.lost = database == home
		r.failed("look at "+quoted("database", database), err)
		return
	}
	defer closing(ctx, conn)
	if err := f(ctx, session{conn}); err != nil {
		r.failed("look at "+quoted("database", database), describe(err, ""))
	}
	r.lost = r.lost || conn.IsClosed() || ctx.Err() != nil
}

func closing(ctx context.Context, conn *pgconn.PgConn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = conn.Close(ctx)
}

// cluster sees to roles and databases.
func (r *run) cluster(ctx context.Context, s session, w Wanted) error {
	roles, err := s.roles(ctx, known(w.Roles))
	if err != nil {
		return err
	}
	statements, failed := Roles(w.Roles, roles, postgres.NewVerifier)
	r.Failed = append(r.Failed, failed...)
	r.all(ctx, s, statements)
	if len(w.Databases) == 0 || s.conn.IsClosed() {
		return nil
	}
	databases, err := s.databases(ctx, w.Databases)
	if err != nil {
		return err
	}
	later := ""
	if _, there := databases[w.Databases[0].Name]; !there && len(w.Birth) > 0 {
		later = w.Databases[0].Name
		r.born(ctx, s, w.Databases[0], w.Birth, databases)
	}
	statements, failed = Databases(w.Databases, databases, later)
	r.Failed = append(r.Failed, failed...)
	r.all(ctx, s, statements)
	return nil
}

func (r *run) drops(ctx context.Context, s session, wanted []Role) error {
	found, err := s.roles(ctx, known(wanted))
	if err == nil {
		r.all(ctx, s, Drops(wanted, found))
	}
	return err
}

// all runs statements one by one, until the connection is lost.
func (r *run) all(ctx context.Context, s session, statements []Statement) {
	for _, one := range statements {
		if s.conn.IsClosed() {
			return
		}
		r.one(ctx, s, one)
	}
}

func (r *run) one(ctx context.Context, s session, one Statement) bool {
	if _, err := s.conn.Exec(ctx, one.SQL).ReadAll(); err != nil {
		r.failed(one.Does, describe(err, one.secret))
		return false
	}
	r.Done = append(r.Done, one.Does)
	return true
}

// born makes the first database under another name, runs its SQL there, and gives it its name: nobody ever sees it half done, and where
// this is interrupted it begins anew.
func (r *run) born(ctx context.Context, s session, d config.Database, birth []string, found map[string]FoundDatabase) {
	if _, left := found[config.BirthDatabase]; left {
		if !r.one(ctx, s, Statement{Does: "drop what an interrupted start left of " + quoted("database", d.Name), SQL: "DROP DATABASE " + name(config.BirthDatabase)}) {
			return
		}
	}
	if _, err := s.conn.Exec(ctx, create(d, config.BirthDatabase).SQL).ReadAll(); err != nil {
		r.failed("create "+quoted("database", d.Name), describe(err, ""))
		return
	}
	conn, err := r.open(ctx, config.BirthDatabase)
	if err == nil {
		err = Batch(ctx, conn, birth)
		closing(ctx, conn)
	}
	if err == nil {
		_, err = s.conn.Exec(ctx, "ALTER DATABASE "+name(config.BirthDatabase)+" RENAME TO "+name(d.Name)).ReadAll()
	}
	if err != nil {
		r.failed("create "+quoted("database", d.Name), describe(err, ""))
		return
	}
	r.Done = append(r.Done, "create "+quoted("database", d.Name)+" and run its SQL")
}

// Batch runs statements in one transaction, with the search path that every user has.
func Batch(ctx context.Context, conn *pgconn.PgConn, statements []string) error {
	if _, err := conn.Exec(ctx, `BEGIN; SET LOCAL search_path TO "$user", public`).ReadAll(); err != nil {
		return err
	}
	for i, sql := range statements {
		if _, err := conn.Exec(ctx, sql).ReadAll(); err != nil {
			return fmt.Errorf("statement %d of its SQL: %w", i+1, describe(err, ""))
		}
		if conn.TxStatus() != 'T' {
			return fmt.Errorf("statement %d of its SQL ends the transaction that all of them are in", i+1)
		}
	}
	_, err := conn.Exec(ctx, "COMMIT").ReadAll()
	return err
}

// describe is an error in Postgres' own words, with what it adds for people, and without a secret.
func describe(err error, secret string) error {
	var answered *pgconn.PgError
	if !errors.As(err, &answered) {
		return err
	}
	words := []string{answered.Message}
	for _, more := range []string{answered.Detail, answered.Hint} {
		if more != "" {
			words = append(words, strings.ReplaceAll(more, "\n", "; "))
		}
	}
	text := strings.Join(words, ". ") + " (" + answered.Code + ")"
	if secret != "" {
		text = strings.ReplaceAll(text, secret, "…")
	}
	return errors.New(text)
}
