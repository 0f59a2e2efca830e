package drill

import (
	"fmt"
	"time"
)

// Drill is one run: a machine that is told what came of the last action and says the next. It does nothing itself and has no
// clock. Whatever happens to it, it ends with nothing of its own left behind and an outcome recorded, as long as the API server
// answers in the end; when it is killed, the next Drill does both for it.
//
//	look ─▶ (record the killed ─▶ sweep ─▶ look) ─▶ begin ─▶ source ─▶ create ─▶ wait ─▶ verify
//	  │                                               └────────┴─────────┴────────┴───────┴─▶ record ─▶ announce ─▶ remove ─▶ stop
//	  └─▶ stop, when another drill runs
type Drill struct {
	cfg  *Config
	run  Run
	draw float64

	at       phase
	last     Action
	tries    int       // of the last action, in a row, after the first
	err      string    // of the last action that failed
	deadline time.Time // of everything up to the checks
	stopBy   time.Time // of everything, once told to stop; zero before
	by       time.Time // of what is cleaned up now

	world   *World // nil before the first look
	target  Target
	made    bool      // the scratch Cluster may be there
	sick    time.Time // since when its phase is one of failing
	health  string    // as last said
	outcome *Outcome
	exit    Exit
	busy    string // the Job of another drill, which runs

	writing Outcome // what is being recorded and announced: ours, or that of a run that was killed
	then    func(Input) Action
	sweep   bool // what is being removed is an earlier drill's
	unsaved string
}

// phase is where a Drill is. Those before recording end when the time is up or the program is told to stop.
type phase int

const (
	looking phase = iota
	beginning
	sourcing
	creating
	waiting
	verifying
	recording
	announcing
	removing
	relooking // for a fresh version of the record
)

func (p phase) String() string {
	switch p {
	case looking:
		return "looking for what an earlier drill left"
	case beginning:
		return "recording its beginning"
	case sourcing:
		return "reading what there is to restore"
	case creating:
		return "creating the scratch cluster"
	case waiting:
		return "waiting for the scratch cluster"
	case verifying:
		return "checking the restored database"
	default:
		return "cleaning up"
	}
}

// New is a drill that starts when the run does. Draw is a random number in [0, 1), for the random moment.
func New(c *Config, run Run, draw float64) *Drill {
	return &Drill{cfg: c, run: run, draw: draw, deadline: run.Started.Add(time.Duration(c.Timeout))}
}

// First is the action to begin with.
func (d *Drill) First() Action { return d.look(0) }

// Outcome is how the drill ended; nil as long as it has not, and for good when it left the field to another.
func (d *Drill) Outcome() *Outcome { return d.outcome }

// Busy is the Job of the other drill that this one left the field to; "" when there is none.
func (d *Drill) Busy() string { return d.busy }

// Unsaved says why the outcome could not be recorded; "" when it was.
func (d *Drill) Unsaved() string { return d.unsaved }

// Next takes in what came of the last action.
func (d *Drill) Next(in Input) Action {
	if in.Stop && d.stopBy.IsZero() {
		d.stopBy = in.Now.Add(stopRemove)
		if d.at != removing {
			d.by = earlier(d.by, in.Now.Add(stopRecord))
		}
		d.by = earlier(d.by, d.stopBy)
	}
	if in.Fault != NoFault {
		d.err = in.Err
	}
	if d.at < recording {
		switch {
		case in.Stop:
			return d.fail(in, ExitTimeout, "was told to stop while "+d.at.String())
		case !in.Now.Before(d.deadline):
			return d.fail(in, ExitTimeout, fmt.Sprintf("ran out of time while %s%s", d.at, d.because()))
		case in.Fault == Transient:
			return d.again(in)
		}
	}
	switch d.at {
	case looking:
		return d.looked(in)
	case beginning:
		return d.opened(in)
	case sourcing:
		return d.sourced(in)
	case creating:
		return d.created(in)
	case waiting:
		return d.observed(in)
	case verifying:
		return d.verified(in)
	case recording:
		return d.recorded(in)
	case announcing:
		return d.announced(in)
	case relooking:
		return d.relooked(in)
	default:
		return d.removed(in)
	}
}

// because is what is known of why the last action did not come to an end.
func (d *Drill) because() string {
	switch {
	case d.at == waiting && d.health != "":
		return ": " + d.health
	case d.tries > 0 && d.err != "":
		return ": " + d.err
	}
	return ""
}

// act is a new action of the current phase.
func (d *Drill) act(a Action) Action {
	a.By = d.deadline
	if d.at >= recording {
		a.By, a.Cleanup = d.by, true
	}
	d.last, d.tries = a, 0
	return a
}

// again is the last action once more, later each time, and for the last time when the time is up.
func (d *Drill) again(in Input) Action {
	a := d.last
	if a.Cleanup {
		a.By = d.by // which may have come nearer
	}
	a.After = max(0, min(backoff(d.tries), a.By.Sub(in.Now)))
	a.Say = ""
	if d.tries == 0 {
		a.Say = "trying again: " + d.err
	}
	d.tries++
	return a
}

// stop ends the drill.
func (d *Drill) stop() Action {
	if d.unsaved != "" && d.exit != ExitTimeout {
		d.exit = ExitInOut
	}
	return Action{Do: Stop, Exit: d.exit}
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
