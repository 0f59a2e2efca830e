package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/onggi-db/onggi/sidecars/ha"
	"github.com/onggi-db/onggi/sidecars/postgres"
	"github.com/onggi-db/onggi/sidecars/rest"
)

// Database is the member's postgres. It implements Server and Hands.
type Database struct {
	Postgres   *postgres.Server
	Supervisor *Supervisor
	Name       string // the member's, which is the application_name of its replication
	StopWithin time.Duration
	InitDB     postgres.InitOptions
	Port       int // of every member's postgres
	Log        *slog.Logger
	// Marks are for the commands that postgres runs for the archive; empty where there is none.
	Marks Marks
	// Recovery is how a cluster without data comes to have some; nil: by initdb.
	Recovery *Recovery

	silent sync.Mutex
	unsent int // why nothing is sent to the archive

	mu       sync.Mutex
	outside  *postgres.Upstream // whom a standby cluster follows
	tls      postgres.TLS       // how members that speak it are connected to
	first    bool               // commits wait for the first standbys, not for any
	settings postgres.Settings
	sync     applied
	full     time.Time // the last full status
	fullOf   time.Time // when the server that it is of was started
	pending  []rest.Parameter
	attempts attempts
	held     bool // the log of the primary asks for more of a parameter than was chosen
	lowers   bool // what is pending has to come to the primary first
	stall    stall
	backlog  backlog
	inPlace  *inPlace     // that is to be the next job
	lookedAt postgres.LSN // how far a standby that received nothing had replayed when its timeline was last looked for
	looked   time.Time    // and when that was
}

// applied is a synchronous replication that is in force, and since where in the log.
type applied struct {
	text string
	at   postgres.LSN
}

// stall is the commit that waits for standbys the longest, and since when it has been seen to.
type stall struct {
	commit string
	since  time.Time
}

// stalled is how long the same commit has been seen waiting. It is called with mu held.
func (d *Database) stalled(commit string, now time.Time) time.Duration {
	if commit == "" || commit != d.stall.commit {
		d.stall = stall{commit, now}
	}
	return now.Sub(d.stall.since)
}

// fullEvery is how often the server is asked for what takes it longer.
const fullEvery = 10 * time.Second

// heldEvery is how often it is looked whether less of a parameter may be had by now.
const heldEvery = 3 * time.Second

// timelineEvery is how often a standby that receives nothing may be asked to write its timeline: that takes a checkpoint.
const timelineEvery = 5 * time.Second

// NewDatabase needs the supervisor for what it runs.
func NewDatabase(paths postgres.Paths, supervisor *Supervisor) *Database {
	return &Database{Postgres: postgres.New(paths, tools{supervisor}), Supervisor: supervisor, Port: paths.Port}
}

// ask asks the server, for everything now and then. Of one that was started since it is asked for everything, too: what waited for a restart may have
// had it, and whoever goes on saying that it waits is restarted again.
func (d *Database) ask(ctx context.Context) (s postgres.Status, full bool, err error) {
	d.mu.Lock()
	full = time.Since(d.full) > fullEvery || d.held && time.Since(d.full) > heldEvery
	of := d.fullOf
	d.mu.Unlock()
	if !full {
		if s, err = d.Postgres.Status(ctx, postgres.Brief); err != nil || s.Started.Equal(of) {
			return s, false, err
		}
	}
	s, err = d.Postgres.Status(ctx, postgres.Full)
	return s, true, err
}

// took takes in what a full status tells beside others. It is called with mu held.
func (d *Database) took(s postgres.Status) {
	d.full, d.fullOf, d.pending = time.Now(), s.Started, nil
	for _, p := range s.Pending {
		d.pending = append(d.pending, rest.Parameter{Name: p.Name, Old: p.Now, New: p.Wanted})
	}
	d.lowers = postgres.RestartOrder(s.Pending) == postgres.PrimaryFirst
	if d.held {
		go d.configureAgain(s.InRecovery)
	}
}

