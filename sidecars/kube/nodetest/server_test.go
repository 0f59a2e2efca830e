//go:build linux

package nodetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	utilexec "k8s.io/utils/exec"
)

// one is a node with one pod, whose containers are this machine, and which echoes on every port.
type one struct{ log string }

var errNoPod = errors.New("no such pod")

func (o one) Command(ctx context.Context, pod, _ string, argv []string) (*exec.Cmd, error) {
	if pod != "p" {
		return nil, errNoPod
	}
	return exec.CommandContext(ctx, argv[0], argv[1:]...), nil
}

func (o one) Log(pod, _ string) (string, error) {
	if pod != "p" {
		return "", errNoPod
	}
	return o.log, nil
}

func (o one) Dial(ctx context.Context, pod string, _ int) (net.Conn, error) {
	if pod != "p" {
		return nil, errNoPod
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go func() {
		defer listener.Close()
		if conn, err := listener.Accept(); err == nil {
			_, _ = io.Copy(conn, conn)
			_ = conn.Close()
		}
	}()
	return (&net.Dialer{}).DialContext(ctx, "tcp", listener.Addr().String())
}

func TestLogsAreReadFromTheirEnd(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	require.NoError(t, os.WriteFile(log, []byte("a\nb\nc\n"), 0o600))
	s := Serve(one{log})
	defer s.Close()
	for path, want := range map[string]string{
		"/containerLogs/n/p/c":             "200 a\nb\nc\n",
		"/containerLogs/n/p/c?tailLines=2": "200 b\nc\n",
		"/containerLogs/n/p/c?tailLines=9": "200 a\nb\nc\n",
		"/containerLogs/n/q/c":             "404 no such pod\n",
	} {
		answer, err := s.http.Client().Get(s.http.URL + path)
		require.NoError(t, err)
		body, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, want, strings.TrimSuffix(answer.Status, " "+http.StatusText(answer.StatusCode))+" "+string(body))
	}
}

// buffer is a stream of exec.
type buffer struct{ bytes.Buffer }

func (*buffer) Close() error { return nil }

func TestProgramsEndWithTheirCode(t *testing.T) {
	s := Serve(one{})
	defer s.Close()
	var out, errs buffer
	err := s.ExecInContainer(t.Context(), "p", "", "c", []string{"sh", "-c", "cat; echo no >&2; exit 3"}, strings.NewReader("typed"), &out, &errs, false, nil, 0)
	var code utilexec.CodeExitError
	require.ErrorAs(t, err, &code)
	require.Equal(t, 3, code.Code)
	require.Equal(t, "typed", out.String())
	require.Equal(t, "no\n", errs.String())

	err = s.ExecInContainer(t.Context(), "q", "", "c", []string{"true"}, nil, &out, &errs, false, nil, 0)
	require.ErrorAs(t, err, &code)
	require.Equal(t, 127, code.Code)
}

// duplex is a stream of a forwarded port.
type duplex struct {
	io.Reader
	io.Writer
}

func (duplex) Close() error { return nil }

func TestPortsAreCarriedBothWays(t *testing.T) {
	s := Serve(one{})
	defer s.Close()
	var back bytes.Buffer
	require.NoError(t, s.PortForward(t.Context(), "p", "", 5432, duplex{strings.NewReader("there and back"), &back}))
	require.Equal(t, "there and back", back.String())
	require.ErrorIs(t, s.PortForward(t.Context(), "q", "", 5432, duplex{}), errNoPod)
}
