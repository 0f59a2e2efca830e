package watch

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Each row is what happens to files, in milliseconds, and when the watch believes what it sees. "e" is an event; "a" says that
// from then on file a is in doubt, "-a" that it no longer is.
func TestDebounce(t *testing.T) {
	tests := []struct {
		name string
		what map[int]string
		want []int // with quiet 25, grace 300, limit 2000
	}{
		{"nothing", nil, nil},
		{"one write", map[int]string{0: "e"}, []int{25}},
		{"two writes of one save", map[int]string{0: "e", 20: "e"}, []int{45}},
		{"two saves", map[int]string{0: "e", 100: "e"}, []int{25, 125}},
		{"gone for a moment", map[int]string{0: "e a", 40: "e -a"}, []int{65}},
		{"back without an event", map[int]string{0: "e a", 40: "-a"}, []int{50}},
		{"gone", map[int]string{0: "e a"}, []int{325}},
		{"gone while another is written again and again", map[int]string{0: "e a", 30: "e", 50: "e", 70: "e", 300: "e", 320: "e"}, []int{325}},
		{"one comes back, another goes", map[int]string{0: "e a", 200: "e -a b"}, []int{525}},
		{"gone twice", map[int]string{0: "e a", 200: "e -a", 400: "e a"}, []int{225, 725}},
		{"a stream of writes", stream(0, 4100, 20), []int{2000, 4020, 4125}},
		{"a stream of writes and a file that stays open", join(stream(0, 2500, 20), map[int]string{0: "e a"}), []int{2300, 2525}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, play(tt.what))
		})
	}
}

// play runs a fake clock over what happens and returns when it was believed.
func play(what map[int]string) (believed []int) {
	d := newDebounce(25 * time.Millisecond)
	epoch := time.Unix(1, 0)
	doubts := map[string]bool{}
	for ms := range 6000 {
		now := epoch.Add(time.Duration(ms) * time.Millisecond)
		for _, word := range strings.Fields(what[ms]) {
			gone, resolved := strings.CutPrefix(word, "-")
			switch {
			case word == "e":
				d.event(now)
			case resolved:
				delete(doubts, gone)
			default:
				doubts[word] = true
			}
		}
		if due, waiting := d.due(); !waiting || now.Before(due) {
			continue
		}
		var names []string
		for name := range doubts {
			names = append(names, name)
		}
		if _, believe := d.seen(now, names); believe {
			believed = append(believed, ms)
			clear(doubts) // what is believed is no longer in doubt
		}
	}
	return believed
}

func stream(from, to, every int) map[int]string {
	out := map[int]string{}
	for ms := from; ms <= to; ms += every {
		out[ms] = "e"
	}
	return out
}

func join(a, b map[int]string) map[int]string {
	for ms, what := range b {
		a[ms] = what
	}
	return a
}

func TestTheTimeOfACycleBeginsWithItsFirstEvent(t *testing.T) {
	d, epoch := newDebounce(25*time.Millisecond), time.Unix(1, 0)
	d.event(epoch)
	d.event(epoch.Add(20 * time.Millisecond))
	begun, believe := d.seen(epoch.Add(45*time.Millisecond), nil)
	require.True(t, believe)
	require.Equal(t, epoch, begun)
	_, waiting := d.due()
	require.False(t, waiting)
}
