package day2_test

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
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	utilexec "k8s.io/utils/exec"
)

// kubelet answers as a node's does what the API server passes on: it runs programs in containers and reads their logs. Streams are
// those of the library by which container runtimes serve them.
type kubelet struct {
	lab    *lab
	server *httptest.Server
}

func newKubelet(l *lab) *kubelet {
	k := &kubelet{lab: l}
	mux := http.NewServeMux()
	mux.HandleFunc("/exec/{namespace}/{pod}/{container}", k.exec)
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", k.logs)
	k.server = httptest.NewTLSServer(mux)
	l.t.Cleanup(func() {
		k.server.CloseClientConnections()
		k.server.Close()
	})
	return k
}

func (k *kubelet) port() int { return k.server.Listener.Addr().(*net.TCPAddr).Port }

func (k *kubelet) exec(w http.ResponseWriter, r *http.Request) {
	options, err := remotecommand.NewOptions(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	remotecommand.ServeExec(w, r, k, r.PathValue("pod"), "", r.PathValue("container"), r.URL.Query()["command"], options,
		time.Hour, 30*time.Second, remotecommand.SupportedStreamingProtocols)
}

// ExecInContainer implements remotecommand.Executor: a process in the container's own view of the machine.
func (k *kubelet) ExecInContainer(ctx context.Context, pod, _, container string, argv []string, in io.Reader, out, errs io.WriteCloser,
	tty bool, resize <-chan remotecommand.TerminalSize, _ time.Duration,
) error {
	p := k.lab.pod(pod)
	if p == nil { // an object whose containers are nobody's
		fmt.Fprintln(errs, "nothing runs in "+pod)
		return utilexec.CodeExitError{Err: errors.New("nothing runs"), Code: 127}
	}
	k.lab.remember(pod + "/" + container + ": " + strings.Join(argv, " "))
	cmd := p.inside(ctx, container, argv)
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

// inTerminal runs a process on a pseudo-terminal.
func inTerminal(cmd *exec.Cmd, in io.Reader, out io.Writer, resize <-chan remotecommand.TerminalSize) error {
	master, slave, err := openTerminal()
	if err != nil {
		return err
	}
	defer master.Close()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &unix.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	_ = slave.Close()
	go func() {
		for size := range resize {
			_ = unix.IoctlSetWinsize(int(master.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: size.Height, Col: size.Width})
		}
	}()
	if in != nil {
		go func() { _, _ = io.Copy(master, in) }()
	}
	_, _ = io.Copy(out, master) // ends with an error when the last process is gone
	return ended(cmd.Wait())
}

// openTerminal is both ends of a new pseudo-terminal.
func openTerminal() (master, slave *os.File, err error) {
	master, err = os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		return nil, nil, err
	}
	number, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		slave, err = os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		_ = master.Close()
	}
	return master, slave, err
}

// ended gives an exit code the form that the library knows.
func ended(err error) error {
	if code, ok := err.(*exec.ExitError); ok {
		return utilexec.CodeExitError{Err: err, Code: code.ExitCode()}
	}
	return err
}

// logs reads what a container has printed: all of it, or the last lines, and with follow what comes after.
func (k *kubelet) logs(w http.ResponseWriter, r *http.Request) {
	p := k.lab.pod(r.PathValue("pod"))
	if p == nil {
		http.NotFound(w, r)
		return
	}
	file, err := os.Open(p.log(r.PathValue("container")))
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

// need skips where the machine lacks something, or fails where it has to be there.
func need(t *testing.T, ok bool, what string) {
	t.Helper()
	if ok {
		return
	}
	if os.Getenv("ONGGI_REQUIRE_TOOLS") == "1" {
		require.FailNow(t, "needs "+what)
	}
	t.Skip("needs " + what)
}

// output collects what a process prints while it runs.
type output struct {
	mutex sync.Mutex
	text  strings.Builder
}

func (o *output) Write(b []byte) (int, error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.text.String()
}
