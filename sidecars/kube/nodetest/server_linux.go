package nodetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"k8s.io/cri-streaming/pkg/streaming/portforward"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	utilexec "k8s.io/utils/exec"
)

// Pods are those of the node.
type Pods interface {
	// Command is a program in a container, not started yet; what it reads and writes is not set.
	Command(ctx context.Context, pod, container string, argv []string) (*exec.Cmd, error)
	// Log is the file that a container's output is appended to.
	Log(pod, container string) (string, error)
	// Dial connects to a port of the pod, from within it.
	Dial(ctx context.Context, pod string, port int) (net.Conn, error)
}

// Server is a node's, with TLS on a port of loopback.
type Server struct {
	pods Pods
	http *httptest.Server
}

// idle is how long a stream may be silent.
const idle = time.Hour

// Serve starts a server, until Close.
func Serve(pods Pods) *Server {
	s := &Server{pods: pods}
	mux := http.NewServeMux()
	mux.HandleFunc("/exec/{namespace}/{pod}/{container}", s.exec)
	mux.HandleFunc("/portForward/{namespace}/{pod}", s.forward)
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", s.logs)
	s.http = httptest.NewTLSServer(mux)
	return s
}

// Port is where it listens.
func (s *Server) Port() int { return s.http.Listener.Addr().(*net.TCPAddr).Port }

// Close ends it and what it serves.
func (s *Server) Close() {
	s.http.CloseClientConnections()
	s.http.Close()
}

func (s *Server) exec(w http.ResponseWriter, r *http.Request) {
	options, err := remotecommand.NewOptions(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	remotecommand.ServeExec(w, r, s, r.PathValue("pod"), "", r.PathValue("container"), r.URL.Query()["command"], options,
		idle, 30*time.Second, remotecommand.SupportedStreamingProtocols)
}

// ExecInContainer implements remotecommand.Executor.
func (s *Server) ExecInContainer(ctx context.Context, pod, _, container string, argv []string, in io.Reader, out, errs io.WriteCloser,
	tty bool, resize <-chan remotecommand.TerminalSize, _ time.Duration,
) error {
	cmd, err := s.pods.Command(ctx, pod, container, argv)
	if err != nil {
		if errs != nil {
			fmt.Fprintln(errs, err)
		}
		return utilexec.CodeExitError{Err: err, Code: 127}
	}
	if tty {
		return inTerminal(cmd, in, out, resize)
	}
	if in != nil { // a pipe of our own: cmd.Wait would wait for a client that types nothing
		pipe, err := cmd.StdinPipe()
		if err != nil {
			return err
		}
		go func() { _, _ = io.Copy(pipe, in); _ = pipe.Close() }()
	}
	if out != nil {
		cmd.Stdout = out
	}
	if errs != nil {
		cmd.Stderr = errs
	}
	return ended(cmd.Run())
}

// ended gives an exit code the form that the library knows.
func ended(err error) error {
	var code *exec.ExitError
	if errors.As(err, &code) {
		return utilexec.CodeExitError{Err: err, Code: code.ExitCode()}
	}
	return err
}

func (s *Server) forward(w http.ResponseWriter, r *http.Request) {
	options, err := portforward.NewV4Options(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	portforward.ServePortForward(w, r, s, r.PathValue("pod"), "", options, idle, 30*time.Second, portforward.SupportedProtocols)
}

// PortForward implements portforward.PortForwarder. It ends when the pod's side does; a client that is gone closes the stream.
func (s *Server) PortForward(ctx context.Context, pod, _ string, port int32, stream io.ReadWriteCloser) error {
	conn, err := s.pods.Dial(ctx, pod, int(port))
	if err != nil {
		return err
	}
	defer conn.Close()
	go func() {
		_, _ = io.Copy(conn, stream)
		if half, ok := conn.(*net.TCPConn); ok {
			_ = half.CloseWrite()
		}
	}()
	_, err = io.Copy(stream, conn)
	return err
}

// logs reads what a container has printed: all of it, or the last lines, and with follow what comes after.
func (s *Server) logs(w http.ResponseWriter, r *http.Request) {
	name, err := s.pods.Log(r.PathValue("pod"), r.PathValue("container"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	file, err := os.Open(name)
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	defer file.Close()
	text, err := io.ReadAll(file)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if tail, err := strconv.Atoi(r.URL.Query().Get("tailLines")); err == nil {
		all := strings.SplitAfter(string(text), "\n")
		text = []byte(strings.Join(all[max(0, len(all)-1-tail):], ""))
	}
	_, _ = w.Write(text)
	flush := http.NewResponseController(w)
	for r.URL.Query().Get("follow") == "true" {
		_ = flush.Flush()
		select {
		case <-r.Context().Done():
			return
		case <-time.After(100 * time.Millisecond):
		}
		if _, err := io.Copy(w, file); err != nil {
			return
		}
	}
}
