package drill

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/manifest"
)

const never = -1

// TestDrills are drills from beginning to end. Whatever the outcome, nothing is left of them.
func TestDrills(t *testing.T) {
	oldRun := Run{Job: "shop-drill-1", JobUID: "uid-of-shop-drill-1", Pod: "p", Started: time.Date(2026, 11, 15, 6, 0, 0, 0, time.UTC)}
	leftover := func(w *api) {
		o, err := Build(sampleNewest(), oldRun, Target{}, nil)
		if err != nil {
			panic(err)
		}
		w.create(o)
		w.created = nil
	}
	tests := []struct {
		name   string
		change func(w *api, c *Config)
		stopAt int
		exit   Exit
		reason string   // of the outcome; "" is a good one
		events []string // their beginnings
	}{
		{"a good one", nil, never, ExitGood, "", []string{"DrillSucceeded: Restored and checked in"}},
		{"a check that fails", func(w *api, _ *Config) { w.results = []Result{{"orders", false, "0, expected > 0"}} }, never,
			ExitFailed, "checks failed: orders", []string{"DrillFailed: The restore drill of Job shop-drill-2 failed after"}},
		{"an operator that never reacts", func(w *api, _ *Config) { w.heal, w.phase = never, "" }, never,
			ExitTimeout, "ran out of time while waiting for the scratch cluster: the operator has not reacted yet (0 of 1 ready)", []string{"DrillFailed"}},
		{"a cluster beyond repair", func(w *api, _ *Config) {
			w.heal, w.phase = never, "Cluster is unrecoverable and needs manual intervention"
		}, never,
			ExitFailed, "the scratch cluster cannot get well: Cluster is unrecoverable and needs manual intervention (0 of 1 ready)", []string{"DrillFailed"}},
		{"a catalog without the image", func(w *api, _ *Config) { w.heal, w.phase = never, "Cluster has incomplete or invalid image catalog" }, never,
			ExitFailed, "the scratch cluster does not get well: Cluster has incomplete or invalid image catalog (0 of 1 ready)", []string{"DrillFailed"}},
		{"an operator that gets over it", func(w *api, _ *Config) {
			w.heal, w.phase = 5, "Cluster cannot proceed to reconciliation due to an unknown plugin being required"
		}, never, ExitGood, "", []string{"DrillSucceeded"}},
		{"the API server refuses the cluster", func(w *api, _ *Config) {
			w.fault = func(a Action) (Fault, bool) {
				if a.Do == Create {
					return Refused, false
				}
				return NoFault, true
			}
		}, never, ExitFailed, "the API server refused the scratch cluster: fault 3", []string{"DrillFailed"}},
		{"no snapshot yet", func(_ *api, c *Config) { c.Snapshot = true }, never,
			ExitFailed, "there is no completed snapshot of Cluster shop to restore", []string{"DrillFailed"}},
		{"told to stop while it waits", nil, 5, ExitTimeout, "was told to stop while waiting for the scratch cluster", []string{"DrillFailed"}},
		{"told to stop before it looked", nil, 0, ExitTimeout, "was told to stop while looking for what an earlier drill left", []string{"DrillFailed"}},
		{"it cannot be removed", func(w *api, _ *Config) { w.linger = never }, never,
			ExitFailed, "what it made could not be removed: Cluster shop-drill is not gone yet", []string{"DrillSucceeded", "DrillFailed"}},
		{"a drill was killed, and its Cluster is there", func(w *api, _ *Config) { leftover(w); w.history.Open = &oldRun }, never,
			ExitGood, "", []string{"DrillFailed: The restore drill of Job shop-drill-1 failed after", "DrillSucceeded"}},
		{"a drill was killed, and the garbage collector was there", func(w *api, _ *Config) { w.history.Open = &oldRun }, never,
			ExitGood, "", []string{"DrillFailed: The restore drill of Job shop-drill-1 failed", "DrillSucceeded"}},
		{"a drill was killed, and its record is lost", func(w *api, _ *Config) { leftover(w) }, never,
			ExitGood, "", []string{"DrillFailed: The restore drill of Job shop-drill-1 failed", "DrillSucceeded"}},
		{"a drill was killed while it removed", func(w *api, _ *Config) { leftover(w); w.history.Last = &Outcome{Run: oldRun, OK: true} }, never,
			ExitGood, "", []string{"DrillSucceeded"}},
		{"volumes of an earlier drill that the garbage collector has not reached", func(w *api, _ *Config) { w.volumes, w.claims = 2, 5 }, never,
			ExitGood, "", []string{"DrillSucceeded"}},
		{"what an earlier drill left cannot be removed", func(w *api, _ *Config) { leftover(w); w.linger = never }, never,
			ExitFailed, "what an earlier drill left could not be removed: Cluster shop-drill is not gone yet", []string{"DrillFailed", "DrillFailed"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, c := newAPI(), sampleNewest()
			if tt.change != nil {
				tt.change(w, c)
			}
			d := w.start(c, "shop-drill-2")
			exit, ended := w.ride(d, tt.stopAt, never)
			require.True(t, ended)
			require.Equal(t, tt.exit, exit)
			require.Equal(t, tt.reason, d.Outcome().Reason)
			require.Equal(t, tt.reason == "", d.Outcome().OK)
			require.Len(t, w.events, len(tt.events), "%q", w.events)
			for i, want := range tt.events {
				require.True(t, strings.HasPrefix(w.events[i], want), "%q does not begin with %q", w.events[i], want)
			}
			require.Equal(t, d.Outcome().Run.ID(), w.history.Last.Run.ID())
			require.Nil(t, w.history.Open)
			if w.linger != never {
				require.Nil(t, w.scratch)
				require.Zero(t, w.volumes)
			}
			for _, o := range w.created {
				owners, _ := manifest.Get(o, "metadata", "ownerReferences", 0, "uid")
				require.Equal(t, "uid-of-shop-drill-2", owners)
			}
		})
	}
}

