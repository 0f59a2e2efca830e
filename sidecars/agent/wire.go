package agent

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"github.com/onggi-db/onggi/sidecars/ha"
	"github.com/onggi-db/onggi/sidecars/peers"
)

// Letters carries messages by package peers. It implements Wire.
type Letters struct{ Client *peers.Client }

// Send implements Wire.
func (w Letters) Send(ctx context.Context, to ha.Member, m ha.Message) (ha.Message, error) {
	address, err := netip.ParseAddrPort(to.Addr)
	if err != nil {
		return ha.Message{}, fmt.Errorf("send to %s: its address %q is none", to.Name, to.Addr)
	}
	return peers.Ask[ha.Message](ctx, w.Client, peers.Peer{Member: to.ID, Address: address}, m.Kind.String(), m)
}

// Receiver takes messages.
type Receiver interface {
	Receive(context.Context, ha.Message) (ha.Message, error)
}

// answerWithin is how long the core may take to answer a peer. It answers in its next step, so longer is never worth waiting.
const answerWithin = 900 * time.Millisecond

// Kinds are the kinds of messages that an agent answers to others. A message whose sender is not who it says is refused; one to which the core has
// no answer in time is refused too, which grants nothing.
func Kinds(to Receiver) map[string]peers.Answer {
	kinds := map[string]peers.Answer{}
	for _, kind := range []ha.Kind{ha.Beat, ha.Poll, ha.Hello} {
		kinds[kind.String()] = peers.Typed(func(ctx context.Context, from string, m ha.Message) (ha.Message, error) {
			if m.From != from || m.Kind != kind {
				return ha.Message{}, peers.Refusal{Status: http.StatusBadRequest, Text: "the message is another than the letter says"}
			}
			ctx, cancel := context.WithTimeout(ctx, answerWithin)
			defer cancel()
			answer, err := to.Receive(ctx, m)
			if err != nil {
				return ha.Message{}, peers.Refusal{Status: http.StatusServiceUnavailable, Text: err.Error()}
			}
			return answer, nil
		})
	}
	return kinds
}
