package status

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// three is a native cluster whose commits wait for one of two standbys, with a named primary.
func three(primary string) Status {
	s := Status{Name: "shop", Backend: Native, Wanted: 3, Ready: 3, Primary: primary, Commits: &Commits{Mode: "required", Wait: 1}}
	for _, name := range []string{"shop-0", "shop-1", "shop-2"} {
		m := Member{Name: name, Role: QuorumStandby, State: "streaming", Pod: "Running", Ready: true, Candidate: true}
		if name == primary {
			m.Role, m.State, m.Candidate = Primary, "running", false
		} else {
			s.Commits.Of = append(s.Commits.Of, name)
		}
		s.Members = append(s.Members, m)
	}
	return s
}

func TestWhatWouldGo(t *testing.T) {
	for _, row := range []struct {
		name    string
		of      func() Status
		to      int
		goes    []string
		primary bool
		heirs   []string
		quorum  bool
		says    string
	}{
		{"a standby", func() Status { return three("shop-0") }, 2, []string{"shop-2"}, false, []string{"shop-1"}, true, "commits wait for 1 of 1 standby"},
		{"both standbys", func() Status { return three("shop-0") }, 1, []string{"shop-1", "shop-2"}, false, nil, false, "they would wait for ever"},
		{"the primary, by its number", func() Status { return three("shop-2") }, 2, []string{"shop-2"}, true, []string{"shop-0", "shop-1"}, true, "it would hand over to one of: shop-0, shop-1"},
		{"the primary and the only heir", func() Status { return three("shop-2") }, 1, []string{"shop-1", "shop-2"}, true, []string{"shop-0"}, false, "0 would be there"},
		{"all", func() Status { return three("shop-0") }, 0, []string{"shop-0", "shop-1", "shop-2"}, true, nil, false, "hibernate: true"},
		{"nobody", func() Status { return three("shop-0") }, 3, nil, false, []string{"shop-1", "shop-2"}, true, "nothing changes"},
		{"more", func() Status { return three("shop-0") }, 5, nil, false, []string{"shop-1", "shop-2"}, true, "2 would come"},
		{"a primary that goes on alone", func() Status {
			s := three("shop-0")
			s.Commits.Mode = "preferred"
			return s
		}, 1, []string{"shop-1", "shop-2"}, false, nil, false, "the primary goes on alone"},
		{"no heir", func() Status {
			s := three("shop-2")
			s.Commits, s.Members[0].Candidate, s.Members[1].Candidate = nil, false, false
			return s
		}, 2, []string{"shop-2"}, true, nil, true, "nobody that stays could take over now"},
		{"a member whose pod is missing goes by its number", func() Status {
			s := three("shop-0")
			s.Members = s.Members[:2]
			return s
		}, 2, []string{"shop-2"}, false, []string{"shop-1"}, true, "would go: shop-2"},
		{"the newest that is not the primary, of CloudNativePG", func() Status {
			s := three("shop-2")
			s.Backend = CloudNative
			return s
		}, 2, []string{"shop-1"}, false, []string{"shop-0"}, true, "their volumes are deleted with their instances"},
		{"what PGO chooses", func() Status {
			s := three("shop-0")
			s.Backend, s.Commits = Crunchy, nil
			return s
		}, 2, nil, false, []string{"shop-1", "shop-2"}, true, "the operator's choice"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := row.of()
			q := s.Query(row.to)
			require.Equal(t, row.goes, q.Goes)
			require.Equal(t, row.primary, q.Primary)
			require.Equal(t, row.heirs, q.Heirs)
			require.Equal(t, row.quorum, q.Quorum)
			require.Contains(t, q.Text(), row.says)
		})
	}
}
