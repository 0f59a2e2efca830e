package agent

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/onggi-db/onggi/sidecars/postgres"
)

// Original is a running server that a new cluster begins as a copy of, and does not follow afterwards.
type Original struct {
	Upstream postgres.Upstream
	// PasswordFile holds the password of Upstream's user; empty where a certificate is enough.
	PasswordFile string
}

func (o *Original) String() string { return fmt.Sprintf("%s:%d", o.Upstream.Host, o.Upstream.Port) }

// copyFrom is one try to make the data of a new cluster: a base backup with the log that it needs, beside the place of the data, recovered there on a
// timeline of its own by a server that nobody reaches, and put in its place when it is whole.
func (d *Database) copyFrom(ctx context.Context, r *Recovery, f Facts) error {
	o := r.Copy
	if o.PasswordFile != "" {
		if err := postgres.WriteOutsidePassfile(o.Upstream.Passfile, o.Upstream.User, o.PasswordFile); err != nil {
			return err
		}
		defer os.Remove(o.Upstream.Passfile) // nothing needs it afterwards
	}
	if err := d.Postgres.Copyable(ctx, o.Upstream); err != nil {
		return fmt.Errorf("copy %s: %w", o, err)
	}
	options := postgres.RestoreOptions{
		Fetch: func(ctx context.Context, into string) error { return d.Postgres.Copy(ctx, o.Upstream, into) },
		// What it needs of the log came with it, so there is nowhere to ask for more.
		Command: func(string) string { return "false" },
		Init:    d.InitDB, Socket: r.Socket,
	}
	err := d.restored(ctx, r, f, options)
	var failed *postgres.ToolError
	if errors.As(err, &failed) {
		return fmt.Errorf("copy %s: %w", o, err)
	}
	return err
}