// Status implements Server. The upstream is told by its host; the loop knows which member that is.
func (d *Database) Status(ctx context.Context) (ha.Postgres, Detail, error) {
	s, full, err := d.ask(ctx)
	if errors.Is(err, postgres.ErrReplaying) {
		return d.replaying(), Detail{}, err
	}
	if err != nil {
		return ha.Postgres{}, Detail{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if full {
		d.took(s)
	}
	if d.attempts.answered(time.Now()) {
		go d.keepGood()
	}
	if s.InRecovery && s.ReceiverPID == 0 && s.Replay != d.lookedAt && time.Since(d.looked) > timelineEvery {
		d.lookedAt, d.looked = s.Replay, time.Now()
		go d.writeTimeline(s)
	}
	system, err := strconv.ParseUint(s.System, 10, 64)
	if err != nil {
		return ha.Postgres{}, Detail{}, fmt.Errorf("read the system identifier: %w", err)
	}
	here := d.lowers && !s.InRecovery
	p := ha.Postgres{
		InRecovery: s.InRecovery, Position: ha.Position{Timeline: s.Timeline, LSN: ha.LSN(s.End())}, Replayed: ha.LSN(s.Replay),
		SystemID: system, Upstream: d.upstream(s.InRecovery), Receiver: s.ReceiverPID != 0,
		Sync: d.syncOf(s), Stalled: d.stalled(s.SyncOldest, time.Now()), Gated: d.Postgres.Gated(),
		PendingRestart: len(d.pending) > 0 && !here,
	}
	d.streams(&p, s.Receiver)
	detail := Detail{
		ServerVersion: s.Version, Started: s.Started, ReplayPaused: s.ReplayPaused, Pending: d.waiting(), Aside: d.attempts.aside, RestartHere: here, Waiting: s.SyncWaiting, Sessions: s.Sessions,
		Archive: s.InRecovery && s.Receiver == nil && p.Upstream != "",
	}
	if s.ReplayedAt != nil {
		detail.Replayed = *s.ReplayedAt
	}
	if d.settings.ArchiveCommand != "" && !s.InRecovery {
		detail.Archiver = d.archived(s.Archiver)
	}
	for _, w := range s.Standbys {
		if w.State != "backup" {
			p.Standbys = append(p.Standbys, ha.Walsender{Name: w.Name, Streaming: w.State == "streaming", Flushed: ha.LSN(w.Flush)})
		}
		detail.Standbys = append(detail.Standbys, rest.Walsender{
			User: postgres.Replicator, Application: w.Name, Address: w.Address, State: w.State, SyncState: w.SyncState, SyncPriority: w.SyncPriority,
		})
	}
	return p, detail, nil
}

// replaying is all that is known of a server that lets nobody in yet.
func (d *Database) replaying() ha.Postgres {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := ha.Postgres{Replaying: true, Upstream: d.upstream(true)}
	d.streams(&p, nil)
	return p
}

// writeTimeline is for elections: a member that does not know how far it is stays behind those that do.
func (d *Database) writeTimeline(s postgres.Status) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := d.Postgres.WriteTimeline(ctx, s); err != nil && !errors.Is(err, postgres.ErrNotRunning) {
		d.Log.Warn("the timeline of what was replayed is not known", "err", err)
	}
}

// streams tells what the standby receives; what is configured may not be what it still streams from. It is called with mu held.
func (d *Database) streams(p *ha.Postgres, r *postgres.Receiver) {
	p.Streaming = r != nil && r.State == "streaming" && r.Host == p.Upstream
	if d.outside != nil && p.Upstream == d.outside.Host {
		p.Upstream = ha.Outside
	}
}

// upstreamFile is what postgres.Follow writes.
const upstreamFile = "onggi.upstream.conf"

// upstream is the host that the standby is configured to follow. It is read from the file: the server may not have connected yet.
func (d *Database) upstream(standby bool) string {
	if !standby {
		return ""
	}
	text, err := os.ReadFile(filepath.Join(d.Postgres.Paths.Data, upstreamFile))
	if err != nil {
		return ""
	}
	return hostOf(string(text))
}

// hostOf finds the host in the text of the file.
func hostOf(text string) string {
	for line := range strings.Lines(text) {
		name, value, found := strings.Cut(line, "=")
		if !found || strings.TrimSpace(name) != "primary_conninfo" {
			continue
		}
		value = strings.TrimSpace(value)
		value = strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(value, "'"), "'"), "''", "'")
		conninfo, err := postgres.ParseConninfo(value)
		if err != nil {
			return ""
		}
		return conninfo.Value("host")
	}
	return ""
}

