package supervise

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/onggi-db/onggi/sidecars/capture"
	"github.com/onggi-db/onggi/sidecars/postgres/pgtest"
	"github.com/stretchr/testify/require"
)

var bindir = pgtest.Bin()

// patience is how long a test waits for what has to come. It is no measure of speed.
const patience = time.Minute

// TestMain is also the supervisor and its guard, when a test runs this binary as one.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "supervise":
			var o Options
			if err := json.Unmarshal([]byte(os.Args[2]), &o); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(2)
			}
			if err := Run(context.Background(), o, os.Stdout); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			os.Exit(0)
		case "guard":
			fmt.Fprintln(os.Stderr, Guard())
			os.Exit(1)
		}
	}
	flag.Parse()
	// The tests wait more than they work.
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	code := m.Run()
	if shared.dir != "" {
		os.RemoveAll(shared.dir)
	}
	os.Exit(code)
}

// lab is what all tests share: a copy of this binary that user postgres may run, and a fresh data directory.
type lab struct {
	once sync.Once
	dir  string
	bin  string
	uid  int
	gid  int

	initdb sync.Once
	err    error
}

var shared = &lab{}

// need skips where the machine lacks something, or fails where it has to be there.
func need(t *testing.T, ok bool, what string) {
	t.Helper()
	if ok {
		return
	}
	if os.Getenv("ONGGI_REQUIRE_TOOLS") == "1" {
		t.Fatalf("needs %s", what)
	}
	t.Skipf("needs %s", what)
}

func (l *lab) ready(t *testing.T) {
	t.Helper()
	need(t, os.Getuid() == 0, "root, to make PID namespaces")
	for _, tool := range []string{"unshare", "setpriv"} {
		_, err := exec.LookPath(tool)
		need(t, err == nil, tool+" (util-linux)")
	}
	_, err := os.Stat(bindir)
	need(t, err == nil, "PostgreSQL in "+pgtest.Bin())
	l.once.Do(func() {
		u, err := user.Lookup("postgres")
		require.NoError(t, err)
		l.uid, _ = strconv.Atoi(u.Uid)
		l.gid, _ = strconv.Atoi(u.Gid)
		l.dir, err = os.MkdirTemp("", "sup")
		require.NoError(t, err)
		require.NoError(t, os.Chmod(l.dir, 0o755))
		self, err := os.Executable()
		require.NoError(t, err)
		l.bin = filepath.Join(l.dir, "agent")
		b, err := os.ReadFile(self)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(l.bin, b, 0o755))
	})
}

// asPostgres runs a program as the user that owns the data.
func (l *lab) asPostgres(argv ...string) *exec.Cmd {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(l.uid), Gid: uint32(l.gid)}}
	return cmd
}

// pod is a supervisor as PID 1 of a namespace of its own, with a volume.
type pod struct {
	t      *testing.T
	o      Options
	dir    string
	cmd    *exec.Cmd
	out    *capture.Output
	pid    int // of the supervisor, as the machine sees it
	exited chan error
}

// newPod makes a volume and says how it will be supervised.
func newPod(t *testing.T) *pod {
	t.Helper()
	shared.ready(t)
	t.Parallel()
	dir, err := os.MkdirTemp(shared.dir, "pod")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755))
	p := &pod{t: t, dir: dir, o: Options{
		Volume: dir + "/vol", Data: dir + "/vol/data", Socket: dir + "/run/s", TerminationLog: dir + "/run/termination",
		Self: []string{shared.bin, "guard"}, Orphaned: time.Hour,
	}}
	for _, d := range []string{"/vol", "/vol/data", "/run"} {
		require.NoError(t, os.Mkdir(dir+d, 0o700))
		require.NoError(t, os.Chown(dir+d, shared.uid, shared.gid))
	}
	return p
}

// withWAL gives the pod a volume for the log.
func (p *pod) withWAL() *pod {
	p.t.Helper()
	p.o.WAL = p.dir + "/wal"
	require.NoError(p.t, os.Mkdir(p.o.WAL, 0o700))
	require.NoError(p.t, os.Chown(p.o.WAL, shared.uid, shared.gid))
	return p
}