func TestTwoDrillsNeverRunAtOnce(t *testing.T) {
	for n := 1; n < 12; n++ { // the first drill is as far as n actions bring it
		w := newAPI()
		first := w.start(sampleNewest(), "shop-drill-1")
		w.jobs["uid-of-shop-drill-1"] = JobAlive
		if _, ended := w.ride(first, never, n); ended || w.history.Open == nil {
			continue
		}
		before, made := w.history, len(w.created)
		second := w.start(sampleNewest(), "shop-drill-2")
		exit, _ := w.ride(second, never, never)
		require.Equal(t, ExitFailed, exit)
		require.Equal(t, "shop-drill-1", second.Busy())
		require.Nil(t, second.Outcome())
		require.Equal(t, before, w.history, "the second has nothing to record")
		require.Len(t, w.created, made)
		require.Empty(t, w.deleted)
	}
}

func TestADrillThatIsStoppedBesideAnotherHasNothingToSay(t *testing.T) {
	w := newAPI()
	first := w.start(sampleNewest(), "shop-drill-1")
	w.jobs["uid-of-shop-drill-1"] = JobAlive
	w.ride(first, never, 5)
	before := w.history
	second := w.start(sampleNewest(), "shop-drill-2")
	w.ride(second, 0, never)
	require.Equal(t, "shop-drill-1", second.Busy())
	require.Equal(t, before, w.history)
	require.Empty(t, w.events)
}

func TestTwoThatBeginAtOnceFindOutByTheRecord(t *testing.T) {
	w := newAPI()
	w.jobs["uid-of-a"], w.jobs["uid-of-b"] = JobAlive, JobAlive
	a, b := w.start(sampleNewest(), "a"), w.start(sampleNewest(), "b")
	// Both look before either writes.
	seen := func(d *Drill, act Action) Action {
		in := w.do(d.run, act)
		in.Now = w.now
		return d.Next(in)
	}
	writeA, writeB := seen(a, a.First()), seen(b, b.First())
	seen(a, writeA)
	next := seen(b, writeB)
	require.Equal(t, Look, next.Do, "the record changed: look again")
	require.Equal(t, Stop, seen(b, next).Do)
	require.Equal(t, "a", b.Busy())
}

func TestAClusterThatNoDrillMadeIsNotTouched(t *testing.T) {
	w := newAPI()
	w.scratch = manifest.Map{"metadata": manifest.Map{"name": "shop-drill", "uid": "precious"}}
	d := w.start(sampleNewest(), "shop-drill-2")
	exit, _ := w.ride(d, never, never)
	require.Equal(t, ExitFailed, exit)
	require.Equal(t, "Cluster shop-drill is there, and no drill made it", d.Outcome().Reason)
	require.Empty(t, w.deleted)
	require.NotNil(t, w.scratch)
}

func TestAnAPIServerThatNeverAnswers(t *testing.T) {
	w := newAPI()
	w.fault = func(Action) (Fault, bool) { return Transient, false }
	d := w.start(sampleNewest(), "shop-drill-2")
	began := w.now
	exit, _ := w.ride(d, never, never)
	require.Equal(t, ExitTimeout, exit)
	require.Equal(t, "fault 1", d.Unsaved())
	require.Less(t, w.now.Sub(began), sampleNewest().Deadline())
}

