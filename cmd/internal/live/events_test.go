package live_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/cmd/internal/live"
	"github.com/onggi-db/onggi/render/spec"
)

// served is a page on a real connection.
func served(t *testing.T, f *fake) (url string, stop func() error) {
	t.Helper()
	a, err := live.Listen("127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.page.Serve(ctx, a) }()
	var once sync.Once
	stop = func() (err error) {
		once.Do(func() {
			cancel()
			err = <-done
		})
		return err
	}
	t.Cleanup(func() { _ = stop() })
	return a.URL, stop
}

// stream is one reader of the events.
type stream struct {
	body  io.ReadCloser
	lines *bufio.Reader
}

func subscribe(t *testing.T, url, last string) *stream {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", url+"events", nil)
	require.NoError(t, err)
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	client := http.Client{Transport: &http.Transport{}}
	answer, err := client.Do(r)
	require.NoError(t, err)
	require.Equal(t, 200, answer.StatusCode)
	require.Equal(t, "text/event-stream; charset=utf-8", answer.Header.Get("Content-Type"))
	t.Cleanup(func() { _ = answer.Body.Close() })
	return &stream{answer.Body, bufio.NewReader(answer.Body)}
}

// message is one event, or for a comment only its text.
type message struct {
	ID, Event, Comment string
	Data               struct {
		Serial    int
		Databases []struct{ ID, Name string }
		Bad       []string
		Touched   []string
		Moved     []struct {
			Name, Env string
			Fields    int
		}
		Problems []struct{ Code, At, Source, Caret, Fix string }
		Count    int
	}
}

func (s *stream) next(t *testing.T) message {
	t.Helper()
	var m message
	for {
		line, err := s.lines.ReadString('\n')
		require.NoError(t, err)
		field, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch field {
		case "id":
			m.ID = value
		case "event":
			m.Event = value
		case "data":
			require.NoError(t, json.Unmarshal([]byte(value), &m.Data))
		case "":
			if value != "" {
				m.Comment = value
			} else if m.Event != "" || m.Comment != "" {
				return m
			}
		}
	}
}

func edited(files []spec.Source, old, now string) []spec.Source {
	out := make([]spec.Source, len(files))
	for i, f := range files {
		out[i] = spec.Source{Name: f.Name, Data: []byte(strings.ReplaceAll(string(f.Data), old, now))}
	}
	return out
}

func TestEventsTellEachState(t *testing.T) {
	files := homelab(t)
	f := newFake(t, live.Options{}, files...)
	url, _ := served(t, f)
	s := subscribe(t, url, "")

	first := s.next(t)
	require.Equal(t, "state", first.Event)
	require.Equal(t, 1, first.Data.Serial)
	require.Len(t, first.Data.Databases, 1)
	require.Zero(t, first.Data.Count)

	f.load(t, edited(files, "instances: 3", "instances: 5")...)
	second := s.next(t)
	require.Equal(t, 2, second.Data.Serial)
	require.Nil(t, second.Data.Databases, "the list has not changed")
	require.Equal(t, []string{"databases/lemon"}, second.Data.Touched)
	require.Equal(t, "prod", second.Data.Moved[0].Env)
	require.Equal(t, 1, second.Data.Moved[0].Fields)

	f.load(t, edited(files, "10Gi", "10GB")...)
	third := s.next(t)
	require.Equal(t, []string{"databases/lemon"}, third.Data.Bad)
	require.Equal(t, 1, third.Data.Count)
	p := third.Data.Problems[0]
	require.Equal(t, "ONG2005", p.Code)
	require.Equal(t, "lemon.yaml:8:19", p.At)
	require.Equal(t, "  8 |   storage: {size: 10GB, class: longhorn-ssd}", p.Source)
	require.Equal(t, "    |                   ^~~~", p.Caret)
	require.Equal(t, "write 10Gi", p.Fix)
	require.Empty(t, third.Data.Touched)
	require.Equal(t, second.Data.Moved, third.Data.Moved, "what moved last stays to be read")

	f.load(t, append(files, spec.Source{Name: "other.yaml", Data: []byte("apiVersion: onggi.dev/v1alpha1\nkind: DatabaseCluster\nmetadata: {name: other}\nspec: {version: '17', backend: cloudnative-pg, instances: 1, storage: {size: 1Gi}}\n")})...)
	require.Len(t, s.next(t).Data.Databases, 2, "the list has changed")
}

func TestAReaderThatComesBack(t *testing.T) {
	files := homelab(t)
	f := newFake(t, live.Options{Heartbeat: 50 * time.Millisecond}, files...)
	url, _ := served(t, f)
	last := subscribe(t, url, "").next(t).ID

	up := subscribe(t, url, last)
	require.Equal(t, "beat", up.next(t).Comment, "who has the newest state is sent nothing but signs of life")
	f.load(t, edited(files, "instances: 3", "instances: 5")...)
	for {
		if m := up.next(t); m.Event != "" {
			require.Equal(t, 2, m.Data.Serial)
			break
		}
	}
	missed := subscribe(t, url, last).next(t)
	require.Equal(t, 2, missed.Data.Serial, "who was away gets the newest")
	require.Len(t, missed.Data.Databases, 1, "whole")

	other, _ := served(t, newFake(t, live.Options{}, files...))
	require.Equal(t, 1, subscribe(t, other, last).next(t).Data.Serial, "another run's IDs mean nothing to this one")
}

func TestBeforeTheFirstStateThereAreSignsOfLife(t *testing.T) {
	f := newFakeUnloaded(live.Options{Heartbeat: 20 * time.Millisecond})
	url, _ := served(t, f)
	s := subscribe(t, url, "")
	require.Equal(t, "beat", s.next(t).Comment)
	require.Equal(t, 404, get(f.page, "/database?id=x", nil).Code)
	f.load(t, homelab(t)...)
	for {
		if m := s.next(t); m.Event != "" {
			require.Equal(t, 1, m.Data.Serial)
			return
		}
	}
}

// A reader that does not read must hold up neither the watch nor the others, and finds the newest state when it reads again.
func TestASlowReaderHoldsNobodyUp(t *testing.T) {
	files := homelab(t)
	f := newFake(t, live.Options{}, files...)
	url, _ := served(t, f)
	slow, quick := subscribe(t, url, ""), subscribe(t, url, "")
	quick.next(t)
	const many = 300
	long := strings.Repeat("x", 2000) // so that the slow one's buffers fill
	begun := time.Now()
	for i := range many {
		f.state.Serial++
		f.state.Problems = nil
		for range 20 {
			f.state.Problems = append(f.state.Problems, spec.Problem{Code: "ONG2005", Message: long})
		}
		f.page.Update(f.state)
		if i%50 == 0 {
			time.Sleep(time.Millisecond)
		}
	}
	require.Less(t, time.Since(begun), time.Minute, "Update waited for a reader")
	for _, s := range []*stream{quick, slow} {
		last, seen := 0, 0
		for last < many+1 {
			m := s.next(t)
			require.Greater(t, m.Data.Serial, last, "states come in their order, each once")
			last = m.Data.Serial
			seen++
		}
		require.Equal(t, many+1, last)
	}
}

func TestManyReaders(t *testing.T) {
	files := homelab(t)
	f := newFake(t, live.Options{}, files...)
	url, _ := served(t, f)
	var readers []*stream
	for range 60 {
		s := subscribe(t, url, "")
		s.next(t)
		readers = append(readers, s)
	}
	f.load(t, edited(files, "instances: 3", "instances: 5")...)
	for _, s := range readers {
		require.Equal(t, 2, s.next(t).Data.Serial)
	}
}

func TestTheEndClosesStreams(t *testing.T) {
	f := newFake(t, live.Options{}, homelab(t)...)
	url, stop := served(t, f)
	s := subscribe(t, url, "")
	s.next(t)
	begun := time.Now()
	require.NoError(t, stop())
	require.Less(t, time.Since(begun), 20*time.Second)
	_, err := io.ReadAll(s.lines)
	require.NoError(t, err, "the stream ends in order")
	_, err = net.DialTimeout("tcp", strings.TrimSuffix(strings.TrimPrefix(url, "http://"), "/"), time.Second)
	require.Error(t, err, "nobody listens any more")
}
