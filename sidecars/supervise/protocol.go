package supervise

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// Version is the version of the protocol. Both sides say theirs first, and part if they differ.
const Version = 1

// maxLine bounds one message.
const maxLine = 1 << 20

// Mode is how postgres may run.
type Mode string

const (
	Primary Mode = "primary" // may write, while the permit lasts
	Standby Mode = "standby" // has standby.signal
)

// Phase is what the supervisor's postgres is doing.
type Phase string

const (
	Down      Phase = "down"     // not running, and nothing of it left
	Starting  Phase = "starting" // its control file has not said yet what it is
	Following Phase = "standby"  // in recovery
	Writing   Phase = "primary"  // in production
	Stopping  Phase = "stopping" // told to stop, or being killed, or its children are
	Killed    Phase = "killed"   // killed by the supervisor, and nothing of it left
)

// Status is what the supervisor says of itself. Durations are milliseconds.
type Status struct {
	Instance    string `json:"instance"`              // this supervisor process, 128 bits in hex
	Locked      bool   `json:"locked"`                // holds the volume's lock; without it nothing runs
	Terminating bool   `json:"terminating,omitempty"` // was told to end: hand over, stop postgres, then Exit
	Guarded     bool   `json:"guarded"`               // the guard gave a sign of life
	Phase       Phase  `json:"phase"`
	Mode        Mode   `json:"mode,omitempty"`    // of the running postgres; Primary from a promotion's announcement on
	PID         int    `json:"pid,omitempty"`     // of the running postmaster
	Starts      int    `json:"starts"`            // how many postmasters were started
	Exit        *Exit  `json:"exit,omitempty"`    // how the last one ended
	Processes   int    `json:"processes"`         // in the namespace beside supervisor and guard, counted every 5 s; -1: unknown
	Permit      int64  `json:"permit"`            // what is left of it
	Armed       bool   `json:"armed"`             // everything is killed when the permit ends
	Gap         int64  `json:"gap,omitempty"`     // the longest pause between two ticks, if it was longer than 2 s
	Tool        *Tool  `json:"tool,omitempty"`    // the program that Exec runs
	Disk        *Disk  `json:"disk,omitempty"`    // the volume; absent when it did not answer for 15 s
	WAL         *Disk  `json:"wal,omitempty"`     // the log's own volume; absent where there is none, or with Disk
	Killing     string `json:"killing,omitempty"` // why everything is being killed at the moment
	Lines       uint64 `json:"lines,omitempty"`   // that postmasters printed so far: whoever polls them looks when there are more
	// Canceled counts the commits whose wait for standbys was cancelled, by what postgres printed of them. It needs lc_messages in English,
	// and a log on standard error.
	Canceled uint64 `json:"canceled,omitempty"`
	// Lacks is the segment of the log that the running standby asked its upstream for last and that is there no more; "" where it was refused none.
	// Refused counts such answers to it. They are known by what postgres printed, as Canceled is, and a supervisor that looks for none leaves them out.
	Lacks   string `json:"lacks,omitempty"`
	Refused uint64 `json:"refused,omitempty"`
	// Asides are the IDs of the programs beside postgres, with a space between two.
	Asides string `json:"asides,omitempty"`
}

// Exit is how a postmaster ended. It is told only when no process of it is left.
type Exit struct {
	Start  int    `json:"start"`            // Status.Starts of it
	Code   int    `json:"code"`             // exit code; -1 when a signal ended it
	Signal int    `json:"signal,omitempty"` // 0 when none did
	Reason string `json:"reason,omitempty"` // why the supervisor killed it, "" when it did not
	Millis int64  `json:"millis"`           // from the kill, or from the postmaster's own end, to the end of the last process
	Tail   string `json:"tail,omitempty"`   // the last lines it printed, at most 1 KiB
}

// Tool is a running program of Exec.
type Tool struct {
	ID     string `json:"id"`
	Name   string `json:"name"` // argv[0]
	Millis int64  `json:"millis"`
}

