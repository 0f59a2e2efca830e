package day2

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/onggi-db/onggi/cmd/internal/kube"
)

// maxLine bounds a line of a log: longer ones are told in parts.
const maxLine = 1 << 20

// Logs is what of the members' logs is wanted.
type Logs struct {
	Members    []string
	Containers []string
	Follow     bool
	Tail       int // lines of each; below 0 all
	Since      time.Duration
	Previous   bool
}

// Follow writes the logs of all members, each line behind the name of its member and container. Without Follow they come one
// after the other; with it they are mixed as they come, and a container that starts again is followed again.
func (d *Database) Follow(ctx context.Context, l Logs, prefix func(member, container string) string, out, errs io.Writer) error {
	w := &lines{out: out}
	var group sync.WaitGroup
	var mutex sync.Mutex
	var failed []error
	for _, member := range l.Members {
		for _, container := range l.Containers {
			one := func() {
				err := d.follow(ctx, l, member, container, prefix(member, container), w)
				if err == nil || ctx.Err() != nil {
					return
				}
				mutex.Lock()
				defer mutex.Unlock()
				failed = append(failed, err)
				fmt.Fprintln(errs, err)
			}
			if l.Follow {
				group.Go(one)
			} else {
				one()
			}
		}
	}
	group.Wait()
	if len(failed) == len(l.Members)*len(l.Containers) {
		return errors.Join(failed...)
	}
	return nil
}

// follow copies one log, and with Follow again after the container has started again.
func (d *Database) follow(ctx context.Context, l Logs, member, container, prefix string, w *lines) error {
	want := kube.Log{
		Namespace: d.Namespace, Pod: member, Container: container,
		Follow: l.Follow, Tail: l.Tail, Since: l.Since, Previous: l.Previous,
	}
	told := false
	for first := true; ; first = false {
		body, err := d.server.Logs(ctx, want)
		if err != nil && first {
			return err
		}
		if err == nil {
			told = false
			if err = w.copy(prefix, body); err != nil {
				err = fmt.Errorf("copy the log of %s/%s: %w", member, container, err)
			}
		}
		ended := time.Now()
		if !l.Follow || ctx.Err() != nil || w.failed() {
			return err
		}
		if err != nil && !told { // it is being started again, or the way to it broke
			told = true
			_ = w.write(prefix, []byte("("+err.Error()+")"))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(2 * time.Second):
		}
		want.Tail, want.Previous, want.Since = -1, false, time.Since(ended)+time.Second
	}
}

// lines writes whole lines of several writers.
type lines struct {
	mutex sync.Mutex
	out   io.Writer
	err   error // of the last write
}

// copy writes a log, each line behind the prefix.
func (w *lines) copy(prefix string, log io.ReadCloser) error {
	defer log.Close()
	in := bufio.NewReaderSize(log, maxLine)
	for {
		line, err := in.ReadSlice('\n')
		if len(line) > 0 {
			if failed := w.write(prefix, line); failed != nil {
				return failed
			}
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// failed tells whether nobody reads what is written any more.
func (w *lines) failed() bool {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.err != nil
}

func (w *lines) write(prefix string, line []byte) error {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	text := prefix + string(line)
	if line[len(line)-1] != '\n' {
		text += "\n"
	}
	_, w.err = io.WriteString(w.out, text)
	return w.err
}
