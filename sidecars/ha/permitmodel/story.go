package permitmodel

import (
	"fmt"
	"strings"
)

// Story tells a trace, a line for each step, with the time in ticks and who may write.
func Story(steps []Step) string {
	var b strings.Builder
	now := 0
	for _, s := range steps {
		if s.Action.Kind == tick {
			now++
			continue
		}
		fmt.Fprintf(&b, "t=%-2d %-84s may write: %s\n", now, s.tell(), names(s.State.writers()))
	}
	return b.String()
}

func name(i uint8) string {
	if i == nobody {
		return "none"
	}
	return string(rune('a' + i))
}

func names(s set) string {
	if s == 0 {
		return "nobody"
	}
	var out []string
	for i := range uint8(Members) {
		if s.has(int(i)) {
			out = append(out, name(i))
		}
	}
	return strings.Join(out, " ")
}

// tell is the step as a sentence.
func (s Step) tell() string {
	a, b := name(s.Action.A), name(s.Action.B)
	slot := s.Action.A
	switch s.Action.Kind {
	case read:
		if !s.State.rec.exists {
			return a + " reads: NotFound"
		}
		return fmt.Sprintf("%s reads the record: term %d, holder %s, members %s", a, s.State.rec.term, name(s.State.rec.holder), names(s.State.rec.members))
	case beatNow:
		return fmt.Sprintf("%s beats %s and is granted", a, b)
	case beatSend:
		return fmt.Sprintf("%s sends a beat to %s, which is slow", a, b)
	case beatArrive:
		return fmt.Sprintf("a slow beat arrives (%d)", slot)
	case beatAgain:
		return fmt.Sprintf("a beat arrives a second time (%d)", slot)
	case beatAnswer:
		return fmt.Sprintf("a late grant is received (%d)", slot)
	case vote:
		return a + " votes for replacing this version"
	case writing:
		return s.tellWrite()
	case writeApply:
		return fmt.Sprintf("the API server does the late write (%d): term %d, holder %s", slot, s.State.rec.term, name(s.State.rec.holder))
	case writeLost:
		return "the sender of the late write stops waiting for its answer"
	case writeAnswer:
		return "the late write is answered"
	case wantAdd:
		return fmt.Sprintf("%s wants to make %s a member and asks it for grants", a, b)
	case sidecarRestart:
		return a + "'s sidecar is started again"
	case supervisorRestart:
		return a + "'s supervisor dies with all it ran, and a new instance starts"
	case deleteLease:
		return "somebody deletes the Lease"
	case editLease:
		return "somebody edits the Lease"
	case phaseLies:
		return "the holder's pod is given the phase Failed, while its processes live"
	case adopt:
		return "b, whose pod has the name of a's, takes the record for its own"
	}
	return "a tick passes"
}

func (s Step) tellWrite() string {
	who := name(s.Action.A)
	var what string
	switch s.Action.Write {
	case refresh:
		what = "refreshes the record"
	case take:
		what = "takes the record"
	case create:
		what = "creates the Lease"
	case claim:
		what = "claims the record that nobody holds"
	case add:
		what = "makes " + name(s.Action.B) + " a member"
	case remove:
		what = "removes " + name(s.Action.B) + " from the members"
	case publish:
		what = fmt.Sprintf("publishes another sync (W=%d)", syncs[s.Action.B].w)
	case release:
		what = "kills its processes and releases the record"
	}
	if s.Action.Late {
		return who + " " + what + ": sent, and slow"
	}
	return who + " " + what
}
