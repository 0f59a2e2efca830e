package drill

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/manifest"
)

// TestWhatOthersDo are drills that others interfere with.
func TestWhatOthersDo(t *testing.T) {
	stranger := func(w *api) {
		w.scratch = manifest.Map{"metadata": manifest.Map{"name": "shop-drill", "uid": "precious", "labels": manifest.Map{LabelOf: "shop"}}}
	}
	saves := 0
	tests := []struct {
		name   string
		meddle func(w *api, a Action)
		exit   Exit
		reason string
	}{
		{"somebody else is faster", func(w *api, a Action) {
			if a.Do == Create {
				stranger(w)
			}
		}, ExitFailed, "somebody else made Cluster shop-drill meanwhile"},
		{"somebody removes the scratch cluster", func(w *api, a Action) {
			if w.scratch != nil && w.heal == 1 {
				w.scratch, w.volumes = nil, 0
			}
		}, ExitFailed, "somebody removed the scratch cluster"},
		{"somebody removes it, and it takes a while", func(w *api, a Action) {
			if w.scratch != nil && w.heal == 1 {
				w.linger = 50
				_ = manifest.Set(w.scratch, "2026-11-22T07:00:00Z", "metadata", "deletionTimestamp")
			}
		}, ExitFailed, "somebody removed the scratch cluster"},
		{"somebody takes the label off", func(w *api, a Action) {
			if a.Do == Verify {
				_ = manifest.Set(w.scratch, manifest.Map{}, "metadata", "labels")
			}
		}, ExitGood, ""},
		{"somebody edits the record", func(w *api, a Action) {
			if a.Do == Verify {
				w.version += 10
			}
		}, ExitGood, ""},
		{"the database is gone", func(w *api, _ Action) { w.source = false }, ExitFailed, "Cluster shop is not there"},
		{"the operator is ill twice, and gets over it", func(w *api, _ Action) {
			w.phase = "Setting up primary"
			if w.heal%12 < 9 { // 90 seconds of each 120
				w.phase = "Unable to create required cluster objects"
			}
		}, ExitGood, ""},
		{"the record may not be written any more", func(w *api, a Action) {
			if a.Do == Save {
				saves++
			}
			w.fault = func(a Action) (Fault, bool) {
				if a.Do == Save && saves > 1 {
					return Refused, false
				}
				return NoFault, true
			}
		}, ExitInOut, ""},
		{"the answer to the first record is lost", func(w *api, a Action) {
			w.fault = func(a Action) (Fault, bool) {
				if a.Do == Save && w.history.Open == nil && w.history.Last == nil {
					return Transient, true
				}
				return NoFault, true
			}
		}, ExitGood, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newAPI()
			w.meddle = tt.meddle
			if strings.Contains(tt.name, "ill twice") {
				w.heal = 30
			}
			began := w.now
			d := w.start(sampleNewest(), "shop-drill-2")
			exit, _ := w.ride(d, never, never)
			require.Equal(t, tt.exit, exit, "%+v", d.Outcome())
			require.Equal(t, tt.reason, d.Outcome().Reason)
			require.NotContains(t, w.deleted, "precious")
			require.Less(t, w.now.Sub(began), 10*time.Minute, "it does not wait for what is not its own")
			require.LessOrEqual(t, len(w.events), 1, "%q", w.events)
			if w.scratch != nil || strings.Contains(tt.name, "label") {
				require.Empty(t, w.deleted)
				require.False(t, ReadScratch(sampleNewest(), w.scratch).Run == d.run.ID() && ReadScratch(sampleNewest(), w.scratch).Ours)
			}
		})
	}
}

func TestADrillThatRunsIsSeenByItsClusterToo(t *testing.T) {
	w := newAPI()
	first := w.start(sampleNewest(), "shop-drill-1")
	o, err := Build(sampleNewest(), first.run, Target{}, nil)
	require.NoError(t, err)
	w.create(o)
	w.jobs["uid-of-shop-drill-1"] = JobAlive // and somebody deleted the record
	second := w.start(sampleNewest(), "shop-drill-2")
	exit, _ := w.ride(second, never, never)
	require.Equal(t, ExitFailed, exit)
	require.Equal(t, "shop-drill-1", second.Busy())
	require.Empty(t, w.deleted)
}

// TestToldToStop: whatever it is at, and however the API server answers, a drill ends before its pod is killed.
func TestToldToStop(t *testing.T) {
	for stopAt := range 20 {
		for _, how := range []string{"answers", "never answers", "never removes", "never records"} {
			w := newAPI()
			if how == "never removes" {
				w.linger = never
			}
			d := w.start(sampleNewest(), "shop-drill-2")
			w.meddle = func(w *api, _ Action) {
				if strings.HasPrefix(how, "never a") && !w.stopped.IsZero() {
					w.fault = func(Action) (Fault, bool) { return Transient, false }
				}
				if how == "never records" && !w.stopped.IsZero() {
					w.fault = func(a Action) (Fault, bool) {
						if a.Do == Save {
							return Transient, false
						}
						return NoFault, true
					}
				}
			}
			w.ride(d, stopAt, never)
			if !w.stopped.IsZero() {
				require.Less(t, w.now.Sub(w.stopped), Grace-5*time.Second, "stopped at %d by a server that %s", stopAt, how)
				if how == "answers" || how == "never records" {
					require.Nil(t, w.scratch, "stopped at %d by a server that %s", stopAt, how)
				}
			}
		}
	}
}
