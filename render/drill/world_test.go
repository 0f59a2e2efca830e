package drill

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/onggi-db/onggi/render/manifest"
)

// api is an API server with an operator and a garbage collector, as far as a drill sees them, in virtual time. Whatever is not
// set goes well.
type api struct {
	now     time.Time
	source  bool
	scratch manifest.Map
	volumes int
	jobs    map[string]JobState // by uid; one that is not here is gone
	history History
	version int
	events  []string
	serial  int
	deleted []string // uids, in the order that their deletion was asked for
	created []manifest.Map

	// heal is how many looks the operator needs to restore; below 0 it never does. phase is what it says meanwhile.
	heal  int
	phase string
	// linger is how many looks a deleted Cluster stays; below 0 for ever.
	linger  int
	results []Result
	moment  *Moment
	sources Source
	// claims is how many looks volumes outlive their Cluster.
	claims int
	// stopped is when the drill was told to stop.
	stopped time.Time
	// meddle is what others do right before an action.
	meddle func(w *api, a Action)
	// fault may have an action fail, before or after it was carried out.
	fault func(a Action) (f Fault, done bool)
}

func newAPI() *api {
	return &api{
		now: time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC), source: true, jobs: map[string]JobState{},
		heal: 3, linger: 2, version: 1, phase: "Setting up primary",
		results: []Result{{Name: "orders", Passed: true, Detail: "7"}},
		fault:   func(Action) (Fault, bool) { return NoFault, true },
	}
}

// do carries an action out.
func (w *api) do(run Run, a Action) Input {
	w.now = w.now.Add(a.After + 100*time.Millisecond)
	if w.meddle != nil {
		w.meddle(w, a)
	}
	f, done := w.fault(a)
	in := Input{Fault: f, Err: fmt.Sprintf("fault %d", f)}
	if !done {
		return in
	}
	got := w.carryOut(run, a)
	if f == NoFault {
		return got
	}
	return in
}

func (w *api) carryOut(run Run, a Action) Input {
	c := sampleNewest()
	switch a.Do {
	case Look:
		w.age()
		world := &World{History: w.history, Volumes: w.volumes}
		if w.source {
			world.Owner = "uid-of-shop"
		}
		if w.version > 1 {
			world.Version = fmt.Sprint(w.version)
		}
		if w.scratch != nil {
			world.Scratch = ReadScratch(c, w.scratch)
			world.Maker = w.job(run, world.Scratch.OwnerUID)
		}
		if o := w.history.Open; o != nil {
			world.Opener = w.job(run, o.JobUID)
		}
		return Input{World: world}
	case ReadSource:
		s := w.sources
		return Input{Source: &s}
	case Create:
		return w.create(a.Object)
	case Observe:
		w.age()
		if w.scratch == nil {
			return Input{}
		}
		w.operate()
		return Input{Scratch: ReadScratch(c, w.scratch)}
	case Verify:
		return Input{Results: w.results, Recovered: w.moment}
	case Save:
		return w.save(a)
	case Announce:
		w.events = append(w.events, manifest.Text(a.Object, "reason")+": "+manifest.Text(a.Object, "note"))
		return Input{}
	case Delete:
		return w.remove(a.UID)
	}
	panic("an action that there is none of")
}

func (w *api) job(run Run, uid string) JobState {
	if uid == run.JobUID {
		return JobAlive
	}
	return w.jobs[uid]
}

func (w *api) create(o manifest.Map) Input {
	if w.scratch != nil {
		return Input{Fault: Conflict, Err: "it exists"}
	}
	if w.volumes > 0 {
		panic("the operator would take up the volumes of the last drill")
	}
	w.serial++
	w.scratch = manifest.Clone(o)
	_ = manifest.Set(w.scratch, fmt.Sprintf("uid-%d", w.serial), "metadata", "uid")
	w.created = append(w.created, w.scratch)
	w.volumes = 1
	return Input{}
}

// operate is the operator.
func (w *api) operate() {
	status := manifest.Map{"phase": w.phase}
	if w.heal == 0 {
		status = manifest.Map{
			"phase": "Cluster in healthy state", "readyInstances": int64(1),
			"conditions": []any{manifest.Map{"type": "Ready", "status": "True"}},
		}
	} else {
		w.heal--
	}
	w.scratch["status"] = status
}

func (w *api) save(a Action) Input {
	version := ""
	if w.version > 1 {
		version = fmt.Sprint(w.version)
	}
	if a.Version != version {
		return Input{Fault: Conflict, Err: "it changed"}
	}
	h, err := ReadHistory(a.Object)
	if err != nil {
		panic(err)
	}
	w.history = h
	w.version++
	return Input{Version: fmt.Sprint(w.version)}
}

func (w *api) remove(uid string) Input {
	if w.scratch == nil {
		return Input{}
	}
	if manifest.Text(w.scratch, "metadata", "uid") != uid {
		return Input{Fault: Conflict, Err: "another uid"}
	}
	w.deleted = append(w.deleted, uid)
	_ = manifest.Set(w.scratch, "2026-11-22T07:00:00Z", "metadata", "deletionTimestamp")
	return Input{}
}

// age lets the garbage collector go on.
func (w *api) age() {
	if w.scratch == nil {
		if w.claims--; w.claims < 0 {
			w.volumes = 0
		}
		return
	}
	if _, deleting := manifest.Get(w.scratch, "metadata", "deletionTimestamp"); !deleting || w.linger < 0 {
		return
	}
	if w.linger--; w.linger <= 0 {
		w.scratch, w.linger = nil, 2
	}
}

// ride drives a drill to its end, or to where it is killed: after so many actions, which is told by false.
func (w *api) ride(d *Drill, stopAt, killAt int) (Exit, bool) {
	a := d.First()
	for n := 0; a.Do != Stop; n++ {
		if n > 3000 {
			panic("a drill without end")
		}
		if n == killAt {
			return 0, false
		}
		stop := stopAt >= 0 && n >= stopAt
		if stop && w.stopped.IsZero() {
			w.stopped = w.now
		}
		in := Input{Fault: Transient, Err: "context canceled"}
		if !stop || a.Cleanup { // the edge does nothing more of what is not cleaning up
			in = w.do(d.run, a)
		}
		in.Now, in.Stop = w.now, stop
		a = d.Next(in)
	}
	return a.Exit, true
}

func sampleNewest() *Config {
	c := sample()
	c.Point, c.Window, c.Snapshot = Newest, nil, false
	return c
}

// start is a drill of a Job.
func (w *api) start(c *Config, job string) *Drill {
	w.now = w.now.Add(time.Minute)
	return New(c, Run{Job: job, JobUID: "uid-of-" + job, Pod: job + "-pod", Started: w.now}, 0.5)
}

// flaky has each action fail with a chance, in each of the ways that it can.
func flaky(r *rand.Rand, chance float64) func(Action) (Fault, bool) {
	return func(Action) (Fault, bool) {
		if r.Float64() >= chance {
			return NoFault, true
		}
		return Transient, r.IntN(2) == 0
	}
}
