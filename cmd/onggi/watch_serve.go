package main

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/onggi-db/onggi/cmd/internal/cli"
	"github.com/onggi-db/onggi/cmd/internal/live"
	"github.com/onggi-db/onggi/cmd/internal/watch"
	"github.com/onggi-db/onggi/render"
)

// livePage is the page of --serve; nil without the flag, and then its methods do nothing.
type livePage struct {
	s       *cli.Streams
	address live.Address
	server  *live.Server
	watcher *watch.Watcher // set before anybody is served
}

// openPage opens the port before the first render, so that a port that is taken is told at once.
func openPage(s *cli.Streams, address string) (*livePage, error) {
	if address == "" {
		return nil, nil
	}
	at, err := live.Listen(address)
	var refused *net.OpError
	switch {
	case errors.As(err, &refused):
		return nil, cli.Fail(cli.InOut, err)
	case err != nil:
		return nil, cli.Fail(cli.Usage, err)
	}
	p := &livePage{s: s, address: at}
	p.server = live.New(live.Options{Host: at.Host, Render: func(id, env string) (render.Bundle, error) { return p.watcher.Render(id, env) }})
	if at.Open {
		fmt.Fprintf(s.Err, "%s: warning: %s is not a loopback address: whoever reaches this machine can read the specs\n", commandOnggi, at.Addr())
	}
	fmt.Fprintf(s.Err, "live view on %s\n", at.URL)
	return p, nil
}

// tell has the page told too.
func (p *livePage) tell(next func(watch.State)) func(watch.State) {
	if p == nil {
		return next
	}
	return func(state watch.State) {
		p.server.Update(state)
		next(state)
	}
}

// serve answers until the function it returns is called, which waits for the last answers.
func (p *livePage) serve(ctx context.Context, w *watch.Watcher) (stop func()) {
	if p == nil {
		return func() {}
	}
	p.watcher = w
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := p.server.Serve(ctx, p.address); err != nil {
			fmt.Fprintf(p.s.Err, "%s: live view: %s\n", commandOnggi, err)
		}
	}()
	return func() {
		cancel()
		<-done
	}
}
