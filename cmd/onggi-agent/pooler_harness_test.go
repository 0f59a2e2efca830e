package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/backend/native"
	"github.com/onggi-db/onggi/render/plan"
	"github.com/onggi-db/onggi/sidecars/capture"
	"github.com/onggi-db/onggi/sidecars/freeport"
)

// service leads to the pods that have a role, as a Service's address does: refused while nobody has it.
type service struct {
	lab  *lab
	role string
	net.Listener
}

func (l *lab) newService(role string) *service {
	l.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(l.t, err)
	s := &service{l, role, listener}
	l.t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go s.lead(conn.(*net.TCPConn))
		}
	}()
	return s
}

func (s *service) port() int { return s.Addr().(*net.TCPAddr).Port }

func (s *service) lead(from *net.TCPConn) {
	defer from.Close()
	_ = from.SetLinger(0) // an end is a reset, as of a process that was killed
	for _, p := range s.lab.pods {
		if p.label() != s.role {
			continue
		}
		to, err := net.DialTimeout("tcp", net.JoinHostPort(p.ip, strconv.Itoa(s.lab.port)), time.Second)
		if err != nil {
			continue
		}
		defer to.Close()
		both := make(chan struct{}, 2)
		for _, way := range [][2]net.Conn{{from, to}, {to, from}} {
			go func() { _, _ = io.Copy(way[0], way[1]); both <- struct{}{} }()
		}
		<-both
		return
	}
}

// poolerPod is a pod of a pooler, with the files that were rendered for it.
type poolerPod struct {
	lab          *lab
	dir          string
	port, listen int
	cmd          *exec.Cmd
	ended        chan struct{}
	log          *capture.Output
}

func (l *lab) newPooler(bin string, p *plan.Plan, m plan.PoolerMember, to *service) *poolerPod {
	l.t.Helper()
	one := &poolerPod{lab: l, dir: filepath.Join(l.dir, m.Name), port: freePort(l.t), listen: freePort(l.t), log: &capture.Output{}}
	for _, dir := range []string{"", "/config", "/secrets", "/secrets/pooler", "/run"} {
		l.mkdir(one.dir + dir)
	}
	l.write(one.dir+"/secrets/pooler/password", poolerPassword)
	l.write(one.dir+"/config/pgbouncer.ini", one.placed(native.PoolerIni(p, m), to))
	f := native.PoolerFile(p)
	l.write(one.dir+"/config/pooler.yaml", fmt.Sprintf("bin: %s\nini: %s\npasswordFile: %s\nrun: %s\nport: %d\nlisten: %d\ndrainSeconds: %d\n",
		bin, one.placed(f.Ini, to), one.placed(f.PasswordFile, to), one.dir+"/run", one.port, one.listen, 5))
	argv := (&pod{lab: l, log: one.log}).command(l.program, "pooler", "--config", one.dir+"/config/pooler.yaml")
	one.cmd, one.ended = argv, make(chan struct{})
	require.NoError(l.t, one.cmd.Start())
	go func() { _ = one.cmd.Wait(); close(one.ended) }()
	l.t.Cleanup(func() {
		_ = one.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-one.ended:
		case <-time.After(20 * time.Second):
			_ = one.cmd.Process.Kill()
		}
		if l.t.Failed() || os.Getenv("ONGGI_SHOW") != "" {
			l.t.Logf("==== %s\n%s", m.Name, one.log)
		}
	})
	l.eventually(20*time.Second, "the pooler is ready", func() bool { return one.get("/readiness") != "" })
	return one
}

// placed says the same of this test's folders and ports.
func (one *poolerPod) placed(text string, to *service) string {
	return strings.NewReplacer("/etc/onggi/config", one.dir+"/config", "/etc/onggi/secrets", one.dir+"/secrets", "/run/onggi", one.dir+"/run",
		"host=shop-rw port=5432", fmt.Sprintf("host=127.0.0.1 port=%d", to.port()), "host=shop-ro port=5432", fmt.Sprintf("host=127.0.0.1 port=%d", to.port()),
		"listen_addr = *", "listen_addr = 127.0.0.1", "listen_port = 5432", fmt.Sprintf("listen_port = %d", one.port)).Replace(text)
}

func (one *poolerPod) get(path string) string {
	answer, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d%s", one.listen, path))
	if err != nil || answer.StatusCode != http.StatusOK {
		return ""
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	return string(text)
}

func (one *poolerPod) connect(ctx context.Context, user, password string) (*pgconn.PgConn, error) {
	return pgconn.Connect(ctx, fmt.Sprintf("host=127.0.0.1 port=%d user=%s password='%s' dbname=app sslmode=disable", one.port, user, password))
}

func (one *poolerPod) sql(user, password, text string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	conn, err := one.connect(ctx, user, password)
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	results, err := conn.Exec(ctx, text).ReadAll()
	if err != nil || len(results) == 0 || len(results[0].Rows) == 0 {
		return "", err
	}
	return string(results[0].Rows[0][0]), nil
}

const poolerPassword, appPassword = `it's "the" pooler's`, "app's"

func freePort(t *testing.T) int {
	t.Helper()
	port, release, err := freeport.Take()
	require.NoError(t, err)
	t.Cleanup(release)
	return port
}

// pooledWriter is an application: it keeps its connection, and makes a new one when that is lost.
type pooledWriter struct {
	mu     sync.Mutex
	at     time.Time // of the newest acknowledgement
	acked  int
	errors []string
}

func (w *pooledWriter) run(ctx context.Context, one *poolerPod) {
	var conn *pgconn.PgConn
	for ctx.Err() == nil {
		limited, cancel := context.WithTimeout(ctx, 30*time.Second)
		var err error
		if conn == nil {
			conn, err = one.connect(limited, "app", `app\'s`)
		}
		if err == nil {
			_, err = conn.Exec(limited, "INSERT INTO written DEFAULT VALUES").ReadAll()
		}
		w.mu.Lock()
		if err == nil {
			w.at, w.acked = time.Now(), w.acked+1
		} else {
			w.errors = append(w.errors, time.Now().Format("05.000 ")+err.Error())
			if conn != nil {
				_ = conn.Close(limited)
				conn = nil
			}
		}
		w.mu.Unlock()
		cancel()
		time.Sleep(5 * time.Millisecond)
	}
}

// wrote tells that something was acknowledged after a moment.
func (w *pooledWriter) wrote(after time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at.After(after)
}