// syncOf is the quorum in force. One that this process did not set counts from where the log ends when it is first seen.
func (d *Database) syncOf(s postgres.Status) ha.SyncSetting {
	if s.InRecovery {
		return ha.SyncSetting{}
	}
	if d.sync.text != s.SyncNames || d.sync.at == 0 {
		d.sync = applied{s.SyncNames, s.Flush}
	}
	setting := parseSync(s.SyncNames, d.method())
	setting.Applied = ha.LSN(d.sync.at)
	return setting
}

// method is how synchronous_standby_names counts. It is called with mu held.
func (d *Database) method() string {
	if d.first {
		return "FIRST "
	}
	return "ANY "
}

// parseSync reads ANY n ("a","b"), or FIRST. What is not of this form is not ours, or not any more: it is told as a quorum that nobody ever wants, so that
// it is replaced.
func parseSync(text, method string) ha.SyncSetting {
	if strings.TrimSpace(text) == "" {
		return ha.SyncSetting{}
	}
	foreign := ha.SyncSetting{W: -1}
	rest, ok := strings.CutPrefix(text, method)
	if !ok {
		return foreign
	}
	number, list, ok := strings.Cut(rest, " (")
	w, err := strconv.Atoi(number)
	if !ok || err != nil || w < 1 || !strings.HasSuffix(list, ")") {
		return foreign
	}
	setting := ha.SyncSetting{W: w}
	for _, name := range strings.Split(strings.TrimSuffix(list, ")"), ",") {
		setting.Names = append(setting.Names, strings.Trim(strings.TrimSpace(name), `"`))
	}
	slices.Sort(setting.Names)
	return setting
}

// Probe implements Server. A server in recovery has no writes to fail.
func (d *Database) Probe(ctx context.Context) error {
	within := probeTimeout
	if end, ok := ctx.Deadline(); ok {
		within = time.Until(end)
	}
	outcome, err := d.Postgres.Probe(ctx, within)
	if err != nil {
		return fmt.Errorf("%s: %w", outcome, err)
	}
	return nil
}

// Data implements Server. What an interrupted copy left is put in its place before.
func (d *Database) Data(ctx context.Context) (ha.Data, error) {
	if done, err := d.Postgres.Recover(); err != nil {
		return ha.Data{}, err
	} else if d.Log != nil {
		for _, r := range done.Removed {
			d.Log.Info("removed a folder of the volume", "path", r.Path, "since", string(r.Reason))
		}
	}
	if !d.exists() {
		return ha.Data{}, nil
	}
	control, err := d.Postgres.Control(ctx)
	if err != nil {
		return ha.Data{}, err
	}
	unfinished, err := d.Postgres.Unfinished()
	if err != nil {
		return ha.Data{}, err
	}
	lost, err := d.Postgres.LogLost()
	if err != nil {
		return ha.Data{}, err
	}
	strayed, err := d.Postgres.Strayed(control)
	if err != nil {
		return ha.Data{}, err
	}
	data, err := dataOf(control, d.has("standby.signal"), d.has("backup_label"))
	data.LogLost = lost != "" || strayed
	data.Broken = unfinished != "" || data.LogLost
	return data, err
}

// dataOf tells what a data directory is good for. standby.signal is made by who knows that the log is the beginning of the primary's; a copy
// has the state of the running server that it was made of, and a backup_label.
func dataOf(c postgres.Control, signal, label bool) (ha.Data, error) {
	system, err := strconv.ParseUint(c.System, 10, 64)
	if err != nil {
		return ha.Data{}, fmt.Errorf("read the system identifier: %w", err)
	}
	data := ha.Data{Exists: true, SystemID: system, End: ha.Position{Timeline: c.Timeline, LSN: ha.LSN(c.Checkpoint)}}
	if end, clean := c.CleanEnd(); clean {
		data.Clean, data.End.LSN = true, ha.LSN(end)
	}
	if c.MinRecovery > c.Checkpoint {
		data.End = ha.Position{Timeline: max(c.MinRecoveryTL, c.Timeline), LSN: ha.LSN(c.MinRecovery)}
	}
	switch c.State {
	case postgres.ShutDown, postgres.ShutDownInRecovery, postgres.InArchiveRecovery:
		data.Standby = signal
	default:
		data.Standby = signal && label
	}
	return data, nil
}

func (d *Database) has(name string) bool {
	_, err := os.Lstat(filepath.Join(d.Postgres.Paths.Data, name))
	return err == nil
}

func (d *Database) exists() bool {
	_, err := os.Stat(filepath.Join(d.Postgres.Paths.Data, "PG_VERSION"))
	return err == nil
}
