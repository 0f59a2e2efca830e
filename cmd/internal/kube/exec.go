package kube

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/client-go/util/exec"
	"k8s.io/streaming/pkg/httpstream"
)

// Process is a program to run in a container. A stream that is nil is not connected.
type Process struct {
	Namespace, Pod, Container string
	Command                   []string

	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// TTY gives the program a terminal, whose output is all on Stdout. Sizes tells how large it is, again whenever that changes.
	TTY   bool
	Sizes <-chan Size
}

// Size is that of a terminal, in characters.
type Size struct{ Width, Height uint16 }

// Exec runs a program and returns its exit code. An error is that it was not run, or that its end is not known. It is spoken of by
// WebSocket, and by SPDY where something on the way does not let that through, as kubectl does.
func (s *Server) Exec(ctx context.Context, p Process) (int, error) {
	at := s.address(Resource{Version: "v1", Plural: "pods"}, p.Namespace, p.Pod, "exec")
	at.RawQuery = url.Values{
		"container": {p.Container}, "command": p.Command,
		"stdin": {strconv.FormatBool(p.Stdin != nil)}, "stdout": {strconv.FormatBool(p.Stdout != nil)},
		"stderr": {strconv.FormatBool(p.Stderr != nil && !p.TTY)}, "tty": {strconv.FormatBool(p.TTY)},
	}.Encode()
	runner, err := s.runner(at)
	if err != nil {
		return 0, fmt.Errorf("run %s in %s: %w", p.Command[0], p.Pod, err)
	}
	options := remotecommand.StreamOptions{Stdin: p.Stdin, Stdout: p.Stdout, Stderr: p.Stderr, Tty: p.TTY}
	if p.TTY {
		options.Stderr = nil
	}
	if p.Sizes != nil {
		options.TerminalSizeQueue = sizes(p.Sizes)
	}
	err = runner.StreamWithContext(ctx, options)
	var ended exec.CodeExitError
	switch {
	case errors.As(err, &ended):
		return ended.Code, nil
	case err != nil && ctx.Err() != nil:
		return 0, ctx.Err()
	case err != nil:
		return 0, fmt.Errorf("run %s in %s: %w", p.Command[0], p.Pod, refused(err))
	}
	return 0, nil
}

func (s *Server) runner(at *url.URL) (remotecommand.Executor, error) {
	spdy, err := remotecommand.NewSPDYExecutor(s.config, http.MethodPost, at)
	if err != nil {
		return nil, err
	}
	socket, err := remotecommand.NewWebSocketExecutor(s.config, http.MethodGet, at.String())
	if err != nil {
		return nil, err
	}
	return remotecommand.NewFallbackExecutor(socket, spdy, func(err error) bool {
		return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
	})
}

// refused finds the API server's no for want of rights in what a failed upgrade says: remotecommand keeps of it the words alone.
func refused(err error) error {
	if strings.Contains(err.Error(), " is forbidden: ") {
		return &Refusal{Code: http.StatusForbidden, Reason: string(metav1.StatusReasonForbidden), Message: err.Error()}
	}
	return withoutAddress(err)
}

// sizes hands sizes on in the form that remotecommand asks for them.
type sizes <-chan Size

func (q sizes) Next() *remotecommand.TerminalSize {
	size, ok := <-q
	if !ok {
		return nil
	}
	return &remotecommand.TerminalSize{Width: size.Width, Height: size.Height}
}
