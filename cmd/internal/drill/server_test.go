package drill

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/drill"
	"github.com/onggi-db/onggi/sidecars/freeport"
	"github.com/onggi-db/onggi/sidecars/postgres/pgtest"
)

const testPassword = "it's a \\ long 'one'"

// postgres is a real server on the loopback, in a folder of its own.
type postgres struct {
	bin, dir string
	port     int
	as       *syscall.Credential // who runs it; Postgres refuses to be run by root
}

// findPostgres skips the test where no server is installed.
func findPostgres(t *testing.T) string {
	t.Helper()
	bin := pgtest.Bin()
	if bin == pgtest.Missing {
		t.Skip("no Postgres server is installed: neither below /usr/lib/postgresql nor on the PATH")
	}
	return bin
}

// newPostgres is a server that is not initialised.
func newPostgres(t *testing.T) *postgres {
	t.Helper()
	p := &postgres{bin: findPostgres(t), port: freePort(t)}
	dir, err := os.MkdirTemp("", "onggi-drill-") // short, and open to another user: a socket's path has at most 107 bytes
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	p.dir = dir
	if os.Getuid() == 0 {
		someone, err := user.Lookup("postgres")
		if err != nil {
			someone, err = user.Lookup("nobody")
		}
		require.NoError(t, err)
		uid, _ := strconv.Atoi(someone.Uid)
		gid, _ := strconv.Atoi(someone.Gid)
		p.as = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		require.NoError(t, os.Chown(dir, uid, gid))
	}
	t.Cleanup(func() { _, _ = p.try("pg_ctl", "-D", p.data(), "-m", "immediate", "stop") })
	return p
}

func (p *postgres) data() string { return filepath.Join(p.dir, "data") }

func (p *postgres) try(name string, args ...string) (string, error) {
	cmd := exec.Command(filepath.Join(p.bin, name), args...)
	cmd.Dir = p.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "PGPASSWORD=" + testPassword}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.as}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (p *postgres) must(t *testing.T, name string, args ...string) {
	t.Helper()
	out, err := p.try(name, args...)
	require.NoError(t, err, "%s: %s", name, out)
}

func (p *postgres) write(t *testing.T, name, text string) {
	t.Helper()
	at := filepath.Join(p.dir, name)
	require.NoError(t, os.WriteFile(at, []byte(text), 0o600))
	if p.as != nil {
		require.NoError(t, os.Chown(at, int(p.as.Uid), int(p.as.Gid)))
	}
}

// initialise makes an empty server that asks for passwords, over TLS.
func (p *postgres) initialise(t *testing.T, settings string) {
	t.Helper()
	p.write(t, "password", testPassword)
	p.must(t, "initdb", "-D", p.data(), "-U", "postgres", "--pwfile", filepath.Join(p.dir, "password"), "-A", "scram-sha-256", "-E", "UTF8", "--no-sync")
	certificate, key := selfSigned(t)
	p.write(t, "server.crt", certificate)
	p.write(t, "server.key", key)
	p.configure(t, settings)
}

func (p *postgres) configure(t *testing.T, settings string) {
	t.Helper()
	p.write(t, "data/postgresql.auto.conf", fmt.Sprintf(`listen_addresses = '127.0.0.1'
port = %d
unix_socket_directories = '%s'
fsync = off
ssl = on
ssl_cert_file = '%[2]s/server.crt'
ssl_key_file = '%[2]s/server.key'
%s`, p.port, p.dir, settings))
}

func (p *postgres) start(t *testing.T) {
	t.Helper()
	out, err := p.try("pg_ctl", "-D", p.data(), "-l", filepath.Join(p.dir, "log"), "-w", "-t", "60", "start")
	log, _ := os.ReadFile(filepath.Join(p.dir, "log"))
	require.NoError(t, err, "%s\n%s", out, log)
}

func (p *postgres) stop(t *testing.T) {
	t.Helper()
	p.must(t, "pg_ctl", "-D", p.data(), "-m", "fast", "-w", "stop")
}

func (p *postgres) login() drill.Login {
	return drill.Login{Secret: "shop-drill-superuser", Host: "127.0.0.1", Port: p.port}
}

func (p *postgres) connect(t *testing.T, database string) *pgx.Conn {
	t.Helper()
	s := server{p.login(), "postgres", testPassword}
	conn, err := s.connect(context.Background(), database, nil)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func (p *postgres) exec(t *testing.T, database string, statements ...string) {
	t.Helper()
	conn := p.connect(t, database)
	defer conn.Close(context.Background())
	for _, s := range statements {
		_, err := conn.Exec(context.Background(), s)
		require.NoError(t, err, s)
	}
}

func (p *postgres) ask(t *testing.T, database, question string) string {
	t.Helper()
	conn := p.connect(t, database)
	defer conn.Close(context.Background())
	var answer string
	require.NoError(t, conn.QueryRow(context.Background(), question).Scan(&answer))
	return answer
}

func freePort(t *testing.T) int {
	t.Helper()
	port, release, err := freeport.Take()
	require.NoError(t, err)
	t.Cleanup(release)
	return port
}

func selfSigned(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	require.NoError(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	encode := func(kind string, der []byte) string {
		var b strings.Builder
		require.NoError(t, pem.Encode(&b, &pem.Block{Type: kind, Bytes: der}))
		return b.String()
	}
	return encode("CERTIFICATE", der), encode("PRIVATE KEY", pkcs8)
}