// Disk is a file system, in bytes that an unprivileged process can use.
type Disk struct {
	Free  uint64 `json:"free"`
	Total uint64 `json:"total"`
}

// Start is the request to start postgres. The supervisor appends "-D <Data>".
type Start struct {
	Mode Mode     `json:"mode"`
	Argv []string `json:"argv"`
	Env  []string `json:"env,omitempty"` // NAME=value, over the supervisor's own environment
	Dir  string   `json:"dir,omitempty"` // "" is Data
}

// StopMode is how postgres is asked to stop; the slow "smart" does not exist here.
type StopMode string

const (
	Fast      StopMode = "fast"      // SIGINT: sessions are ended, a checkpoint is written
	Immediate StopMode = "immediate" // SIGQUIT: crash recovery at the next start
)

// Stop is the request to stop postgres, and to kill it if that takes longer than Millis (0: 10 s).
type Stop struct {
	Mode   StopMode `json:"mode"`
	Millis int64    `json:"millis,omitempty"`
}

// Command is a program to run beside or instead of postgres: initdb, pg_rewind, pg_basebackup, pg_controldata.
type Command struct {
	// ID makes the request idempotent: a second one with the same ID, also from a sidecar that was restarted, waits for the first or gets
	// its answer. "" is an ID of its own.
	ID     string   `json:"-"`
	Argv   []string `json:"argv"`
	Env    []string `json:"env,omitempty"`
	Dir    string   `json:"dir,omitempty"`
	Stdin  string   `json:"stdin,omitempty"`
	Millis int64    `json:"millis,omitempty"` // 0: no limit
	// Aside is a program that works on nothing that a server or another tool needs, as a backup: it keeps neither from being started, and
	// several of them run at once. It dies with everything else.
	Aside bool `json:"aside,omitempty"`
}

// Output is how a program ended and the last 64 KiB of each of its streams; of standard output of an Aside the last 384 KiB.
type Output struct {
	Code      int    `json:"code"` // -1 when a signal ended it
	Signal    int    `json:"signal,omitempty"`
	Reason    string `json:"reason,omitempty"` // why the supervisor ended it, "" when it did not
	Stdout    string `json:"stdout,omitempty"`
	Stderr    string `json:"stderr,omitempty"`
	Truncated bool   `json:"truncated,omitempty"` // the beginning of a stream is missing
	Millis    int64  `json:"millis"`
}

// Code names an error for programs.
type Code string

const (
	CodeNoPermit     Code = "no-permit"    // no permit, or too little of it
	CodeNoGuard      Code = "no-guard"     // primary refused, since the guard cannot be started
	CodeNotLocked    Code = "not-locked"   // another supervisor holds the volume
	CodeSignalFile   Code = "signal-file"  // standby.signal is there for a primary, or missing for a standby
	CodeRunning      Code = "running"      // postgres runs in the other mode
	CodeNotRunning   Code = "not-running"  // postgres does not run
	CodeBusy         Code = "busy"         // a tool runs, or everything is being killed: ask again
	CodeTerminating  Code = "terminating"  // the supervisor was told to end
	CodeSpawn        Code = "spawn"        // the program could not be started
	CodeBadRequest   Code = "bad-request"  // the request makes no sense
	CodeUnknown      Code = "unknown"      // no such request in this version, or no such tool
	CodeVersion      Code = "version"      // the other side speaks another version
	CodeMalformed    Code = "malformed"    // a line that is no message
	CodeReplaced     Code = "replaced"     // a newer connection leads
	CodeUnsupervised Code = "unsupervised" // the connection ended before the answer
)

// Error is a refusal. Match it with errors.As and look at Code; Message is for people.
type Error struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
}

func (e *Error) Error() string { return "supervisor: " + e.Message }

