package drill

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/onggi-db/onggi/cmd/internal/repository"
	"github.com/onggi-db/onggi/render/drill"
	"github.com/onggi-db/onggi/sidecars/backup"
	"github.com/onggi-db/onggi/sidecars/config"
)

// localServer is the restored server. It listens on a socket in a folder of its own, archives nothing, follows nobody and runs no jobs of the
// original.
type localServer struct {
	cmd   *exec.Cmd
	said  repository.Tail
	ended chan struct{} // closed at its end
}

func (l *local) start(ctx context.Context, target config.RecoverTarget) (*localServer, error) {
	cmd := exec.Command("postgres", l.options(target)...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	s := &localServer{cmd: cmd, ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &s.said, &s.said
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the restored server: %w", err)
	}
	go func() {
		_ = cmd.Wait() // why it ended is in its own words
		close(s.ended)
	}()
	return s, nil
}

// options overrule what the original's files say. Without hot standby the server takes any of the original's limits, and is asked when the recovery is over.
func (l *local) options(target config.RecoverTarget) []string {
	var libraries []string
	for _, name := range l.cfg.Preload {
		if !drill.Acts(name) {
			libraries = append(libraries, name)
		}
	}
	argv := []string{"-D", l.data}
	set := func(name, value string) { argv = append(argv, "-c", name+"="+value) }
	for _, p := range append([][2]string{
		{"listen_addresses", ""}, {"port", fmt.Sprint(localPort)}, {"unix_socket_directories", l.socket}, {"unix_socket_permissions", "0700"},
		{"hba_file", filepath.Join(l.socket, "pg_hba.conf")}, {"ident_file", filepath.Join(l.socket, "pg_ident.conf")}, {"ssl", "off"},
		{"hot_standby", "off"}, {"primary_conninfo", ""}, {"primary_slot_name", ""}, {"synchronous_standby_names", ""},
		{"archive_mode", "off"}, {"archive_cleanup_command", ""}, {"recovery_end_command", ""}, {"restore_command", l.settings.ArchiveGet(l.data)},
		{"shared_preload_libraries", strings.Join(libraries, ",")}, {"max_logical_replication_workers", "0"},
		{"logging_collector", "off"}, {"log_destination", "stderr"}, {"log_statement", "none"}, {"log_min_error_statement", "panic"},
	}, backup.Recovery(target)...) {
		set(p[0], p[1])
	}
	return argv
}

// stop ends it at once: what it wrote is thrown away.
func (s *localServer) stop() {
	for _, signal := range []os.Signal{syscall.SIGQUIT, syscall.SIGKILL} {
		_ = s.cmd.Process.Signal(signal) // it may have ended
		select {
		case <-s.ended:
			return
		case <-time.After(10 * time.Second):
		}
	}
}

// lastWords are what the server said of its end.
func (s *localServer) lastWords() string {
	var worst []string
	text := s.said.String()
	for line := range strings.Lines(text) {
		if strings.Contains(line, "FATAL:") || strings.Contains(line, "PANIC:") || strings.Contains(line, "HINT:") {
			worst = append(worst, line)
		}
	}
	if worst == nil {
		return repository.LastWords(text)
	}
	return repository.LastWords(strings.Join(worst, " "))
}
