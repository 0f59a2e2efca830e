package config

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"time"
)

// Provision is what the primary keeps in the server: roles, databases, and what stands in these. What is not named here is left alone.
type Provision struct {
	Roles     []Role     `json:"roles,omitempty"`
	Databases []Database `json:"databases,omitempty"`
	// SQL is run once, by the superuser and in one transaction, in the first of the databases before anybody can connect to it by its name.
	// A database that is there already has had its own.
	SQL []string `json:"sql,omitempty"`
}

// Role is a role, and all of its attributes and groups: what it has beyond these is taken from it.
type Role struct {
	Name        string `json:"name"`
	Login       bool   `json:"login,omitempty"`
	Superuser   bool   `json:"superuser,omitempty"`
	CreateDB    bool   `json:"createdb,omitempty"`
	CreateRole  bool   `json:"createrole,omitempty"`
	Replication bool   `json:"replication,omitempty"`
	BypassRLS   bool   `json:"bypassrls,omitempty"`
	NoInherit   bool   `json:"noinherit,omitempty"`
	// InRoles are the groups it is in.
	InRoles []string `json:"inRoles,omitempty"`
	// ConnectionLimit is how many sessions it may have; nil or -1 is no limit.
	ConnectionLimit *int `json:"connectionLimit,omitempty"`
	// ValidUntil is when its password stops working (RFC 3339); empty: never.
	ValidUntil string `json:"validUntil,omitempty"`
	// PasswordFile holds its password, or what Postgres stores of one (SCRAM-SHA-256$…). It is followed when it changes. Empty: the
	// password is left as it is.
	PasswordFile string `json:"passwordFile,omitempty"`
	// Comment on it; empty: left as it is.
	Comment string `json:"comment,omitempty"`
	// Loose is for a role that is only to be there, with its password: attributes and groups count when it is made.
	Loose bool `json:"loose,omitempty"`
	// Absent drops it. It must not own anything.
	Absent bool `json:"absent,omitempty"`
}

// Database is a database and what stands in it.
type Database struct {
	Name  string `json:"name"`
	Owner string `json:"owner,omitempty"` // empty: as it is
	// Encoding and Locale count when it is made, and can never be changed; empty: the server's.
	Encoding string `json:"encoding,omitempty"`
	Locale   string `json:"locale,omitempty"`
	// ConnectionLimit is how many sessions may be open; nil: as it is; -1: no limit.
	ConnectionLimit *int `json:"connectionLimit,omitempty"`
	// Schemas are made before extensions, which may be installed into them.
	Schemas    []Schema    `json:"schemas,omitempty"`
	Extensions []Extension `json:"extensions,omitempty"`
}

// Schema is a schema of a database.
type Schema struct {
	Name  string `json:"name"`
	Owner string `json:"owner,omitempty"` // empty: as it is
}

// Extension is an extension of a database.
type Extension struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"` // empty: the image's default when it is made, and then as it is
	Schema  string `json:"schema,omitempty"`  // empty: the one that it has to be in, or public
}

// maxName is how many bytes of a name Postgres keeps.
const maxName = 63

// BirthDatabase is where SQL runs, until the first database gets its name.
const BirthDatabase = "onggi_birth"

func (p *Provision) validate() []error {
	if p == nil {
		return nil
	}
	var wrong []error
	bad := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf("provision."+format, args...)) }
	name := func(at, name string) {
		if name == "" || len(name) > maxName || strings.ContainsRune(name, 0) {
			bad("%s: the name %q is not one of 1 to %d bytes without NUL", at, name, maxName)
		}
	}
	seen := map[string]bool{}
	for i, r := range p.Roles {
		at := fmt.Sprintf("roles[%d]", i)
		name(at, r.Name)
		if seen[r.Name] {
			bad("%s: the role %q is there twice", at, r.Name)
		}
		seen[r.Name] = true
		wrong = append(wrong, r.validate(at)...)
	}
	seen = map[string]bool{}
	for i, d := range p.Databases {
		at := fmt.Sprintf("databases[%d]", i)
		name(at, d.Name)
		if seen[d.Name] {
			bad("%s: the database %q is there twice", at, d.Name)
		}
		seen[d.Name] = true
		if d.Name == "template0" || d.Name == BirthDatabase || d.Name == ImportName {
			bad("%s: the database %q is not for use", at, d.Name)
		}
		for j, s := range d.Schemas {
			name(fmt.Sprintf("%s.schemas[%d]", at, j), s.Name)
		}
		for j, e := range d.Extensions {
			name(fmt.Sprintf("%s.extensions[%d]", at, j), e.Name)
		}
	}
	if len(p.SQL) > 0 && len(p.Databases) == 0 {
		wrong = append(wrong, errors.New("provision.sql has no database to run in"))
	}
	return wrong
}

// Reserved tells that a role is the server's or the agent's.
func Reserved(role string) bool {
	return role == "postgres" || strings.HasPrefix(role, "pg_") || strings.HasPrefix(role, "onggi_")
}

func (r Role) validate(at string) []error {
	var wrong []error
	bad := func(format string, args ...any) {
		wrong = append(wrong, fmt.Errorf("provision."+at+": "+format, args...))
	}
	if Reserved(r.Name) {
		bad("the role %q is the server's or the agent's", r.Name)
	}
	if _, err := time.Parse(time.RFC3339, r.ValidUntil); r.ValidUntil != "" && err != nil {
		bad("validUntil %q is not RFC 3339", r.ValidUntil)
	}
	if r.PasswordFile != "" && !path.IsAbs(r.PasswordFile) {
		bad("passwordFile %q is not absolute", r.PasswordFile)
	}
	if r.ConnectionLimit != nil && *r.ConnectionLimit < -1 {
		bad("connectionLimit is %d: -1 is no limit", *r.ConnectionLimit)
	}
	return wrong
}

// InitDB is what a database system keeps from its birth. It is read by a cluster that has no data yet.
type InitDB struct {
	Encoding       string `json:"encoding,omitempty"`       // default UTF8
	Locale         string `json:"locale,omitempty"`         // default C.UTF-8
	LocaleProvider string `json:"localeProvider,omitempty"` // libc, icu (from 15 on) or builtin (17)
	ICULocale      string `json:"icuLocale,omitempty"`
	BuiltinLocale  string `json:"builtinLocale,omitempty"`
	WALSegmentMB   int    `json:"walSegmentMB,omitempty"` // default 16
	// NoChecksums leaves pages without checksums.
	NoChecksums bool `json:"noChecksums,omitempty"`
}

func (i InitDB) validate() []error {
	var wrong []error
	for _, one := range []struct{ field, value string }{
		{"encoding", i.Encoding}, {"locale", i.Locale}, {"localeProvider", i.LocaleProvider}, {"icuLocale", i.ICULocale}, {"builtinLocale", i.BuiltinLocale},
	} {
		if strings.HasPrefix(one.value, "-") || strings.ContainsAny(one.value, "\x00\n\r") {
			wrong = append(wrong, fmt.Errorf("postgres.initdb.%s is %q: it is an argument of initdb", one.field, one.value))
		}
	}
	if n := i.WALSegmentMB; n < 0 || n > 1024 || n&(n-1) != 0 {
		wrong = append(wrong, fmt.Errorf("postgres.initdb.walSegmentMB is %d: a power of two up to 1024", n))
	}
	return wrong
}
