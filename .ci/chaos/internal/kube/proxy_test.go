package kube

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// behind is a proxy in front of a server that counts what reaches it, and a client that trusts the proxy.
func behind(t *testing.T) (*Proxy, *Client, *atomic.Int64, chan<- string) {
	t.Helper()
	var reached atomic.Int64
	events := make(chan string, 8)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reached.Add(1)
		if !r.URL.Query().Has("watch") {
			_, _ = w.Write([]byte(`{"items":[],"metadata":{"resourceVersion":"7"}}`))
			return
		}
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
		for {
			select {
			case e := <-events:
				_, _ = w.Write([]byte(`{"type":"` + e + `","object":{}}`))
				w.(http.Flusher).Flush()
			case <-r.Context().Done():
				return
			}
		}
	}))
	t.Cleanup(server.Close)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := netip.MustParseAddrPort(listener.Addr().String())
	require.NoError(t, listener.Close())
	p, err := StartProxy(server.URL, address)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(p.CA))
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
	return p, &Client{Base: "https://" + address.String(), HTTP: &http.Client{Transport: transport, Timeout: time.Minute}}, &reached, events
}

func TestProxyMakesTheFaultsOfAnAPIServer(t *testing.T) {
	p, c, reached, _ := behind(t)
	ctx := context.Background()
	_, err := c.Do(ctx, http.MethodGet, "/x", nil)
	require.NoError(t, err)

	p.Set(Mode{Status: http.StatusTooManyRequests})
	_, err = c.Do(ctx, http.MethodGet, "/x", nil)
	var status *StatusError
	require.True(t, errors.As(err, &status))
	require.Equal(t, 429, status.Code)
	require.EqualValues(t, 1, reached.Load(), "what is refused does not reach the server")

	p.Set(Mode{Delay: 300 * time.Millisecond})
	start := time.Now()
	_, err = c.Do(ctx, http.MethodGet, "/x", nil)
	require.NoError(t, err)
	require.GreaterOrEqual(t, time.Since(start), 300*time.Millisecond)

	p.Set(Mode{LoseResponse: true})
	waiting, giveUp := context.WithTimeout(ctx, time.Minute)
	defer giveUp()
	go func() {
		for reached.Load() < 3 && waiting.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(100 * time.Millisecond) // in which an answer that is not lost would arrive
		giveUp()
	}()
	c.HTTP.Timeout = 0
	_, err = c.Do(waiting, http.MethodPut, "/x", Object{})
	require.ErrorIs(t, err, context.Canceled)
	require.EqualValues(t, 3, reached.Load(), "a lost answer is one to a request that was applied")
	_, err = c.Do(ctx, http.MethodGet, "/x", nil)
	require.NoError(t, err, "reads are answered all the same")

	total, verbs := p.Requests()
	require.Equal(t, 5, total)
	require.Equal(t, map[string]int{"GET": 4, "PUT": 1}, verbs)
}

func TestFrozenWatchTellsNothingUntilItThaws(t *testing.T) {
	p, c, _, events := behind(t)
	c.HTTP.Timeout = 0
	ctx, cancel := context.WithCancel(context.Background())
	seen := make(chan string, 8)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = c.Watch(ctx, "/pods", func(e Event) { seen <- e.Type })
	}()
	require.Equal(t, Listed, <-seen)
	events <- "ADDED"
	require.Equal(t, "ADDED", <-seen)
	p.Set(Mode{FreezeWatch: true})
	events <- "MODIFIED"
	select {
	case e := <-seen:
		t.Fatalf("a frozen watch told %s", e)
	case <-time.After(300 * time.Millisecond):
	}
	p.Set(Mode{})
	require.Equal(t, "MODIFIED", <-seen)
	cancel()
	<-done
}
