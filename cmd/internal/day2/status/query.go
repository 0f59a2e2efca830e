package status

import (
	"fmt"
	"slices"
	"strings"
)

// Scaled is what would become of a database with another number of members.
type Scaled struct {
	Name string `json:"name"`
	From int    `json:"from"`
	To   int    `json:"to"`
	// Goes are the members that would end, and Volumes says what of their data: kept or deleted.
	Goes    []string `json:"goes,omitempty"`
	Comes   int      `json:"comes,omitempty"`
	Volumes string   `json:"volumes,omitempty"`
	// Primary tells that the primary is among those that go, and Heirs who could take over of those that stay.
	Primary bool     `json:"primaryGoes"`
	Heirs   []string `json:"heirs,omitempty"`
	// Quorum tells whether commits go on being acknowledged as they are now; Quorums is the sentence for it.
	Quorum  bool     `json:"quorumKept"`
	Quorums string   `json:"quorum,omitempty"`
	Notes   []string `json:"notes,omitempty"`
}

// Query tells what would go if there were n members.
func (s *Status) Query(n int) Scaled {
	q := Scaled{Name: s.Name, From: s.Wanted, To: n, Quorum: true, Comes: max(0, n-s.Wanted)}
	if n < s.Wanted {
		q.Goes = s.goes(n)
	}
	q.Primary = slices.Contains(q.Goes, s.Primary) && s.Primary != ""
	staying := 0
	for _, m := range s.Members {
		if slices.Contains(q.Goes, m.Name) {
			continue
		}
		if m.Candidate {
			q.Heirs = append(q.Heirs, m.Name)
		}
		if m.Role != Primary && (s.Commits == nil || len(s.Commits.Of) == 0 || slices.Contains(s.Commits.Of, m.Name)) {
			staying++
		}
	}
	q.commits(s, staying)
	if len(q.Goes) > 0 {
		q.Volumes = volumesOf(s.Backend)
	}
	if q.Primary && len(q.Heirs) == 0 && n > 0 {
		q.Notes = append(q.Notes, "the primary would go, and nobody that stays could take over now")
	}
	if n == 0 {
		q.Notes = append(q.Notes, "no member is left: that is hibernate: true in the spec")
	}
	return q
}

// mostNamed bounds the list: a number in an object may be any.
const mostNamed = 1000

// goes are the members that would end. A StatefulSet ends those with the highest numbers, CloudNativePG the newest that is ready
// and not the primary.
func (s *Status) goes(n int) []string {
	switch s.Backend {
	case Native, Zalando:
		var names []string
		for i := n; i < s.Wanted && len(names) < mostNamed; i++ {
			names = append(names, fmt.Sprintf("%s-%d", s.Name, i))
		}
		return names
	case CloudNative:
		var names []string
		for _, m := range slices.Backward(s.Members) {
			if m.Name != s.Primary && m.Ready && len(names) < s.Wanted-n {
				names = append(names, m.Name)
			}
		}
		slices.Reverse(names)
		return names
	}
	return nil
}

func (q *Scaled) commits(s *Status, staying int) {
	c := s.Commits
	if c == nil || c.Mode == "async" || c.Wait == 0 {
		return
	}
	if q.Primary {
		staying-- // one of them becomes the primary
	}
	staying += q.Comes
	if staying < 0 {
		staying = 0
	}
	switch {
	case staying >= c.Wait:
		q.Quorums = fmt.Sprintf("commits wait for %d of %s", c.Wait, standbys(staying))
	case c.Mode == "preferred":
		q.Quorum = false
		q.Quorums = fmt.Sprintf("commits wait for %s, and %d would be there: the primary goes on alone", standbys(c.Wait), staying)
	default:
		q.Quorum = false
		q.Quorums = fmt.Sprintf("commits wait for %s, and %d would be there: they would wait for ever", standbys(c.Wait), staying)
	}
}

func volumesOf(backend string) string {
	switch backend {
	case Native:
		return "kept, and found again when the number grows"
	case CloudNative:
		return "deleted with their instances"
	}
	return ""
}

// Text is the answer for a person.
func (q Scaled) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s from %d to %d members:\n", q.Name, q.From, q.To)
	switch {
	case q.Comes > 0:
		fmt.Fprintf(&b, "  %d would come, each copied from a member that is there\n", q.Comes)
	case q.To == q.From:
		b.WriteString("  nothing changes\n")
	case len(q.Goes) == 0:
		b.WriteString("  which members would go is the operator's choice\n")
	default:
		fmt.Fprintf(&b, "  would go: %s\n", strings.Join(q.Goes, ", "))
		fmt.Fprintf(&b, "  the primary is %samong them\n", map[bool]string{false: "not "}[q.Primary])
		if q.Primary && len(q.Heirs) > 0 {
			fmt.Fprintf(&b, "  it would hand over to one of: %s\n", strings.Join(q.Heirs, ", "))
		}
		if q.Volumes != "" {
			fmt.Fprintf(&b, "  their volumes are %s\n", q.Volumes)
		}
	}
	if q.Quorums != "" {
		fmt.Fprintf(&b, "  %s\n", q.Quorums)
	}
	for _, note := range q.Notes {
		fmt.Fprintf(&b, "  %s\n", note)
	}
	return b.String()
}
