package drill

import (
	"fmt"
	"time"
)

// result is the run's outcome as far as it is known.
func (d *Drill) result(in Input) Outcome {
	return Outcome{Run: d.run, Ended: in.Now, Target: d.target.Time, Backup: d.target.Backup}
}

// fail ends the run.
func (d *Drill) fail(in Input, exit Exit, reason string) Action {
	d.exit = exit
	o := d.result(in)
	o.Reason = reason
	return d.finish(in, o)
}

// finish records an outcome, then removes what was made. In this order: a drill that is killed while it removes has its
// outcome, and the next one removes the rest.
func (d *Drill) finish(in Input, o Outcome) Action {
	d.outcome = &o
	return d.write(in, o, func(in Input) Action {
		if d.made {
			return d.remove(in, false)
		}
		return d.stop()
	})
}

// write records an outcome and announces it, then goes on.
func (d *Drill) write(in Input, o Outcome, then func(Input) Action) Action {
	d.writing, d.then = o, then
	d.by = in.Now.Add(recordTime)
	if in.Stop {
		d.by = earlier(in.Now.Add(stopRecord), d.stopBy)
	}
	if d.world == nil {
		return d.relook(0)
	}
	return d.save(in)
}

func (d *Drill) save(in Input) Action {
	if d.world.Owner == "" { // nobody is left to read it
		return d.then(in)
	}
	d.at = recording
	return d.act(Action{
		Do: Save, Object: RecordObject(d.cfg, d.world.Owner, d.world.History.Close(d.writing)), Version: d.world.Version,
	})
}

func (d *Drill) recorded(in Input) Action {
	switch {
	case in.Fault == NoFault:
		d.world.Version, d.world.History = in.Version, d.world.History.Close(d.writing)
		d.at = announcing
		return d.act(Action{Do: Announce, Object: EventObject(d.cfg, d.world.Owner, d.run.Pod, d.writing)})
	case in.Fault == Refused, !in.Now.Before(d.by):
		d.unsaved = in.Err
		return d.then(in)
	case in.Fault == Conflict:
		return d.relook(backoff(d.tries))
	}
	return d.again(in)
}

// relook reads the record again.
func (d *Drill) relook(after time.Duration) Action {
	d.at = relooking
	return d.act(Action{Do: Look, After: after})
}

func (d *Drill) relooked(in Input) Action {
	switch {
	case in.Fault == NoFault:
		first := d.world == nil
		d.world = in.World
		if first && d.isBusy(in.World) {
			d.outcome = nil
			return d.stop()
		}
		return d.save(in)
	case in.Fault == Refused, !in.Now.Before(d.by):
		d.unsaved = in.Err
		return d.then(in)
	}
	return d.again(in)
}

// announced goes on whatever came of it: the Event is a courtesy, the record is kept.
func (d *Drill) announced(in Input) Action {
	if in.Fault == Transient && d.tries < 3 && in.Now.Before(d.by) {
		return d.again(in)
	}
	a := d.then(in)
	if in.Fault != NoFault && a.Say == "" {
		a.Say = "the Event could not be made: " + in.Err
	}
	return a
}

// remove removes the scratch Cluster and waits until it and its volumes are gone: ours, or what an earlier drill left.
func (d *Drill) remove(in Input, sweep bool) Action {
	d.at, d.sweep = removing, sweep
	d.by = earlier(in.Now.Add(Removal), d.stopBy)
	return d.act(Action{Do: Look})
}

func (d *Drill) removed(in Input) Action {
	if d.last.Do == Delete {
		switch in.Fault {
		case NoFault:
			return d.act(Action{Do: Look, After: time.Second, Say: "removing the scratch cluster"})
		case Conflict: // another Cluster has the name by now, or it changed
			return d.act(Action{Do: Look, After: time.Second})
		}
	}
	expired := !in.Now.Before(d.by)
	switch {
	case in.Fault == Refused, in.Fault != NoFault && expired:
		return d.leave(in, in.Err)
	case in.Fault != NoFault:
		return d.again(in)
	}
	w := in.World
	d.world = w
	s := w.Scratch
	mine := s != nil && s.Ours && (s.Run == d.run.ID() || d.sweep && (s.OwnerUID == d.run.JobUID || w.Maker != JobAlive))
	switch {
	case s == nil && w.Volumes == 0, s != nil && !mine:
		return d.cleaned()
	case mine && !s.Deleting && (!expired || d.last.Do == Look && d.last.After == 0):
		return d.act(Action{Do: Delete, UID: s.UID})
	case !expired:
		return d.act(Action{Do: Look, After: 2 * time.Second})
	case mine:
		return d.leave(in, fmt.Sprintf("Cluster %s is not gone yet", ScratchName(d.cfg.Cluster)))
	}
	return d.leave(in, fmt.Sprintf("%d of its volume claims are not gone yet", w.Volumes))
}

// cleaned goes on when nothing is left.
func (d *Drill) cleaned() Action {
	if d.sweep {
		return d.look(0)
	}
	d.made = false
	return d.stop()
}

// leave ends the drill although something is left. Its Job owns that, so the garbage collector may still remove it, and the next
// drill will try.
func (d *Drill) leave(in Input, why string) Action {
	if d.sweep {
		return d.fail(in, ExitFailed, "what an earlier drill left could not be removed: "+why)
	}
	d.made = false
	o := *d.outcome
	if o.Reason != "" {
		o.Reason += "; "
	}
	o.OK, o.Reason = false, o.Reason+"what it made could not be removed: "+why
	if d.exit == ExitGood {
		d.exit = ExitFailed
	}
	return d.finish(in, o)
}
