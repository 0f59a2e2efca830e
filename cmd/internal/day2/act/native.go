package act

import (
	"fmt"
	"time"

	"github.com/onggi-db/onggi/cmd/internal/day2/status"
)

// pgBackRestTime is how pgBackRest reads a moment: RFC 3339 it does not.
const pgBackRestTime = "2006-01-02 15:04:05.999999-07:00"

// ctl asks a pod's agent as a person in the pod would. Through the socket there it wants no token.
func ctl(pod string, args ...string) Action {
	b, _ := status.Named(status.Native)
	return Action{Exec: &Exec{Pod: pod, Container: b.Agent, Command: append([]string{"onggi-agent", "ctl"}, args...)}}
}

// Spokesman is the member whose agent is asked for all: the primary, or one that is ready, or one that runs at all.
func Spokesman(s status.Status) (string, error) {
	chosen, rank := "", 0
	for _, m := range s.Members {
		of := 0
		switch {
		case m.Pod != "Running":
		case m.Name == s.Primary:
			of = 3
		case m.Ready:
			of = 2
		default:
			of = 1
		}
		if of > rank {
			chosen, rank = m.Name, of
		}
	}
	if chosen == "" {
		return "", unfit("kubectl describe pods tells what holds them up", "no member of %s runs, so there is no agent to ask", s.Name)
	}
	return chosen, nil
}

func native(s status.Status, r Request) (Plan, error) {
	speaker, err := Spokesman(s)
	if err != nil {
		return Plan{}, err
	}
	one := func(question string, args ...string) (Plan, error) {
		return Plan{Question: question, Actions: []Action{ctl(speaker, args...)}}, nil
	}
	switch r.Verb {
	case Switchover:
		return nativeSwitchover(s, r, speaker)
	case Failover:
		return one(fmt.Sprintf("Fail %s over to %s, which may lose commits that it does not have", s.Name, r.Member),
			"failover", "--candidate", r.Member, "--yes")
	case Restart:
		return nativeRestart(s, r)
	case Reinit:
		if r.Member == s.Primary {
			return Plan{}, unfit("onggi switchover "+s.Name+" first", "%s is the primary: others copy from it", r.Member)
		}
		return atMember(s, r.Member, "Throw away the data of "+r.Member+" and copy it again", "reinit", r.Member, "--yes")
	case Pause:
		return one("Turn automatic failover of "+s.Name+" off", "pause", "--yes")
	case Resume:
		return one("", "resume", "--yes")
	case Fence:
		return atMember(s, r.Member, "Stop postgres of "+r.Member+" and keep it stopped", "fence", r.Member, "--yes")
	case Unfence:
		return atMember(s, r.Member, "", "unfence", r.Member, "--yes")
	case Restore:
		at, err := time.Parse(time.RFC3339, r.At)
		if err != nil {
			return Plan{}, misused("write it as 2026-11-22T06:00:00Z", "%q is not a moment", r.At)
		}
		args := []string{"restore", "--time", at.UTC().Format(pgBackRestTime), "--yes"}
		if r.Backup != "" {
			args = append(args, "--set", r.Backup)
		}
		if r.Room {
			args = append(args, "--without-copy")
		}
		return one(fmt.Sprintf("Stop %s and set it back to %s: what was committed since is gone from it", s.Name, r.At), args...)
	}
	return nativeBackup(r, speaker)
}

func nativeSwitchover(s status.Status, r Request, speaker string) (Plan, error) {
	if r.Cancel {
		return Plan{Actions: []Action{ctl(speaker, "switchover", "--cancel")}}, nil
	}
	to := r.Member
	if _, err := toSwitch(s, r); err != nil && (to != "" || s.Primary == "") {
		return Plan{}, err // the agents know better than we do who is best
	}
	args := []string{"switchover", "--leader", s.Primary}
	question := fmt.Sprintf("Switch %s over from %s to ", s.Name, s.Primary)
	if to != "" {
		args, question = append(args, "--candidate", to), question+to
	} else {
		question += "whoever is best"
	}
	if r.At != "" {
		args, question = append(args, "--scheduled", r.At), question+" at "+r.At
	}
	return Plan{Question: question, Actions: []Action{ctl(speaker, append(args, "--yes")...)}}, nil
}

// atMember asks the agent of the member itself, which needs no token of the members' for that.
func atMember(s status.Status, member, question string, args ...string) (Plan, error) {
	if m, _ := s.Member(member); m.Pod != "Running" {
		return Plan{}, unfit("", "%s does not run: its pod is %s", member, m.Pod)
	}
	return Plan{Question: question, Actions: []Action{ctl(member, args...)}}, nil
}

func nativeRestart(s status.Status, r Request) (Plan, error) {
	members := toRestart(s, r)
	if len(members) == 0 {
		return Plan{Nothing: "no member waits for a restart"}, nil
	}
	p := Plan{Question: "Restart postgres of " + names(members)}
	for _, m := range members {
		one, err := atMember(s, m.Name, "", "restart", m.Name, "--yes")
		if err != nil {
			return Plan{}, err
		}
		p.Actions = append(p.Actions, one.Actions...)
	}
	return p, nil
}

func nativeBackup(r Request, speaker string) (Plan, error) {
	args := []string{"backup"}
	if r.Type != "" {
		args = append(args, "--type", r.Type)
	}
	if r.Wait {
		args = append(args, "--wait")
	}
	return Plan{Actions: []Action{ctl(speaker, args...)}}, nil
}
