package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// RestoreOptions say how a data directory is made of a backup.
type RestoreOptions struct {
	// Fetch copies the backup into a folder that does not exist.
	Fetch func(ctx context.Context, into string) error
	// Command is the restore_command for a server on that folder.
	Command func(data string) string
	// Recovery are the parameters that say where recovery ends.
	Recovery [][2]string
	// Init has the passwords that the roles get: those of the backup are another cluster's.
	Init InitOptions
	// System is the system identifier that the backup must have; "" is any.
	System string
	// Socket is a folder for the socket of the server that recovers, which nobody else looks into.
	Socket string
	// Still is asked before the data directory is put in its place: an error leaves it out.
	Still func() error
	// Replace says what becomes of a data directory that is there: it is kept under this name. "": there must be none.
	Replace string
	// Progress is told what is being done.
	Progress func(what string)
}

// Restored says what came of it.
type Restored struct {
	System   string
	Timeline uint32
	End      LSN
	Kept     string // the data directory that was replaced
}

// Restore makes a data directory of a backup: beside the one that is served, where a server that nobody can reach recovers it to its end and
// is stopped again. Only a whole one is renamed into place. Interrupted at any moment, what is there is removed (see Recover), and it begins again.
func (s *Server) Restore(ctx context.Context, o RestoreOptions) (Restored, error) {
	if exists(s.Paths.Data) && o.Replace == "" {
		return Restored{}, fmt.Errorf("restore: %s is there already", s.Paths.Data)
	}
	done, err := s.restoreBeside(ctx, o)
	if err != nil {
		return done, fmt.Errorf("restore: %w", err)
	}
	if err := o.Still(); err != nil {
		return done, errors.Join(fmt.Errorf("restore: %w", err), s.remove(s.beside(), RemovedOnRequest, &Cloned{}))
	}
	var swapped Cloned
	m := mark{Work: workSwap, From: "a backup", Keep: o.Replace}
	if err := s.writeMark(m); err != nil {
		return done, fmt.Errorf("restore: %w", err)
	}
	if err := s.swap(m, &swapped); err != nil {
		return done, fmt.Errorf("restore: %w", err)
	}
	done.Kept = swapped.Kept
	return done, nil
}

// restoreBeside makes the data directory beside the served one, whole and stopped.
func (s *Server) restoreBeside(ctx context.Context, o RestoreOptions) (Restored, error) {
	next := s.beside()
	var gone Cloned
	if err := errors.Join(s.remove(next, RemovedInterrupted, &gone), os.RemoveAll(o.Socket), os.MkdirAll(o.Socket, 0o700)); err != nil {
		return Restored{}, err
	}
	defer os.RemoveAll(o.Socket)
	o.Progress("copies the backup")
	if err := o.Fetch(ctx, next); err != nil {
		return Restored{}, err
	}
	if err := s.ownLog(ctx, next); err != nil {
		return Restored{}, err
	}
	control, err := s.controlOf(ctx, next)
	if err != nil {
		return Restored{}, err
	}
	if o.System != "" && control.System != o.System {
		return Restored{}, fmt.Errorf("the backup has the system identifier %s, not %s", control.System, o.System)
	}
	private := s.on(next, o.Socket)
	defer private.Close()
	if err := private.strip(o.Socket); err != nil {
		return Restored{}, err
	}
	o.Progress("replays the log")
	if err := private.recover(ctx, o, control); err != nil {
		return Restored{}, err
	}
	control, err = s.controlOf(ctx, next)
	if err != nil {
		return Restored{}, err
	}
	end, clean := control.CleanEnd()
	if control.State != ShutDown || !clean {
		return Restored{}, fmt.Errorf("the recovered server did not stop as a primary: %s", control.State)
	}
	if err := errors.Join(adopt(next), removeFiles(next, "standby.signal", "recovery.signal")); err != nil {
		return Restored{}, err
	}
	return Restored{System: control.System, Timeline: control.Timeline, End: LSN(end)}, nil
}

// on is a server on another directory, whose socket is elsewhere.
func (s *Server) on(data, socket string) *Server {
	paths := s.Paths
	paths.Data, paths.Socket = data, socket
	return New(paths, s.Tools)
}