func refuse(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// message is one line. Exactly one field beside ID is set.
type message struct {
	ID     string  `json:"id,omitempty"` // of requests and answers
	Hello  *hello  `json:"hello,omitempty"`
	Tick   *ticked `json:"tick,omitempty"`
	Grant  *grant  `json:"grant,omitempty"`
	Answer *answer `json:"answer,omitempty"`
	End    *Error  `json:"end,omitempty"` // the last line of a connection: why

	Start     *Start    `json:"start,omitempty"`
	Stop      *Stop     `json:"stop,omitempty"`
	Kill      *kill     `json:"kill,omitempty"`
	Exec      *Command  `json:"exec,omitempty"`
	Cancel    *struct{} `json:"cancel,omitempty"`    // the tool whose request had this ID
	Promoting *struct{} `json:"promoting,omitempty"` // a promotion is about to happen
	Revoke    *struct{} `json:"revoke,omitempty"`
	Reload    *struct{} `json:"reload,omitempty"`
	Exit      *struct{} `json:"exit,omitempty"`
}

type hello struct {
	Version  int    `json:"version"`
	Instance string `json:"instance,omitempty"` // of the supervisor
	// Pipe makes the connection, once it was answered, the standard input and output of a program. It does not lead.
	Pipe *Command `json:"pipe,omitempty"`
}

// ticked has no Status where nothing but the permit is another than with the tick before.
type ticked struct {
	N      uint64  `json:"n"`
	Permit int64   `json:"permit,omitempty"` // Status.Permit of now
	Status *Status `json:"status,omitempty"`
}

// news tells whether a status says something that the one before did not. The permit is told with each tick, and how long a tool
// has been running is nothing new.
func (s Status) news(before Status) bool {
	same := equal(s.Exit, before.Exit) && equal(s.Disk, before.Disk) && equal(s.WAL, before.WAL) && (s.Tool == nil) == (before.Tool == nil) &&
		(s.Tool == nil || s.Tool.ID == before.Tool.ID)
	s.Permit, s.Exit, s.Disk, s.WAL, s.Tool = before.Permit, before.Exit, before.Disk, before.WAL, before.Tool
	return !same || s != before
}

func equal[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }

type grant struct {
	N      uint64 `json:"n"`
	Millis int64  `json:"millis"`
}

type kill struct {
	Reason string `json:"reason"`
}

type answer struct {
	PID    int     `json:"pid,omitempty"`
	Permit int64   `json:"permit,omitempty"`
	Exit   *Exit   `json:"exit,omitempty"`
	Output *Output `json:"output,omitempty"`
	Error  *Error  `json:"error,omitempty"`
}

// encode writes a message as one line.
func encode(m message) []byte {
	b, err := json.Marshal(m)
	if err != nil { // no type of the protocol can fail
		b, _ = json.Marshal(message{End: refuse(CodeMalformed, "%s", err)})
	}
	return append(b, '\n')
}

// decode reads a line. Fields it does not know are passed over: a version may gain fields, never change them.
func decode(line []byte) (message, error) {
	var m message
	if err := json.Unmarshal(line, &m); err != nil {
		return message{}, fmt.Errorf("read a message: %w", err)
	}
	if g := m.Grant; g != nil && (g.Millis < 0 || g.Millis > int64(maxGrant/time.Millisecond)) {
		return message{}, fmt.Errorf("a grant of %d ms is not from 0 to %d", g.Millis, maxGrant/time.Millisecond)
	}
	if m.request() && m.ID == "" {
		return message{}, errors.New("a request without an id")
	}
	return m, nil
}

// request says whether the message asks for an answer. One with an ID and nothing else is a request of a later version.
func (m message) request() bool {
	return m.Hello == nil && m.Tick == nil && m.Grant == nil && m.Answer == nil && m.End == nil
}

// lines reads messages until handle or the stream ends.
func lines(r io.Reader, handle func(message) error) error {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, 4096), maxLine)
	for s.Scan() {
		m, err := decode(s.Bytes())
		if err != nil {
			return refuse(CodeMalformed, "%s", err)
		}
		if err := handle(m); err != nil {
			return err
		}
	}
	if errors.Is(s.Err(), bufio.ErrTooLong) {
		return refuse(CodeMalformed, "a line longer than %d bytes", maxLine)
	}
	return s.Err()
}
