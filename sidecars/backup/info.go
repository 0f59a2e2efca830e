package backup

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// Info is one stanza as `info --output=json` tells of it. Of several repositories only the first is known here, as only one is configured.
type Info struct {
	Stanza  string
	Code    int    // of its status: see the constants
	Message string // of its status
	Systems []System
	Backups []Backup // the oldest first
}

// What the code of a status means. Others are troubles that say nothing of what is there.
const (
	CodeOK          = 0
	CodeNoPath      = 1 // no stanza path
	CodeNoBackup    = 2 // a stanza without backups
	CodeNoData      = 3 // a stanza path without its files
	CodeMixed       = 4
	CodeMismatch    = 5
	CodeNotFound    = 6
	CodeOtherFailed = 99
)

// System is a database system that the stanza belonged to; the last is the one it belongs to now.
type System struct {
	ID       uint64
	Version  string // 15
	Min, Max string // segments in the archive; "" for none
}

// Backup is one backup. Sizes are bytes.
type Backup struct {
	Label, Type, Prior  string
	Start, Stop         time.Time
	Size, Delta         uint64 // of the database, and what was copied of it
	Stored, StoredDelta uint64 // the same in the repository
	WALStart, WALStop   string
	LSNStart, LSNStop   string
	Error               bool // pages with wrong checksums
}

// told is the JSON of pgBackRest, as far as it is read.
type told struct {
	Name   string `json:"name"`
	Status struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"status"`
	DB []struct {
		ID       int         `json:"id"`
		SystemID json.Number `json:"system-id"`
		Version  string      `json:"version"`
	} `json:"db"`
	Archive []struct {
		Database struct {
			ID int `json:"id"`
		} `json:"database"`
		Min *string `json:"min"`
		Max *string `json:"max"`
	} `json:"archive"`
	Backup []toldBackup `json:"backup"`
}

type toldBackup struct {
	Label   string  `json:"label"`
	Type    string  `json:"type"`
	Prior   *string `json:"prior"`
	Error   bool    `json:"error"`
	Archive struct {
		Start *string `json:"start"`
		Stop  *string `json:"stop"`
	} `json:"archive"`
	LSN struct {
		Start string `json:"start"`
		Stop  string `json:"stop"`
	} `json:"lsn"`
	Info struct {
		Size       uint64 `json:"size"`
		Delta      uint64 `json:"delta"`
		Repository struct {
			Size  *uint64 `json:"size"`
			Delta uint64  `json:"delta"`
		} `json:"repository"`
	} `json:"info"`
	Timestamp struct {
		Start int64 `json:"start"`
		Stop  int64 `json:"stop"`
	} `json:"timestamp"`
}

// ParseInfo reads the whole output: each stanza that was asked for.
func ParseInfo(output []byte) ([]Info, error) {
	var all []told
	decoder := json.NewDecoder(bytes.NewReader(output))
	if err := decoder.Decode(&all); err != nil {
		return nil, fmt.Errorf("read what pgbackrest info says: %w", err)
	}
	infos := make([]Info, 0, len(all))
	for _, t := range all {
		info := Info{Stanza: t.Name, Code: t.Status.Code, Message: t.Status.Message}
		for _, db := range t.DB {
			id, err := strconv.ParseUint(db.SystemID.String(), 10, 64)
			if err != nil {
				return nil, fmt.Errorf("read what pgbackrest info says: system identifier %q", db.SystemID)
			}
			system := System{ID: id, Version: db.Version}
			for _, a := range t.Archive {
				if a.Database.ID == db.ID {
					system.Min, system.Max = text(a.Min), text(a.Max)
				}
			}
			info.Systems = append(info.Systems, system)
		}
		for _, b := range t.Backup {
			info.Backups = append(info.Backups, b.backup())
		}
		infos = append(infos, info)
	}
	return infos, nil
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func (t toldBackup) backup() Backup {
	b := Backup{
		Label: t.Label, Type: t.Type, Prior: text(t.Prior), Start: time.Unix(t.Timestamp.Start, 0).UTC(), Stop: time.Unix(t.Timestamp.Stop, 0).UTC(),
		Size: t.Info.Size, Delta: t.Info.Delta, StoredDelta: t.Info.Repository.Delta, WALStart: text(t.Archive.Start), WALStop: text(t.Archive.Stop),
		LSNStart: t.LSN.Start, LSNStop: t.LSN.Stop, Error: t.Error,
	}
	if t.Info.Repository.Size != nil {
		b.Stored = *t.Info.Repository.Size
	}
	return b
}

// Find finds a stanza. One that was asked for and is not told of has no path.
func Find(infos []Info, stanza string) Info {
	for _, i := range infos {
		if i.Stanza == stanza {
			return i
		}
	}
	return Info{Stanza: stanza, Code: CodeNoPath, Message: "missing stanza path"}
}

// State of a stanza, for one database system.
type State string

// The states. What is not known is not missing.
const (
	OK      State = "ok"
	Missing State = "missing" // may be made
	Foreign State = "foreign" // belongs to another database system
	Unknown State = "unknown"
)

// Judge tells whose a stanza is, and why, for a server with this system identifier.
func Judge(i Info, system uint64) (State, string) {
	var now System
	if len(i.Systems) > 0 {
		now = i.Systems[len(i.Systems)-1]
	}
	switch {
	case system == 0:
		return Unknown, "our own system identifier is not known yet"
	case now.ID != 0 && now.ID != system:
		return Foreign, fmt.Sprintf("stanza %s belongs to the system identifier %d, ours is %d: give this cluster a path or a stanza of its own", i.Stanza, now.ID, system)
	case now.ID == system:
		return OK, ""
	case i.Code == CodeNoPath, i.Code == CodeNoData:
		return Missing, i.Message
	}
	return Unknown, fmt.Sprintf("status %d: %s", i.Code, i.Message)
}

// Restorable tells whether there is a backup to restore; known is false where the status says nothing of that.
func Restorable(i Info) (there, known bool) {
	switch {
	case len(i.Backups) > 0:
		return true, true
	case i.Code == CodeNoPath, i.Code == CodeNoData, i.Code == CodeNoBackup:
		return false, true
	}
	return false, false
}

// Newest is the last backup of a type that ended; "" is any type.
func Newest(backups []Backup, kind Type) (Backup, bool) {
	var newest Backup
	for _, b := range backups {
		if (kind == "" || b.Type == string(kind)) && b.Stop.After(newest.Stop) {
			newest = b
		}
	}
	return newest, newest.Label != ""
}
