// Package dump makes logical dumps of a cluster and finds them again: the edge of render/dump, which says what a dump is.
//
//	outcome := dump.Run(ctx, cfg, say)                 dump, check, store, and then remove what is too old
//	archive, err := dump.Open(cfg)
//	dumps, err := archive.List(ctx)                    those that are whole
//	err = archive.Get(ctx, manifest, file, out)        one file of one, checked while it is read
//
// A dump is good when all of it was: pg_dump ended well, pg_restore can read its table of contents, and what the store gives back has the sum of what it
// was given. Only then its manifest is stored, which makes it one, and only then others are removed. Whatever else happens, the ones before stay as they
// are, and what was stored of this one is removed.
package dump

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/onggi-db/onggi/cmd/internal/repository"
	"github.com/onggi-db/onggi/render/dump"
	"github.com/onggi-db/onggi/sidecars/backup"
)

// Outcome is how a dump ended.
type Outcome struct {
	dump.Manifest
	OK      bool     `json:"ok"`
	Reason  string   `json:"reason,omitempty"`
	Removed []string `json:"removed,omitempty"` // older dumps
	Left    string   `json:"left,omitempty"`    // what could not be tidied up after a good dump
}

// Text tells it on a line.
func (o Outcome) Text() string {
	if !o.OK {
		return fmt.Sprintf("dump %s of %s failed: %s", o.ID, o.Cluster, o.Reason)
	}
	text := fmt.Sprintf("dump %s of %s: %d databases, %d bytes, %s", o.ID, o.Cluster, len(o.Databases()), o.Bytes(), o.Ended.Sub(o.Started).Round(time.Millisecond))
	if len(o.Removed) > 0 {
		text += fmt.Sprintf("; removed %d older", len(o.Removed))
	}
	if o.Left != "" {
		text += "; but " + o.Left
	}
	return text
}

// Run makes one dump. Its error is in the outcome. What it does is told by say, line by line.
func Run(ctx context.Context, cfg *dump.Config, say func(string)) Outcome {
	started := time.Now().UTC()
	d := &dumper{cfg: cfg, say: say, volume: filepath.Join(cfg.Volume, "dump")}
	d.m = dump.Manifest{Cluster: cfg.Cluster, Name: cfg.Name, ID: dump.ID(started), Started: started}
	within, cancel := context.WithTimeout(ctx, time.Duration(cfg.Timeout))
	defer cancel()
	out := Outcome{}
	err := d.perform(within, &out)
	if errors.Is(within.Err(), context.DeadlineExceeded) {
		err = fmt.Errorf("it was not done within %s: %w", cfg.Timeout, errors.Join(context.DeadlineExceeded, err))
	}
	after, stop := context.WithTimeout(context.WithoutCancel(ctx), dump.Grace*3/4)
	defer stop()
	if err != nil && d.begun {
		if removed := d.archive.store.Remove(after, d.archive.folder(d.m)); removed != nil {
			d.say("what was stored of it could not be removed, and a later dump will try again: " + removed.Error())
		}
	}
	_ = os.RemoveAll(d.volume) // it ends with the pod
	d.m.Ended = time.Now().UTC()
	out.Manifest, out.OK = d.m, err == nil
	if err != nil {
		out.Reason = err.Error()
	}
	if d.servers != nil {
		if err := d.servers.record(after, out); err != nil {
			d.say("metrics will not tell of this dump: " + err.Error())
		}
		d.servers.close(after)
	}
	return out
}

// dumper is one run.
type dumper struct {
	cfg     *dump.Config
	say     func(string)
	volume  string
	archive *Archive
	servers *servers
	m       dump.Manifest
	begun   bool // something of it may be stored
}

