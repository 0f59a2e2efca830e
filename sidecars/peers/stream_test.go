package peers

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// upper says who came and why, and then sends back what it hears.
func upper(_ context.Context, from string, body []byte, conn net.Conn) {
	defer conn.Close()
	_, _ = io.WriteString(conn, from+" wants "+string(body)+"\n")
	_, _ = io.Copy(conn, conn)
}

func streaming(trust Trust) *Handler {
	return NewHandler(m0, trust, map[string]Answer{"beat": Typed(echo)}).WithStreams(NewStreams(map[string]Stream{"upper": upper}))
}

func TestAStreamBelongsToItsTwoEnds(t *testing.T) {
	where := serve(t, streaming(Trust{Keys: keys("secret")}), nil)
	client := NewClient(m1, keys("secret"), nil)
	t.Cleanup(client.Close)
	conn, err := client.Stream(within(t, 30*time.Second), Peer{"m0", where}, "upper", []byte("to talk"))
	require.NoError(t, err)
	big := make([]byte, 1<<20)
	go func() {
		_, _ = conn.Write(big)
		_ = conn.(*readAhead).CloseWrite()
	}()
	all, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.Equal(t, "m1 wants to talk\n", string(all[:17]))
	require.Len(t, all, 17+len(big))
	require.NoError(t, conn.Close())
	_, err = Ask[grant](within(t, 30*time.Second), client, Peer{"m0", where}, "beat", beat{Term: 1, Holder: "m1"})
	require.NoError(t, err, "messages go on beside it")
}

// Whoever recorded every letter of a stream cannot open another by them.
func TestATicketIsGoodForOneStream(t *testing.T) {
	streams := NewStreams(map[string]Stream{"upper": upper})
	given, err := streams.promise(t.Context(), "m1", opening{Kind: "upper"})
	require.NoError(t, err)
	_, err = streams.redeem("m2", given.Ticket)
	require.ErrorContains(t, err, "another's")
	_, err = streams.redeem("m1", given.Ticket)
	require.Error(t, err, "a ticket that somebody showed is used")
	given, err = streams.promise(t.Context(), "m1", opening{Kind: "upper"})
	require.NoError(t, err)
	_, err = streams.redeem("m1", given.Ticket)
	require.NoError(t, err)
	_, err = streams.redeem("m1", given.Ticket)
	require.ErrorContains(t, err, "used")
	_, err = streams.promise(t.Context(), "m1", opening{Kind: "lower"})
	require.ErrorContains(t, err, "no such kind")
	for range mostTickets {
		_, _ = streams.promise(t.Context(), "m1", opening{Kind: "upper"})
	}
	_, err = streams.promise(t.Context(), "m1", opening{Kind: "upper"})
	require.ErrorContains(t, err, "too many")
}

func TestWhoOpensNoStream(t *testing.T) {
	where := serve(t, streaming(Trust{Keys: keys("secret")}), nil)
	stranger := NewClient(m1, keys("another secret"), nil)
	t.Cleanup(stranger.Close)
	_, err := stranger.Stream(within(t, 30*time.Second), Peer{"m0", where}, "upper", nil)
	require.Equal(t, http.StatusUnauthorized, err.(Refusal).Status)
	client := NewClient(m1, keys("secret"), nil)
	t.Cleanup(client.Close)
	_, err = client.Stream(within(t, 30*time.Second), Peer{"m0", where}, "lower", nil)
	require.Equal(t, http.StatusNotFound, err.(Refusal).Status)
	for _, body := range []string{`{"ticket":""}`, `{"ticket":"00000000000000000000000000000000"}`, `{}`, `[]`} {
		_, err = Ask[json.RawMessage](within(t, 30*time.Second), client, Peer{"m0", where}, kindStream, json.RawMessage(body))
		require.ErrorAs(t, err, new(Refusal), body)
	}
}

// A refusal without the peer's seal says nothing of the peer.
func TestAStreamIsRefusedByThePeerAlone(t *testing.T) {
	client := NewClient(m1, keys("secret"), nil)
	t.Cleanup(client.Close)
	open := func(handler http.Handler) error {
		peer := Peer{"m0", serve(t, handler, nil)}
		conn, err := client.connect(within(t, 30*time.Second), peer)
		require.NoError(t, err)
		defer conn.Close()
		return client.openStream(within(t, 30*time.Second), conn, peer, ticketed{"none"})
	}
	require.ErrorIs(t, open(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) })), ErrNotGenuine)
	err := open(streaming(Trust{Keys: keys("secret")}))
	require.Equal(t, Refusal{http.StatusForbidden, "the ticket is used, too old, or another's"}, err)
}

func TestAStreamIsHiddenByCertificates(t *testing.T) {
	authority := newAuthority(t)
	mine, theirs := files(t), files(t)
	authority.issue(t, mine, agents, false, authority)
	authority.issue(t, theirs, agents, false, authority)
	where := serve(t, streaming(Trust{Certificate: theirs.VerifyClient}), theirs)
	client := NewClient(m1, nil, mine.Client)
	t.Cleanup(client.Close)
	conn, err := client.Stream(within(t, 30*time.Second), Peer{"m0", where}, "upper", []byte("to talk"))
	require.NoError(t, err)
	defer conn.Close()
	go func() {
		_, _ = io.WriteString(conn, "hello")
		_ = conn.(*readAhead).CloseWrite()
	}()
	all, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.Equal(t, "m1 wants to talk\nhello", string(all))
}
