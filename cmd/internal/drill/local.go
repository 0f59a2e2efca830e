package drill

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/onggi-db/onggi/cmd/internal/repository"
	"github.com/onggi-db/onggi/render/drill"
	"github.com/onggi-db/onggi/sidecars/backup"
	"github.com/onggi-db/onggi/sidecars/config"
	pg "github.com/onggi-db/onggi/sidecars/postgres"
)

// Local runs a drill in this very process's pod: pgBackRest restores into the volume, a server that nobody else reaches recovers there, the
// checks ask it, and the folder is removed again. Draw is a random number in [0, 1), for the random point. The run's volume may hold
// what an earlier try left; nothing else is ever touched, and the repository is only read.
func Local(ctx context.Context, cfg *drill.Local, run drill.Run, draw float64, say func(string)) drill.Outcome {
	l := local{cfg: cfg, say: say, data: filepath.Join(cfg.Volume, "pgdata"), socket: filepath.Join(cfg.Run, "socket")}
	l.settings = backup.Settings{
		Repository: cfg.Repository, Stanza: cfg.Stanza, Jobs: 2, Bin: "pgbackrest", Dir: filepath.Join(cfg.Run, "pgbackrest"),
		Data: l.data, Socket: l.socket, Port: localPort, User: "postgres",
	}
	within, cancel := context.WithTimeout(ctx, time.Duration(cfg.Timeout))
	defer cancel()
	out := drill.Outcome{Run: run}
	results, moment, err := l.perform(within, draw)
	out.Checks, out.Recovered, out.Backup = results, moment, l.label
	if removed := os.RemoveAll(l.data); removed != nil {
		err = errors.Join(err, fmt.Errorf("remove what was restored: %w", removed))
	}
	if errors.Is(within.Err(), context.DeadlineExceeded) {
		err = fmt.Errorf("it was not done within %s: %w", cfg.Timeout, errors.Join(context.DeadlineExceeded, err))
	}
	out.Ended = time.Now()
	failed := slices.IndexFunc(results, func(r drill.Result) bool { return !r.Passed })
	switch {
	case err != nil:
		out.Reason = err.Error()
	case failed >= 0:
		out.Reason = "a check failed: " + results[failed].Name
	default:
		out.OK = true
	}
	return out
}

// localPort names the socket; nothing listens on the network.
const localPort = 5432

type local struct {
	cfg          *drill.Local
	settings     backup.Settings
	say          func(string)
	data, socket string
	label        string // of the backup that is restored; "" is the newest
}

func (l *local) perform(ctx context.Context, draw float64) ([]drill.Result, *drill.Moment, error) {
	if err := l.prepare(); err != nil {
		return nil, nil, err
	}
	target, err := l.point(ctx, draw)
	if err != nil {
		return nil, nil, err
	}
	l.say("restores backup " + l.label)
	if _, err := repository.Run(ctx, l.settings.Restore(l.data, target, l.label)); err != nil {
		return nil, nil, err
	}
	if err := os.Chmod(l.data, 0o700); err != nil {
		return nil, nil, fmt.Errorf("restore: %w", err)
	}
	l.say("recovers")
	server, err := l.start(ctx, target)
	if err != nil {
		return nil, nil, err
	}
	defer server.stop()
	return l.check(ctx, server)
}

// prepare makes the folders, and the configuration with the repository's keys, on a volume of memory or the pod's own.
func (l *local) prepare() error {
	for _, dir := range []string{l.data, l.socket, l.settings.Dir} {
		if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o700)); err != nil {
			return fmt.Errorf("make room for the restore: %w", err)
		}
	}
	if err := repository.Prepare(l.settings); err != nil {
		return err
	}
	for name, text := range map[string]string{"pg_hba.conf": "local all all trust\n", "pg_ident.conf": ""} {
		if err := os.WriteFile(filepath.Join(l.socket, name), []byte(text), 0o600); err != nil {
			return fmt.Errorf("make room for the restore: %w", err)
		}
	}
	return nil
}

// point chooses the backup and the end of the recovery.
func (l *local) point(ctx context.Context, draw float64) (config.RecoverTarget, error) {
	text, err := repository.Run(ctx, l.settings.Info())
	if err != nil {
		return config.RecoverTarget{}, err
	}
	infos, err := backup.ParseInfo([]byte(text))
	if err != nil {
		return config.RecoverTarget{}, err
	}
	info := backup.Find(infos, l.cfg.Stanza)
	if len(info.Backups) == 0 {
		return config.RecoverTarget{}, fmt.Errorf("there is no backup of stanza %s to restore: %s", l.cfg.Stanza, info.Message)
	}
	if l.cfg.Point == drill.Newest {
		l.label = info.Backups[len(info.Backups)-1].Label
		return config.RecoverTarget{}, nil
	}
	since := time.Time{}
	if l.cfg.WindowDays > 0 {
		since = time.Now().AddDate(0, 0, -l.cfg.WindowDays)
	}
	var target config.RecoverTarget
	l.label, target.LSN, err = randomPoint(info.Backups, since, draw)
	return target, err
}

// randomPoint is a position of the log between the ends of two backups, and the newest backup before it. A moment would not do: where nobody wrote
// behind it, a recovery never knows that it has come so far. Backups that ended before since count only where none is newer.
func randomPoint(backups []backup.Backup, since time.Time, draw float64) (label, lsn string, err error) {
	first := slices.IndexFunc(backups, func(b backup.Backup) bool { return !b.Stop.Before(since) })
	if first < 0 {
		first = len(backups) - 1
	}
	inside := backups[first:]
	ends := make([]pg.LSN, len(inside))
	for i, b := range inside {
		if ends[i], err = pg.ParseLSN(b.LSNStop); err != nil {
			return "", "", fmt.Errorf("end of backup %s: %w", b.Label, err)
		}
	}
	from, to := ends[0], ends[len(ends)-1]
	if to < from { // another timeline went back
		return inside[len(inside)-1].Label, inside[len(inside)-1].LSNStop, nil
	}
	at := from + pg.LSN(draw*float64(to-from))
	chosen := 0
	for i, end := range ends {
		if end <= at {
			chosen = i
		}
	}
	return inside[chosen].Label, at.String(), nil
}

// check waits for the end of the recovery and asks the checks.
func (l *local) check(ctx context.Context, s *localServer) ([]drill.Result, *drill.Moment, error) {
	cfg := &drill.Config{
		Cluster: l.cfg.Cluster, Checks: l.cfg.Checks, Amcheck: l.cfg.Amcheck,
		Login: drill.Login{Host: l.socket, Port: localPort, SSLMode: "disable"},
	}
	for {
		results, moment, err := Verify(ctx, cfg, "postgres", "none")
		if err == nil || !errors.As(err, &retryable{}) {
			return results, moment, err
		}
		select {
		case <-ctx.Done():
			return nil, nil, err
		case <-s.ended:
			return nil, nil, fmt.Errorf("the restored server ended: %s", s.lastWords())
		case <-time.After(500 * time.Millisecond):
		}
	}
}
