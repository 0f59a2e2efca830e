package agent

import (
	"crypto/sha256"
	"encoding/json"
	"time"

	"github.com/onggi-db/onggi/sidecars/config"
	"github.com/onggi-db/onggi/sidecars/postgres"
	"github.com/onggi-db/onggi/sidecars/provision"
)

const (
	// retryFirst and retryLast bound the time between two tries while something fails; it doubles.
	retryFirst = 5 * time.Second
	retryLast  = 5 * time.Minute
	// provisionEvery is how often a server that was as wanted is looked at again: people change things by hand.
	provisionEvery = 10 * time.Minute
)

// mark tells inputs apart.
type mark [sha256.Size]byte

// rounds says when the server is to be made as wanted: when this member became the primary, when what is wanted changed, and again after a
// while. Its zero value has done nothing.
type rounds struct {
	led    bool
	looked time.Time
	inputs mark
	next   time.Time
	pause  time.Duration

	rotating mark // the replicator's new password
	since    time.Time
}

// look tells whether files are to be read: seldom, and at once by a new primary.
func (r *rounds) look(now time.Time, leads bool) bool {
	if !leads {
		r.led = false
	}
	if leads && !r.led || now.Sub(r.looked) >= secretsEvery || leads && !now.Before(r.next) {
		r.looked = now
		return true
	}
	return false
}

// due tells whether it is time for a round.
func (r *rounds) due(now time.Time, inputs mark) bool {
	return !r.led || inputs != r.inputs || !now.Before(r.next)
}

// done sets when the next round is due. soon is how soon it is at the latest; 0 does not say.
func (r *rounds) done(now time.Time, inputs mark, failed bool, soon time.Duration) {
	wait := provisionEvery
	switch {
	case !failed:
		r.pause = 0
	case r.pause == 0 || inputs != r.inputs || !r.led:
		r.pause = retryFirst
	default:
		r.pause = min(2*r.pause, retryLast)
	}
	if failed {
		wait = r.pause
	}
	if soon > 0 {
		wait = min(wait, soon)
	}
	r.led, r.inputs, r.next = true, inputs, now.Add(wait)
}

// rotates is since when this password has been known to be the replicator's next.
func (r *rounds) rotates(password string, now time.Time) time.Time {
	if sum := mark(sha256.Sum256([]byte(password))); sum != r.rotating {
		r.rotating, r.since = sum, now
	}
	return r.since
}

// inputs are what the file and the Secrets want of the server.
type inputs struct {
	file       *config.Provision
	passwords  map[string]provision.Password // by file
	superuser  provision.Password
	replicator provision.Password
	waits      bool // databases are copied from elsewhere first
}

// inputsOf reads the files with passwords.
func inputsOf(f config.File) inputs {
	in := inputs{file: f.Provision, passwords: map[string]provision.Password{}, superuser: provision.Password{None: true}}
	if file := f.Postgres.SuperuserPasswordFile; file != "" {
		in.superuser = readPassword(file)
	}
	if file := f.Postgres.ReplicationPasswordFile; file != "" {
		in.replicator = readPassword(file)
	}
	if f.Provision != nil {
		for _, r := range f.Provision.Roles {
			if r.PasswordFile != "" && !r.Absent {
				in.passwords[r.PasswordFile] = readPassword(r.PasswordFile)
			}
		}
	}
	return in
}

func readPassword(file string) provision.Password {
	text, err := postgres.ReadPassword(file)
	return provision.Password{Text: text, Err: err}
}

// mark is the same for the same wishes and passwords.
func (in inputs) mark() mark {
	all := map[string]any{"file": in.file, "superuser": in.superuser.Text, "replicator": in.replicator.Text, "waits": in.waits}
	for file, password := range in.passwords {
		all["of "+file] = password.Text
	}
	text, _ := json.Marshal(all) // strings and numbers can be encoded
	return sha256.Sum256(text)
}

// wantedOf is what the server is to have, but for the replicator.
func wantedOf(f config.File, in inputs) provision.Wanted {
	w := provision.Wanted{Roles: []provision.Role{
		{Role: config.Role{Name: postgres.Superuser, Login: true, Superuser: true, Loose: true}, Password: in.superuser},
	}}
	if f.Postgres.Monitor {
		w.Roles = append(w.Roles, provision.Role{Role: config.Role{Name: postgres.Monitor, Login: true, InRoles: []string{"pg_monitor"}},
			Password: provision.Password{None: true}})
	}
	if f.Provision == nil {
		return w
	}
	for _, r := range f.Provision.Roles {
		w.Roles = append(w.Roles, provision.Role{Role: r, Password: in.passwords[r.PasswordFile]})
	}
	if !in.waits {
		w.Databases, w.Birth = f.Provision.Databases, f.Provision.SQL
	}
	return w
}
