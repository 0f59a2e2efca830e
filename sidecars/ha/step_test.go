package ha

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// While all peers grant, the record is refreshed more seldom than a refresh lasts: that is not a path that is lost.
func TestARecordThatIsWrittenWhenDueIsRefreshing(t *testing.T) {
	for _, name := range []string{"fast", "default", "relaxed"} {
		timing, _ := Profile(name)
		c := Config{Timing: timing}.Defaults()
		at := func(d time.Duration) Instant { return Instant{Raw: int64(time.Hour + d), Boot: int64(time.Hour + d)} }
		s := State{}
		require.False(t, s.Refreshing(at(0), c), "it does not lead")
		s.lead = lead{Term: 1, Instance: "i"}
		require.False(t, s.Refreshing(at(0), c), "nothing was written yet")
		s.lead.Refreshed = at(0)
		_, api := s.Paths(at(timing.Lazy), "i", c)
		if name != "relaxed" {
			require.LessOrEqual(t, api, time.Duration(0), "the path is out before the next refresh is due")
		}
		require.True(t, s.Refreshing(at(timing.Lazy+timing.WriteTimeout), c))
		require.False(t, s.Refreshing(at(timing.Lazy+2*timing.Window), c), "one was due and did not come through")
	}
}

func TestWhatAFollowerDoes(t *testing.T) {
	tests := []struct {
		name  string
		given func(*scene)
		does  []string
		not   []string
	}{
		{"it grants to the holder", func(sc *scene) { sc.o.Heard = []Message{beatOf(7)} }, []string{"grant yes"}, []string{"grant no"}},
		{"it grants to a holder it has not heard of, and looks", func(sc *scene) { sc.o.Heard = []Message{beatOf(8)} }, []string{"grant yes", "read"}, nil},
		{"it does not grant to a former holder", func(sc *scene) { sc.o.Heard = []Message{beatOf(6)} }, []string{"grant no"}, []string{"grant yes"}},
		{"it does not grant once it has voted", func(sc *scene) { sc.s.Durable.Bound = "100"; sc.o.Heard = []Message{beatOf(7)} }, []string{"grant no"}, nil},
		{"another version frees it", func(sc *scene) { sc.s.Durable.Bound = "99"; sc.o.Heard = []Message{beatOf(7)} }, []string{"grant yes"}, nil},
		{"it does not grant without its volume", func(sc *scene) { sc.o.Supervisor.Locked = false; sc.o.Heard = []Message{beatOf(7)} }, []string{"grant no"}, nil},
		{"who was promoted by hand is killed", func(sc *scene) { sc.o.Supervisor.Phase = Primary }, []string{"kill"}, nil},
		{"a standby that left recovery is killed", func(sc *scene) { sc.o.Postgres.InRecovery = false }, []string{"kill"}, nil},
		{"another holder is followed", func(sc *scene) {
			sc.o.Record.Record.Holder.ID = "vc"
			sc.o.Record.Record.Term = 8
			sc.o.Record.Record.Version = "101"
		},
			[]string{"follow"}, nil},
		{"an empty volume is copied from an open primary only", func(sc *scene) { sc.o.Supervisor.Phase, sc.o.Data = Down, Data{Known: true} }, nil, []string{"clone", "init", "write"}},
		{"and then it is", func(sc *scene) {
			sc.o.Supervisor.Phase, sc.o.Data, sc.o.Postgres = Down, Data{Known: true}, Postgres{}
			sc.o.Heard = []Message{beatOf(7)}
		}, []string{"clone"}, []string{"init"}},
		{"another cluster's volume is left alone", func(sc *scene) {
			sc.o.Supervisor.Phase, sc.o.Data, sc.o.Postgres = Down, Data{Known: true, Exists: true, SystemID: 43, Standby: true}, Postgres{}
			sc.o.Heard = []Message{beatOf(7)}
		}, nil, []string{"clone", "rewind", "start standby", "start primary"}},
		{"a former primary is rewound, not started", func(sc *scene) {
			sc.o.Supervisor.Phase, sc.o.Data, sc.o.Postgres = Down, Data{Known: true, Exists: true, SystemID: 42, End: Position{3, 1200}}, Postgres{}
			sc.o.Heard = []Message{beatOf(7)}
		}, []string{"rewind"}, []string{"start standby", "start primary"}},
		{"one that had stopped cleanly before the switch just follows", func(sc *scene) {
			sc.o.Supervisor.Phase, sc.o.Data, sc.o.Postgres = Down, Data{Known: true, Exists: true, SystemID: 42, Clean: true, End: Position{2, 900}}, Postgres{}
			sc.o.Record.Record.History = []Switch{{7, Position{2, 900}}}
		}, []string{"start standby"}, []string{"rewind"}},
		{"an interrupted rewind is done again", func(sc *scene) {
			sc.o.Supervisor.Phase, sc.o.Data, sc.o.Postgres = Down, Data{Known: true, Exists: true, SystemID: 42, Standby: true, Broken: true}, Postgres{}
			sc.o.Heard = []Message{beatOf(7)}
		}, []string{"rewind"}, []string{"start standby"}},
		{"one whose log is lost is copied", func(sc *scene) {
			sc.o.Supervisor.Phase, sc.o.Postgres = Down, Postgres{}
			sc.o.Data = Data{Known: true, Exists: true, SystemID: 42, Standby: true, Clean: true, End: Position{3, 1000}, Broken: true, LogLost: true}
			sc.o.Heard = []Message{beatOf(7)}
		}, []string{"clone"}, []string{"rewind", "start standby", "start primary", "init"}},
		{"one whose log is lost waits where there is nobody to copy", func(sc *scene) {
			sc.o.Supervisor.Phase, sc.o.Postgres = Down, Postgres{}
			sc.o.Data = Data{Known: true, Exists: true, SystemID: 42, Clean: true, End: Position{3, 1000}, Broken: true, LogLost: true}
			sc.o.Record.Record.Holder, sc.s.Durable.Led = Holder{}, 7
			sc.o.Record.Record.Release = &Release{By: "vb", At: Position{3, 1000}}
		}, nil, []string{"clone", "rewind", "start standby", "start primary", "init", "write"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sc := follower()
			tt.given(sc)
			got := kinds(sc.step())
			for _, want := range tt.does {
				require.Contains(t, got, want)
			}
			for _, never := range tt.not {
				require.NotContains(t, got, never)
			}
		})
	}
}

