package agent

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/onggi-db/onggi/sidecars/config"
	"github.com/onggi-db/onggi/sidecars/ha"
)

// narrator tells the log what changed and why, once each. What is done over and over is for those who ask for it: writes of the record and the like at
// debug, every letter to a member at trace.
type narrator struct {
	log      *slog.Logger
	why      string
	term     uint64
	holder   ha.Holder
	told     map[string]time.Time // when trouble was told last, by what it is about
	silentAt time.Time
}

// quiet actions are told only when they fail.
func quiet(a ha.Action) bool {
	switch a.Do {
	case ha.Send, ha.Write, ha.Read, ha.Remember, ha.Slots, ha.Prove:
		return true
	}
	return false
}

func (n *narrator) step(s *ha.State, seen ha.Observation, actions []ha.Action) {
	if why := s.Why(); why != n.why {
		n.why = why
		if why != "" {
			n.log.Info("state", "why", why, "term", seen.Record.Record.Term)
		}
	}
	for _, a := range actions {
		if a.Do == ha.Write && a.Record != nil && (a.Record.Holder != seen.Record.Record.Holder || a.Record.Term != seen.Record.Record.Term) {
			n.log.Info("write the record", "why", a.Why, "term", a.Record.Term, "holder", a.Record.Holder.ID)
		}
	}
}

// levelOf is how loud the beginning of an action is told.
func levelOf(a ha.Action) slog.Level {
	switch {
	case a.Do == ha.Send:
		return config.Trace
	case quiet(a):
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

func (n *narrator) begins(a ha.Action) {
	if level := levelOf(a); n.log.Enabled(context.Background(), level) {
		n.log.Log(context.Background(), level, a.String(), "term", a.Term)
	}
}

func (n *narrator) ended(a ha.Action, took time.Duration, err error) {
	switch {
	case errors.Is(err, context.Canceled):
	case err != nil:
		n.trouble(laneOf(a)+" failed", err)
	default:
		n.clear(laneOf(a) + " failed")
		if jobOf(a.Do) != ha.NoJob || a.Do == ha.Kill {
			n.log.Info(a.Do.String()+" is done", "took", took.Round(time.Millisecond))
		} else {
			n.log.Log(context.Background(), min(levelOf(a), slog.LevelDebug), laneOf(a)+" is done", "took", took)
		}
	}
}

// trouble is told when it begins, and again by the minute.
func (n *narrator) trouble(about string, err error) {
	if n.told == nil {
		n.told = map[string]time.Time{}
	}
	if at, told := n.told[about]; !told || time.Since(at) > time.Minute {
		n.told[about] = time.Now()
		n.log.Warn(about, "err", err)
	}
}

func (n *narrator) clear(about string) { delete(n.told, about) }

// silence is a server that does not answer. It often does not for a moment, as when it starts.
func (n *narrator) silence(err error) {
	if n.silentAt.IsZero() {
		n.silentAt = time.Now()
	}
	if time.Since(n.silentAt) > 3*time.Second {
		n.trouble("postgres does not answer", err)
	}
}

func (n *narrator) answered() {
	n.silentAt = time.Time{}
	n.clear("postgres does not answer")
}

func (n *narrator) fence(before, now FenceStatus) {
	switch {
	case before.Instance == now.Instance && before.Phase == now.Phase && before.Starts == now.Starts:
	case now.Instance == "":
		n.log.Warn("the supervisor is not connected")
	case now.Exit != "" && now.Phase == ha.Down && now.Exit != before.Exit:
		n.log.Info("postgres is down", "instance", now.Instance, "exit", now.Exit)
	default:
		n.log.Info("supervisor", "phase", now.Phase, "instance", now.Instance, "locked", now.Locked)
	}
}

func (n *narrator) record(r ha.Record) {
	if r.Term == n.term && r.Holder == n.holder {
		return
	}
	n.term, n.holder = r.Term, r.Holder
	holder := "nobody"
	if m, ok := r.Member(r.Holder.ID); ok {
		holder = m.Name
	} else if r.Holder.ID != "" {
		holder = r.Holder.ID
	}
	n.log.Info("record", "term", r.Term, "holder", holder, "version", r.Version)
}
