package status

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// Observed is what was read of a database, as it was read.
type Observed struct {
	Backend         Backend
	Name, Namespace string
	Object          json.RawMessage   // the StatefulSet, or the operator's object
	Pods            []json.RawMessage // of members
	Lease           json.RawMessage   // of native; nil: there is none
	Poolers         []json.RawMessage // Deployments of native, Poolers of CloudNativePG
	Backups         []json.RawMessage // Backup objects of CloudNativePG
	Claims          []json.RawMessage // PersistentVolumeClaims of members
	// Answers are what agents (native: onggi-agent ctl status) or servers ([Query] through psql) said, by the names of their pods.
	Answers map[string]Answer
	// Repository is what an agent of native said of the backups; nil where it has none, or nobody asked.
	Repository *Answer
	Notes      []string // what could not be read
}

// Answer is what was said, or why nothing was.
type Answer struct {
	Document json.RawMessage
	Err      string
}

// Of makes the picture.
func Of(o Observed) Status {
	s := Status{Name: o.Name, Namespace: o.Namespace, Backend: o.Backend.Name, Notes: slices.Clone(o.Notes), Members: []Member{}}
	pods := podsOf(o)
	switch o.Backend.Name {
	case Native:
		s.native(o, pods)
	case CloudNative:
		s.cloudNative(o, pods)
	default:
		s.others(o, pods)
	}
	s.volumes(o.Claims)
	slices.SortFunc(s.Members, func(a, b Member) int { return natural(a.Name, b.Name) })
	s.silences(o)
	slices.SortStableFunc(s.Reasons, func(a, b Reason) int { return cmp.Compare(gravity(b.Health), gravity(a.Health)) })
	s.Health = s.judge()
	return s
}

// judge is what the reasons come to.
func (s *Status) judge() Health {
	switch {
	case s.Health == Hibernated, s.Health == Unknown:
		return s.Health
	case len(s.Reasons) == 0:
		return Healthy
	}
	return s.Reasons[0].Health
}

func gravity(h Health) int { return slices.Index([]Health{Degraded, Unknown, Down}, h) }

func (s *Status) degraded(text, do string) {
	s.Reasons = append(s.Reasons, Reason{Degraded, text, do})
}

func (s *Status) down(text, do string) { s.Reasons = append(s.Reasons, Reason{Down, text, do}) }

// silences tells which members did not answer.
func (s *Status) silences(o Observed) {
	for _, name := range s.Names() {
		if a, asked := o.Answers[name]; asked && a.Err != "" {
			s.Notes = append(s.Notes, name+" did not answer: "+a.Err)
		}
	}
}

// natural compares names by their numbers at the end: shop-2 comes before shop-10.
func natural(a, b string) int {
	stem := func(s string) (string, int) {
		i, n := len(s), 0
		for i > 0 && s[i-1] >= '0' && s[i-1] <= '9' && len(s)-i < 9 {
			i--
		}
		for _, c := range s[i:] {
			n = 10*n + int(c-'0')
		}
		return s[:i], n
	}
	x, m := stem(a)
	y, n := stem(b)
	return cmp.Or(cmp.Compare(x, y), cmp.Compare(m, n), cmp.Compare(a, b))
}

// pod is what is read of a Pod.
type pod struct {
	Metadata struct {
		Name, UID         string
		Labels            map[string]string
		DeletionTimestamp string
	}
	Spec struct{ NodeName string }
	// Pod.status
	Status struct {
		Phase      string
		Conditions []struct{ Type, Status, Reason, Message string }
		// Containers and the sidecars among the init containers.
		ContainerStatuses, InitContainerStatuses []struct {
			Name         string
			RestartCount int
			State        struct {
				Waiting struct{ Reason, Message string }
			}
		}
	}
}

// waits is what keeps the pod from coming up, as Kubernetes says it; empty where nothing is known to be wrong.
func (p pod) waits() (reason, detail string) {
	for _, c := range slices.Concat(p.Status.ContainerStatuses, p.Status.InitContainerStatuses) {
		switch w := c.State.Waiting; w.Reason {
		case "", "PodInitializing", "ContainerCreating":
		default:
			return w.Reason, strings.TrimSuffix("container "+c.Name+": "+w.Message, ": ")
		}
	}
	for _, c := range p.Status.Conditions {
		if c.Type == "PodScheduled" && c.Status == "False" {
			return c.Reason, c.Message
		}
	}
	return "", ""
}

func (p pod) phase() string {
	if p.Metadata.DeletionTimestamp != "" {
		return "Terminating"
	}
	return cmp.Or(p.Status.Phase, "Pending")
}

func (p pod) ready() bool {
	for _, c := range p.Status.Conditions {
		if c.Type == "Ready" {
			return c.Status == "True" && p.Metadata.DeletionTimestamp == ""
		}
	}
	return false
}

// member is what a pod alone tells of it.
func (p pod) member(b Backend) Member {
	m := Member{Name: p.Metadata.Name, Role: NoRole, State: unknown, Pod: p.phase(), Ready: p.ready(), Node: p.Spec.NodeName}
	switch role := p.Metadata.Labels[b.Role]; {
	case role == "":
	case b.Leads(role):
		m.Role = Primary
	default:
		m.Role = Replica
	}
	m.Waiting, m.Detail = p.waits()
	for _, c := range slices.Concat(p.Status.ContainerStatuses, p.Status.InitContainerStatuses) {
		m.Restarts += c.RestartCount
	}
	return m
}

// podsOf reads the pods. What cannot be read as one is left out: the API server sends none such.
func podsOf(o Observed) []pod {
	var out []pod
	for _, data := range o.Pods {
		var p pod
		if json.Unmarshal(data, &p) == nil && p.Metadata.Name != "" {
			out = append(out, p)
		}
	}
	return out
}

// instant reads a time of the API server; zero is none.
func instant(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}
	}
	return t
}