// A promise, the age of the record and the age of the process each keep a member from the record for the whole window.
func TestWhenTheRecordMayBeTaken(t *testing.T) {
	promised := func(seconds float64) *scene {
		sc := follower()
		sc.o.Heard = []Message{beatOf(7)}
		sc.step()
		sc.later(seconds).silent()
		return sc
	}
	takes := func(sc *scene) bool {
		got := kinds(sc.step()) // begins to stand
		sc.later(0.6)
		return strings.Contains(got+kinds(sc.step()), "remember, write")
	}
	require.False(t, takes(promised(7)), "promised 7 s ago")
	require.True(t, takes(promised(8.1)), "promised 8.1 s ago")

	sc := promised(9)
	sc.o.Record.First = sc.o.Now.Add(-7 * time.Second)
	require.False(t, takes(sc), "the record changed 7 s ago")

	sc = promised(9)
	sc.s.Born = sc.o.Now.Add(-7 * time.Second)
	require.False(t, takes(sc), "it may have promised before it was restarted")

	sc = promised(1)
	sc.o.Pod.Dead = "sup-a"
	require.True(t, takes(sc), "the kubelet says that the holder's instance is dead")

	sc = promised(1)
	sc.o.Pod.Dead = "sup-a-before"
	require.False(t, takes(sc), "another instance is dead")

	sc = promised(1)
	sc.o.Record.Record.Holder, sc.o.Record.Record.Version = Holder{}, "101"
	sc.o.Record.Record.Release = &Release{By: "va", To: "vb", At: Position{3, 1000}}
	require.True(t, takes(sc), "it was given to us, and we have all of it")

	sc = promised(1)
	sc.o.Record.Record.Holder, sc.o.Record.Record.Version = Holder{}, "101"
	sc.o.Record.Record.Release = &Release{By: "va", To: "vb", At: Position{3, 1001}}
	sc.o.Record.First = sc.o.Now.Add(-time.Second)
	require.False(t, takes(sc), "its end is missing here")

	sc = promised(9)
	sc.o.Record.Record.Paused = true
	require.False(t, takes(sc), "paused")

	sc = promised(9)
	sc.o.Record.Record.Mode, sc.o.Record.Record.Sync = Required, Quorum{1, []string{"vc"}}
	require.False(t, takes(sc), "not among those who have every commit")

	sc = promised(9)
	sc.s.heard = Position{3, 1000 + 2<<20}
	require.False(t, takes(sc), "2 MiB behind what the holder had")
}

