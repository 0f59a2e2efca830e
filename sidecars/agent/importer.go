package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/onggi-db/onggi/sidecars/config"
	"github.com/onggi-db/onggi/sidecars/postgres"
	"github.com/onggi-db/onggi/sidecars/provision"
	"github.com/onggi-db/onggi/sidecars/rest"
	"github.com/onggi-db/onggi/sidecars/transfer"
)

// A cluster that is born with an import says so in its own catalogs, which every member has: a server that was there before never takes one in, and whoever
// leads knows whether there is anything left to copy.
const (
	importPending = "ALTER DATABASE postgres SET onggi.import = 'pending'"
	importDone    = "ALTER DATABASE postgres RESET onggi.import"
	importAsked   = `SELECT count(*)::text FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
	  WHERE d.datname = 'postgres' AND s.setrole = 0 AND 'onggi.import=pending' = ANY (s.setconfig)`
)

// Importer copies what a new cluster is to take out of a running server, while this member is the primary.
type Importer struct {
	Agent    *Agent
	Database *Database
	File     func() config.File
	Log      *slog.Logger

	mu    sync.Mutex
	over  bool // nothing is left to copy, as far as this primary knows
	state rest.RestoreRun
}

// importLooks is how often it is looked whether this member leads.
const importLooks = time.Second

// Pending tells that the databases of the spec have to wait: they are copied first.
func (i *Importer) Pending() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.File().Import != nil && !i.over
}

// State is what is being copied, or was.
func (i *Importer) State() rest.RestoreRun {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.state
}

// Run goes on until ctx ends.
func (i *Importer) Run(ctx context.Context) {
	ticker := time.NewTicker(importLooks)
	defer ticker.Stop()
	var after time.Time
	fails := 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		f := i.File()
		if f.Import == nil || !i.Agent.leads() {
			i.forget()
			after, fails = time.Time{}, 0
			continue
		}
		if !i.Pending() || time.Now().Before(after) {
			continue
		}
		if err := i.once(ctx, f); err != nil {
			after = time.Now().Add(min(retryFirst<<min(fails, 6), retryLast))
			fails++
		}
	}
}

// forget: what the next primary has is its own to find out.
func (i *Importer) forget() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.over = false
	if i.state.State == "running" || i.state.State == "failed" {
		i.state = rest.RestoreRun{}
	}
}

// is notes a state, and tells people of one that is another.
func (i *Importer) is(f config.File, state, text string) {
	i.mu.Lock()
	before := i.state
	i.state.State, i.state.Text, i.state.From = state, text, fmt.Sprintf("%s:%d", f.Import.Server.Host, f.Import.Server.Port)
	if before.Begun.IsZero() || before.State == "failed" && state == "running" {
		i.state.Begun, i.state.Ended = time.Now(), time.Time{}
	}
	if state != "running" {
		i.state.Ended = time.Now()
	}
	i.over = i.over || state == "done"
	i.mu.Unlock()
	if before.State == state && before.Text == text {
		return
	}
	i.Log.Info("import", "state", state, "what", text)
	if state != before.State {
		reason := map[string]string{"running": "ImportBegan", "done": "Imported", "failed": "ImportFailed"}[state]
		i.Agent.Tell(state == "failed", reason, text)
	}
}

// once copies what is left, as long as this member leads.
func (i *Importer) once(ctx context.Context, f config.File) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		for ctx.Err() == nil && i.Agent.leads() {
			time.Sleep(importLooks / 4)
		}
		cancel()
	}()
	asked, err := i.asked(ctx)
	if err != nil {
		return err // the server does not answer: whoever looks after it tells
	}
	if !asked {
		i.mu.Lock()
		i.over = true
		i.mu.Unlock()
		return nil
	}
	done, err := i.copy(ctx, f)
	if err == nil {
		err = i.exec(ctx, importDone)
	}
	switch {
	case err == nil:
		i.is(f, "done", told(done))
	case ctx.Err() != nil:
	default:
		i.is(f, "failed", err.Error())
	}
	return err
}

// told is what came of it, for people.
func told(d transfer.Done) string {
	text := fmt.Sprintf("copied and counted: %d databases, %d rows", len(d.Databases), d.Rows)
	if len(d.Roles) > 0 {
		text += "; the roles " + strings.Join(d.Roles, ", ")
	}
	return text
}

func (i *Importer) copy(ctx context.Context, f config.File) (transfer.Done, error) {
	server := i.Database.Postgres
	from := *upstreamOutside(&f.Import.Server, f, "onggi-import")
	if file := f.Import.Server.PasswordFile; file != "" {
		if err := postgres.WriteOutsidePassfile(from.Passfile, from.User, file); err != nil {
			return transfer.Done{}, err
		}
		defer os.Remove(from.Passfile)
	}
	return transfer.Run(ctx, transfer.Servers{
		Away: func(ctx context.Context, database string) (*pgconn.PgConn, error) {
			return server.Foreign(ctx, from, database)
		},
		Here: server.Session,
		Pipe: func(ctx context.Context, p postgres.Pipe) error { return server.Pipe(ctx, from, p) },
		Born: func(ctx context.Context, conn *pgconn.PgConn, as string) error {
			if p := f.Provision; p != nil && len(p.SQL) > 0 && p.Databases[0].Name == as {
				return provision.Batch(ctx, conn, p.SQL)
			}
			return nil
		},
		Told: func(what string) { i.is(f, "running", what) },
	}, *f.Import)
}

// asked tells whether this cluster was born with an import that is not done.
func (i *Importer) asked(ctx context.Context) (bool, error) {
	answer := ""
	err := i.session(ctx, func(conn *pgconn.PgConn) error {
		results, err := conn.Exec(ctx, importAsked).ReadAll()
		if err == nil && (len(results) != 1 || len(results[0].Rows) != 1) {
			err = errors.New("the answer is not one row")
		}
		if err == nil {
			answer = string(results[0].Rows[0][0])
		}
		return err
	})
	return answer != "0", err
}

func (i *Importer) exec(ctx context.Context, sql string) error {
	return i.session(ctx, func(conn *pgconn.PgConn) error {
		_, err := conn.Exec(ctx, sql).ReadAll()
		return err
	})
}

func (i *Importer) session(ctx context.Context, f func(*pgconn.PgConn) error) error {
	conn, err := i.Database.Postgres.Session(ctx, "postgres")
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	return f(conn)
}
