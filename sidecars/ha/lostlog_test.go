package ha

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// replaying is bravo, which was started and lets nobody in yet.
func replaying() *scene {
	sc := follower()
	sc.o.Postgres = Postgres{Replaying: true, Upstream: "va"}
	return sc
}

// lives lets seconds pass in which the holder takes writes, and gives what was done.
func (sc *scene) lives(seconds int, each func(second int)) string {
	done := ""
	for i := range seconds * 2 {
		sc.later(0.5).o.Heard = []Message{beatOf(7)}
		if each != nil && i%2 == 0 {
			each(i / 2)
		}
		done += kinds(sc.step()) + ", "
	}
	return done
}

func (sc *scene) refused(segment string) {
	sc.o.Supervisor.Lacks = segment
	sc.o.Supervisor.Refused++
}

const (
	seventh = "000000030000000000000007"
	eighth  = "000000030000000000000008"
)

// Nothing that a server says of itself tells one that replays for hours from one that waits for what is nowhere. That its upstream refuses it the same
// segment, now as it did before any standby would have counted as stuck, does.
func TestWhoReplaysIsStoppedOnlyForWhatItIsRefusedAgain(t *testing.T) {
	for _, row := range []struct {
		name  string
		given func(*scene)
		each  func(*scene, int)
		stops bool
	}{
		{name: "it says nothing", stops: false},
		{name: "it is refused the same, again and again", each: func(sc *scene, _ int) { sc.refused(seventh) }, stops: true},
		{name: "its archive takes a minute each time to say that there is nothing", each: func(sc *scene, second int) {
			if second%60 == 0 {
				sc.refused(seventh)
			}
		}, stops: true},
		{name: "it was refused for a moment, and then there was an archive", each: func(sc *scene, second int) {
			if second < 10 {
				sc.refused(seventh)
			}
		}},
		{name: "an archive is ahead of its primary all the time", each: func(sc *scene, second int) { sc.refused([]string{seventh, eighth}[second/15%2]) }},
		{name: "its supervisor is of an older version", given: func(sc *scene) { sc.o.Supervisor.Lacks, sc.o.Supervisor.Refused = "", 0 }},
		{name: "there is no primary that takes writes", given: func(sc *scene) { sc.o.Record.Record.Holder.ID = "vc" }, each: func(sc *scene, _ int) { sc.refused(seventh) }},
		{name: "a job is under way", given: func(sc *scene) { sc.o.Job = Job{Kind: JobStart, Running: true} }, each: func(sc *scene, _ int) { sc.refused(seventh) }},
		{name: "nobody has asked it yet", given: func(sc *scene) { sc.o.Postgres = Postgres{} }, each: func(sc *scene, _ int) { sc.refused(seventh) }},
	} {
		t.Run(row.name, func(t *testing.T) {
			sc := replaying()
			if row.given != nil {
				row.given(sc)
			}
			done := sc.lives(150, func(second int) {
				if row.each != nil {
					row.each(sc, second)
				}
			})
			if row.stops {
				require.Contains(t, done, "stop")
				return
			}
			require.NotContains(t, done, "stop")
		})
	}
}

// What a server was refused before it was started again says nothing of the next one, which asks the archive before it asks again.
func TestWhoIsStartedAgainBeginsAnew(t *testing.T) {
	sc := replaying()
	again := func(int) { sc.refused(seventh) }
	sc.lives(20, again)
	up := sc.o.Postgres
	sc.o.Supervisor.Phase, sc.o.Postgres, sc.o.Data = Down, Postgres{}, Data{Known: true, Exists: true, Standby: true, SystemID: 42}
	sc.o.Supervisor.Lacks, sc.o.Supervisor.Refused = "", 0
	require.Contains(t, sc.lives(60, nil), "start standby")
	sc.o.Supervisor.Phase, sc.o.Postgres = Standby, up
	require.NotContains(t, sc.lives(20, again), "stop")
	require.Contains(t, sc.lives(10, again), "stop")
}

// A rewind brings no log, so it is copied; what a new holder is asked for is not what the former one refused.
func TestWhoseLogIsGoneIsCopied(t *testing.T) {
	sc := replaying()
	again := func(int) { sc.refused(seventh) }
	require.NotContains(t, sc.lives(15, again), "stop", "any standby may get nothing for as long")
	require.Contains(t, sc.lives(15, again), "stop")
	require.NotEmpty(t, sc.s.Why())
	sc.o.Supervisor.Phase, sc.o.Supervisor.Lacks, sc.o.Supervisor.Refused, sc.o.Postgres = Down, "", 0, Postgres{}
	sc.o.Data = Data{Known: true, Exists: true, Standby: true, SystemID: 42, End: Position{3, 1000}}
	done := sc.lives(3, nil)
	require.Contains(t, done, "clone")
	require.NotContains(t, done, "rewind")
	sc.o.Job = Job{Kind: JobClone, Begun: sc.o.Now}
	require.Contains(t, sc.lives(1, nil), "start standby", "once")
}

func TestWhoReplaysIsToldWhomToFollow(t *testing.T) {
	sc := replaying()
	require.NotContains(t, sc.lives(1, nil), "follow")
	for _, upstream := range []string{"vc", "at 10.0.0.9", ""} {
		sc.o.Postgres.Upstream = upstream
		require.Contains(t, sc.lives(1, nil), "follow", upstream)
	}
}

// There was nobody to copy when a person asked for it, so it was started again.
func TestAPersonHasAStandbyCopiedThatReplays(t *testing.T) {
	sc := replaying()
	sc.o.Requests = []Request{{ID: 1, Verb: Reinit}}
	require.Contains(t, kinds(sc.step()), "stop")
	sc.o.Requests = nil
	require.NotContains(t, kinds(sc.later(1).step()), "stop", "nobody is there to copy")
	sc.later(1).o.Heard = []Message{beatOf(7)}
	require.Contains(t, kinds(sc.step()), "stop")
}
