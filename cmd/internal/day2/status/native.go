package status

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// revisionLabel is what the StatefulSet's controller marks pods by.
const revisionLabel = "controller-revision-hash"

// recordAnnotation is where the agents keep the whole record.
const recordAnnotation = "onggi.dev/record"

// statefulSet is what is read of a StatefulSet.
type statefulSet struct {
	Metadata struct{ Generation int64 }
	Spec     struct{ Replicas *int }
	Status   struct {
		ObservedGeneration int64
		UpdateRevision     string
	}
}

func (s statefulSet) wanted() int {
	if s.Spec.Replicas == nil {
		return 1
	}
	return *s.Spec.Replicas
}

// lease is what is read of the record.
type lease struct {
	Metadata struct {
		Name        string
		Annotations map[string]string
	}
	Spec struct {
		HolderIdentity, RenewTime string
		LeaseTransitions          int64
	}
}

// record is the annotation of the Lease.
type record struct {
	Members []struct{ ID, Name string }
	Mode    string
	Sync    struct {
		W  int
		Of []string
	}
	Paused bool
}

func (s *Status) native(o Observed, pods []pod) {
	var set statefulSet
	_ = json.Unmarshal(o.Object, &set) // the API server's own JSON; what is missing is zero
	s.Wanted = set.wanted()
	said := agentsOf(o)
	s.leaseAndRecord(o.Lease)
	s.nativeMembers(o, set, pods, said)
	if best, ok := mostCurrent(said); ok {
		s.rows(best, said)
		s.nativeCluster(best)
	}
	s.poolerDeployments(o.Poolers)
	s.rollout(set, pods)
	s.held(said)
	if s.Wanted == 0 && len(pods) == 0 {
		s.Health = Hibernated
		return
	}
	s.judgeNative(said)
	s.repository(o.Repository)
}

// rollout counts the pods of the newest revision. The controller's own count is of no use: the agents replace the pods.
func (s *Status) rollout(set statefulSet, pods []pod) {
	r := &Rollout{Wanted: s.Wanted}
	for _, p := range pods {
		if p.Metadata.Labels[revisionLabel] == set.Status.UpdateRevision && p.Metadata.DeletionTimestamp == "" {
			r.Updated++
		}
	}
	r.Done = set.Status.ObservedGeneration >= set.Metadata.Generation && r.Updated >= r.Wanted
	s.Rollout = r
}

// heldAfter is how long a rollout waits for a pod before that is something wrong: a pod that is made again takes its time.
const heldAfter = 2 * time.Minute

// held finds what a rollout waits for: by the word of the agent that leads it, or where nobody leads, by a new pod that does not come up.
func (s *Status) held(said map[string]agent) {
	var h *Held
	if best, ok := mostCurrent(said); ok && best.Member.Onggi.Rollout.Awaits != "" {
		r := best.Member.Onggi.Rollout
		h = &Held{r.Awaits, r.For, r.Reason, r.Detail}
	}
	for _, m := range s.Members {
		if h == nil && !s.Rollout.Done && !m.Outdated && m.Waiting != "" {
			h = &Held{Member: m.Name, Reason: m.Waiting, Detail: m.Detail}
		}
		if h != nil && h.Member == m.Name && m.Waiting != "" {
			h.Reason, h.Detail = m.Waiting, m.Detail // of now
		}
	}
	s.Rollout.Held = h
	if h != nil && (h.Seconds == 0 || h.Seconds >= heldAfter.Seconds()) {
		text := "the rollout " + h.text()
		if h.Detail != "" {
			text += ", " + h.Detail
		}
		s.degraded(text, "docs/agent.md#agentrolloutheld")
	}
}

