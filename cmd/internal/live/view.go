package live

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/onggi-db/onggi/cmd/internal/watch"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec"
)

// The most that one event tells. Nobody reads further, and a broken project file breaks a whole fleet.
const (
	maxProblems = 100
	maxMoves    = 200 // differences of one database
	maxMoved    = 100 // databases and environments
)

// view is a state made ready to be sent: encoded once, whoever looks.
type view struct {
	state watch.State
	// moves are those of the last cycle that moved something, movedSerial its number.
	moves       []watch.Move
	movedSerial int
	head        []byte // an event without the list of databases
	list        []byte // the list of databases
	listSerial  int    // the serial with which the list last changed
}

// event is what readers are told after each cycle.
type event struct {
	Serial int     `json:"serial"`
	Took   float64 `json:"took"` // milliseconds
	// Bad are the databases whose last good output stands, as their specs have problems.
	Bad []string `json:"bad"`
	// Touched are the databases to ask for again.
	Touched []string `json:"touched"`
	// Moved are the first of what moved, by database and environment, MovedMore how many there are beyond; Fields counts all.
	Moved     []moved `json:"moved"`
	MovedMore int     `json:"movedMore"`
	Fields    int     `json:"fields"`
	// MovedIn is the serial of the cycle that moved them.
	MovedIn  int       `json:"movedIn"`
	Problems []problem `json:"problems"`
	// Count is how many problems there are, also those beyond the first hundred.
	Count    int      `json:"count"`
	Failures []string `json:"failures"`
}

// moved counts what moved in one database and environment.
type moved struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Env    string `json:"env"`
	Change string `json:"change"` // of the database as a whole: changed, added or removed
	Fields int    `json:"fields"`
}

type entry struct {
	ID        string   `json:"id"`
	Name      string   `json:"name"`
	Namespace string   `json:"namespace"`
	File      string   `json:"file"`
	Envs      []string `json:"envs"`
}

type problem struct {
	Code     string   `json:"code"`
	At       string   `json:"at"`
	File     string   `json:"file"`
	Path     string   `json:"path"`
	Message  string   `json:"message"`
	Source   string   `json:"source"` // the line with its number
	Caret    string   `json:"caret"`
	Why      string   `json:"why"`
	Fix      string   `json:"fix"`
	Backends []string `json:"backends"`
}

func newView(state watch.State, before *view) *view {
	v := &view{state: state, moves: state.Moved, movedSerial: state.Serial, listSerial: state.Serial}
	if len(state.Moved) == 0 && before != nil {
		v.moves, v.movedSerial = before.moves, before.movedSerial
	}
	e := event{
		Serial: state.Serial, Took: float64(state.Took.Microseconds()) / 1000, MovedIn: v.movedSerial, Count: len(state.Problems),
		Bad: []string{}, Touched: []string{}, Moved: []moved{}, Problems: []problem{}, Failures: []string{},
	}
	if len(v.moves) == 0 {
		e.MovedIn = 0
	}
	entries := make([]entry, len(state.Databases))
	for i, d := range state.Databases {
		entries[i] = entry{d.ID, d.Name, d.Namespace, d.File, d.Envs}
		if !d.Good {
			e.Bad = append(e.Bad, d.ID)
		}
	}
	for _, m := range state.Moved {
		e.Touched = append(e.Touched, m.Database.ID)
	}
	for i, m := range v.moves {
		e.Fields += m.Count
		if i < maxMoved {
			e.Moved = append(e.Moved, moved{m.Database.ID, m.Database.Name, m.Env, word(m.Change), m.Count})
		}
	}
	e.MovedMore = len(v.moves) - len(e.Moved)
	for _, p := range state.Problems[:min(len(state.Problems), maxProblems)] {
		e.Problems = append(e.Problems, newProblem(p))
	}
	for _, err := range state.Failures {
		e.Failures = append(e.Failures, err.Error())
	}
	v.head, v.list = encode(e), encode(entries)
	if before != nil && bytes.Equal(v.list, before.list) {
		v.list, v.listSerial = before.list, before.listSerial
	}
	return v
}

// newProblem has the line and the caret as a terminal is shown them, where tabs and wide characters were thought of.
func newProblem(p spec.Problem) problem {
	out := problem{Code: p.Code, At: p.Pos.String(), File: p.File, Path: p.Path, Message: p.Message, Why: p.Why, Fix: p.Fix, Backends: p.Backends}
	if p.Source == "" {
		return out
	}
	var b strings.Builder
	_ = p.Render(&b, false) // a Builder takes everything
	if lines := strings.SplitN(b.String(), "\n", 4); len(lines) == 4 {
		out.Source, out.Caret = lines[1], lines[2]
	}
	return out
}

func word(c manifest.Change) string {
	switch c {
	case manifest.Added:
		return "added"
	case manifest.Removed:
		return "removed"
	}
	return "changed"
}

func encode(v any) []byte {
	data, err := json.Marshal(v) // escapes <, > and & besides
	if err != nil {
		panic(err) // the types above hold nothing that JSON cannot
	}
	return data
}

// find is a database of the state.
func (v *view) find(id string) (watch.Database, bool) {
	if v != nil {
		for _, d := range v.state.Databases {
			if d.ID == id {
				return d, true
			}
		}
	}
	return watch.Database{}, false
}
