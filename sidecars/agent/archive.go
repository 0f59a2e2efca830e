package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path"
	"time"

	"github.com/onggi-db/onggi/sidecars/config"
	"github.com/onggi-db/onggi/sidecars/ha"
	"github.com/onggi-db/onggi/sidecars/postgres"
	"github.com/onggi-db/onggi/sidecars/rest"
)

// Program is the name under which the supervisor puts a link to the agent's program into the folder that both containers share: where it is in the
// database container is not for the sidecar to know.
const Program = "onggi-agent"

// RemoteProgram is the same program under the name by which it is pgBackRest's way to the primary.
const RemoteProgram = "onggi-remote"

// Marks are the files by which the sidecar tells the commands that postgres runs for the archive what they may do.
type Marks struct {
	Hold  string // nothing is sent while it is there
	Fetch string // the archive is asked only while it is there
}

// MarksOf are where they are.
func MarksOf(f config.File) Marks {
	return Marks{Hold: path.Join(f.Run.Dir, "archive.hold"), Fetch: path.Join(f.Run.Dir, "archive.fetch")}
}

// Clear takes away what a former sidecar left: it may have died between a mark and what that was for.
func (m Marks) Clear() error { return errors.Join(setMark(m.Hold, false), setMark(m.Fetch, false)) }

// Allow is [Parts.Fetch] of these marks.
func (m Marks) Allow(there bool) error { return setMark(m.Fetch, there) }

// setMark makes or removes one.
func setMark(name string, there bool) error {
	if name == "" {
		return nil
	}
	if !there {
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("remove a mark for the archive: %v", err)
		}
		return nil
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("make a mark for the archive: %v", err)
	}
	return f.Close()
}

// stop stops the server. Whatever becomes of that, a server that goes on goes on archiving.
func (d *Database) stop(ctx context.Context) error {
	d.stopped()
	release := d.hold()
	err := d.Supervisor.stop(ctx, d.StopWithin)
	release()
	if err != nil {
		err = errors.Join(err, d.silence(forStop, false))
	}
	return err
}

// Why nothing is sent.
const (
	forStop = 1 << iota
	forStanza
)

// silence sets or ends one reason to send nothing. The mark goes with the last of them: a stanza that is made says nothing of a server that is being stopped.
func (d *Database) silence(why int, on bool) error {
	d.silent.Lock()
	defer d.silent.Unlock()
	if on {
		d.unsent |= why
	} else {
		d.unsent &^= why
	}
	return setMark(d.Marks.Hold, d.unsent != 0)
}

// hold breaks off what is being sent, and lets nothing more be sent: a server that is being stopped waits for that otherwise, and one archive that
// does not answer would be an outage. What was not sent is sent by the next primary, or after the next start. Where there is nobody else, the
// archive gets half of the time first. The function that it returns ends the wait.
func (d *Database) hold() func() {
	if d.Marks.Hold == "" {
		return func() {}
	}
	d.mu.Lock()
	alone := d.settings.Members < 2
	d.mu.Unlock()
	if !alone {
		_ = d.silence(forStop, true) // without it the stop takes longer
		return func() {}
	}
	timer := time.AfterFunc(d.StopWithin/2, func() { _ = d.silence(forStop, true) })
	return func() { timer.Stop() }
}

// quiet has nothing sent while f runs.
func (d *Database) quiet(f func() error) error {
	if err := d.silence(forStanza, true); err != nil {
		return err
	}
	err := f()
	return errors.Join(err, d.silence(forStanza, false))
}

// resend has the archiver send again what the former primary may have died with.
func (d *Database) resend(log *slog.Logger) {
	d.mu.Lock()
	archiving := d.settings.ArchiveCommand != ""
	d.mu.Unlock()
	if !archiving {
		return
	}
	n, err := d.Postgres.Resend()
	switch {
	case log == nil:
	case err != nil:
		log.Error("what the former primary did not archive may be in no archive", "err", err)
	case n > 0:
		log.Info("sends to the archive what the former primary may not have sent", "segments", n)
	}
}

// backlog is what waits for the archive, as it was last counted.
type backlog struct {
	at     time.Time
	ready  int
	oldest time.Time
}

// archived is the state of the archiver. The folder is read from time to time. It is called with mu held.
func (d *Database) archived(s postgres.Archiver) *rest.Archive {
	if b := &d.backlog; time.Since(b.at) > fullEvery/2 {
		if ready, oldest, err := d.Postgres.Backlog(); err == nil {
			*b = backlog{time.Now(), ready, oldest}
		}
	}
	a := &rest.Archive{Ready: d.backlog.ready, OldestReady: d.backlog.oldest, Archived: uint64(max(0, s.Archived)), Failed: uint64(max(0, s.Failed))}
	if s.ArchivedAt != nil {
		a.LastSuccess = *s.ArchivedAt
	}
	if s.FailedAt != nil {
		a.LastFailure = *s.FailedAt
	}
	return a
}

const (
	// hungryFor is how long a standby gets nothing before it asks the archive: a primary that was restarted is back by then.
	hungryFor = 5 * time.Second
	// fetchedFor is how long a standby that replayed something from the archive counts as one that gets on.
	fetchedFor = 20 * time.Second
)

// fetch is what the loop knows of a standby that asks the archive.
type fetch struct {
	hungry   ha.Instant // since when it gets nothing
	allowed  bool       // the mark is there
	told     bool       // the mark was set or removed once
	replayed ha.LSN
	moved    ha.Instant // when the position last moved while the archive was asked
}

// feed lets a standby ask the archive while a primary that lives gives it nothing, and at no other time.
func (l *loop) feed() {
	if l.agent.parts.Fetch == nil {
		return
	}
	f, p := &l.fetch, &l.seen.Postgres
	holder := l.seen.Record.Record.Holder.ID
	who, known := l.book[holder]
	hungry := !p.At.IsZero() && !p.Streaming || p.Replaying && l.seen.Supervisor.Lacks != ""
	starving := l.state.Lead() == 0 && l.seen.Supervisor.Phase == ha.Standby && hungry && known && holder != l.seen.Self.ID &&
		who.report.Open && p.Upstream == holder && !l.late() && l.heardOf(holder)
	if !starving {
		f.hungry, f.moved = ha.Instant{}, ha.Instant{}
	} else if f.hungry.IsZero() {
		f.hungry, f.replayed = l.now, p.Replayed
	}
	allowed := starving && l.now.AtMost(f.hungry) > hungryFor
	if allowed && p.Replayed > f.replayed {
		f.moved = l.now
	}
	f.replayed = p.Replayed
	if allowed != f.allowed || !f.told {
		if err := l.agent.parts.Fetch(allowed); err != nil {
			l.narrator.trouble("the archive cannot be opened or closed for postgres", err)
			return
		}
		if allowed {
			l.agent.parts.Log.Info("asks the archive: the primary has nothing for it")
		}
		f.allowed, f.told = allowed, true
	}
}

// fetching tells the core that a standby gets on by the archive.
func (l *loop) fetching() bool {
	f := &l.fetch
	return f.allowed && !f.moved.IsZero() && l.now.AtMost(f.moved) < fetchedFor
}
