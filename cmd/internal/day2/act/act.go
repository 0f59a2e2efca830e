package act

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/onggi-db/onggi/cmd/internal/day2/status"
)

// Verb is what is wanted.
type Verb string

// The verbs that change something.
const (
	Switchover Verb = "switchover"
	Failover   Verb = "failover"
	Restart    Verb = "restart"
	Reinit     Verb = "reinit"
	Pause      Verb = "pause"
	Resume     Verb = "resume"
	Fence      Verb = "fence"
	Unfence    Verb = "unfence"
	Backup     Verb = "backup now"
	Restore    Verb = "restore"
)

// Verbs are all of them.
func Verbs() []Verb {
	return []Verb{Switchover, Failover, Restart, Reinit, Pause, Resume, Fence, Unfence, Backup, Restore}
}

// Request is one thing to do. Fields that its verb has no use for are zero.
type Request struct {
	Verb    Verb
	Member  string // whom it is about; of switchover: who is to be the primary, "" for whoever is best
	At      string // of switchover: when, RFC 3339, "" is now; of restore: to which moment
	Cancel  bool   // of switchover: forget the one that is scheduled
	Pending bool   // of restart: only members that wait for one
	Type    string // of a backup: full, diff, incr, or "" for what the back end takes by itself
	Backup  string // of restore: the backup to begin with, "" is the newest before the moment
	Room    bool   // of restore: make it, by removing the data that is there now, where there is none to keep it
	Wait    bool   // of a backup: until it has ended
	Now     time.Time
}

// Action is one write. Exactly one of Exec, Patch, Create and Delete is set.
type Action struct {
	Exec   *Exec
	Patch  *Patch
	Create *Create
	Delete *Delete
	Told   string // after it is done; "" where what was run has told it
}

// Exec runs a program in a member's pod.
type Exec struct {
	Pod, Container string
	Command        []string
}

// Patch is a JSON merge patch of the database's object, or of its subresource.
type Patch struct {
	Subresource string
	Body        json.RawMessage
}

// Create makes an object in the database's namespace.
type Create struct {
	Group, Version, Plural string
	Body                   json.RawMessage
}

// Delete deletes a member's pod, which its controller makes again.
type Delete struct{ Pod string }

// Plan is what is asked of a person, and what is done when it is agreed to.
type Plan struct {
	Question string // "" takes nothing away, and is done without being asked
	Actions  []Action
	Nothing  string // where there is nothing to do, why
}

// Kind of refusal.
type Kind int

const (
	// Misused: the request names what is not there, or contradicts itself.
	Misused Kind = iota
	// Unfit: the database is not as the request supposes.
	Unfit
	// Lacking: the back end cannot do this through its API.
	Lacking
)

// Refusal is why nothing is written.
type Refusal struct {
	Kind Kind
	Text string
	Do   string // instead
}

func (r Refusal) Error() string {
	if r.Do == "" {
		return r.Text
	}
	return r.Text + ": " + r.Do
}

func misused(do, format string, args ...any) error {
	return Refusal{Misused, fmt.Sprintf(format, args...), do}
}
func unfit(do, format string, args ...any) error {
	return Refusal{Unfit, fmt.Sprintf(format, args...), do}
}

// lacking says that a back end has no way to do a verb.
func lacking(backend string, verb Verb, do string) error {
	return Refusal{Lacking, fmt.Sprintf("%s cannot %s through its API", backend, phrase(verb)), do}
}

func phrase(v Verb) string {
	switch v {
	case Switchover:
		return "switch over"
	case Failover:
		return "fail over by hand"
	case Restart:
		return "restart members"
	case Reinit:
		return "copy a member's data again"
	case Pause, Resume:
		return "be paused and resumed"
	case Fence, Unfence:
		return "fence a member"
	case Restore:
		return "be set back in its place"
	}
	return "make a backup"
}

// For decides. The object is the database's, as the API server has it.
func For(s status.Status, object json.RawMessage, r Request) (Plan, error) {
	if err := known(s, r); err != nil {
		return Plan{}, err
	}
	switch s.Backend {
	case status.Native:
		return native(s, r)
	case status.CloudNative:
		return cloudNative(s, object, r)
	case status.Crunchy:
		return crunchy(s, object, r)
	}
	return Plan{}, others(s, r)
}

// known refuses names that are not members, and members where they are missing.
func known(s status.Status, r Request) error {
	if r.Member == "" {
		if r.Verb == Failover || r.Verb == Reinit || r.Verb == Fence || r.Verb == Unfence {
			return misused("members are "+strings.Join(s.Names(), ", "), "%s needs a member", r.Verb)
		}
		return nil
	}
	if _, ok := s.Member(r.Member); !ok {
		return misused("members are "+strings.Join(s.Names(), ", "), "%s is not a member of %s", r.Member, s.Name)
	}
	return nil
}

// best is the member that a switchover would choose: one that commits wait for before others, and the least behind.
func best(s status.Status) (status.Member, bool) {
	var chosen status.Member
	found := false
	rank := func(m status.Member) int64 {
		lag := int64(1) << 60
		if m.Lag != nil {
			lag = *m.Lag
		}
		if m.Role == status.SyncStandby || m.Role == status.QuorumStandby {
			lag -= 1 << 61
		}
		return lag
	}
	for _, m := range s.Members {
		if m.Candidate && m.Ready && (!found || rank(m) < rank(chosen)) {
			chosen, found = m, true
		}
	}
	return chosen, found
}

// toSwitch checks what a switchover supposes, and finds to whom.
func toSwitch(s status.Status, r Request) (string, error) {
	if s.Primary == "" {
		return "", unfit("onggi failover "+s.Name+" --to MEMBER is for that, where the back end has it", "%s has no primary to switch over from", s.Name)
	}
	if r.Member == s.Primary {
		return "", unfit("", "%s is the primary already", r.Member)
	}
	if r.Member == "" {
		m, ok := best(s)
		if !ok {
			return "", unfit("name one with --to", "no member of %s is known to be fit to take over", s.Name)
		}
		return m.Name, nil
	}
	m, _ := s.Member(r.Member)
	switch {
	case m.Fenced:
		return "", unfit("onggi fence "+s.Name+" --member "+m.Name+" --off", "%s is fenced", m.Name)
	case !m.Ready:
		return "", unfit("onggi status "+s.Name, "%s is not ready", m.Name)
	}
	return m.Name, nil
}

// toRestart are the members that a restart is for, replicas before the primary.
func toRestart(s status.Status, r Request) []status.Member {
	var replicas, primary []status.Member
	for _, m := range s.Members {
		switch {
		case r.Member != "" && m.Name != r.Member, r.Pending && len(m.PendingRestart) == 0:
		case m.Role == status.Primary:
			primary = append(primary, m)
		default:
			replicas = append(replicas, m)
		}
	}
	return append(replicas, primary...)
}

func names(members []status.Member) string {
	var all []string
	for _, m := range members {
		all = append(all, m.Name)
	}
	return strings.Join(all, ", ")
}

// encode writes a patch or an object, whose values all have a JSON form.
func encode(v any) json.RawMessage {
	data, err := json.Marshal(v)
	if err != nil {
		panic("maps of strings and numbers can be written: " + err.Error())
	}
	return data
}
