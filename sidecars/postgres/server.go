package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Names of the roles that the agent works with. The superuser is let in over the unix socket, by the name of the
// operating system's user; the replicator over TCP with a password.
const (
	Superuser  = "postgres"
	Replicator = "onggi_replicator"
	// Monitor is the role of an exporter, which runs in the pod as another user than the server. That user is let in over the unix
	// socket, as this role and no other.
	Monitor     = "onggi_monitor"
	MonitorUser = "nobody"
)

// Tools runs programs where the data directory belongs to: as children of the supervisor, so that they die with it.
type Tools interface {
	// Run waits for the program to end. A program that ended with a code other than 0 is a Result, not an error; an error
	// means that it could not be started, that its time was up or ctx ended, and then it has been killed.
	Run(ctx context.Context, command Command) (Result, error)
}

// Command is a program to run. Nothing in it is secret: passwords are in files that it names.
type Command struct {
	Argv    []string
	Env     []string // added to those of the runner, NAME=value
	Dir     string
	Stdin   string
	Timeout time.Duration // none when 0
	// Aside is for a program that runs beside others, and keeps none of them from being started.
	Aside bool
}

// Result is what a program that ended left.
type Result struct {
	Stdout, Stderr string
	Code           int // of the exit, or 128+signal
}

// Paths says where things are. All are absolute.
type Paths struct {
	Volume   string // the mounted volume; marks of work under way are kept in its folder onggi
	Data     string // PGDATA, a folder inside Volume that can be renamed
	WAL      string // the mounted volume of the log; "": pg_wal is a folder of Data
	Bin      string // folder of postgres, pg_controldata and so on
	Socket   string // folder of the unix socket
	Passfile string // the replicator's password for libpq, written by WritePassfile
	Port     int
	User     string // of the operating system, that the server and the agent run as
}

// Server is one PostgreSQL installation and its data directory, whether it runs or not. Its methods may be called at the
// same time; those that change the data directory must not overlap, and the caller sees to that.
type Server struct {
	Paths Paths
	Tools Tools

	kept     keptConn
	timeline timelineMemory
	local    func() (*pgconn.Config, error)
}

// New is a Server that has not done anything yet. Close it when done.
func New(paths Paths, tools Tools) *Server {
	s := &Server{Paths: paths, Tools: tools, kept: keptConn{turn: make(chan struct{}, 1)}}
	s.local = sync.OnceValues(s.parseConfig)
	return s
}

// Close ends the connection that Status keeps.
func (s *Server) Close() { s.kept.close() }

// ErrUnfinished is matched by the error of StartCommand for a data directory that pg_rewind, pg_basebackup or initdb left
// half done.
var ErrUnfinished = errors.New("data directory is half done")

// ErrNoData is matched by errors that come from there being no data directory.
var ErrNoData = errors.New("there is no data directory")

// Major is the major version of the data directory, from PG_VERSION.
func (s *Server) Major() (int, error) { return majorOf(s.Paths.Data) }

func majorOf(data string) (int, error) {
	text, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if errors.Is(err, os.ErrNotExist) {
		return 0, fmt.Errorf("read PG_VERSION of %s: %w", data, ErrNoData)
	}
	if err != nil {
		return 0, fmt.Errorf("read PG_VERSION: %v", err)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("read PG_VERSION: %q is not a major version", text)
	}
	return major, checkMajor(major)
}

func checkMajor(major int) error {
	if major < 13 || major > 18 {
		return fmt.Errorf("PostgreSQL %d is not one of 13 to 18", major)
	}
	return nil
}

// run runs a program of Bin and returns its output. A code other than 0 is a *ToolError.
func (s *Server) run(ctx context.Context, timeout time.Duration, program string, args ...string) (Result, error) {
	return s.runCommand(ctx, Command{Argv: append([]string{s.program(program)}, args...), Timeout: timeout})
}

func (s *Server) runCommand(ctx context.Context, command Command) (Result, error) {
	// The programs speak the language of the locale, and some of what they say has to be understood here.
	command.Env = append(command.Env, "LC_ALL=C", "PGPASSFILE="+s.Paths.Passfile)
	if command.Dir == "" {
		command.Dir = s.Paths.Volume
	}
	program := filepath.Base(command.Argv[0])
	result, err := s.Tools.Run(ctx, command)
	if err != nil {
		return result, fmt.Errorf("run %s: %w", program, err)
	}
	if result.Code != 0 {
		return result, &ToolError{Program: program, Result: result}
	}
	return result, nil
}

func (s *Server) program(name string) string { return filepath.Join(s.Paths.Bin, name) }

// ToolError is a program that ended with a code other than 0.
type ToolError struct {
	Program string
	Result  Result
}

func (e *ToolError) Error() string {
	said := strings.TrimSpace(e.Result.Stderr)
	if said == "" {
		said = strings.TrimSpace(e.Result.Stdout)
	}
	const most = 2000
	if len(said) > most {
		said = "…" + said[len(said)-most:] // the reason stands last
	}
	return fmt.Sprintf("%s ended with %d: %s", e.Program, e.Result.Code, said)
}
