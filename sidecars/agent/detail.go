package agent

import (
	"time"

	"github.com/onggi-db/onggi/sidecars/rest"
)

// Detail is what people and load balancers want to know of postgres and the core does not.
type Detail struct {
	Err           string // of the last look, if it failed
	ServerVersion int
	Started       time.Time
	Replayed      time.Time // commit time of the last transaction replayed
	ReplayPaused  bool
	Archive       bool // replays from the archive
	Standbys      []rest.Walsender
	Pending       []rest.Parameter
	SyncState     map[string]rest.Sync // of the standbys, by name
	Aside         string               // why the settings that people chose are not in force, empty where they are
	Waiting       int                  // commits that wait for standbys
	Sessions      int
	Archiver      *rest.Archive // of a primary that archives; without what the repository knows
	RestartHere   bool          // a restart is pending that has to come to the primary before its standbys, so it cannot be a move
}