// leaseAndRecord reads the Lease. Its annotation may have been edited by people, so it is read as far as it can be.
func (s *Status) leaseAndRecord(data json.RawMessage) {
	var l lease
	if json.Unmarshal(data, &l) != nil || l.Metadata.Name == "" {
		return
	}
	s.Record = &Record{Lease: l.Metadata.Name, Holder: l.Spec.HolderIdentity, Term: l.Spec.LeaseTransitions, Renewed: instant(l.Spec.RenewTime)}
	var r record
	if json.Unmarshal([]byte(l.Metadata.Annotations[recordAnnotation]), &r) != nil {
		s.Notes = append(s.Notes, "the record in Lease "+l.Metadata.Name+" cannot be read: somebody edited it")
		return
	}
	s.Paused = r.Paused
	s.Commits = &Commits{Mode: cmp.Or(r.Mode, "async"), Wait: r.Sync.W}
	for _, id := range r.Sync.Of {
		name := id
		for _, m := range r.Members {
			if m.ID == id {
				name = m.Name
			}
		}
		s.Commits.Of = append(s.Commits.Of, name)
	}
	slices.SortFunc(s.Commits.Of, natural)
}

// nativeMembers are the pods, and what their agents say of themselves.
func (s *Status) nativeMembers(o Observed, set statefulSet, pods []pod, said map[string]agent) {
	for _, p := range pods {
		m := p.member(o.Backend)
		revision := p.Metadata.Labels[revisionLabel]
		m.Outdated = set.Status.UpdateRevision != "" && revision != "" && revision != set.Status.UpdateRevision
		if a, ok := said[m.Name]; ok {
			a.Member.describe(&m)
		}
		if m.Ready {
			s.Ready++
		}
		s.Members = append(s.Members, m)
	}
}

// rows puts an agent's table of members into them, and whom it knows besides.
func (s *Status) rows(best agent, said map[string]agent) {
	for _, row := range best.Cluster.Members {
		i := slices.IndexFunc(s.Members, func(m Member) bool { return m.Name == row.Name })
		if i < 0 {
			s.Members = append(s.Members, Member{Name: row.Name, Role: NoRole, State: unknown, Pod: "none"})
			i = len(s.Members) - 1
		}
		own, answered := said[row.Name]
		row.complete(&s.Members[i], answered)
		if at := best.Member.Xlog.Location; at > 0 && own.Member.Xlog.Replayed > 0 {
			behind := max(0, at-own.Member.Xlog.Replayed)
			s.Members[i].ReplayLag = &behind
		}
	}
}

// nativeCluster is what one agent knows of all.
func (s *Status) nativeCluster(a agent) {
	s.SystemID, s.Paused, s.Awaits = a.Cluster.SystemID, a.Cluster.Pause, a.Cluster.Awaits
	if w := a.Cluster.Switchover; w != nil {
		s.Switchover = &Planned{w.At, w.From, w.To}
	}
	for _, line := range a.History {
		var h History
		for i, into := range []any{&h.Timeline, &h.LSN, &h.Reason, &h.At, &h.Primary} {
			if i < len(line) {
				_ = json.Unmarshal(line[i], into) // a field of another type is left out
			}
		}
		if instant(h.At).IsZero() {
			h.At = "" // nobody noted when
		}
		s.History = append(s.History, h)
	}
	for _, m := range s.Members {
		if m.Role == Primary {
			s.Timeline, s.Version = m.Timeline, m.Version
		}
	}
}

// poolerDeployments are those of the native back end.
func (s *Status) poolerDeployments(all []json.RawMessage) {
	for _, data := range all {
		var d struct {
			Metadata struct{ Name string }
			Spec     struct{ Replicas *int }
			Status   struct{ ReadyReplicas int }
		}
		if json.Unmarshal(data, &d) != nil {
			continue
		}
		p := Pooler{Name: d.Metadata.Name, Wanted: 1, Ready: d.Status.ReadyReplicas}
		if d.Spec.Replicas != nil {
			p.Wanted = *d.Spec.Replicas
		}
		s.pooler(p)
	}
}

func (s *Status) pooler(p Pooler) {
	s.Poolers = append(s.Poolers, p)
	if p.Ready < p.Wanted {
		s.degraded(fmt.Sprintf("%d of %d poolers of %s are ready", p.Ready, p.Wanted, p.Name), "kubectl describe pods tells what holds them up")
	}
}