func TestAVoteComesAfterTheLastByte(t *testing.T) {
	sc := follower()
	poll := Message{Kind: Poll, From: "vc", To: "vb", Seq: 9, Term: 7, Version: "100", Report: Report{Member: carol}}
	sc.o.Heard = []Message{poll}
	got := kinds(sc.step())
	require.Contains(t, got, "remember, follow, vote no", "it binds itself, cuts the stream, and only then")
	sc.silent().later(0.1)
	sc.o.Heard = []Message{poll}
	require.Contains(t, kinds(sc.step()), "vote yes")
	sc.o.Heard = []Message{beatOf(7)}
	require.Contains(t, kinds(sc.step()), "grant no", "the voter is bound")
}

func TestThePermitComesByEitherPath(t *testing.T) {
	sc := holder()
	full := sc.c.Timing.Holds() - sc.c.Timing.Margin - 100*time.Millisecond // the beats were sent then
	peers, api := sc.s.Paths(sc.o.Now, "sup-a", sc.c)
	require.Equal(t, full, peers, "both granted, counted from the question")
	require.Equal(t, full, api)
	require.Zero(t, sc.s.Permit(sc.o.Now, "sup-b", sc.c), "never for another process")
	require.Equal(t, full-3*time.Second, sc.s.Permit(sc.o.Now.Add(3*time.Second), "sup-a", sc.c))
	require.Zero(t, sc.s.Permit(sc.o.Now.Add(7*time.Second), "sup-a", sc.c))

	sc = holder()
	sc.s.peer2("vc").Granted = Instant{}
	peers, api = sc.s.Paths(sc.o.Now, "sup-a", sc.c)
	require.Zero(t, peers, "any member may lead in async mode, so all must grant")
	require.Equal(t, full, api)

	sc = holder()
	sc.s.peer2("vc").Granted = Instant{}
	sc.s.Durable.Last.Mode, sc.s.Durable.Last.Sync = Required, Quorum{1, []string{"vb", "vc"}}
	peers, _ = sc.s.Paths(sc.o.Now, "sup-a", sc.c)
	require.Equal(t, full, peers, "one of two is enough: the other alone is no quorum")

	sc = holder()
	sc.s.peer2("vc").Granted = Instant{}
	require.Equal(t, full, sc.s.Permit(sc.o.Now, "sup-a", sc.c), "the record alone is enough too")

	sc = holder()
	sc.s.lead.Refreshed = Instant{}
	require.Equal(t, full, sc.s.Permit(sc.o.Now, "sup-a", sc.c), "a new process that changed nothing counts on its peers")
	sc.s.Durable.Changing = sc.o.Record.Record.Version
	require.Zero(t, sc.s.Permit(sc.o.Now, "sup-a", sc.c), "one that may have given the record away does not, until another version is seen")
}

func TestARecordThatMayHaveBeenGivenAwayIsNoPermit(t *testing.T) {
	sc := holder()
	given := sc.s.Durable.Last.clone()
	given.Holder = Holder{}
	sc.s.inflight = append(sc.s.inflight, flight{sc.o.Record.Record.Version, given})
	require.Zero(t, sc.s.Permit(sc.o.Now, "sup-a", sc.c))
}

