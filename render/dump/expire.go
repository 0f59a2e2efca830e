package dump

import (
	"slices"
	"time"
)

// Expire are the IDs of good dumps that go, the oldest first: with keep all but the newest so many, with days those that began more than so many days
// ago, with neither none. The newest stays whatever its age. What is no ID is left alone.
func Expire(good []string, keep, days int, now time.Time) []string {
	var ids []string
	for _, id := range good {
		if _, ok := Moment(id); ok {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	if len(ids) == 0 {
		return nil
	}
	candidates := ids[:len(ids)-1]
	switch {
	case keep > 0:
		return candidates[:max(0, len(ids)-keep)]
	case days > 0:
		limit := now.AddDate(0, 0, -days)
		young := slices.IndexFunc(candidates, func(id string) bool {
			began, _ := Moment(id)
			return !began.Before(limit)
		})
		if young >= 0 {
			return candidates[:young]
		}
		return candidates
	}
	return nil
}

// Left are the IDs of folders without a manifest that no dump writes to any more: those that began longer ago than one may take.
func Left(folders, good []string, timeout time.Duration, now time.Time) []string {
	var ids []string
	for _, id := range folders {
		began, ok := Moment(id)
		if ok && !slices.Contains(good, id) && now.Sub(began) > timeout+time.Hour {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}
