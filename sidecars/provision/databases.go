package provision

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/onggi-db/onggi/sidecars/config"
)

// FoundDatabase is a database as the catalogs tell of it.
type FoundDatabase struct {
	Name     string `json:"name"`
	Owner    string `json:"owner"`
	Encoding string `json:"encoding"`
	Collate  string `json:"collate"`
	Limit    int    `json:"limit"`
	Wanted   string `json:"wanted"` // the wanted encoding as the server spells it; empty for none it knows
}

// Databases are the statements that make databases as wanted, but for what stands in them. A database that is named in later is made by
// other means, and what is to be said of it then comes after.
func Databases(wanted []config.Database, found map[string]FoundDatabase, later string) ([]Statement, []Failure) {
	var statements []Statement
	var failed []Failure
	for _, w := range wanted {
		is, there := found[w.Name]
		if !there {
			if w.Name != later {
				statements = append(statements, create(w, w.Name))
			}
			continue
		}
		failed = append(failed, fixed(w, is)...)
		if w.Owner != "" && w.Owner != is.Owner {
			statements = append(statements, Statement{Does: fmt.Sprintf("give %s to %s", quoted("database", w.Name), quoted("role", w.Owner)),
				SQL: "ALTER DATABASE " + name(w.Name) + " OWNER TO " + name(w.Owner)})
		}
		if w.ConnectionLimit != nil && *w.ConnectionLimit != is.Limit {
			n := strconv.Itoa(*w.ConnectionLimit)
			statements = append(statements, Statement{Does: fmt.Sprintf("alter %s: connection limit %s", quoted("database", w.Name), n),
				SQL: "ALTER DATABASE " + name(w.Name) + " CONNECTION LIMIT " + n})
		}
	}
	return statements, failed
}

// create makes a database under a name.
func create(w config.Database, as string) Statement {
	words := []string{"CREATE DATABASE", name(as)}
	if w.Owner != "" {
		words = append(words, "OWNER "+name(w.Owner))
	}
	if w.Encoding != "" || w.Locale != "" {
		words = append(words, "TEMPLATE template0") // any other may have rows of its own encoding and order
	}
	if w.Encoding != "" {
		words = append(words, "ENCODING "+literal(w.Encoding))
	}
	if w.Locale != "" {
		words = append(words, "LOCALE "+literal(w.Locale))
	}
	if w.ConnectionLimit != nil {
		words = append(words, "CONNECTION LIMIT "+strconv.Itoa(*w.ConnectionLimit))
	}
	return Statement{Does: "create " + quoted("database", w.Name), SQL: strings.Join(words, " ")}
}

// fixed tells what was chosen otherwise when the database was made.
func fixed(w config.Database, is FoundDatabase) []Failure {
	var failed []Failure
	never := func(what, has, wanted string) {
		failed = append(failed, Failure{"change " + quoted("database", w.Name),
			errors.New("it has the " + what + " " + has + " and not " + wanted + ", which can be chosen only when it is made: dump it, drop it, and restore the dump")})
	}
	if w.Encoding != "" && is.Wanted != is.Encoding {
		never("encoding", is.Encoding, w.Encoding)
	}
	if w.Locale != "" && plain(w.Locale) != plain(is.Collate) {
		never("locale", is.Collate, w.Locale)
	}
	return failed
}

// plain is the name of a locale without what libraries spell as they like: en_US.UTF-8 is en_US.utf8.
func plain(locale string) string {
	return strings.ToLower(strings.ReplaceAll(locale, "-", ""))
}

// Contents is what stands in a database.
type Contents struct {
	Schemas    map[string]string         `json:"schemas"` // to their owners
	Extensions map[string]FoundExtension `json:"extensions"`
	// Fixed is, for an extension that can stand only in one schema, which.
	Fixed map[string]string `json:"fixed"`
}

// FoundExtension is an extension that is installed.
type FoundExtension struct {
	Version string `json:"version"`
	Schema  string `json:"schema"`
}

// In are the statements that make what stands in a database as wanted. They are run there.
func In(w config.Database, found Contents) []Statement {
	var statements []Statement
	add := func(sql, format string, args ...any) {
		statements = append(statements, Statement{Does: fmt.Sprintf(format, args...) + " in " + quoted("database", w.Name), SQL: sql})
	}
	for _, s := range w.Schemas {
		owner, there := found.Schemas[s.Name]
		switch {
		case !there && s.Owner == "":
			add("CREATE SCHEMA "+name(s.Name), "create schema %q", s.Name)
		case !there:
			add("CREATE SCHEMA "+name(s.Name)+" AUTHORIZATION "+name(s.Owner), "create schema %q", s.Name)
		case s.Owner != "" && s.Owner != owner:
			add("ALTER SCHEMA "+name(s.Name)+" OWNER TO "+name(s.Owner), "give schema %q to role %q", s.Name, s.Owner)
		}
	}
	for _, e := range w.Extensions {
		is, there := found.Extensions[e.Name]
		if !there {
			add(install(e, found.Fixed[e.Name]), "create extension %q", e.Name)
			continue
		}
		if e.Schema != "" && e.Schema != is.Schema {
			add("ALTER EXTENSION "+name(e.Name)+" SET SCHEMA "+name(e.Schema), "move extension %q to schema %q", e.Name, e.Schema)
		}
		if e.Version != "" && e.Version != is.Version {
			add("ALTER EXTENSION "+name(e.Name)+" UPDATE TO "+literal(e.Version), "update extension %q from %s to %s", e.Name, is.Version, e.Version)
		}
	}
	return statements
}

// install names a schema always: the session's is pg_catalog.
func install(e config.Extension, only string) string {
	sql := "CREATE EXTENSION " + name(e.Name)
	switch {
	case e.Schema != "":
		sql += " SCHEMA " + name(e.Schema)
	case only == "":
		sql += " SCHEMA public"
	}
	if e.Version != "" {
		sql += " VERSION " + literal(e.Version)
	}
	return sql
}
