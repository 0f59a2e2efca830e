package peers

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

type beat struct {
	Term   int64  `json:"term"`
	Holder string `json:"holder"`
}

type grant struct {
	Term  int64 `json:"term"`
	Until int64 `json:"until"`
}

func keys(texts ...string) Keys {
	return func() [][]byte {
		var out [][]byte
		for _, text := range texts {
			out = append(out, []byte(text))
		}
		return out
	}
}

var (
	m0 = Identity{"shop", "m0"}
	m1 = Identity{"shop", "m1"}
)

// serve starts a member's server on loopback and returns where it listens.
func serve(t *testing.T, handler http.Handler, files *Files) netip.AddrPort {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := NewServer(handler, nil)
	if files != nil {
		server.TLSConfig = files.Server()
		go func() { _ = server.ServeTLS(listener, "", "") }()
	} else {
		go func() { _ = server.Serve(listener) }()
	}
	t.Cleanup(func() { _ = server.Close() })
	return listener.Addr().(*net.TCPAddr).AddrPort()
}

// echo grants what it is asked for.
func echo(_ context.Context, from string, b beat) (grant, error) {
	if b.Holder != from {
		return grant{}, Refusal{http.StatusConflict, "the holder is another"}
	}
	return grant{Term: b.Term, Until: 8000}, nil
}

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestABeatIsGranted(t *testing.T) {
	address := serve(t, NewHandler(m1, Trust{Keys: keys("k")}, map[string]Answer{"beat": Typed(echo)}), nil)
	client := NewClient(m0, keys("k"), nil)
	defer client.Close()
	for term := range int64(3) {
		got, err := Ask[grant](within(t, 30*time.Second), client, Peer{"m1", address}, "beat", beat{term, "m0"})
		require.NoError(t, err)
		require.Equal(t, grant{term, 8000}, got)
	}
	_, err := Ask[grant](within(t, 30*time.Second), client, Peer{"m1", address}, "beat", beat{1, "m2"})
	require.Equal(t, Refusal{http.StatusConflict, "the holder is another"}, err)
	require.Len(t, client.idle["m1"], 1, "all on one connection")
}

func TestWhoIsNotBelieved(t *testing.T) {
	for _, row := range []struct {
		name           string
		client, server Identity
		ck, sk         Keys
		peer           string
		status         int // of a refusal; 0 is an answer that is not genuine, -1 another error
	}{
		{"another key", m0, m1, keys("other"), keys("k"), "m1", 401},
		{"no key", m0, m1, nil, keys("k"), "m1", 401},
		{"an empty key opens nothing", m0, m1, nil, keys(""), "m1", 401},
		{"a key file that is empty opens nothing", m0, m1, keys("k"), keys(), "m1", 401},
		{"an empty key seals nothing", m0, m1, keys(""), keys("k"), "m1", -1},
		{"a server without the key", m0, m1, keys("k"), nil, "m1", 0},
		{"another cluster", Identity{"other", "m0"}, m1, keys("k"), keys("k"), "m1", 421},
		{"another member has the address", m0, m1, keys("k"), keys("k"), "m2", 421},
		{"a caller without a name", Identity{"shop", ""}, m1, keys("k"), keys("k"), "m1", 403},
		{"a caller with our own name", m1, m1, keys("k"), keys("k"), "m1", 403},
	} {
		t.Run(row.name, func(t *testing.T) {
			var asked atomic.Int32
			address := serve(t, NewHandler(row.server, Trust{Keys: row.sk}, map[string]Answer{"beat": func(context.Context, string, []byte) ([]byte, error) {
				asked.Add(1)
				return []byte("{}"), nil
			}}), nil)
			client := NewClient(row.client, row.ck, nil)
			defer client.Close()
			_, err := client.Call(within(t, 30*time.Second), Peer{row.peer, address}, "beat", []byte("{}"))
			require.Error(t, err)
			var refusal Refusal
			switch row.status {
			case -1:
				require.ErrorIs(t, err, errNoKey)
			case 0:
				require.ErrorIs(t, err, ErrNotGenuine)
				return // a server that believes everybody has handled it
			default:
				require.ErrorAs(t, err, &refusal)
				require.Equal(t, row.status, refusal.Status)
			}
			require.Zero(t, asked.Load(), "not handled")
		})
	}
}

func TestAKeyIsReplacedWhileBothAreKnown(t *testing.T) {
	address := serve(t, NewHandler(m1, Trust{Keys: keys("new", "old")}, map[string]Answer{"beat": Typed(echo)}), nil)
	for _, k := range []Keys{keys("old", "new"), keys("new", "old")} {
		client := NewClient(m0, k, nil)
		_, err := Ask[grant](within(t, 30*time.Second), client, Peer{"m1", address}, "beat", beat{1, "m0"})
		require.NoError(t, err)
		client.Close()
	}
}

func TestASealCoversEveryPart(t *testing.T) {
	whole := letter{kind: "beat", cluster: "shop", from: "m0", to: "m1", nonce: "n", body: []byte("{}")}
	seal := whole.seal([]byte("k"))
	require.True(t, whole.opens(keys("k")(), seal))
	require.False(t, whole.opens(keys("")(), whole.seal(nil)), "a key that is empty is nobody's")
	for name, change := range map[string]func(*letter){
		"direction": func(l *letter) { l.answer = true }, "kind": func(l *letter) { l.kind = "vote" },
		"cluster": func(l *letter) { l.cluster = "x" }, "from": func(l *letter) { l.from = "m2" }, "to": func(l *letter) { l.to = "m2" },
		"nonce": func(l *letter) { l.nonce = "o" }, "body": func(l *letter) { l.body = []byte("{ }") },
		"parts that run together": func(l *letter) { l.from, l.to = "m0m1", "" },
		"status":                  func(l *letter) { l.answer, l.status = true, 200 },
	} {
		other := whole
		change(&other)
		require.False(t, other.opens(keys("k")(), seal), name)
	}
}

func TestTheServerBoundsWhatItReads(t *testing.T) {
	handler := NewHandler(m1, Trust{}, map[string]Answer{"beat": Typed(echo)})
	address := serve(t, handler, nil)
	client := NewClient(m0, nil, nil)
	defer client.Close()
	long, _ := json.Marshal(beat{1, strings.Repeat("x", MaxBody)})
	for name, row := range map[string]struct {
		kind, body string
		status     int
	}{
		"too long":       {"beat", string(long), 413},
		"no such kind":   {"bite", "{}", 404},
		"not JSON":       {"beat", "{", 400},
		"two values":     {"beat", "{} {}", 400},
		"something else": {"beat", `"text"`, 400},
	} {
		_, err := client.Call(within(t, 30*time.Second), Peer{"m1", address}, row.kind, []byte(row.body))
		var refusal Refusal
		require.ErrorAs(t, err, &refusal, name)
		require.Equal(t, row.status, refusal.Status, name)
	}
}

// goroutines waits until there are not more than before, and shows them when that does not come.
func goroutines(t *testing.T, before int) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			stacks := make([]byte, 64<<10)
			t.Fatalf("%d goroutines were left:\n%s", runtime.NumGoroutine()-before, stacks[:runtime.Stack(stacks, true)])
		}
	}
}