// strip takes out what another server was told of recovery and replication, and writes the files that a server does not start without.
func (s *Server) strip(socket string) error {
	if _, err := s.scrubAuto(limits{}); err != nil {
		return err
	}
	if err := removeFiles(s.Paths.Data, "standby.signal", upstreamFile, syncFile, "postmaster.pid", "postmaster.opts"); err != nil {
		return err
	}
	if _, err := writeFile(filepath.Join(s.Paths.Data, "recovery.signal"), nil); err != nil {
		return err
	}
	for _, name := range []string{mainFile, hbaFile, identFile} { // some distributions keep them elsewhere
		if path := filepath.Join(s.Paths.Data, name); !exists(path) {
			if _, err := writeFile(path, []byte("# Written by onggi-agent, since the backup has none.\n")); err != nil {
				return err
			}
		}
	}
	_, err := writeFile(filepath.Join(socket, hbaFile), []byte("local all all peer map=onggi\n"))
	if err == nil {
		_, err = writeFile(filepath.Join(socket, identFile), []byte("onggi "+s.Paths.User+" "+Superuser+"\n"))
	}
	return err
}

// recovering is the command line of the server that recovers. Nobody but the agent reaches it, it archives nothing, and waits for nobody.
func (s *Server) recovering(o RestoreOptions, control Control) Command {
	argv := []string{s.program("postgres"), "-D", s.Paths.Data}
	set := func(name, value string) { argv = append(argv, "-c", name+"="+value) }
	for _, p := range [][2]string{
		{"listen_addresses", ""}, {"unix_socket_directories", o.Socket}, {"port", strconv.Itoa(s.Paths.Port)}, {"hba_file", filepath.Join(o.Socket, hbaFile)},
		{"ident_file", filepath.Join(o.Socket, identFile)}, {"ssl", "off"}, {"hot_standby", "on"}, {"primary_conninfo", ""}, {"primary_slot_name", ""},
		{"synchronous_standby_names", ""}, {"archive_mode", "on"}, {"archive_command", ""}, {"archive_cleanup_command", ""}, {"recovery_end_command", ""},
		{"logging_collector", "off"}, {"log_destination", "stderr"}, {"log_statement", "none"}, {"log_min_error_statement", "panic"},
		{"restore_command", o.Command(s.Paths.Data)},
	} {
		set(p[0], p[1])
	}
	floor := control.HotStandbyFloor()
	for _, name := range slices.Sorted(maps.Keys(floor)) {
		set(name, strconv.Itoa(floor[name]))
	}
	for _, p := range o.Recovery {
		set(p[0], p[1])
	}
	return Command{Argv: argv, Env: []string{"LC_ALL=C"}, Dir: s.Paths.Volume}
}

// recover runs the server until it has recovered, gives the roles their passwords, and stops it.
func (s *Server) recover(ctx context.Context, o RestoreOptions, control Control) error {
	running, kill := context.WithCancel(ctx)
	defer kill()
	ended := make(chan error, 1)
	go func() {
		result, err := s.Tools.Run(running, s.recovering(o, control))
		if err == nil && result.Code != 0 {
			err = &ToolError{Program: "postgres", Result: Result{Stderr: fatal(result.Stderr), Code: result.Code}}
		}
		ended <- err
	}()
	if err := s.awaitPromoted(ctx, ended); err != nil {
		return err
	}
	o.Progress("sets the roles")
	if err := s.setRoles(ctx, o.Init); err != nil {
		return err
	}
	s.Close() // or the stop would wait for our own session
	o.Progress("stops the recovered server")
	_, err := s.runCommand(ctx, Command{
		Argv:  []string{s.program("pg_ctl"), "stop", "-D", s.Paths.Data, "-m", "fast", "-w", "-t", "3600"},
		Aside: true, Timeout: time.Hour,
	})
	if err != nil {
		return err
	}
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// awaitPromoted waits until recovery is at its end. It takes what it takes.
func (s *Server) awaitPromoted(ctx context.Context, ended <-chan error) error {
	ticker := time.NewTicker(300 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-ended:
			if err == nil {
				err = errors.New("postgres ended by itself")
			}
			return fmt.Errorf("recover: %w", err)
		case <-ticker.C:
		}
		brief, cancel := context.WithTimeout(ctx, 2*time.Second)
		text, err := s.ask(brief, "SELECT pg_is_in_recovery()::text")
		cancel()
		if err == nil && text == "false" {
			return nil
		}
	}
}

