package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/onggi-db/onggi/sidecars/config"
)

const gateMark = "# The gate is closed: only the agent and the other members are let in.\n"

// hba is the text of pg_hba.conf with the gate open. The first line that fits counts, so the agent's come first.
func (s Settings) hba() (string, error) {
	host := "host"
	if s.ServerTLS.Cert != "" {
		host = "hostssl"
	}
	networks := s.Networks
	if len(networks) == 0 {
		networks = []string{"all"}
	}
	var b strings.Builder
	b.WriteString("# Written by onggi-agent. What is changed here is lost: lines belong to the cluster's spec.\n")
	fmt.Fprintf(&b, "local all %s peer map=onggi\n", Superuser)
	for _, network := range networks {
		if strings.ContainsAny(network, " \t\r\n#\"") {
			return "", fmt.Errorf("network %q of members is no CIDR", network)
		}
		fmt.Fprintf(&b, "%s replication,postgres %s %s scram-sha-256\n", host, Replicator, network)
	}
	fmt.Fprintf(&b, "host all,replication %s all reject\n", Replicator)
	if s.Monitor { // after the line that ends what stays while the gate is closed
		fmt.Fprintf(&b, "local all %s peer map=onggi\nhost all %[1]s all reject\n", Monitor)
	}
	var refused []error
	for i, line := range s.HBA {
		if err := checkHBALine(line); err != nil {
			refused = append(refused, fmt.Errorf("line %d of hba: %v", i+1, err))
		}
	}
	lines := s.HBA
	if len(lines) == 0 {
		lines = []string{host + " all all all scram-sha-256"}
	}
	for _, line := range lines {
		b.WriteString(line + "\n")
	}
	return b.String(), errors.Join(refused...)
}

func checkHBALine(line string) error {
	fields := strings.Fields(line)
	if strings.ContainsAny(line, "\x00\r\n") || strings.HasSuffix(line, `\`) {
		return fmt.Errorf("%q is not one line", line)
	}
	if len(fields) == 0 || fields[0][0] == '#' {
		return nil
	}
	least, known := map[string]int{"local": 4, "host": 5, "hostssl": 5, "hostnossl": 5, "hostgssenc": 5, "hostnogssenc": 5}[fields[0]]
	if !known {
		return fmt.Errorf("%q begins with none of local, host, hostssl, hostnossl, hostgssenc, hostnogssenc", line)
	}
	if len(fields) < least {
		return fmt.Errorf("%q has %d fields where %s needs %d", line, len(fields), fields[0], least)
	}
	return nil
}

// ident is the text of pg_ident.conf: which user of the operating system is the superuser, and then the user's maps.
func (s Settings) ident(user string) (string, error) {
	var refused []error
	for i, line := range s.Ident {
		if err := config.CheckIdent(line); err != nil {
			refused = append(refused, fmt.Errorf("line %d of ident: %w", i+1, err))
		}
	}
	own := fmt.Sprintf("# Written by onggi-agent.\nonggi %s %s\n", QuoteIdentifier(user), Superuser)
	if s.Monitor {
		own += fmt.Sprintf("onggi %s %s\n", MonitorUser, Monitor)
	}
	return own + strings.Join(append(slices.Clone(s.Ident), ""), "\n"), errors.Join(refused...)
}

// Gated says whether the gate is closed.
func (s *Server) Gated() bool {
	text, err := os.ReadFile(filepath.Join(s.Paths.Data, hbaFile))
	return err == nil && strings.HasPrefix(string(text), gateMark)
}

// Gate closes or opens the gate: while it is closed new sessions are refused but those of the agent and of replication.
// Sessions that are open stay; see Terminate. On a server that runs it is in force once Gate returns, on another from its start.
func (s *Server) Gate(ctx context.Context, closed bool) error {
	open, err := os.ReadFile(filepath.Join(s.Paths.Data, openHBAFile))
	if err != nil {
		return fmt.Errorf("set the gate: %v", err)
	}
	text := string(open)
	if closed {
		text = closedHBA(text)
	}
	if _, err := writeFile(filepath.Join(s.Paths.Data, hbaFile), []byte(text)); err != nil {
		return fmt.Errorf("set the gate: %w", err)
	}
	// Also where the file was so already: whoever wrote it may have been stopped before the server read it.
	if err := s.Reload(ctx); !errors.Is(err, ErrNotRunning) {
		return err
	}
	return nil
}

// closedHBA keeps the agent's own lines of an open pg_hba.conf, which end in the one that rejects the replicator.
func closedHBA(open string) string {
	var b strings.Builder
	b.WriteString(gateMark)
	for line := range strings.Lines(open) {
		b.WriteString(line)
		if strings.HasSuffix(line, Replicator+" all reject\n") {
			break
		}
	}
	return b.String() + "local all all reject\nhost all all all reject\n"
}