// TestWhateverHappens throws everything at drills: failing requests, lost answers, operators of all kinds, being told to stop and
// being killed at any point. Then one more drill runs in peace. Afterwards nothing of any drill is left, each has its outcome, and
// nobody else's Cluster was touched.
func TestWhateverHappens(t *testing.T) {
	const seeds = 2000
	exits := map[Exit]int{}
	kills := 0
	for seed := range uint64(seeds) {
		r := rand.New(rand.NewPCG(seed, 7))
		w, c := newAPI(), sampleNewest()
		c.Timeout = Duration(20 * time.Minute)
		var runs []Run
		for n := range 1 + r.IntN(3) {
			w.heal, w.phase = r.IntN(8)-1, []string{"", "Setting up primary", "Invalid cluster definition", "Waiting for user action"}[r.IntN(4)]
			w.linger = 1 + r.IntN(4)
			w.results = []Result{{Name: "orders", Passed: r.IntN(3) > 0}}
			w.fault = flaky(r, r.Float64()*0.6)
			stopAt, killAt := r.IntN(40)-20, r.IntN(40)-20
			if stopAt < 0 {
				stopAt = never
			}
			job := fmt.Sprintf("job-%d", n)
			if len(runs) > 0 && r.IntN(3) == 0 {
				job = runs[len(runs)-1].Job // a container that was started again
			} else if len(runs) > 0 {
				w.jobs["uid-of-"+runs[len(runs)-1].Job] = JobState(r.IntN(2)) // gone or done
				if r.IntN(2) == 0 && w.scratch != nil {
					w.scratch, w.volumes = nil, r.IntN(2) // the garbage collector
				}
			}
			d := w.start(c, job)
			began := w.now
			exit, ended := w.ride(d, stopAt, killAt)
			require.Empty(t, d.Busy(), "seed %d", seed)
			require.Less(t, w.now.Sub(began), c.Deadline(), "seed %d", seed)
			if ended {
				exits[exit]++
				w.checkEnd(t, seed, d, exit)
			} else {
				kills++
			}
			runs = append(runs, d.run)
		}
		w.peace(t, seed, c, runs[len(runs)-1])
	}
	require.Greater(t, kills, seeds/10)
	for _, exit := range []Exit{ExitGood, ExitFailed, ExitTimeout} {
		require.Greater(t, exits[exit], seeds/100, "exit %d is hardly ever reached", exit)
	}
}

// checkEnd holds an end against what it claims.
func (w *api) checkEnd(t *testing.T, seed uint64, d *Drill, exit Exit) {
	o := d.Outcome()
	require.NotNil(t, o, "seed %d", seed)
	if exit == ExitGood {
		require.True(t, o.OK, "seed %d", seed)
		require.Nil(t, w.scratch, "seed %d", seed)
		require.Zero(t, w.volumes, "seed %d", seed)
	}
	if d.Unsaved() == "" {
		require.Equal(t, o.Run.ID(), w.history.Last.Run.ID(), "seed %d", seed)
		require.Equal(t, o.Reason, w.history.Last.Reason, "seed %d", seed)
		require.False(t, w.history.Open != nil && w.history.Open.ID() == d.run.ID(), "seed %d", seed)
	}
	if w.scratch != nil && manifest.Text(w.scratch, "metadata", "annotations", annotationRun) == d.run.ID() {
		require.Contains(t, o.Reason, "could not be removed", "seed %d", seed)
	}
}

// peace is one more drill, of a Job that comes when all before it have ended.
func (w *api) peace(t *testing.T, seed uint64, c *Config, last Run) {
	open := w.history.Open
	w.fault = newAPI().fault
	w.heal, w.phase, w.linger, w.results = 2, "", 2, []Result{{Name: "orders", Passed: true}}
	w.jobs["uid-of-"+last.Job] = JobDone
	d := w.start(c, "peace")
	before := len(w.events)
	exit, _ := w.ride(d, never, never)
	require.Equal(t, ExitGood, exit, "seed %d: %+v", seed, d.Outcome())
	require.Nil(t, w.scratch, "seed %d", seed)
	require.Zero(t, w.volumes, "seed %d", seed)
	require.Nil(t, w.history.Open, "seed %d", seed)
	require.Zero(t, w.history.Failures, "seed %d", seed)
	if open != nil {
		require.Contains(t, strings.Join(w.events[before:], "\n"), "Job "+open.Job+" failed", "seed %d: the killed drill has no outcome", seed)
	}
}
