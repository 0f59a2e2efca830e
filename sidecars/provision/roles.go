package provision

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/onggi-db/onggi/sidecars/postgres"
)

// FoundRole is a role as the catalogs tell of it.
type FoundRole struct {
	Name        string  `json:"name"`
	Login       bool    `json:"login"`
	Superuser   bool    `json:"superuser"`
	CreateDB    bool    `json:"createdb"`
	CreateRole  bool    `json:"createrole"`
	Replication bool    `json:"replication"`
	BypassRLS   bool    `json:"bypassrls"`
	Inherit     bool    `json:"inherit"`
	Limit       int     `json:"limit"`
	Until       *int64  `json:"until"` // microseconds of the epoch; nil for never
	Stored      string  `json:"stored"`
	Comment     string  `json:"comment"`
	Groups      []Group `json:"groups"`
}

// Group is a role that another is in, and who put it there: a role can be in a group more than once, by several.
type Group struct {
	Name    string `json:"name"`
	Grantor string `json:"grantor"`
}

// Roles are the statements that make roles and their groups as wanted: but those that are to be absent, for which see Drops. verifier makes
// what Postgres stores of a password.
func Roles(wanted []Role, found map[string]FoundRole, verifier func(string) (string, error)) ([]Statement, []Failure) {
	var statements, grants []Statement
	var failed []Failure
	for _, w := range wanted {
		if w.Absent {
			continue
		}
		is, there := found[w.Name]
		password, err := w.Password.clause(is.Stored, there, verifier)
		if err != nil {
			failed = append(failed, Failure{"set the password of " + quoted("role", w.Name), err})
		}
		if there {
			statements = append(statements, w.alter(is, password)...)
		} else {
			statements = append(statements, w.create(password)...)
		}
		if !there || !w.Loose {
			grants = append(grants, w.groups(is)...)
		}
		if w.Comment != "" && w.Comment != is.Comment && (!there || !w.Loose) {
			statements = append(statements, Statement{Does: "comment on " + quoted("role", w.Name),
				SQL: "COMMENT ON ROLE " + name(w.Name) + " IS " + literal(w.Comment)})
		}
	}
	return append(statements, grants...), failed
}

// Drops are the statements that drop the roles that are to be absent.
func Drops(wanted []Role, found map[string]FoundRole) []Statement {
	var statements []Statement
	for _, w := range wanted {
		if _, there := found[w.Name]; there && w.Absent {
			statements = append(statements, Statement{Does: "drop " + quoted("role", w.Name), SQL: "DROP ROLE " + name(w.Name)})
		}
	}
	return statements
}

// password is a clause of CREATE ROLE and ALTER ROLE. The zero value says nothing of the password.
type password struct{ clause, secret string }

func (p Password) clause(is string, there bool, verifier func(string) (string, error)) (password, error) {
	switch {
	case p.Err != nil:
		return password{}, p.Err
	case p.None && is != "":
		return password{clause: "PASSWORD NULL"}, nil
	case p.Text == "", there && (is == p.Text && stored(is) || postgres.Verifies(is, p.Text)):
		return password{}, nil
	}
	secret := p.Text
	if !stored(secret) {
		var err error
		if secret, err = verifier(p.Text); err != nil {
			return password{}, err
		}
	}
	return password{"PASSWORD " + literal(secret), secret}, nil
}

func (w Role) create(p password) []Statement {
	words := []string{"CREATE ROLE", name(w.Name)}
	for _, a := range w.attributes() {
		words = append(words, a.clause())
	}
	if w.limit() != -1 {
		words = append(words, "CONNECTION LIMIT "+strconv.Itoa(w.limit()))
	}
	if w.ValidUntil != "" {
		words = append(words, "VALID UNTIL "+literal(w.ValidUntil))
	}
	if p.clause != "" {
		words = append(words, p.clause)
	}
	statements := []Statement{{Does: "create " + quoted("role", w.Name), SQL: strings.Join(words, " "), secret: p.secret}}
	for _, sql := range w.AtBirth {
		statements = append(statements, Statement{Does: "give " + quoted("role", w.Name) + " what it needs", SQL: sql})
	}
	return statements
}

