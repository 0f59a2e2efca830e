package backup

import (
	"slices"
	"sort"
)

// Member is one that could make a backup.
type Member struct {
	Name      string
	Leader    bool
	Streaming bool   // from the leader, now
	Lag       uint64 // bytes behind the leader
}

// maxLag is how far behind a standby may be: the backup waits until it has replayed the log up to where the backup begins.
const maxLag = 256 << 20

// Choose is the member that makes a backup, and why it is that one. With the target primary that is the leader; else the standby that streams
// and is the least behind, and the leader where there is none. Ties go to the last name, since the first is most often the leader again after a
// whole restart.
func Choose(members []Member, target string) (Member, string, bool) {
	at := slices.IndexFunc(members, func(m Member) bool { return m.Leader })
	if at < 0 {
		return Member{}, "there is no leader", false
	}
	leader := members[at]
	if target == "primary" {
		return leader, "the target is the primary", true
	}
	var standbys []Member
	for _, m := range members {
		if !m.Leader && m.Streaming && m.Lag <= maxLag {
			standbys = append(standbys, m)
		}
	}
	if len(standbys) == 0 {
		return leader, "no standby streams and is near enough", true
	}
	sort.Slice(standbys, func(i, j int) bool {
		a, b := standbys[i], standbys[j]
		return a.Lag < b.Lag || a.Lag == b.Lag && a.Name > b.Name
	})
	return standbys[0], "a standby that streams", true
}
