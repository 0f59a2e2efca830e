package status

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// healthyPhase is CloudNativePG's word for a Cluster that it has nothing to do on.
const healthyPhase = "Cluster in healthy state"

// cluster is what is read of a Cluster.
type cluster struct {
	Metadata struct {
		Annotations map[string]string
	}
	Spec struct {
		Instances  int
		Postgresql struct {
			Synchronous *struct {
				Number         int
				DataDurability string
			}
		}
	}
	Status struct {
		ReadyInstances                int
		CurrentPrimary, TargetPrimary string
		Phase, PhaseReason            string
		TimelineID                    int64
		SystemID                      string
		InstanceNames                 []string
		InstancesStatus               map[string][]string
		FirstRecoverabilityPoint      string
		Conditions                    []struct{ Type, Status, Message string }
	}
}

// Annotations by which people tell CloudNativePG what to do: "disabled" stops its reconciliation, and with it failover; a JSON list
// of instances is of those whose postgres it keeps stopped.
const (
	AnnotationReconcile = "cnpg.io/reconciliationLoop"
	AnnotationFenced    = "cnpg.io/fencedInstances"
	annotationHibernate = "cnpg.io/hibernation"
)

func (s *Status) cloudNative(o Observed, pods []pod) {
	var c cluster
	_ = json.Unmarshal(o.Object, &c) // the API server's own JSON; what is missing is zero
	st := c.Status
	s.Wanted, s.Ready, s.Primary, s.Timeline, s.SystemID, s.Phase = c.Spec.Instances, st.ReadyInstances, st.CurrentPrimary, st.TimelineID, st.SystemID, st.Phase
	s.Paused = c.Metadata.Annotations[AnnotationReconcile] == "disabled"
	if sync := c.Spec.Postgresql.Synchronous; sync != nil {
		s.Commits = &Commits{Mode: cmp.Or(sync.DataDurability, "required"), Wait: sync.Number}
	}
	if st.TargetPrimary != "" && st.CurrentPrimary != "" && st.TargetPrimary != st.CurrentPrimary {
		s.Switchover = &Planned{From: st.CurrentPrimary, To: st.TargetPrimary}
	}
	s.cloudNativeMembers(o, c, pods)
	s.poolerObjects(o.Poolers)
	s.cloudNativeBackups(o, c)
	if c.Metadata.Annotations[annotationHibernate] == "on" && len(pods) == 0 {
		s.Health = Hibernated
		return
	}
	s.judgeCloudNative(c)
}

func (s *Status) cloudNativeMembers(o Observed, c cluster, pods []pod) {
	var fenced []string
	_ = json.Unmarshal([]byte(c.Metadata.Annotations[AnnotationFenced]), &fenced) // a mistake in it fences nobody, here as there
	names := slices.Clone(c.Status.InstanceNames)
	for _, p := range pods {
		if !slices.Contains(names, p.Metadata.Name) {
			names = append(names, p.Metadata.Name)
		}
	}
	for _, name := range names {
		m := Member{Name: name, Role: NoRole, State: unknown, Pod: "none"}
		if i := slices.IndexFunc(pods, func(p pod) bool { return p.Metadata.Name == name }); i >= 0 {
			m = pods[i].member(o.Backend)
		}
		if name == c.Status.CurrentPrimary {
			m.Role = Primary
		}
		m.Fenced = slices.Contains(fenced, name) || slices.Contains(fenced, "*")
		for state, of := range c.Status.InstancesStatus {
			if slices.Contains(of, name) && state == "failed" {
				m.State = "failed"
			}
		}
		s.Members = append(s.Members, m)
	}
	s.serverAnswers(o)
}

