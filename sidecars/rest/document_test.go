package rest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The documents, as scripts take them apart.
func TestDocuments(t *testing.T) {
	var all strings.Builder
	scheduled := with(replicaView(), func(v *View) {
		v.Restart = &ScheduledRestart{At: noon, RestartFilter: RestartFilter{PendingOnly: true, Role: Replica, Below: 150019}}
		v.Switchover = &ScheduledSwitchover{At: noon, From: "shop-0", To: "shop-1"}
		v.PendingRestart = []Parameter{{"max_connections", "100", "200"}}
		v.Sync, v.NoFailover, v.Paused, v.Failsafe = Quorum, true, true, true
	})
	for _, row := range []struct {
		name, path string
		view       View
	}{
		{"a primary", "/patroni", primaryView()},
		{"a quorum standby with plans", "/patroni", scheduled},
		{"a stopped postgres", "/patroni", with(replicaView(), func(v *View) { v.State, v.Unlocked = Crashed, true })},
		{"nothing yet", "/patroni", View{}},
		{"three members", "/cluster", primaryView()},
		{"three members and a plan", "/cluster", scheduled},
		{"no position of the leader", "/cluster", with(primaryView(), func(v *View) { v.LeaderLocation = 0 })},
		{"no members", "/cluster", View{}},
		{"one switch", "/history", primaryView()},
		{"no history", "/history", View{}},
		{"configuration", "/config", primaryView()},
		{"who grants", "/failsafe", primaryView()},
	} {
		_, body, header := call(t, handlerOf(&stage{view: row.view}), "GET", row.path, "")
		require.Equal(t, "application/json", header.Get("Content-Type"))
		var indented bytes.Buffer
		require.NoError(t, json.Indent(&indented, []byte(body), "", "  "))
		fmt.Fprintf(&all, "== GET %s: %s\n%s\n", row.path, row.name, indented.String())
	}
	golden(t, "documents.txt", []byte(all.String()))
}

// The health paths show the same document as /patroni, whatever their status is.
func TestHealthPathsShowTheDocument(t *testing.T) {
	for _, v := range []View{primaryView(), replicaView(), {}} {
		h := handlerOf(&stage{view: v})
		_, want, _ := call(t, h, "GET", "/patroni", "")
		for _, path := range []string{"/", "/leader", "/replica", "/health", "/async?lag=1"} {
			_, got, _ := call(t, h, "GET", path, "")
			require.Equal(t, want, got, path)
		}
	}
}

// The permit is asked when the answer is given, not when the view was made (I9).
func TestPrimaryEndsWithThePermitAndNotWithTheView(t *testing.T) {
	var remaining atomic.Int64
	remaining.Store(int64(time.Millisecond))
	s := &stage{view: with(primaryView(), func(v *View) { v.Permit = func() time.Duration { return time.Duration(remaining.Load()) } })}
	h := handlerOf(s)
	for _, step := range []struct{ left, want int64 }{{1e6, 200}, {1, 200}, {0, 503}, {-1, 503}, {1, 200}} {
		remaining.Store(step.left)
		for _, path := range []string{"/", "/primary", "/leader", "/read-write", "/read-only", "/readiness", "/readyz"} {
			status, _, _ := call(t, h, "GET", path, "")
			require.EqualValues(t, step.want, status, "%s with %dns left", path, step.left)
		}
	}
}

// A permit that ends while the document is made is seen: the check comes last.
func TestTheCheckComesAfterTheDocument(t *testing.T) {
	asked := 0
	s := &stage{view: with(primaryView(), func(v *View) {
		v.Permit = func() time.Duration {
			asked++
			if asked == 1 { // for the document
				return time.Second
			}
			return 0
		}
	})}
	status, body, _ := call(t, handlerOf(s), "GET", "/primary", "")
	require.Equal(t, 503, status)
	require.Contains(t, body, `"permit_remaining_seconds":1`)
}

// What HAProxy and curl send over the wire, as they send it.
func TestAsLoadBalancersAsk(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := NewServer(handlerOf(&stage{view: primaryView()}), nil)
	go func() { _ = server.Serve(listener) }()
	defer server.Close()
	for request, want := range map[string]string{
		"OPTIONS /primary HTTP/1.0\r\n\r\n":                                "HTTP/1.0 200 OK",
		"OPTIONS /replica HTTP/1.0\r\n\r\n":                                "HTTP/1.0 503 Service Unavailable",
		"HEAD /read-only HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n": "HTTP/1.1 200 OK",
		"GET /?x=%zz HTTP/1.0\r\n\r\n":                                     "HTTP/1.0 503 Service Unavailable",
	} {
		conn, err := net.Dial("tcp", listener.Addr().String())
		require.NoError(t, err)
		_, err = io.WriteString(conn, request)
		require.NoError(t, err)
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(time.Minute)))
		answer, err := io.ReadAll(conn)
		require.NoError(t, err)
		head, body, _ := strings.Cut(string(answer), "\r\n\r\n")
		status, _, _ := strings.Cut(head, "\r\n")
		require.Equal(t, want, status, request)
		require.Equal(t, strings.HasPrefix(request, "GET"), body != "", request)
		_ = conn.Close()
	}
	client := http.Client{Timeout: time.Minute}
	begun := time.Now()
	for range 200 {
		response, err := client.Get("http://" + listener.Addr().String() + "/patroni")
		require.NoError(t, err)
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
	}
	require.Less(t, time.Since(begun)/200, 500*time.Millisecond, "on a busy machine, too")
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "1048576": 1 << 20, "16kB": 16 << 10, "1MB": 1 << 20, " 1 GB ": 1 << 30, "2TB": 2 << 40, "1.5kB": 1536, "7B": 7,
		"": -1, "kB": -1, "-1": -1, "+1": -1, "1e3": -1, "0x10": -1, "1 furlong": -1, "1mb": -1, "1.2.3": -1, ".": -1, "9999999TB9": -1, "99999999TB": -1,
	} {
		got, err := ParseSize(text)
		if want < 0 {
			require.Error(t, err, text)
			continue
		}
		require.NoError(t, err, text)
		require.EqualValues(t, want, got, text)
	}
}

// Where updates are supervised, a person has to move the primary once every standby has had the change.
func TestWhatWaitsForASwitchover(t *testing.T) {
	pending := []Parameter{{Name: "max_connections"}}
	for _, row := range []struct {
		supervised bool
		members    []Member
		want       string
	}{
		{true, []Member{{Leader: true, Outdated: true}, {}}, "a newer revision of its pod"},
		{true, []Member{{}, {Leader: true, PendingRestart: pending}}, "parameters that need a restart"},
		{true, []Member{{Leader: true, Outdated: true}, {Outdated: true}}, ""},
		{true, []Member{{PendingRestart: pending}, {Leader: true, PendingRestart: pending}}, ""},
		{true, []Member{{Leader: true}, {}}, ""},
		{false, []Member{{Leader: true, Outdated: true}, {}}, ""},
	} {
		v := View{Supervised: row.supervised, Members: row.members}
		require.Equal(t, row.want, v.awaits(), row)
		require.Equal(t, row.want, v.cluster().Awaits)
	}
}