// alter is one statement, and one more for the password: its failure would hold up the other.
func (w Role) alter(is FoundRole, p password) []Statement {
	var statements []Statement
	var words, what []string
	if !w.Loose {
		have := is.attributes()
		for i, a := range w.attributes() {
			if a.on != have[i].on {
				words, what = append(words, a.clause()), append(what, strings.ToLower(a.clause()))
			}
		}
		if w.limit() != is.Limit {
			words, what = append(words, "CONNECTION LIMIT "+strconv.Itoa(w.limit())), append(what, "connection limit "+strconv.Itoa(w.limit()))
		}
		if until, text := w.until(); !same(until, is.Until) {
			words, what = append(words, "VALID UNTIL "+literal(text)), append(what, "valid until "+text)
		}
	}
	if words != nil {
		statements = append(statements, Statement{Does: "alter " + quoted("role", w.Name) + ": " + strings.Join(what, ", "),
			SQL: "ALTER ROLE " + name(w.Name) + " " + strings.Join(words, " ")})
	}
	if p.clause != "" {
		statements = append(statements, Statement{Does: "set the password of " + quoted("role", w.Name),
			SQL: "ALTER ROLE " + name(w.Name) + " " + p.clause, secret: p.secret})
	}
	return statements
}

func (w Role) limit() int {
	if w.ConnectionLimit == nil {
		return -1
	}
	return *w.ConnectionLimit
}

// until is when the password ends; nil is never.
func (w Role) until() (*int64, string) {
	at, err := time.Parse(time.RFC3339, w.ValidUntil)
	if err != nil { // it is empty: the file was checked
		return nil, "infinity"
	}
	micro := at.UnixMicro()
	return &micro, w.ValidUntil
}

func same(a, b *int64) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }

// attribute is a word of CREATE ROLE, with NO before it where it is off.
type attribute struct {
	word string
	on   bool
}

func (a attribute) clause() string {
	if a.on {
		return a.word
	}
	return "NO" + a.word
}

func (w Role) attributes() []attribute {
	return attributes(w.Login, w.Superuser, w.CreateDB, w.CreateRole, w.Replication, w.BypassRLS, !w.NoInherit)
}

func (f FoundRole) attributes() []attribute {
	return attributes(f.Login, f.Superuser, f.CreateDB, f.CreateRole, f.Replication, f.BypassRLS, f.Inherit)
}

func attributes(on ...bool) []attribute {
	var all []attribute
	for i, word := range []string{"LOGIN", "SUPERUSER", "CREATEDB", "CREATEROLE", "REPLICATION", "BYPASSRLS", "INHERIT"} {
		all = append(all, attribute{word, on[i]})
	}
	return all
}

// groups grants what is lacking and revokes what is too much, from whoever granted it.
func (w Role) groups(is FoundRole) []Statement {
	var statements []Statement
	for _, group := range w.InRoles {
		if !slices.ContainsFunc(is.Groups, func(g Group) bool { return g.Name == group }) {
			statements = append(statements, Statement{Does: fmt.Sprintf("grant %s to %s", quoted("role", group), quoted("role", w.Name)),
				SQL: "GRANT " + name(group) + " TO " + name(w.Name)})
		}
	}
	for _, g := range is.Groups {
		if slices.Contains(w.InRoles, g.Name) {
			continue
		}
		sql := "REVOKE " + name(g.Name) + " FROM " + name(w.Name)
		if g.Grantor != "" {
			sql += " GRANTED BY " + name(g.Grantor)
		}
		statements = append(statements, Statement{Does: fmt.Sprintf("revoke %s from %s", quoted("role", g.Name), quoted("role", w.Name)), SQL: sql})
	}
	return statements
}

func name(s string) string    { return postgres.QuoteIdentifier(s) }
func literal(s string) string { return postgres.QuoteLiteral(s) }

// known are the names of the roles.
func known(wanted []Role) []string {
	names := []string{}
	for _, w := range wanted {
		names = append(names, w.Name)
	}
	return names
}