// poolerObjects are CloudNativePG's.
func (s *Status) poolerObjects(all []json.RawMessage) {
	for _, data := range all {
		var p struct {
			Metadata struct{ Name string }
			Spec     struct {
				Instances *int
				Type      string
				Cluster   struct{ Name string }
			}
			Status struct{ Instances int }
		}
		if json.Unmarshal(data, &p) != nil || p.Spec.Cluster.Name != s.Name {
			continue
		}
		one := Pooler{Name: p.Metadata.Name, Type: cmp.Or(p.Spec.Type, "rw"), Wanted: 1, Ready: p.Status.Instances}
		if p.Spec.Instances != nil {
			one.Wanted = *p.Spec.Instances
		}
		s.pooler(one)
	}
}

func (s *Status) cloudNativeBackups(o Observed, c cluster) {
	b := &Backups{Earliest: c.Status.FirstRecoverabilityPoint}
	for _, data := range o.Backups {
		if one, ok := backupObject(data, s.Name); ok {
			b.List = append(b.List, one)
		}
	}
	slices.SortStableFunc(b.List, func(x, y Backup) int { return cmp.Or(cmp.Compare(y.Started, x.Started), cmp.Compare(y.Name, x.Name)) })
	for _, condition := range c.Status.Conditions {
		if condition.Type != "ContinuousArchiving" {
			continue
		}
		switch condition.Status {
		case "True":
			b.Archiving = working
		case "False":
			b.Archiving, b.Detail = failing, condition.Message
		}
	}
	if len(b.List) > 0 || b.Archiving != "" || b.Earliest != "" {
		s.Backups = b
		s.judgeArchive()
		s.judgeBackups()
	}
}

func backupObject(data json.RawMessage, of string) (Backup, bool) {
	var b struct {
		Metadata struct{ Name, CreationTimestamp string }
		Spec     struct {
			Cluster struct{ Name string }
			Method  string
		}
		Status struct{ Phase, StartedAt, StoppedAt, Error, Method string }
	}
	if json.Unmarshal(data, &b) != nil || b.Spec.Cluster.Name != of {
		return Backup{}, false
	}
	one := Backup{
		Name: b.Metadata.Name, Method: cmp.Or(b.Status.Method, b.Spec.Method), Error: b.Status.Error,
		Started: cmp.Or(b.Status.StartedAt, b.Metadata.CreationTimestamp), Ended: b.Status.StoppedAt,
	}
	switch b.Status.Phase {
	case "completed":
		one.State = stateCompleted
	case "failed", "walArchivingFailing":
		one.State = stateFailed
	default:
		one.State = stateRunning
	}
	return one, true
}

// judgeArchive finds what is wrong with the archive, whatever the back end.
func (s *Status) judgeArchive() {
	if s.Backups.Archiving == failing {
		s.degraded("the archive of the log fails: "+cmp.Or(s.Backups.Detail, "no reason is told"), "onggi logs "+s.Name+" --role primary")
	}
}

// judgeBackups finds what is wrong with them, whatever the back end.
func (s *Status) judgeBackups() {
	if b, ok := s.Backups.Last(); ok && b.Failed() {
		s.degraded(strings.TrimSuffix("the last backup, "+b.Name+", failed: "+b.Error, ": "), "onggi backup now "+s.Name)
	}
}

func (s *Status) judgeCloudNative(c cluster) {
	primary, ok := s.Member(c.Status.CurrentPrimary)
	switch {
	case !ok || !primary.Ready:
		s.Primary = ""
		s.down("no member takes writes", "kubectl describe cluster "+s.Name)
	case primary.Fenced:
		s.Primary = ""
		s.down(primary.Name+", the primary, is fenced", "onggi fence "+s.Name+" --member "+primary.Name+" --off")
	}
	if s.Ready < s.Wanted {
		s.degraded(fmt.Sprintf("%d of %d members are ready", s.Ready, s.Wanted), "")
	}
	if s.Phase != healthyPhase && s.Phase != "" {
		s.degraded(strings.TrimSuffix(s.Phase+": "+c.Status.PhaseReason, ": "), "")
	}
	if s.Paused {
		s.degraded("the operator does nothing, failover included: reconciliation is disabled", "onggi resume "+s.Name)
	}
	s.judgeMembers()
}
