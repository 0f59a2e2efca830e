package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// LogInside tells a data directory that has its log inside though there is a volume for it.
func (s *Server) LogInside() bool {
	if s.Paths.WAL == "" {
		return false
	}
	info, err := os.Lstat(filepath.Join(s.Paths.Data, walDir))
	return err == nil && info.IsDir()
}

// ErrNoRoom is matched by the error of MoveLog where the log does not fit onto its volume.
var ErrNoRoom = errors.New("there is no room for it")

// logSpare is how much has to be left on the log's volume when the log has been moved there: what the server needs to begin.
const logSpare = 64 << 20

// MoveLog moves the log of a data directory that has it inside to its own volume. No server may run on it. The log is copied, and the
// directory leads to the copy only once that is whole and on disk; interrupted at any moment it can be called again after Recover.
func (s *Server) MoveLog(ctx context.Context) error {
	if !s.LogInside() {
		return nil
	}
	if err := s.moveLog(ctx, s.Paths.Data); err != nil {
		return fmt.Errorf("move the log to its own volume: %w", err)
	}
	return nil
}

// ownLog gives a data directory that was restored a log of its own. Backups bring folders, whatever the server had that they were made of.
func (s *Server) ownLog(ctx context.Context, data string) error {
	log := filepath.Join(data, walDir)
	info, err := os.Lstat(log)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := errors.Join(os.Mkdir(log, 0o700), syncDir(data)); err != nil {
			return err
		}
	case err != nil:
		return fmt.Errorf("look for the log: %v", err)
	case !info.IsDir():
		return fmt.Errorf("the backup brought %s, which is no folder: it may be another server's", log)
	}
	if s.Paths.WAL == "" {
		return nil
	}
	return s.moveLog(ctx, data)
}

// moveLog moves the log of a data directory that has it inside.
func (s *Server) moveLog(ctx context.Context, data string) error {
	if err := settleLog(data); err != nil { // of a try that failed
		return err
	}
	from := filepath.Join(data, walDir)
	size, err := dirSize(from)
	if err != nil {
		return err
	}
	free, err := freeBytes(s.Paths.WAL)
	if err != nil {
		return err
	}
	if free < size+logSpare {
		return fmt.Errorf("%w: it takes %d MB, and %s has %d MB free", ErrNoRoom, size>>20, s.Paths.WAL, free>>20)
	}
	to, err := s.newWAL()
	if err != nil {
		return err
	}
	if err := copyTree(ctx, from, to); err != nil {
		return errors.Join(fmt.Errorf("copy it: %w", err), os.RemoveAll(to))
	}
	if err := errors.Join(os.Symlink(to, filepath.Join(data, walNext)), syncDir(data)); err != nil {
		return err
	}
	if err := errors.Join(os.Rename(from, filepath.Join(data, walBefore)), syncDir(data)); err != nil {
		return err
	}
	return settleLog(data)
}

// settleLog ends a move of the log that was interrupted, or undoes it. A copy that the log itself still stands beside may be older than that, since
// a server may have run meanwhile; without the log no server can have run.
func settleLog(data string) error {
	log, next, before := filepath.Join(data, walDir), filepath.Join(data, walNext), filepath.Join(data, walBefore)
	switch {
	case exists(log):
		if err := removeFiles(data, walNext); err != nil {
			return err
		}
	case exists(next):
		if _, err := os.Stat(next); errors.Is(err, fs.ErrNotExist) && exists(before) { // the volume of the copy was lost meanwhile
			return errors.Join(os.Rename(before, log), os.Remove(next), syncDir(data))
		}
		if err := errors.Join(os.Rename(next, log), syncDir(data)); err != nil {
			return err
		}
	case exists(before):
		return errors.Join(os.Rename(before, log), syncDir(data))
	}
	if !exists(before) {
		return nil
	}
	if _, err := os.Stat(log); errors.Is(err, fs.ErrNotExist) {
		return nil // the copy is lost, and some of this may have been removed already
	} else if err != nil {
		return fmt.Errorf("end the move of the log: %v", err)
	}
	return errors.Join(os.RemoveAll(before), syncDir(data))
}

// copyTree copies folders and files into an empty folder, and returns when all is on disk.
func copyTree(ctx context.Context, from, to string) error {
	err := filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil || path == from {
			return err
		}
		relative, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, relative)
		switch {
		case entry.IsDir():
			return os.Mkdir(target, 0o700)
		case entry.Type().IsRegular():
			return copyFile(path, target)
		}
		return fmt.Errorf("%s is neither a file nor a folder", path)
	})
	if err != nil {
		return err
	}
	return filepath.WalkDir(to, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		return syncDir(path)
	})
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = out.ReadFrom(in)
	err = errors.Join(err, out.Sync(), out.Close())
	if err == nil {
		err = os.Chtimes(to, info.ModTime(), info.ModTime()) // how long a segment has been waiting for the archive
	}
	return err
}
