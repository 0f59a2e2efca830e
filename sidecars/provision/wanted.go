package provision

import (
	"fmt"
	"strings"

	"github.com/onggi-db/onggi/sidecars/config"
)

// Wanted is what there is to be.
type Wanted struct {
	Roles     []Role
	Databases []config.Database
	// Birth is run once, in one transaction, in the first of Databases where that is made.
	Birth []string
}

// Role is a role and its password.
type Role struct {
	config.Role
	Password Password
	// AtBirth are statements that are run once it was made.
	AtBirth []string
}

// Password says what becomes of the password of a role. The zero value leaves it as it is.
type Password struct {
	// Text is the password, or what Postgres stores of one.
	Text string
	// None takes it away: nobody logs in with one.
	None bool
	// Err is why it is not known: the role is seen to but for its password, and this is told.
	Err error
}

// Statement is one SQL statement and what it does in words, which have no secrets.
type Statement struct {
	Does, SQL string
	// secret is a part of SQL that nobody is to read.
	secret string
}

// Failure is what could not be done, and why.
type Failure struct {
	What string
	Err  error
}

func (f Failure) String() string { return f.What + ": " + f.Err.Error() }

// Result is what Apply did.
type Result struct {
	Done   []string // what the statements did that were run
	Failed []Failure
}

// stored tells that a password is what Postgres stores of one.
func stored(text string) bool {
	return strings.HasPrefix(text, "SCRAM-SHA-256$") && strings.Count(text, "$") == 2
}

func quoted(kind, name string) string { return fmt.Sprintf("%s %q", kind, name) }
