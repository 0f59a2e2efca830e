package config

import (
	"cmp"
	"fmt"
	"slices"
)

// Import is what a new cluster takes out of a running server by pg_dump, once. It is read by a cluster that was born with it; what was copied is not
// followed.
type Import struct {
	Server Outside `json:"server"`
	// Database is where the lists of databases and roles are read; default postgres.
	Database string `json:"database,omitempty"`
	// Databases to copy, each under its own name here unless As says another; "*" alone is all of them.
	Databases []ImportDatabase `json:"databases"`
	// Roles to copy, without what makes a superuser of one; "*" alone is all of them. Roles that are here already stay as they are.
	Roles []string `json:"roles,omitempty"`
	// SchemaOnly leaves the rows behind.
	SchemaOnly bool `json:"schemaOnly,omitempty"`
}

// ImportDatabase is one database.
type ImportDatabase struct {
	Name string `json:"name"`
	// As is its name here.
	As string `json:"as,omitempty"`
	// Owner is whom everything in it is to belong to, and then no right is copied; empty: whom it belongs to there.
	Owner string `json:"owner,omitempty"`
}

// ImportName is what a database is called until it is whole, and the role that makes what is in it.
const ImportName = "onggi_import"

func (i *Import) defaults() *Import {
	if i == nil {
		return nil
	}
	c := *i
	c.Server.User = cmp.Or(c.Server.User, "postgres")
	c.Server = *c.Server.defaults()
	c.Database = cmp.Or(c.Database, "postgres")
	c.Databases = slices.Clone(c.Databases)
	for n, d := range c.Databases {
		c.Databases[n].As = cmp.Or(d.As, d.Name)
	}
	return &c
}

func (i *Import) validate() []error {
	if i == nil {
		return nil
	}
	wrong := i.Server.validate("import.server")
	if len(i.Databases) == 0 {
		wrong = append(wrong, fmt.Errorf("import.databases is empty: name them, or write *"))
	}
	seen := map[string]bool{}
	for n, d := range i.Databases {
		at := fmt.Sprintf("import.databases[%d]", n)
		switch {
		case d.Name == "*" && (len(i.Databases) > 1 || d.As != "*" || d.Owner != ""):
			wrong = append(wrong, fmt.Errorf(`%s: "*" stands alone`, at))
		case d.Name == "" || len(d.Name) > maxName || len(d.As) > maxName:
			wrong = append(wrong, fmt.Errorf("%s: %q is no name of 1 to %d bytes", at, d.Name, maxName))
		case slices.Contains([]string{"postgres", "template0", "template1", BirthDatabase, ImportName}, d.As):
			wrong = append(wrong, fmt.Errorf("%s: %s is the server's, or not for use", at, d.As))
		case seen[d.As]:
			wrong = append(wrong, fmt.Errorf("%s: %s is there twice", at, d.As))
		}
		seen[d.As] = true
	}
	return wrong
}
