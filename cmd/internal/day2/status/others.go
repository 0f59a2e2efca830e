package status

import (
	"cmp"
	"encoding/json"
	"fmt"
)

// others is what can be told of databases whose operators this program does not know better: their pods, what their labels say
// of roles, and what the servers say.
func (s *Status) others(o Observed, pods []pod) {
	var object struct {
		Spec struct {
			Paused   bool
			Shutdown bool
			// Of InnoDBCluster, and of a set of a PostgresCluster.
			Instances         json.RawMessage
			NumberOfInstances int
		}
		Status struct {
			// Of postgresql, and of an InnoDBCluster.
			PostgresClusterStatus string
			Cluster               struct{ Status string }
		}
	}
	_ = json.Unmarshal(o.Object, &object) // the API server's own JSON; what is missing is zero
	s.Wanted, s.Paused = object.Spec.NumberOfInstances, object.Spec.Paused
	var sets []struct{ Replicas *int }
	if json.Unmarshal(object.Spec.Instances, &s.Wanted) != nil && json.Unmarshal(object.Spec.Instances, &sets) == nil {
		for _, set := range sets {
			if set.Replicas == nil {
				s.Wanted++
			} else {
				s.Wanted += *set.Replicas
			}
		}
	}
	s.Phase = cmp.Or(object.Status.PostgresClusterStatus, object.Status.Cluster.Status)
	for _, p := range pods {
		m := p.member(o.Backend)
		if m.Ready {
			s.Ready++
		}
		s.Members = append(s.Members, m)
	}
	s.serverAnswers(o)
	for _, m := range s.Members {
		if m.Role == Primary && m.Ready && s.Primary == "" {
			s.Primary, s.Timeline = m.Name, m.Timeline
		}
	}
	if len(pods) == 0 && (object.Spec.Shutdown || s.Wanted == 0) {
		s.Health = Hibernated
		return
	}
	if s.Primary == "" {
		s.down("no member takes writes", "")
	}
	if s.Ready < s.Wanted {
		s.degraded(fmt.Sprintf("%d of %d members are ready", s.Ready, s.Wanted), "")
	}
	if s.Paused {
		s.degraded("the operator does nothing: paused", "onggi resume "+s.Name)
	}
	s.judgeMembers()
}
