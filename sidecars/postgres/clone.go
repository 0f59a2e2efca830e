package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// RemovalReason is why a data directory was removed. There are no others than these.
type RemovalReason string

// The reasons.
const (
	RemovedInterrupted RemovalReason = "it is a copy that was interrupted"
	RemovedEmpty       RemovalReason = "it held no database"
	RemovedForSpace    RemovalReason = "its copy is whole and there is no space to keep both"
	RemovedOnRequest   RemovalReason = "it was asked for"
)

// Removal is a directory that was removed and why.
type Removal struct {
	Path   string
	Reason RemovalReason
}

// CloneOptions say what to copy and what to do with what is there.
type CloneOptions struct {
	System    string // the system identifier that the copy must have
	Term      uint64 // names the directory that is kept
	MaxRateKB int    // per second; 0 is as fast as it goes
	Timeout   time.Duration
}

// Cloned says what became of the data directory that a copy replaced.
type Cloned struct {
	Kept    string // where it is now; "" when it is gone or there was none
	Removed []Removal
}

// beside is where a new data directory is made. What stands there without a mark is not whole.
func (s *Server) beside() string   { return s.Paths.Data + ".new" }
func (s *Server) removing() string { return s.Paths.Data + ".removing" }

// Clone copies the upstream's data directory beside our own and puts it in its place once it is whole and on disk. The old
// one is kept as <data>.diverged-<term> while more than twice its size is free, since it may have the only copy of what it
// has. Our own server must not run. Interrupted at any moment it can be called again, or Recover, which ends what only
// wants renaming.
func (s *Server) Clone(ctx context.Context, upstream Upstream, o CloneOptions) (Cloned, error) {
	var done Cloned
	if err := upstream.check(); err != nil {
		return done, fmt.Errorf("clone: %w", err)
	}
	if done, err := s.Recover(); err != nil {
		return done, fmt.Errorf("clone: %w", err)
	}
	if err := s.copyBeside(ctx, upstream, o, &done); err != nil {
		return done, fmt.Errorf("clone from %s: %w", upstream.Host, err)
	}
	m, err := s.swapMark(upstream.Host, o.Term)
	if err == nil {
		err = s.writeMark(m)
	}
	if err == nil {
		err = s.swap(m, &done)
	}
	if err != nil {
		return done, fmt.Errorf("clone from %s: %w", upstream.Host, err)
	}
	return done, nil
}

// copyBeside makes a whole copy beside the data directory.
func (s *Server) copyBeside(ctx context.Context, upstream Upstream, o CloneOptions, done *Cloned) error {
	if o.System != "" {
		if err := s.isSystem(ctx, upstream, o.System); err != nil {
			return err
		}
	}
	next := s.beside()
	if exists(next) {
		if err := s.remove(next, RemovedInterrupted, done); err != nil {
			return err
		}
	}
	log, err := s.newWAL()
	if err != nil {
		return err
	}
	if err := s.baseBackup(ctx, upstream, next, log, o); err != nil {
		return errors.Join(err, s.remove(next, RemovedInterrupted, done))
	}
	control, err := s.controlOf(ctx, next)
	if err != nil {
		return err
	}
	if o.System != "" && control.System != o.System { // another server may have got the address meanwhile
		return errors.Join(fmt.Errorf("the system identifier there is %s, not %s", control.System, o.System), s.remove(next, RemovedInterrupted, done))
	}
	return adopt(next)
}

// baseBackup copies a running server, with the log that the copy needs to be whole; log is where that is to be, "" for inside.
func (s *Server) baseBackup(ctx context.Context, upstream Upstream, into, log string, o CloneOptions) error {
	// Not by the name of a member: a walsender of that name would pass for its standby.
	upstream.Name = "onggi-copy"
	args := []string{"-D", into, "-d", upstream.conninfo(s.Paths.Passfile, "").String(), "-X", "stream", "-c", "fast", "--no-password"}
	args = append(args, walArgs(log)...)
	if upstream.Slot != "" {
		args = append(args, "-S", upstream.Slot)
	}
	if o.MaxRateKB > 0 {
		args = append(args, "--max-rate", strconv.Itoa(max(32, o.MaxRateKB))) // pg_basebackup takes no less
	}
	_, err := s.run(ctx, o.Timeout, "pg_basebackup", args...)
	return err
}

// isSystem asks the upstream who it is, before gigabytes of another cluster are copied.
func (s *Server) isSystem(ctx context.Context, upstream Upstream, system string) error {
	conn, err := s.connectTo(ctx, upstream)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	rows, err := queryOn(ctx, conn, "SELECT system_identifier::text FROM pg_control_system()")
	if err != nil {
		return err
	}
	if rows[0][0] != system {
		return fmt.Errorf("the system identifier there is %s, not %s", rows[0][0], system)
	}
	return nil
}

