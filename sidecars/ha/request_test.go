package ha

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A standby that a person has copied again streams for some moments yet, and whoever it is copied from may be away when it has stopped.
func TestAStandbyIsCopiedAgainThoughItStreamsYet(t *testing.T) {
	for _, away := range []bool{false, true} {
		sc := follower()
		hear := func(open bool) {
			sc.o.Heard = append(sc.o.Heard, Message{Kind: Beat, From: alpha.ID, To: bravo.ID, Seq: 1, Term: 7, Instance: "sup-a",
				Report: Report{Member: alpha, Instance: "sup-a", At: Position{3, 1000}, Open: open, Under: 7}})
		}
		down := func() {
			sc.later(0.1)
			sc.o.Supervisor.Phase, sc.o.Postgres, sc.o.Job = Down, Postgres{}, Job{Kind: JobStop, Begun: sc.o.Now}
			sc.o.Data = Data{Known: true, Exists: true, Standby: true, Clean: true, SystemID: 42, End: Position{3, 1000}}
		}
		streams := sc.o.Postgres
		hear(true)
		sc.step()
		sc.o.Requests = []Request{{ID: 1, Verb: Reinit}}
		require.Contains(t, kinds(sc.step()), "stop")
		sc.o.Requests = nil
		sc.later(0.001).o.Job = Job{Kind: JobStop, Running: true, Begun: sc.o.Now}
		sc.step()
		if away {
			hear(false)
			down()
			require.Contains(t, kinds(sc.step()), "start standby", "somebody has to be there that could be elected")
			sc.later(0.1).o.Supervisor.Phase, sc.o.Job = Standby, Job{Kind: JobStart, Begun: sc.o.Now}
			sc.o.Postgres = streams
			hear(true)
			require.Contains(t, kinds(sc.step()), "stop")
		}
		down()
		require.Contains(t, kinds(sc.step()), "clone")
		sc.later(3).o.Job = Job{Kind: JobClone, Begun: sc.o.Now}
		hear(true)
		require.Contains(t, kinds(sc.step()), "start standby", "once")
		sc.later(0.1).o.Supervisor.Phase, sc.o.Postgres = Standby, streams
		hear(true)
		require.NotContains(t, kinds(sc.step()), "stop")
	}
}
