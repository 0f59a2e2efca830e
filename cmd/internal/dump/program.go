package dump

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/onggi-db/onggi/cmd/internal/repository"
	"github.com/onggi-db/onggi/render/dump"
)

// database dumps one. A standby may have to end a query for the sake of what it replays, or may go away: then it is the primary's turn.
func (d *dumper) database(ctx context.Context, from *server, name string) error {
	file, err := d.dumpFrom(ctx, from, name)
	if err != nil && from.recovery && ctx.Err() == nil {
		d.say(fmt.Sprintf("takes %s from the primary: %v", name, err))
		file, err = d.dumpFrom(ctx, d.servers.primary, name)
	}
	if err != nil {
		return err
	}
	d.m.Files = append(d.m.Files, file)
	return nil
}

func (d *dumper) dumpFrom(ctx context.Context, from *server, name string) (dump.File, error) {
	d.say(fmt.Sprintf("dumps %s from %s", name, from.text()))
	s, err := from.snapshot(ctx, name)
	if err != nil {
		return dump.File{}, err
	}
	defer s.close()
	whole := filepath.Join(d.volume, dump.FileName(name))
	partial := whole + ".partial"
	argv := []string{"pg_dump", "--format=custom", "--no-password", "--snapshot=" + s.name, "--file=" + partial, "--dbname=" + from.conninfo(name)}
	if err := from.program(ctx, argv, io.Discard); err != nil {
		_ = os.Remove(partial) // the next try writes it anew
		return dump.File{}, err
	}
	entries, err := contents(ctx, partial)
	if err != nil {
		return dump.File{}, err
	}
	if err := os.Rename(partial, whole); err != nil {
		return dump.File{}, fmt.Errorf("name the dump: %w", err)
	}
	file, err := d.keep(ctx, whole)
	if err != nil {
		return dump.File{}, err
	}
	file.Database, file.Entries, file.Standby, file.LSN, file.Snapshot = name, entries, from.recovery, s.lsn, s.at
	return file, nil
}

// globals dumps roles and tablespaces.
func (d *dumper) globals(ctx context.Context, from *server) error {
	d.say("dumps roles and tablespaces from " + from.text())
	whole := filepath.Join(d.volume, dump.GlobalsFile)
	partial := whole + ".partial"
	argv := []string{"pg_dumpall", "--globals-only", "--no-password", "--file=" + partial, "--dbname=" + from.conninfo(home)}
	if err := from.program(ctx, argv, io.Discard); err != nil {
		return err
	}
	if err := ended(partial); err != nil {
		return err
	}
	if err := os.Rename(partial, whole); err != nil {
		return fmt.Errorf("name the dump: %w", err)
	}
	file, err := d.keep(ctx, whole)
	if err != nil {
		return err
	}
	file.Standby = from.recovery
	d.m.Files = append(d.m.Files, file)
	return nil
}

// ended looks for the line that pg_dumpall writes last.
func ended(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read the dump: %w", err)
	}
	if !bytes.Contains(text[max(0, len(text)-200):], []byte("-- PostgreSQL database cluster dump complete")) {
		return errors.New("pg_dumpall did not come to its end")
	}
	return nil
}

// contents counts the entries of a dump's table of contents, as pg_restore reads it.
func contents(ctx context.Context, file string) (int, error) {
	var out bytes.Buffer
	if err := program(ctx, []string{"pg_restore", "--list", file}, &out, nil); err != nil {
		return 0, fmt.Errorf("check the dump: %w", err)
	}
	n := 0
	for line := range strings.Lines(out.String()) {
		if line = strings.TrimSpace(line); line != "" && line[0] != ';' {
			n++
		}
	}
	return n, nil
}

// snapshot is a moment of one database, held by a transaction until pg_dump has done.
type snapshot struct {
	conn *pgx.Conn
	name string
	lsn  string
	at   time.Time
}

func (s *server) snapshot(ctx context.Context, database string) (*snapshot, error) {
	conn, err := s.open(ctx, database)
	if err != nil {
		return nil, err
	}
	out := &snapshot{conn: conn}
	position := "pg_current_wal_lsn()"
	if s.recovery {
		position = "pg_last_wal_replay_lsn()"
	}
	// The position first, so that nothing that was committed up to it is missing.
	err = conn.QueryRow(ctx, "SELECT "+position+"::text, clock_timestamp()").Scan(&out.lsn, &out.at)
	if err == nil {
		_, err = conn.Exec(ctx, "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
	}
	if err == nil {
		err = conn.QueryRow(ctx, "SELECT pg_export_snapshot()").Scan(&out.name)
	}
	if err != nil {
		out.close()
		return nil, fmt.Errorf("take a snapshot: %w", err)
	}
	out.at = out.at.UTC()
	return out, nil
}

func (s *snapshot) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = s.conn.Close(ctx) // which ends the transaction
}

func (s *server) text() string {
	if s.recovery {
		return s.address + ", a standby"
	}
	return s.address + ", the primary"
}

// program runs one of PostgreSQL's that logs in.
func (s *server) program(ctx context.Context, argv []string, out io.Writer) error {
	return program(ctx, argv, out, []string{"PGPASSWORD=" + s.login.password})
}

func program(ctx context.Context, argv []string, out io.Writer, env []string) error {
	if _, said, err := repository.Program(ctx, argv, nil, out, env); err != nil {
		return fmt.Errorf("%s: %w: %s", argv[0], err, repository.LastWords(said))
	}
	return nil
}