func (d *dumper) perform(ctx context.Context, out *Outcome) error {
	if err := errors.Join(os.RemoveAll(d.volume), os.MkdirAll(d.volume, 0o700)); err != nil {
		return fmt.Errorf("make room for a dump: %w", err)
	}
	var err error
	if d.archive, err = Open(d.cfg); err != nil {
		return err
	}
	// The servers first, since they are told of what fails.
	if d.servers, err = connect(ctx, d.cfg.Login, d.say); err != nil {
		return err
	}
	from, err := d.servers.choose(ctx, d.cfg.Primary)
	if err != nil {
		return err
	}
	d.m.Server, d.m.System = d.servers.version, d.servers.system
	there, err := d.archive.folders(ctx)
	if err != nil {
		return err
	}
	for _, taken := there[d.m.ID]; taken; _, taken = there[d.m.ID] { // another began within this second
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
		d.m.Started = time.Now().UTC()
		d.m.ID = dump.ID(d.m.Started)
	}
	d.begun = true
	if d.cfg.Globals {
		if err := d.globals(ctx, from); err != nil {
			return fmt.Errorf("dump roles and tablespaces: %w", err)
		}
	}
	databases, err := from.databases(ctx, d.cfg.Databases)
	if err != nil {
		return err
	}
	for _, name := range databases {
		if err := d.database(ctx, from, name); err != nil {
			return fmt.Errorf("dump the database %s: %w", name, err)
		}
	}
	d.m.Ended = time.Now().UTC()
	manifest := filepath.Join(d.volume, dump.ManifestFile)
	if err := os.WriteFile(manifest, d.m.Encode(), 0o600); err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	if _, err := d.keep(ctx, manifest); err != nil {
		return err
	}
	d.begun = false // it is whole now, and stays
	d.tidy(ctx, out)
	return nil
}

// keep stores a file of the dump, reads it back, and removes it here.
func (d *dumper) keep(ctx context.Context, file string) (dump.File, error) {
	sum, size, err := sumOf(file)
	if err != nil {
		return dump.File{}, err
	}
	f := dump.File{Name: filepath.Base(file), Bytes: size, SHA256: sum}
	for pause := 5 * time.Second; ; pause *= 4 { // a store that is away for a moment must not cost a dump of hours
		if err = d.put(ctx, f, file); err == nil {
			break
		}
		if pause > 2*time.Minute || ctx.Err() != nil {
			return dump.File{}, err
		}
		d.say("tries again: " + err.Error())
		select {
		case <-ctx.Done():
			return dump.File{}, err
		case <-time.After(pause):
		}
	}
	if err := os.Remove(file); err != nil {
		return dump.File{}, fmt.Errorf("make room for the next: %w", err)
	}
	return f, nil
}

// put stores a file once, and reads back what came of it.
func (d *dumper) put(ctx context.Context, f dump.File, file string) error {
	if err := d.archive.store.Put(ctx, d.archive.path(d.m, f.Name), file); err != nil {
		return err
	}
	if err := d.archive.Get(ctx, d.m, f, io.Discard); err != nil {
		return fmt.Errorf("read back what was stored: %w", err)
	}
	return nil
}

func sumOf(file string) (sum string, size int64, err error) {
	f, err := os.Open(file)
	if err != nil {
		return "", 0, fmt.Errorf("read the dump: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if size, err = io.Copy(h, f); err != nil {
		return "", 0, fmt.Errorf("read the dump: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)), size, nil
}

// tidy removes older dumps and what broken ones left. The dump is good whatever comes of it.
func (d *dumper) tidy(ctx context.Context, out *Outcome) {
	there, err := d.archive.folders(ctx)
	if err != nil {
		out.Left = "older dumps could not be looked for: " + err.Error()
		return
	}
	var good, broken []string
	for id, whole := range there {
		if whole {
			good = append(good, id)
		} else {
			broken = append(broken, id)
		}
	}
	now := time.Now().UTC()
	gone := dump.Expire(good, d.cfg.Keep, d.cfg.KeepDays, now)
	for _, id := range append(gone, dump.Left(broken, good, time.Duration(d.cfg.Timeout), now)...) {
		m := d.m
		m.ID = id
		// Without its manifest it is no dump any more, wherever this ends.
		err := d.archive.store.Drop(ctx, d.archive.path(m, dump.ManifestFile))
		if err == nil {
			err = d.archive.store.Remove(ctx, d.archive.folder(m))
		}
		if err != nil {
			out.Left = "dump " + id + " could not be removed: " + err.Error()
			return
		}
		out.Removed = append(out.Removed, id)
	}
}

// Open is the archive of a series' dumps. The configuration of pgBackRest is written to its Run folder.
func Open(cfg *dump.Config) (*Archive, error) {
	store, err := repository.Open(backup.Settings{
		Repository: cfg.Repository, Stanza: cfg.Stanza, Jobs: 1, Bin: "pgbackrest", Dir: filepath.Join(cfg.Run, "pgbackrest"),
		Data: cfg.Volume, Socket: cfg.Run, Port: cfg.Login.Port, User: "postgres", WebIdentity: os.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE") != "",
	})
	if err != nil {
		return nil, err
	}
	return &Archive{store: store, cfg: cfg}, nil
}
