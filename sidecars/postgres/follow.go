package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// Follow makes the standby receive from an upstream, from its start on where it does not run. It returns when the server has
// read it, not when it streams; Status tells that.
func (s *Server) Follow(ctx context.Context, upstream Upstream) error {
	if err := upstream.check(); err != nil {
		return fmt.Errorf("follow: %w", err)
	}
	conninfo := upstream.conninfo(s.Paths.Passfile, "postgres").String()
	if err := s.setUpstream(ctx, conninfo, upstream.Slot); err != nil {
		return fmt.Errorf("follow %s: %w", upstream.Host, err)
	}
	return nil
}

// Detach makes the standby receive from nobody and returns when its walreceiver is gone: from then on Status.End does not
// move but by an archive. While much is left to replay the server itself would go on receiving until that is done, so
// the walreceiver is ended by a signal where it does not go by itself.
func (s *Server) Detach(ctx context.Context) error {
	if err := s.setUpstream(ctx, "", ""); err != nil {
		return fmt.Errorf("stop following: %w", err)
	}
	patience := time.Now().Add(200 * time.Millisecond)
	return until(ctx, "stop following", func() (bool, error) {
		pid, err := s.ask(ctx, "SELECT coalesce(max(pid), 0)::text FROM pg_stat_activity WHERE backend_type = 'walreceiver'")
		if errors.Is(err, ErrNotRunning) || err == nil && pid == "0" {
			return true, nil
		}
		if err == nil && time.Now().After(patience) {
			if _, err := strconv.Atoi(pid); err != nil {
				return false, err
			}
			_, err = s.run(ctx, 5*time.Second, "pg_ctl", "kill", "TERM", pid)
			patience = time.Now().Add(200 * time.Millisecond)
			var ended *ToolError
			if errors.As(err, &ended) { // it may be gone by now, and if not it is found again
				err = nil
			}
			return false, err
		}
		return false, err
	})
}

func (s *Server) setUpstream(ctx context.Context, conninfo, slot string) error {
	text := "primary_conninfo = " + quoteSetting(conninfo) + "\nprimary_slot_name = " + quoteSetting(slot) + "\n"
	name := filepath.Join(s.Paths.Data, upstreamFile)
	before, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, err := writeFile(name, []byte(text)); err != nil {
		return err
	}
	if err = s.Reread(ctx); err != nil {
		// Whom a server follows is known by this file. It was not told, and is told again only where the file does not say that it was.
		_, again := writeFile(name, before)
		return errors.Join(err, again)
	}
	return nil
}

// WriteTimeline has a standby that receives nothing write down which timeline its replay is on, where it has heard of a newer one
// than this status of it tells: its receiver may have gone from one timeline to the next and ended between two looks at it, or
// the server may have been started since, and nowhere else does it tell the timeline of its replay. It does nothing otherwise.
// It takes as long as a checkpoint; the next Status tells.
//
// The first checkpoint takes the restart point that is due, if one is. The second finds none to take, and then the server writes
// where its replay is, and on which timeline, whatever happened before.
func (s *Server) WriteTimeline(ctx context.Context, status Status) error {
	if !status.InRecovery || status.Receiver != nil {
		return nil
	}
	newest, err := s.newestHistory()
	if err != nil || newest <= status.Timeline {
		return err
	}
	for range 2 {
		if _, err := s.query(ctx, "CHECKPOINT"); err != nil {
			return fmt.Errorf("write which timeline was replayed: %w", err)
		}
	}
	return nil
}
