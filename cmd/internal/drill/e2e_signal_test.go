package drill

import (
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// kill sends a signal at a request, which is lost: before it is carried out, or after. It returns the attempt, which has ended.
func kill(t *testing.T, sc *scene, at func(n int, r request, done bool) bool, signal syscall.Signal) *attempt {
	t.Helper()
	var a *attempt
	var mu sync.Mutex
	started := make(chan struct{})
	var once sync.Once
	sc.proxy.at = func(n int, r request, done bool) bool {
		<-started
		mu.Lock()
		defer mu.Unlock()
		if !at(n, r, done) {
			return false
		}
		once.Do(func() {
			_ = a.cmd.Process.Signal(signal)
			time.Sleep(50 * time.Millisecond) // the signal is on its way
		})
		return signal == syscall.SIGKILL
	}
	a = sc.start(t, sc.job(t))
	close(started)
	a.wait(t)
	sc.proxy.mu.Lock()
	sc.proxy.at = nil
	sc.proxy.mu.Unlock()
	return a
}

// signals stops drills at every request that they make.
func (s *stage) signals(t *testing.T) {
	sc := s.set(t, spec("shop"), "", reactHealthy)
	a, _ := sc.run(t)
	require.Equal(t, 0, a.code, a.stderr.String())
	var asked []request
	for _, r := range sc.proxy.requests() {
		if r.verb != "watch" {
			asked = append(asked, r)
		}
	}
	for n, r := range asked {
		for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
			for _, done := range []bool{false, true} {
				if done && (r.verb == "get" || r.verb == "list") {
					continue // the same as before the next request
				}
				name := fmt.Sprintf("%d %s %s", n, signal, r)
				if done {
					name += " whose answer is lost"
				}
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					s.signal(t, n, done, signal)
				})
			}
		}
	}
}

func (s *stage) signal(t *testing.T, n int, done bool, signal syscall.Signal) {
	sc := s.set(t, spec("shop"), "", reactHealthy)
	a := kill(t, sc, func(k int, _ request, after bool) bool { return k == n && after == done }, signal)
	if signal == syscall.SIGTERM {
		// Told to stop before it had its outcome, it says so; later, it ends as it would have.
		o := a.outcome(t)
		if a.code == 7 {
			require.Contains(t, o.Reason, "was told to stop while")
		} else {
			require.Equal(t, 0, a.code, a.stderr.String())
		}
		sc.requireClean(t, a.stderr.String())
		h, _ := sc.history(t)
		require.Equal(t, o, *h.Last)
		require.Nil(t, h.Open)
		require.Len(t, sc.events(t), 1)
		return
	}
	require.Equal(t, -1, a.code)
	killed, _ := sc.tryHistory(t) // as the killed drill left it
	if n%2 == 0 {                 // the Job is given up
		sc.finish(t, a.job)
	}
	b := sc.again(t, a, n%2 == 1)
	require.Equal(t, 0, b.code, b.stderr.String())
	sc.requireClean(t, b.stderr.String())
	h, _ := sc.history(t)
	require.Nil(t, h.Open)
	require.True(t, h.Last.OK)
	notes := strings.Join(sc.events(t), "\n")
	told := strings.Contains(notes, "DrillFailed: The restore drill of Job "+a.job.GetName()+" failed after") && strings.Contains(notes, ": was killed.")
	require.Equal(t, killed.Open != nil, told, "a drill that began and has no outcome is told as killed: %s", notes)
}

// again is the drill after one that was killed: of the same Job, whose container is started again, or of the next.
func (sc *scene) again(t *testing.T, killed *attempt, same bool) *attempt {
	t.Helper()
	job := killed.job
	if !same {
		job = sc.job(t)
	}
	b := sc.start(t, job)
	b.wait(t)
	return b
}
