package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"sync"
	"time"
)

// browser is a headless Chromium, driven by its DevTools protocol through a pair of pipes.
type browser struct {
	cmd     *exec.Cmd
	profile string
	to      io.WriteCloser

	mu      sync.Mutex
	next    int
	waiting map[int]chan answer
	broken  error
	pages   map[string]*page // by session
}

type answer struct {
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error"`
}

// startBrowser starts Chromium with a profile of its own, which stop removes.
func startBrowser(ctx context.Context, binary string) (*browser, error) {
	profile, err := os.MkdirTemp("", "onggi-web-")
	if err != nil {
		return nil, err
	}
	in, to, err := os.Pipe() // the browser reads file 3
	if err != nil {
		return nil, err
	}
	from, out, err := os.Pipe() // and writes file 4
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, binary, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
		"--remote-debugging-pipe", "--user-data-dir="+profile, "about:blank")
	cmd.ExtraFiles = []*os.File{in, out}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", binary, err)
	}
	_ = in.Close()
	_ = out.Close()
	b := &browser{cmd: cmd, profile: profile, to: to, waiting: map[int]chan answer{}, pages: map[string]*page{}}
	go b.read(from)
	return b, nil
}

func (b *browser) stop() {
	_, _ = b.call("", "Browser.close", nil)
	done := make(chan struct{})
	go func() {
		_ = b.cmd.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		_ = b.cmd.Process.Kill()
		<-done
	}
	_ = os.RemoveAll(b.profile)
}

// read hands answers to who waits for them, and events to their page.
func (b *browser) read(from io.Reader) {
	r := bufio.NewReaderSize(from, 1<<20)
	for {
		data, err := r.ReadBytes(0)
		if err != nil {
			b.mu.Lock()
			b.broken = errors.New("the browser has gone")
			for _, c := range b.waiting {
				close(c)
			}
			b.waiting = nil
			b.mu.Unlock()
			return
		}
		var m struct {
			ID     int             `json:"id"`
			Method string          `json:"method"`
			Params json.RawMessage `json:"params"`
			In     string          `json:"sessionId"`
			answer
		}
		if json.Unmarshal(data[:len(data)-1], &m) != nil {
			continue
		}
		b.mu.Lock()
		c, p := b.waiting[m.ID], b.pages[m.In]
		delete(b.waiting, m.ID)
		b.mu.Unlock()
		switch {
		case c != nil:
			c <- m.answer
		case m.Method != "" && p != nil:
			p.event(m.Method, m.Params)
		}
	}
}

// call asks the browser, or in a session a page, and waits for the answer.
func (b *browser) call(session, method string, params any) (json.RawMessage, error) {
	b.mu.Lock()
	if b.broken != nil {
		b.mu.Unlock()
		return nil, b.broken
	}
	b.next++
	id, c := b.next, make(chan answer, 1)
	b.waiting[id] = c
	b.mu.Unlock()
	message := map[string]any{"id": id, "method": method}
	if params != nil {
		message["params"] = params
	}
	if session != "" {
		message["sessionId"] = session
	}
	data, err := json.Marshal(message)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	_, err = b.to.Write(append(data, 0))
	b.mu.Unlock()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", method, err)
	}
	select {
	case a, ok := <-c:
		switch {
		case !ok:
			return nil, b.broken
		case a.Error != nil:
			return nil, fmt.Errorf("%s: %s", method, a.Error.Message)
		}
		return a.Result, nil
	case <-time.After(30 * time.Second):
		return nil, fmt.Errorf("%s: no answer in 30 s", method)
	}
}

// page is one tab.
type page struct {
	b               *browser
	target, session string

	mu       sync.Mutex
	errors   []string // of its console, and exceptions
	requests []string
}

func (b *browser) newPage() (*page, error) {
	var target struct{ TargetID, SessionID string }
	for _, step := range []struct {
		method string
		params func() any
	}{
		{"Target.createTarget", func() any { return map[string]any{"url": "about:blank"} }},
		{"Target.attachToTarget", func() any { return map[string]any{"targetId": target.TargetID, "flatten": true} }},
	} {
		result, err := b.call("", step.method, step.params())
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(result, &target); err != nil {
			return nil, err
		}
	}
	p := &page{b: b, target: target.TargetID, session: target.SessionID}
	b.mu.Lock()
	b.pages[p.session] = p
	b.mu.Unlock()
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		if _, err := p.call(domain+".enable", nil); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// shut closes the tab.
func (p *page) shut() {
	p.b.mu.Lock()
	delete(p.b.pages, p.session)
	p.b.mu.Unlock()
	_, _ = p.b.call("", "Target.closeTarget", map[string]any{"targetId": p.target}) // or the browser has gone
}

func (p *page) event(method string, params json.RawMessage) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var e struct {
		Type             string
		Request          struct{ URL string }
		Entry            struct{ Level, Text, URL string }
		ExceptionDetails struct {
			Text      string
			Exception struct{ Description string }
		}
		Args []struct{ Value any }
	}
	_ = json.Unmarshal(params, &e) // events of other shapes have nothing for us
	switch method {
	case "Network.requestWillBeSent":
		p.requests = append(p.requests, e.Request.URL)
	case "Runtime.exceptionThrown":
		p.errors = append(p.errors, e.ExceptionDetails.Text+" "+e.ExceptionDetails.Exception.Description)
	case "Runtime.consoleAPICalled":
		if e.Type == "error" || e.Type == "assert" || e.Type == "warning" {
			p.errors = append(p.errors, fmt.Sprint(e.Args))
		}
	case "Log.entryAdded":
		if e.Entry.Level == "error" || e.Entry.Level == "warning" {
			p.errors = append(p.errors, e.Entry.Text+" "+e.Entry.URL)
		}
	}
}

// said are the errors and warnings since it was asked last.
func (p *page) said() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	said := p.errors
	p.errors = nil
	return said
}

func (p *page) asked() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.requests)
}

func (p *page) call(method string, params any) (json.RawMessage, error) {
	return p.b.call(p.session, method, params)
}