// adopt makes a directory that came from another member our own: a standby that follows nobody yet and asks nobody to wait for
// it, with the gate open.
func adopt(data string) error {
	if err := foreign(data); err != nil {
		return err
	}
	if err := removeFiles(data, upstreamFile, syncFile, "recovery.signal"); err != nil {
		return err
	}
	open, err := os.ReadFile(filepath.Join(data, openHBAFile))
	if err == nil {
		_, err = writeFile(filepath.Join(data, hbaFile), open)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return standBy(data)
}

// swapMark decides what becomes of the old directory, before anything is done to it.
func (s *Server) swapMark(from string, term uint64) (mark, error) {
	m := mark{Work: workSwap, From: from, Term: term}
	if !exists(s.Paths.Data) {
		return m, nil
	}
	if _, err := s.Major(); errors.Is(err, ErrNoData) {
		m.Reason = RemovedEmpty
		return m, nil
	}
	size, err := dirSize(s.Paths.Data)
	if err != nil {
		return m, err
	}
	free, err := freeBytes(s.Paths.Volume)
	if err != nil {
		return m, err
	}
	if free <= 2*size {
		m.Reason = RemovedForSpace
		return m, nil
	}
	fits, err := s.logFitsTwice()
	if err == nil && !fits {
		m.Reason = RemovedForSpace
	}
	return m, err
}

// logFitsTwice tells that the log's own volume, if there is one, has twice the room that the log there takes.
func (s *Server) logFitsTwice() (bool, error) {
	log, err := walOf(s.Paths.Data)
	if err != nil || log == "" || s.Paths.WAL == "" {
		return true, err
	}
	size, err := dirSize(log)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil // it is lost
	}
	if err != nil {
		return false, err
	}
	free, err := freeBytes(s.Paths.WAL)
	return free > 2*size, err
}

// swap puts the whole copy in place of the data directory. Every step can be interrupted and found again.
func (s *Server) swap(m mark, done *Cloned) error {
	next, volume := s.beside(), filepath.Dir(s.Paths.Data)
	if exists(next) && exists(s.Paths.Data) {
		away := s.removing()
		if m.Reason == "" {
			if away = m.Keep; away == "" {
				away = s.freeName(m.Term)
			}
			done.Kept = away
		}
		if err := errors.Join(os.Rename(s.Paths.Data, away), syncDir(volume)); err != nil {
			return fmt.Errorf("put the old data directory aside: %w", err)
		}
	}
	if exists(next) {
		if err := errors.Join(os.Rename(next, s.Paths.Data), syncDir(volume)); err != nil {
			return fmt.Errorf("put the copy in place: %w", err)
		}
	}
	if exists(s.removing()) {
		if err := s.remove(s.removing(), m.Reason, done); err != nil {
			return err
		}
	}
	if err := s.removeMark(); err != nil {
		return err
	}
	_ = s.makeRoom(done) // the copy is in its place whatever comes of it, and the next one tries again
	return nil
}

// Recover ends what an interrupted Clone left: a whole copy is put in place, one that is not whole is removed. Call it at start. A
// rewind that was interrupted stays marked, until Rewind or Clone has been done.
func (s *Server) Recover() (Cloned, error) {
	var done Cloned
	m, err := s.readMark()
	if err != nil {
		return done, err
	}
	if m != nil && m.Work == workSwap {
		if err := s.swap(*m, &done); err != nil {
			return done, err
		}
	} else if err := s.remove(s.beside(), RemovedInterrupted, &done); err != nil {
		return done, err
	}
	if err := settleLog(s.Paths.Data); err != nil {
		return done, err
	}
	return done, s.sweepWAL()
}

func (s *Server) freeName(term uint64) string {
	name := fmt.Sprintf("%s.diverged-%d", s.Paths.Data, term)
	for n := 2; exists(name); n++ {
		name = fmt.Sprintf("%s.diverged-%d.%d", s.Paths.Data, term, n)
	}
	return name
}

// Diverged are the directories that clones kept, in no order of age.
func (s *Server) Diverged() ([]string, error) {
	found, err := filepath.Glob(strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(s.Paths.Data) + ".diverged-*")
	slices.Sort(found)
	return found, err
}

// Discard removes a directory that a clone kept.
func (s *Server) Discard(path string) (Removal, error) {
	kept, err := s.Diverged()
	if err != nil || !slices.Contains(kept, path) {
		return Removal{}, fmt.Errorf("remove %s: it is none of the directories that were kept: %q", path, kept)
	}
	var done Cloned
	err = s.remove(path, RemovedOnRequest, &done)
	return Removal{path, RemovedOnRequest}, err
}

// RemoveData removes the data directory and its log.
func (s *Server) RemoveData() error {
	var done Cloned
	return s.remove(s.Paths.Data, RemovedOnRequest, &done)
}

// remove removes a data directory if it is there, and its log wherever that is: a copy may have had a log before it was there.
func (s *Server) remove(path string, reason RemovalReason, done *Cloned) error {
	if err := removeTree(path, reason, done); err != nil {
		return err
	}
	return s.sweepWAL()
}

func removeTree(path string, reason RemovalReason, done *Cloned) error {
	if !exists(path) {
		return nil
	}
	done.Removed = append(done.Removed, Removal{path, reason})
	if err := os.RemoveAll(path); err != nil {
		return fmt.Errorf("remove %s, since %s: %v", path, reason, err)
	}
	return syncDir(filepath.Dir(path))
}

func dirSize(dir string) (uint64, error) {
	var sum uint64
	err := filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if info, err := entry.Info(); err == nil && info.Mode().IsRegular() {
			sum += uint64(info.Size())
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("measure %s: %w", dir, err)
	}
	return sum, nil
}

func freeBytes(path string) (uint64, error) {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(path, &stat); err != nil {
		return 0, fmt.Errorf("measure the free space of %s: %v", path, err)
	}
	return stat.Bavail * uint64(stat.Bsize), nil
}
