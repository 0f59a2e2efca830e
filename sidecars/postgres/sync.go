package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// Sync is for whom commits wait: for W of the standbys with these application names. The zero value is for nobody.
type Sync struct {
	W        int
	Standbys []string
	// First: for the first W of them that are connected, shop-0 before shop-1, and not for any W.
	First bool
}

// A standby name has at most 63 bytes, of which Postgres would cut off the rest, and no upper case, which it compares without.
var standbyName = regexp.MustCompile(`^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$`)

func checkStandbyName(name string) error {
	if !standbyName.MatchString(name) {
		return fmt.Errorf("%q cannot be the application name of a standby: it has to have 1 to 63 of a-z, 0-9, ., _ and -", name)
	}
	return nil
}

// Names is the value of synchronous_standby_names, the same for the same standbys in any order.
func (y Sync) Names() (string, error) {
	if y.W == 0 {
		return "", nil
	}
	if y.W < 0 || y.W > len(y.Standbys) {
		return "", fmt.Errorf("commits cannot wait for %d of %d standbys", y.W, len(y.Standbys))
	}
	names, method := slices.Clone(y.Standbys), "ANY"
	slices.Sort(names)
	if y.First { // shop-2 before shop-10
		method = "FIRST"
		slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(len(a), len(b)) })
	}
	if len(slices.Compact(slices.Clone(names))) != len(names) {
		return "", fmt.Errorf("a standby is named twice in %q", names)
	}
	for i, name := range names {
		if err := checkStandbyName(name); err != nil {
			return "", err
		}
		names[i] = QuoteIdentifier(name)
	}
	return fmt.Sprintf("%s %d (%s)", method, y.W, strings.Join(names, ",")), nil
}

// SetSync makes commits wait as y says. On a server that runs it is in force for every commit that begins once SetSync has returned,
// and the place returned is the end of the log at that moment: what was acknowledged by an older rule lies before it.
// Whether standbys have come that far under the new rule says Confirmed. The place is 0 on a standby and where the server does not run, which will
// begin with y.
func (s *Server) SetSync(ctx context.Context, y Sync) (LSN, error) {
	names, err := y.Names()
	if err != nil {
		return 0, fmt.Errorf("set the synchronous standbys: %w", err)
	}
	line := "synchronous_standby_names = " + quoteSetting(names) + "\n"
	if _, err := writeFile(filepath.Join(s.Paths.Data, syncFile), []byte(line)); err != nil {
		return 0, fmt.Errorf("set the synchronous standbys: %w", err)
	}
	if err := s.Reload(ctx); err != nil {
		if errors.Is(err, ErrNotRunning) {
			return 0, nil
		}
		return 0, fmt.Errorf("set the synchronous standbys: %w", err)
	}
	var at LSN
	err = s.use(ctx, func(conn *pgconn.PgConn) error {
		// The message moves the end of the log, so that even on an idle server no standby has this place already.
		rows, err := queryOn(ctx, conn, `SELECT current_setting('synchronous_standby_names'),
			CASE WHEN pg_is_in_recovery() THEN '0/0' ELSE pg_logical_emit_message(true, 'onggi', 'sync')::text END`)
		if err != nil {
			return err
		}
		if rows[0][0] != names {
			return fmt.Errorf("postgres has %q instead of %q", rows[0][0], names)
		}
		at, err = ParseLSN(rows[0][1])
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("set the synchronous standbys: %w", err)
	}
	return at, nil
}

// Confirmed says whether the rule that SetSync returned a place for is what standbys are held to: every walsender takes exactly
// those of y for synchronous, and W of them have the log on disk up to the place. It is the moment from which a stricter rule may be told to others.
func (y Sync) Confirmed(status Status, at LSN) bool {
	names, err := y.Names()
	if err != nil || status.InRecovery || status.SyncNames != names {
		return false
	}
	reached := map[string]bool{}
	for _, standby := range status.Standbys {
		wanted := y.W > 0 && slices.Contains(y.Standbys, standby.Name)
		if standby.State == "backup" {
			continue // pg_basebackup; no commit waits for it
		}
		if (standby.SyncPriority > 0) != wanted {
			return false
		}
		if wanted && standby.Flush >= at {
			reached[standby.Name] = true
		}
	}
	return len(reached) >= y.W
}