// judgeNative finds what is wrong.
func (s *Status) judgeNative(said map[string]agent) {
	var writable []string
	for _, m := range s.Members {
		if m.Role == Primary && (m.Permit != nil && *m.Permit > 0 && !m.Fenced || len(said) == 0 && m.Ready) {
			writable = append(writable, m.Name)
		}
	}
	switch {
	case len(writable) == 1:
		s.Primary = writable[0]
	case len(writable) > 1:
		s.Primary = writable[0]
		if s.Record != nil && slices.Contains(writable, s.Record.Holder) {
			s.Primary = s.Record.Holder
		}
		s.down(strings.Join(writable, " and ")+" both say that they take writes", "docs/agent.md#agenttwoprimaries")
	case len(said) == 0 && s.Ready == 0 && slices.ContainsFunc(s.Members, func(m Member) bool { return m.Pod == "Running" }):
		s.Health = Unknown
		s.Reasons = append(s.Reasons, Reason{Unknown, "no agent could be asked", ""})
	default:
		s.down("no member takes writes", s.whyNoPrimary())
	}
	s.judgeMembers()
	if s.Paused {
		s.degraded("nobody fails over: paused", "onggi resume "+s.Name)
	}
	if s.Awaits != "" {
		s.degraded("an update waits for a switchover: "+s.Awaits, "onggi switchover "+s.Name)
	}
	if n := s.Wanted - s.Ready; n > 0 {
		s.degraded(fmt.Sprintf("%d of %d members are ready", s.Ready, s.Wanted), "")
	}
	if c := s.Commits; len(said) > 0 && c != nil && c.Mode == "required" && s.synchronous() < c.Wait {
		s.down(fmt.Sprintf("commits wait for %s, and %d stream", standbys(c.Wait), s.synchronous()), "docs/agent.md#agentcommitswait")
	}
	if s.Wanted > 1 && s.Primary != "" && len(said) > 0 && !slices.ContainsFunc(s.Members, func(m Member) bool { return m.Candidate }) {
		s.degraded("nobody could take over", "docs/agent.md#agentnobodycantakeover")
	}
}

// standbys is "1 standby", "2 standbys".
func standbys(n int) string {
	if n == 1 {
		return "1 standby"
	}
	return fmt.Sprintf("%d standbys", n)
}

// whyNoPrimary is where to look.
func (s *Status) whyNoPrimary() string {
	return "onggi logs " + s.Name + " tells what the agents wait for; docs/agent.md#agentnoprimary"
}

// synchronous counts the standbys that commits may be acknowledged by.
func (s *Status) synchronous() int {
	n := 0
	for _, m := range s.Members {
		if m.State == "streaming" && s.Commits != nil && slices.Contains(s.Commits.Of, m.Name) {
			n++
		}
	}
	return n
}

// judgeMembers finds what is wrong with members, whatever the back end.
func (s *Status) judgeMembers() {
	for _, m := range s.Members {
		if m.Waiting != "" && (s.Rollout == nil || s.Rollout.Held == nil || s.Rollout.Held.Member != m.Name) {
			s.degraded(m.Name+" does not come up: "+m.Waiting+prefixed(", ", m.Detail), "kubectl describe pod "+m.Name)
		}
		switch {
		case m.Fenced:
			s.degraded(m.Name+" is fenced", "onggi fence "+s.Name+" --member "+m.Name+" --off")
		case m.State == unknown || m.Role == NoRole:
		case m.State != "running" && m.State != "streaming":
			s.degraded(m.Name+" is "+m.State, "onggi logs "+s.Name+" --member "+m.Name)
		case m.Role != Primary && m.State == "running":
			s.degraded(m.Name+" does not stream", "onggi logs "+s.Name+" --member "+m.Name)
		case m.Unfit != "" && m.Role != Primary:
			s.degraded(m.Name+" could not take over: "+m.Unfit, "")
		}
		if len(m.PendingRestart) > 0 {
			var names []string
			for _, p := range m.PendingRestart {
				names = append(names, p.Name)
			}
			s.degraded(m.Name+" waits for a restart: "+strings.Join(names, ", "), "onggi restart "+s.Name+" --pending")
		}
	}
}
