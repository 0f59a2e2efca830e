package dump

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// ManifestFile is the name of a manifest.
const ManifestFile = "dump.json"

// GlobalsFile is the name of the file of roles and tablespaces.
const GlobalsFile = "globals.sql"

// format is that of the manifests that this release writes, and the newest that it reads.
const format = 1

// Manifest is what a dump holds. It is stored last, so that a dump that has one is whole.
type Manifest struct {
	Format  int       `json:"format"`
	Cluster string    `json:"cluster"`
	Name    string    `json:"name"` // of the series
	ID      string    `json:"id"`
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended"`
	// Server is the version of PostgreSQL, System the identifier of the database system.
	Server string `json:"server"`
	System string `json:"system"`
	Files  []File `json:"files"`
}

// File is one file of a dump.
type File struct {
	Name string `json:"name"`
	// Database is empty for the globals.
	Database string `json:"database,omitempty"`
	Bytes    int64  `json:"bytes"`
	SHA256   string `json:"sha256"` // of what was sent to the store, before the store's encryption
	// Entries are the objects in the table of contents of a database's dump.
	Entries int `json:"entries,omitempty"`
	// Standby tells that it was made on one.
	Standby bool `json:"standby,omitempty"`
	// LSN and Snapshot are a position of the log and a moment: everything that was committed up to there is in it.
	LSN      string    `json:"lsn,omitempty"`
	Snapshot time.Time `json:"snapshot,omitzero"`
}

// Encode writes the manifest as JSON.
func (m Manifest) Encode() []byte {
	m.Format = format
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		panic("a struct of strings, numbers and times can be written: " + err.Error())
	}
	return append(text, '\n')
}

// DecodeManifest reads one. One that a newer release wrote in another form is an error, as is one that names no file.
func DecodeManifest(text []byte) (Manifest, error) {
	var m Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return Manifest{}, fmt.Errorf("read the manifest: %w", err)
	}
	if m.Format != format {
		return Manifest{}, fmt.Errorf("read the manifest: it has the format %d, and this release knows %d", m.Format, format)
	}
	if _, ok := Moment(m.ID); !ok || len(m.Files) == 0 {
		return Manifest{}, errors.New("read the manifest: it has no id or no files")
	}
	for _, f := range m.Files {
		if !plain(f.Name) || f.Name == ManifestFile {
			return Manifest{}, fmt.Errorf("read the manifest: %q is no file of a dump", f.Name)
		}
	}
	return m, nil
}

// Bytes are those of all files.
func (m Manifest) Bytes() int64 {
	var n int64
	for _, f := range m.Files {
		n += f.Bytes
	}
	return n
}

// Of is the file of a database; of the globals, where the name is empty.
func (m Manifest) Of(database string) (File, bool) {
	for _, f := range m.Files {
		if f.Database == database {
			return f, true
		}
	}
	return File{}, false
}

// Databases are the names of those that were dumped, in the order of the files.
func (m Manifest) Databases() []string {
	var names []string
	for _, f := range m.Files {
		if f.Database != "" {
			names = append(names, f.Database)
		}
	}
	return names
}

const idLayout = "20060102T150405Z"

// ID is what a dump that begins now is called. They sort as their moments do.
func ID(now time.Time) string { return now.UTC().Format(idLayout) }

// Moment is when a dump of this ID began; ok is false for what is no ID.
func Moment(id string) (t time.Time, ok bool) {
	t, err := time.Parse(idLayout, id)
	return t, err == nil && t.Format(idLayout) == id
}

// Root is the folder of a cluster's dumps in the repository.
func Root(stanza string) string { return "dumps/" + stanza }

// FileName is the name of a database's file: any name that Postgres has becomes one that every store takes, and no two the same.
func FileName(database string) string {
	var b strings.Builder
	for _, c := range []byte(database) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '-':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "~%02x", c)
		}
	}
	return b.String() + ".dump"
}

// plain tells a name that is one part of a path.
func plain(name string) bool {
	return name != "" && name != "." && name != ".." && !strings.ContainsAny(name, "/\\\x00\n\r")
}