// setRoles gives the roles that the agent works with this cluster's passwords, and makes those that the backup lacks.
func (s *Server) setRoles(ctx context.Context, o InitOptions) error {
	statements, err := o.roles(fmt.Sprintf("DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '%s') THEN CREATE ROLE %[1]s; END IF; END $$", Replicator))
	if err != nil {
		return err
	}
	err = s.exec(ctx, "set roles", func(conn *pgconn.PgConn) error {
		for _, statement := range statements {
			if _, err := conn.Exec(ctx, statement).ReadAll(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("set the roles of the recovered server: %w", err)
	}
	return nil
}

// fatal is what a server said last and worst, without the lines around it.
func fatal(log string) string {
	var kept []string
	for line := range strings.Lines(log) {
		if strings.Contains(line, "FATAL:") || strings.Contains(line, "PANIC:") || strings.Contains(line, "HINT:") || strings.Contains(line, "ERROR:") {
			kept = append(kept, strings.TrimSpace(line))
		}
	}
	if kept == nil {
		return log
	}
	return strings.Join(kept[max(0, len(kept)-6):], "; ")
}

// Backlog is what waits for the archiver: how many files, and since when the oldest does (zero: none).
func (s *Server) Backlog() (ready int, oldest time.Time, err error) {
	entries, err := os.ReadDir(filepath.Join(s.Paths.Data, "pg_wal", "archive_status"))
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("look what waits for the archive: %v", err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".ready") {
			continue
		}
		ready++
		if info, err := e.Info(); err == nil && (oldest.IsZero() || info.ModTime().Before(oldest)) {
			oldest = info.ModTime()
		}
	}
	return ready, oldest, nil
}

// Segments are the whole segments in pg_wal, sorted.
func (s *Server) Segments() ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(s.Paths.Data, "pg_wal"))
	if err != nil {
		return nil, fmt.Errorf("list the log: %v", err)
	}
	var names []string
	for _, e := range entries {
		if isSegment(e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// ArchiveAll has the segment that is being written archived, and waits for that. A restore point comes before its end: without anything in it the
// segment would not end, and its name not be that of one that does.
func (s *Server) ArchiveAll(ctx context.Context, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	segment, err := s.endSegment(ctx)
	if err != nil {
		return fmt.Errorf("archive what was written: %w", err)
	}
	err = until(ctx, "archive up to "+segment, func() (bool, error) {
		status := filepath.Join(s.Paths.Data, "pg_wal", "archive_status", segment)
		return exists(status+".done") || !exists(status+".ready") && !exists(filepath.Join(s.Paths.Data, "pg_wal", segment)), nil
	})
	if err != nil {
		return fmt.Errorf("archive what was written: %w", err)
	}
	return nil
}

// endSegment ends the segment that is being written, and is its name. Where that ends with the last byte of it, a server from 17 on takes the place behind
// it for one of the next segment, so that the byte before is asked about.
func (s *Server) endSegment(ctx context.Context) (string, error) {
	end, err := s.ask(ctx, "SELECT pg_switch_wal()::text FROM pg_create_restore_point('onggi: archive what was written')")
	if err != nil {
		return "", err
	}
	at, err := ParseLSN(end)
	if err != nil {
		return "", err
	}
	return s.ask(ctx, "SELECT pg_walfile_name($1)", (at - 1).String())
}

// Free is how many bytes the volume has free, and that of the log, which is the same where the log has none of its own.
func (s *Server) Free() (data, log uint64, err error) {
	if data, err = freeBytes(s.Paths.Volume); err != nil || s.Paths.WAL == "" {
		return data, data, err
	}
	log, err = freeBytes(s.Paths.WAL)
	return data, log, err
}

// LogSize is how many bytes the log's own volume has, 0 where there is none.
func (s *Server) LogSize() (uint64, error) {
	if s.Paths.WAL == "" {
		return 0, nil
	}
	var stat syscall.Statfs_t
	if err := syscall.Statfs(s.Paths.WAL, &stat); err != nil {
		return 0, fmt.Errorf("measure %s: %v", s.Paths.WAL, err)
	}
	return stat.Blocks * uint64(stat.Bsize), nil
}