func TestWhatAHolderDoes(t *testing.T) {
	t.Run("it labels itself once it wrote", func(t *testing.T) {
		sc := holder()
		require.Equal(t, "primary", sc.s.role)
		require.NotContains(t, kinds(sc.later(0.1).step()), "label", "once")
		sc.later(0.9).o.Postgres.Wrote = sc.o.Now
		require.Contains(t, kinds(sc.step()), "label", "and every second again, since anyone can edit it")
	})
	t.Run("one that stood still asks for no label: another may lead by now", func(t *testing.T) {
		sc := holder()
		sc.later(60).o.Postgres.Wrote = sc.o.Now
		require.NotContains(t, kinds(sc.step()), "label")
	})
	t.Run("it starts nothing without a permit", func(t *testing.T) {
		sc := sceneOf(alpha, 7)
		sc.o.Supervisor.Phase, sc.o.Data = Down, Data{Known: true, Exists: true, SystemID: 42, End: Position{3, 1000}}
		got := kinds(sc.step())
		require.NotContains(t, got, "start primary")
		require.Contains(t, got, "write", "but it asks for one")
	})
	t.Run("another supervisor needs another record first", func(t *testing.T) {
		sc := holder()
		sc.o.Supervisor = Supervisor{Instance: "sup-a2", Locked: true, Phase: Down}
		sc.later(1)
		require.Equal(t, "remember, write", kinds(sc.step()))
		require.Zero(t, sc.s.Permit(sc.o.Now, "sup-a2", sc.c))
	})
	t.Run("who cannot write gives up", func(t *testing.T) {
		sc := holder()
		for range 11 {
			sc.later(1).step()
		}
		require.Contains(t, kinds(sc.later(0.1).step()), "kill")
		require.NotContains(t, kinds(sc.later(3).step()), "beat")
	})
	t.Run("the end of the pod moves it: checkpoint, stop, release", func(t *testing.T) {
		sc := holder()
		sc.o.Postgres.Standbys = []Walsender{{"shop-1", true, 1000}, {"shop-2", true, 1000}}
		sc.o.Pod.Terminating = true
		require.Contains(t, kinds(sc.step()), "checkpoint")
		sc.o.Job = Job{Kind: JobCheckpoint, Begun: sc.o.Now, Ended: sc.o.Now}
		require.Contains(t, kinds(sc.later(0.1).step()), "label, stop", "clients go first")
		require.NotContains(t, kinds(sc.later(0.1).step()), "label", "and are not asked back while it stops")
		sc.o.Supervisor.Phase, sc.o.Job, sc.o.Postgres = Down, Job{}, Postgres{}
		sc.o.Data = Data{Known: true, Exists: true, SystemID: 42, Clean: true, End: Position{3, 1100}}
		out := sc.later(0.3).step()
		var release *Record
		for _, a := range out {
			if a.Do == Write {
				release = a.Record
			}
		}
		require.NotNil(t, release, kinds(out))
		require.Equal(t, Release{By: "va", To: "vb", At: Position{3, 1100}}, *release.Release)
		require.Empty(t, release.Holder.ID)
	})
	t.Run("a crash in sync mode is handed over", func(t *testing.T) {
		sc := holder()
		sc.o.Record.Record.Mode, sc.o.Record.Record.Sync = Required, Quorum{1, []string{"vb", "vc"}}
		sc.c.Mode, sc.c.W = Required, 1
		sc.later(0.1).step()
		sc.o.Supervisor.Phase, sc.o.Postgres = Down, Postgres{}
		sc.o.Data = Data{Known: true, Exists: true, SystemID: 42, End: Position{3, 1000}}
		out := sc.later(0.3).step()
		require.Contains(t, kinds(out), "write")
		require.NotContains(t, kinds(out), "start primary")
	})
	t.Run("a crash in async mode is restarted in place", func(t *testing.T) {
		sc := holder()
		sc.o.Supervisor.Phase, sc.o.Postgres = Down, Postgres{}
		sc.o.Data = Data{Known: true, Exists: true, SystemID: 42, End: Position{3, 1000}}
		require.Contains(t, kinds(sc.later(0.3).step()), "start primary")
	})
	t.Run("never init over a known system id", func(t *testing.T) {
		sc := holder()
		sc.o.Supervisor.Phase, sc.o.Postgres, sc.o.Data = Down, Postgres{}, Data{Known: true}
		require.NotContains(t, kinds(sc.later(0.3).step()), "init")
	})
	t.Run("a record edited by hand is not held", func(t *testing.T) {
		sc := holder()
		sc.o.Record.Record.Version, sc.o.Record.Record.Holder = "101", Holder{ID: "vb"}
		require.Contains(t, kinds(sc.later(0.1).step()), "kill")
		require.Zero(t, sc.s.Permit(sc.o.Now, "sup-a", sc.c))
	})
	t.Run("a deleted record is written again at once, in a new term", func(t *testing.T) {
		sc := holder()
		sc.o.Record = Seen{Known: true, First: sc.o.Now, At: sc.o.Now}
		out := sc.later(0.3).step()
		require.Equal(t, "write", kinds(out))
		require.Empty(t, out[0].Record.Holder.ID, "a Create may come through at any time: it gives nothing to anybody")
		require.NotZero(t, sc.s.Permit(sc.o.Now, "sup-a", sc.c))
		sc.apply()
		out = sc.later(0.3).step()
		require.Equal(t, "remember, write", kinds(out))
		require.Equal(t, Holder{"va", "sup-a"}, out[1].Record.Holder)
		require.EqualValues(t, 8, out[1].Record.Term)
		sc.apply()
		require.NotContains(t, kinds(sc.later(0.1).step()), "kill")
		require.NotZero(t, sc.s.Permit(sc.o.Now, "sup-a", sc.c))
	})
}

