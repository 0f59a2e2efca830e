package drill

import (
	"fmt"
	"strings"
	"time"
)

// look begins with what is there.
func (d *Drill) look(after time.Duration) Action {
	d.at = looking
	return d.act(Action{Do: Look, After: after})
}

// looked decides between what an earlier drill left, another drill that runs, and beginning.
func (d *Drill) looked(in Input) Action {
	if in.Fault != NoFault {
		return d.fail(in, ExitInOut, "could not look for what an earlier drill left: "+in.Err)
	}
	d.world = in.World
	w := in.World
	open := w.History.Open
	switch {
	case d.isBusy(w):
		return d.stop()
	case w.Scratch != nil && !w.Scratch.Ours:
		return d.fail(in, ExitFailed, fmt.Sprintf("Cluster %s is there, and no drill made it", ScratchName(d.cfg.Cluster)))
	case open != nil && open.ID() == d.run.ID():
		return d.begun(in) // the answer to our own request was lost
	case open != nil:
		return d.killed(in, *open)
	case w.Scratch != nil && (w.History.Last == nil || w.History.Last.Run.ID() != w.Scratch.Run):
		return d.killed(in, Run{Job: w.Scratch.Owner, JobUID: w.Scratch.OwnerUID, Started: in.Now})
	case !w.clean():
		return d.sweepUp(in)
	case w.Owner == "":
		return d.fail(in, ExitFailed, fmt.Sprintf("Cluster %s is not there", d.cfg.Cluster))
	}
	d.at = beginning
	return d.act(Action{
		Do: Save, Object: RecordObject(d.cfg, w.Owner, w.History.Begin(d.run)), Version: w.Version,
	})
}

// isBusy reports whether another Job's drill runs. One of our own Job is dead: a Job starts a container again only after the one
// before has ended.
func (d *Drill) isBusy(w *World) bool {
	if s := w.Scratch; s != nil && s.Ours && s.OwnerUID != d.run.JobUID && w.Maker == JobAlive {
		d.busy = s.Owner
	}
	if o := w.History.Open; o != nil && o.JobUID != d.run.JobUID && w.Opener == JobAlive {
		d.busy = o.Job
	}
	if d.busy != "" {
		d.exit = ExitFailed
	}
	return d.busy != ""
}

// killed records a run that nobody else will, and removes what is left of it.
func (d *Drill) killed(in Input, run Run) Action {
	a := d.write(in, Outcome{Run: run, Ended: in.Now, Reason: reasonKilled}, d.sweepUp)
	a.Say = fmt.Sprintf("the drill of Job %s was killed: recording that, and removing what it left", run.Job)
	return a
}

// sweepUp removes what an earlier drill left, and looks again.
func (d *Drill) sweepUp(in Input) Action { return d.remove(in, true) }

// opened follows the write of a run's beginning. That write is also the lock: of two that begin at once, one finds the record changed.
func (d *Drill) opened(in Input) Action {
	switch in.Fault {
	case NoFault:
		d.world.Version, d.world.History = in.Version, d.world.History.Begin(d.run)
		return d.begun(in)
	case Conflict:
		return d.look(time.Second)
	}
	return d.fail(in, ExitInOut, "could not record its beginning: "+in.Err)
}

func (d *Drill) begun(in Input) Action {
	if d.cfg.Point == Random || d.cfg.Snapshot {
		d.at = sourcing
		return d.act(Action{Do: ReadSource})
	}
	return d.create(in, Source{})
}

func (d *Drill) sourced(in Input) Action {
	if in.Fault != NoFault {
		return d.fail(in, ExitFailed, "could not read what there is to restore: "+in.Err)
	}
	return d.create(in, *in.Source)
}

func (d *Drill) create(in Input, s Source) Action {
	var err error
	if d.target, err = Choose(d.cfg, s, d.draw); err != nil {
		return d.fail(in, ExitFailed, err.Error())
	}
	cluster, err := Build(d.cfg, d.run, d.target, d.world.Cluster)
	if err != nil {
		return d.fail(in, ExitFailed, err.Error())
	}
	d.at, d.made = creating, true
	say := "restoring the newest into Cluster " + ScratchName(d.cfg.Cluster)
	if d.target.Time != nil {
		say = fmt.Sprintf("restoring %s into Cluster %s", d.target.Time.Format(time.RFC3339), ScratchName(d.cfg.Cluster))
	}
	if d.target.Backup != "" {
		say += " from Backup " + d.target.Backup
	}
	return d.act(Action{Do: Create, Object: cluster, Say: say})
}

func (d *Drill) created(in Input) Action {
	if in.Fault == Refused {
		return d.fail(in, ExitFailed, "the API server refused the scratch cluster: "+in.Err)
	}
	d.at = waiting // also after a conflict: the answer to our own request may have been lost, and a look tells
	return d.act(Action{Do: Observe})
}

func (d *Drill) observed(in Input) Action {
	s := in.Scratch
	switch {
	case in.Fault != NoFault:
		return d.fail(in, ExitFailed, "could not watch the scratch cluster: "+in.Err)
	case s == nil, s.Deleting:
		return d.fail(in, ExitFailed, "somebody removed the scratch cluster")
	case s.Run != d.run.ID():
		return d.fail(in, ExitFailed, fmt.Sprintf("somebody else made Cluster %s meanwhile", ScratchName(d.cfg.Cluster)))
	case s.Health.Good:
		d.at = verifying
		return d.act(Action{Do: Verify, Say: "the database is restored: checking it"})
	case s.Health.Irreparable:
		return d.fail(in, ExitFailed, "the scratch cluster cannot get well: "+s.Health.String())
	case !s.Health.Failing:
		d.sick = time.Time{}
	case d.sick.IsZero():
		d.sick = in.Now
	case in.Now.Sub(d.sick) >= patience:
		return d.fail(in, ExitFailed, "the scratch cluster does not get well: "+s.Health.String())
	}
	a := Action{Do: Observe, After: pause}
	if now := s.Health.String(); now != d.health {
		d.health = now
		a.Say = "waiting: " + now
	}
	return d.act(a)
}

func (d *Drill) verified(in Input) Action {
	if in.Fault != NoFault {
		return d.fail(in, ExitFailed, "could not check the restored database: "+in.Err)
	}
	o := d.result(in)
	o.Checks, o.Recovered = in.Results, in.Recovered
	if d.target.Time != nil {
		o.Recovered = &Moment{*d.target.Time, BasisTarget}
	}
	var failed []string
	for _, r := range in.Results {
		if !r.Passed {
			failed = append(failed, r.Name)
		}
	}
	o.OK = len(failed) == 0
	if !o.OK {
		d.exit = ExitFailed
		o.Reason = "checks failed: " + strings.Join(failed, ", ")
	}
	return d.finish(in, o)
}
