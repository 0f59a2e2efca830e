package agent

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/ha"
	"github.com/onggi-db/onggi/sidecars/rest"
)

// sourceOf is the agent as REST asks it, with another member that answers as told.
func sourceOf(b *bench, forward func(ha.Member, Forwarded) (Answer, error)) *Source {
	return &Source{
		Agent: b.agent, Identity: func() Identity { return Identity{Scope: "shop", Version: "1.2.3", Port: 5432} },
		Forward: func(_ context.Context, to ha.Member, r Forwarded) (Answer, error) { return forward(to, r) },
		Reload:  func(context.Context) error { return errors.New("no such file") },
	}
}

func TestAViewOfAPrimary(t *testing.T) {
	b := grown(t)
	s := sourceOf(b, nil)
	v := s.View()
	require.Equal(t, rest.Primary, v.Role)
	require.Equal(t, rest.Running, v.State)
	require.Equal(t, "shop-0", v.Leader)
	require.Equal(t, "42", v.SystemID)
	require.Equal(t, int64(1), v.Term)
	require.Equal(t, 150018, v.ServerVersion)
	require.Positive(t, v.Permit())
	require.Less(t, v.TickAge(), never)
	require.False(t, v.Unlocked)
	require.Len(t, v.Members, 1)
	require.True(t, v.Members[0].Leader)
	handler := rest.New(s, rest.Auth{}).Local()
	for path, want := range map[string]int{"/primary": 200, "/replica": 503, "/health": 200, "/liveness": 200, "/readiness": 200, "/patroni": 200,
		"/cluster": 200, "/metrics": 200, "/history": 200, "/failsafe": 200} {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		require.Equal(t, want, w.Code, path)
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	require.Contains(t, w.Body.String(), `onggi_permit_path{path="peers"} 1`)
	require.Contains(t, w.Body.String(), "onggi_term 1\n")

	b.tell(func(f *FenceStatus) { f.Phase = ha.Down })
	b.eventually("it is no primary any more", func() bool {
		v := s.View()
		return v.Role != rest.Primary || v.State != rest.Running || b.did(ha.StartPrimary) > 1
	})
}

func TestAViewOfAReplica(t *testing.T) {
	b := following(t)
	_, err := b.agent.Receive(t.Context(), beat(3))
	require.NoError(t, err)
	v := sourceOf(b, nil).View()
	require.Equal(t, rest.Replica, v.Role)
	require.Equal(t, "shop-1", v.Leader)
	require.Equal(t, "streaming", v.ReplicationState)
	require.Zero(t, v.Permit())
	require.Equal(t, rest.Position(100), v.Received)
	require.Equal(t, rest.Position(90), v.LeaderLocation)
	require.Len(t, v.Members, 2)
	require.Equal(t, "running", v.Members[1].State, "as its beat says")
	require.True(t, v.Counters.Eligible)

	far := beat(4)
	far.Report.At.LSN = 100 + 1<<20 + 1
	_, err = b.agent.Receive(t.Context(), far)
	require.NoError(t, err)
	b.eventually("it is too far behind to be elected", func() bool {
		c := sourceOf(b, nil).View().Counters
		return !c.Eligible && strings.Contains(c.NotEligible, "too far behind")
	})
}

func TestAnAgentThatKnowsNothingSaysSo(t *testing.T) {
	b := newBench(t)
	b.status.Locked = false
	b.run()
	v := sourceOf(b, nil).View()
	require.Equal(t, rest.NoRole, v.Role)
	require.Equal(t, rest.Stopped, v.State)
	require.Zero(t, v.Permit())
	require.Empty(t, v.Members)
}

func TestRequestsGoToWhoCanDoThem(t *testing.T) {
	b := following(t)
	_, err := b.agent.Receive(t.Context(), beat(3))
	require.NoError(t, err)
	type call struct {
		to string
		r  Forwarded
	}
	var calls []call
	s := sourceOf(b, func(to ha.Member, r Forwarded) (Answer, error) {
		calls = append(calls, call{to.Name, r})
		return Answer{OK: true}, nil
	})
	for _, row := range []struct {
		name    string
		request rest.Request
		want    rest.Result
		calls   []call
	}{
		{"a switchover goes to the holder", rest.Request{Verb: rest.DoSwitchover, Leader: "shop-1", Candidate: "shop-0"}, rest.Done,
			[]call{{"shop-1", Forwarded{Verb: ha.Switchover, To: "shop-0"}}}},
		{"of another leader than there is", rest.Request{Verb: rest.DoSwitchover, Leader: "shop-0"}, rest.Precondition, nil},
		{"to nobody that is known", rest.Request{Verb: rest.DoSwitchover, Leader: "shop-1", Candidate: "shop-9"}, rest.Precondition, nil},
		{"to the leader itself", rest.Request{Verb: rest.DoSwitchover, Leader: "shop-1", Candidate: "shop-1"}, rest.Precondition, nil},
		{"a failover while the holder lives is a switchover", rest.Request{Verb: rest.DoFailover, Candidate: "shop-0"}, rest.Done,
			[]call{{"shop-1", Forwarded{Verb: ha.Switchover, To: "shop-0"}}}},
		{"a pause goes to the holder", rest.Request{Verb: rest.DoPause}, rest.Done, []call{{"shop-1", Forwarded{Verb: ha.Pause}}}},
		{"a reload that fails", rest.Request{Verb: rest.DoReload}, rest.Failed, nil},
		{"a restart of pending parameters where none are", rest.Request{Verb: rest.DoRestart, Restart: rest.RestartFilter{PendingOnly: true}}, rest.Precondition, nil},
		{"a restart of primaries", rest.Request{Verb: rest.DoRestart, Restart: rest.RestartFilter{Role: rest.Primary}}, rest.Precondition, nil},
		{"a restart below a version it has", rest.Request{Verb: rest.DoRestart, Restart: rest.RestartFilter{Below: 150000}}, rest.Precondition, nil},
		{"nothing to cancel", rest.Request{Verb: rest.CancelSwitchover}, rest.Absent, nil},
		{"nonsense", rest.Request{Verb: "dance"}, rest.Invalid, nil},
	} {
		calls = nil
		got := s.Do(t.Context(), row.request)
		require.Equal(t, row.want, got.Result, "%s: %s", row.name, got.Text)
		require.Equal(t, row.calls, calls, row.name)
	}
}

// A failover that was asked for right after the holder died is not lost on it.
func TestAFailoverWhileTheHolderDies(t *testing.T) {
	b := following(t)
	b.put(func(r *ha.Record) {
		r.Members = append(r.Members, ha.Member{ID: "ffffffffffffffff", Name: "shop-2", Addr: "10.0.0.7:8008", Host: "10.0.0.7"})
	})
	b.eventually("it knows of the third member", func() bool { _, known := b.agent.member("shop-2"); return known })
	for name, dies := range map[string]bool{"it dies": true, "it only does not answer": false} {
		_, err := b.agent.Receive(t.Context(), beat(3))
		require.NoError(t, err)
		type call struct {
			to string
			r  Forwarded
		}
		var calls []call
		s := sourceOf(b, func(to ha.Member, r Forwarded) (Answer, error) {
			calls = append(calls, call{to.Name, r})
			if to.Name == "shop-2" {
				return Answer{OK: true}, nil
			}
			if dies {
				b.ahead.Add(int64(time.Minute))
			}
			return Answer{}, errors.New("no route to host")
		})
		got := s.Do(t.Context(), rest.Request{Verb: rest.DoFailover, Candidate: "shop-2"})
		want, result := []call{{"shop-1", Forwarded{Verb: ha.Switchover, To: "shop-2"}}}, rest.Failed
		if dies {
			want, result = append(want, call{"shop-2", Forwarded{Verb: ha.Failover, To: "shop-2", Loss: true}}), rest.Done
		}
		require.Equal(t, result, got.Result, "%s: %s", name, got.Text)
		require.Equal(t, want, calls, name)
	}
}

func TestAScheduleIsKeptUntilItsTime(t *testing.T) {
	b := following(t)
	done := make(chan Forwarded, 1)
	s := sourceOf(b, func(_ ha.Member, r Forwarded) (Answer, error) { done <- r; return Answer{OK: true}, nil })
	later := rest.Request{Verb: rest.DoSwitchover, Leader: "shop-1", At: time.Now().Add(time.Hour)}
	require.Equal(t, rest.Scheduled, s.Do(t.Context(), later).Result)
	require.Equal(t, later.At, s.View().Switchover.At)
	require.Equal(t, rest.Conflict, s.Do(t.Context(), later).Result)
	require.Equal(t, rest.Done, s.Do(t.Context(), rest.Request{Verb: rest.CancelSwitchover}).Result)
	require.Nil(t, s.View().Switchover)
	soon := rest.Request{Verb: rest.DoSwitchover, Leader: "shop-1", At: time.Now().Add(50 * time.Millisecond)}
	require.Equal(t, rest.Scheduled, s.Do(t.Context(), soon).Result)
	select {
	case r := <-done:
		require.Equal(t, ha.Switchover, r.Verb)
	case <-time.After(never):
		require.Fail(t, "its time came, and nothing was done")
	}
	require.Nil(t, s.View().Switchover)
}

func TestKindsAreHeldToTheirLetters(t *testing.T) {
	b := following(t)
	kinds := Kinds(b.agent)
	require.Len(t, kinds, 3)
	body := `{"kind":1,"from":"m1","to":"m0","seq":4,"term":3,"instance":"j1"}`
	answer, err := kinds["beat"](t.Context(), "m1", []byte(body))
	require.NoError(t, err)
	require.Contains(t, string(answer), `"yes":true`)
	for _, wrong := range []struct{ kind, from, body string }{
		{"beat", "m2", body}, {"poll", "m1", body}, {"beat", "m1", "{"}, {"hello", "m1", strings.Replace(body, "m1", "m2", 1)},
	} {
		_, err := kinds[wrong.kind](t.Context(), wrong.from, []byte(wrong.body))
		require.Error(t, err)
	}
}