// sibling is another pod on the same volume.
func (p *pod) sibling() *pod {
	q := *p
	q.o.Socket = p.dir + "/run/s2"
	return &q
}

// withPostgres fills the data directory.
func (p *pod) withPostgres() *pod {
	p.t.Helper()
	shared.initdb.Do(func() {
		template := shared.dir + "/template"
		shared.err = os.Mkdir(template, 0o700)
		if shared.err == nil {
			shared.err = os.Chown(template, shared.uid, shared.gid)
		}
		if shared.err == nil {
			out, err := shared.asPostgres(bindir+"/initdb", "-D", template, "-N", "-A", "trust", "-U", "postgres").CombinedOutput()
			if err != nil {
				shared.err = fmt.Errorf("%w: %s", err, out)
			}
		}
	})
	require.NoError(p.t, shared.err)
	require.NoError(p.t, exec.Command("cp", "-a", shared.dir+"/template/.", p.o.Data).Run())
	return p
}

func (p *pod) file(name, content string) {
	p.t.Helper()
	path := filepath.Join(p.o.Data, name)
	require.NoError(p.t, os.WriteFile(path, []byte(content), 0o600))
	require.NoError(p.t, os.Chown(path, shared.uid, shared.gid))
}

func (p *pod) run() *pod {
	p.t.Helper()
	o, err := json.Marshal(p.o)
	require.NoError(p.t, err)
	p.out = &capture.Output{}
	p.cmd = exec.Command("unshare", "--pid", "--fork", "--kill-child", "--mount-proc",
		"setpriv", "--reuid="+strconv.Itoa(shared.uid), "--regid="+strconv.Itoa(shared.gid), "--clear-groups", "--pdeathsig=KILL",
		shared.bin, "supervise", string(o))
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.Dir = p.out, p.out, "/"
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(p.t, p.cmd.Start())
	p.exited = make(chan error, 1)
	go func() { p.exited <- p.cmd.Wait() }()
	p.t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // setpriv has its child die with unshare, and the kernel the rest
		select {
		case <-p.exited:
		case <-time.After(5 * time.Second):
		}
		if p.t.Failed() {
			p.t.Logf("the supervisor printed:\n%s", p.out)
		}
	})
	p.eventually("the supervisor is PID 1", func() bool {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", p.cmd.Process.Pid, p.cmd.Process.Pid))
		p.pid, _ = strconv.Atoi(strings.TrimSpace(string(b)))
		cmdline, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.pid))
		return p.pid > 0 && bytes.HasPrefix(cmdline, []byte(shared.bin))
	})
	return p
}

func (p *pod) eventually(what string, ok func() bool) {
	p.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(8 * time.Millisecond) {
		if ok() {
			return
		}
		if time.Now().After(end) {
			require.FailNow(p.t, "never: "+what)
		}
	}
}

// processes lists the machine's pids of everything in the namespace beside PID 1 that runs, zombies not counted.
func (p *pod) processes() []int {
	ns, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", p.pid))
	if err != nil {
		return nil
	}
	var found []int
	for _, pid := range processes() {
		of, _ := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", pid))
		if pid != p.pid && of == ns && !zombie(pid) {
			found = append(found, pid)
		}
	}
	return found
}

// zombie says whether a process is dead, or so far in dying that it has no memory and no files any more.
func zombie(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	flags, _ := strconv.ParseUint(fields[6], 10, 64)
	const exiting = 0x4 // PF_EXITING
	return fields[0] == "Z" || flags&exiting != 0 && !hasFiles(pid)
}

func hasFiles(pid int) bool {
	d, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	return err == nil && len(d) > 0
}

// named finds processes of the namespace whose command line has a word.
func (p *pod) named(word string) []int {
	var found []int
	for _, pid := range p.processes() {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if strings.Contains(strings.ReplaceAll(string(b), "\x00", " "), word) {
			found = append(found, pid)
		}
	}
	return found
}