func TestALostRecordIsVotedForEvenByWhoHasNothing(t *testing.T) {
	poll := func(led uint64) Message {
		return Message{Kind: Poll, From: "va", To: "vb", Seq: 9, Term: 7, Led: led, Version: bound(""), Report: Report{Member: alpha}}
	}
	vote := func(led uint64, phase Phase) string {
		sc := follower()
		sc.o.Record = Seen{Known: true, First: at(1), At: at(100)}
		sc.o.Supervisor.Phase, sc.o.Postgres, sc.o.Data = phase, Postgres{}, Data{Known: true, Exists: true, Broken: true, SystemID: 42}
		sc.o.Heard = []Message{poll(led)}
		return kinds(sc.step())
	}
	require.Contains(t, vote(7, Down), "vote yes", "the last holder asks, and has everything")
	require.Contains(t, vote(6, Down), "vote no", "a former one may lack something that was here")
	require.Contains(t, vote(7, Standby), "vote no", "a server that runs is cut off first")
}

func TestOnlyTheLastHolderKnownAsksAsOne(t *testing.T) {
	led := func(last uint64) uint64 {
		sc := sceneOf(alpha, 7)
		sc.s.Durable.Term, sc.s.Durable.Last.Term = last, last
		sc.o.Record = Seen{Known: true, First: at(1), At: at(100)}
		sc.o.Supervisor.Phase = Standby
		sc.o.Postgres = Postgres{At: at(100), InRecovery: true, Position: Position{3, 1000}, SystemID: 42}
		for _, a := range sc.step() {
			if a.Do == Send && a.To.Kind == Poll {
				return a.To.Led
			}
		}
		require.Fail(t, "it does not poll")
		return 0
	}
	require.EqualValues(t, 7, led(7))
	require.Zero(t, led(8), "another held it since: a voter that has not heard of that must not take this one for the last")
}

func TestAnyMemberResumesAClusterWhoseHolderIsGone(t *testing.T) {
	sc := follower()
	sc.o.Record.Record.Paused = true
	sc.o.Requests = []Request{{ID: 1, Verb: Resume}}
	sc.o.Heard = []Message{beatOf(7)}
	require.Contains(t, kinds(sc.step()), "answer", "the holder is there: ask it")
	sc.o.Requests = []Request{{ID: 2, Verb: Resume}}
	out := sc.later(9).step()
	require.Contains(t, kinds(out), "write")
	sc.apply()
	require.False(t, sc.o.Record.Record.Paused)
	require.Equal(t, "va", sc.o.Record.Record.Holder.ID, "nothing else is changed")
	out = sc.later(0.1).step()
	require.Contains(t, kinds(out), "answer")
}

func TestAStepOfACopyIsTheSame(t *testing.T) {
	sc := holder()
	sc.later(2.1)
	one, first := sc.s.Clone().Step(sc.o, sc.c)
	two, second := sc.s.Clone().Step(sc.o, sc.c)
	require.Equal(t, first, second)
	require.Equal(t, one, two)
}
