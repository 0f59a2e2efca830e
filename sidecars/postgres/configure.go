package postgres

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Files of the data directory that the agent writes. The two small ones change with the primary and outlive a restart of the
// agent, so they are files of their own: neither Follow nor SetSync has to know the rest.
const (
	confFile     = "onggi.conf"
	upstreamFile = "onggi.upstream.conf"
	syncFile     = "onggi.sync.conf"
	openHBAFile  = "onggi.hba.conf" // pg_hba.conf as it is while the gate is open
	hbaFile      = "pg_hba.conf"
	identFile    = "pg_ident.conf"
	autoFile     = "postgresql.auto.conf"
	mainFile     = "postgresql.conf"
)

// Settings are what a cluster's spec says about the server. Configure merges them with what the agent needs.
type Settings struct {
	Listen      string            // listen_addresses; "" is "*"
	Parameters  map[string]string // the user's
	HBA         []string          // the user's lines of pg_hba.conf; none means everyone with a password
	Ident       []string          // the user's lines of pg_ident.conf
	Networks    []string          // where members connect from, CIDR; none means everywhere
	Members     int               // how many the cluster has
	Synchronous bool              // commits wait for standbys
	// AtLeast is Control.HotStandbyFloor on a standby and nil on a primary.
	AtLeast            map[string]int
	ServerTLS          ServerTLS
	Monitor            bool // an exporter is let in
	RestoreCommand     string
	ArchiveCommand     string        // "": the log is archived by nobody, or as the user's parameters say
	SlotKeepMB         int           // what a slot may hold back at most; 0 is DefaultSlotKeepMB
	ReplicationTimeout time.Duration // after which a silent walsender or walreceiver is given up; 0 is 6 s
}

// ServerTLS names the files of the server's certificate, and CA those who may sign its clients'. With the zero value the server speaks no TLS.
type ServerTLS struct{ Cert, Key, CA string }

// DefaultSlotKeepMB is what a slot may hold back where nothing else is said.
const DefaultSlotKeepMB = 10 << 10

// Configured says what Configure did.
type Configured struct {
	Changed bool     // a file is not what it was: Reload, or start
	Removed []string // parameters that ALTER SYSTEM had set and that were taken out again
	Held    bool     // Settings.AtLeast asks for more of a parameter than was chosen: configure again once it may ask for less
}

// ErrRejected is matched by the error of Configure for settings that RestoreGood has put aside.
var ErrRejected = errors.New("settings were put aside since the server did not start with them")

// Configure writes the files of the data directory that follow from the settings, each wholly or not at all. It can be
// called again at any time; with the same settings it changes nothing. The gate stays as it is. The error joins a Refusal
// for each parameter and line that the user may not have, and then nothing was written.
func (s *Server) Configure(settings Settings) (Configured, error) {
	major, err := s.Major()
	if err != nil {
		return Configured{}, fmt.Errorf("configure postgres: %w", err)
	}
	conf, err1 := settings.conf(major, s.Paths)
	hba, err2 := settings.hba()
	ident, err3 := settings.ident(s.Paths.User)
	if err := errors.Join(err1, err2, err3); err != nil {
		return Configured{}, err
	}
	if s.isRejected(conf, hba, ident) {
		return Configured{}, fmt.Errorf("configure postgres: %w", ErrRejected)
	}
	in := func(name string) string { return filepath.Join(s.Paths.Data, name) }
	main, err := os.ReadFile(in(mainFile))
	if err != nil {
		return Configured{}, fmt.Errorf("configure postgres: %v", err)
	}
	inForce := hba
	if s.Gated() {
		inForce = closedHBA(hba)
	}
	files := [][2]string{{confFile, conf}, {openHBAFile, hba}, {hbaFile, inForce}, {identFile, ident}, {mainFile, withInclude(string(main))}}
	chosen := settings
	chosen.AtLeast = nil
	bare, err := chosen.conf(major, s.Paths)
	done := Configured{Held: bare != conf}
	if err != nil {
		return done, err
	}
	for _, file := range files {
		changed, err := writeFile(in(file[0]), []byte(file[1]))
		if err != nil {
			return done, fmt.Errorf("configure postgres: %w", err)
		}
		done.Changed = done.Changed || changed
	}
	done.Removed, err = s.scrubAuto(settings.limits())
	done.Changed = done.Changed || len(done.Removed) > 0
	return done, err
}

func (s Settings) limits() limits {
	return limits{synchronous: s.Synchronous, senders: s.senders(), archiving: s.ArchiveCommand != ""}
}

// roomy is enough for ten members, so that a cluster grows without a restart: both settings need one.
const roomy = 24

// senders are the connections and slots that replication needs: one for each member, one for a copy of it being made, and a few.
func (s Settings) senders() int { return 2*max(s.Members, 1) + 4 }

// conf is the text of onggi.conf.
func (s Settings) conf(major int, paths Paths) (string, error) {
	user, err := s.limits().userParameters(s.Parameters)
	if err != nil {
		return "", err
	}
	all := s.defaults(major)
	maps.Copy(all, user)
	maps.Copy(all, s.own(major, paths))
	for name, least := range s.AtLeast {
		if n, err := strconv.ParseInt(all[name], 0, 64); all[name] == "" || err == nil && int(n) < least {
			all[name] = strconv.Itoa(least)
		}
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&b, "%s = %s\n", name, quoteSetting(all[name]))
	}
	body := b.String()
	sum := sha256.Sum256([]byte(body))
	return "# Written by onggi-agent. What is changed here is lost: parameters belong to the cluster's spec.\n" + body +
		"onggi.generation = '" + hex.EncodeToString(sum[:8]) + "'\n" +
		"include_if_exists '" + upstreamFile + "'\ninclude_if_exists '" + syncFile + "'\n", nil
}

// defaults are better than those of Postgres for a server that can lose its peers; a user may change them.
func (s Settings) defaults(major int) map[string]string {
	d := map[string]string{
		"wal_level": "replica", "max_wal_senders": strconv.Itoa(max(roomy, s.senders())), "max_replication_slots": strconv.Itoa(max(roomy, s.senders())),
		// Postgres' own, written out: on a standby they may have to be more, and a line that comes or goes with the role waits for a
		// restart even where the value is the same.
		"max_connections": "100", "max_worker_processes": "8", "max_prepared_transactions": "0", "max_locks_per_transaction": "64",
		"tcp_keepalives_idle": "5", "tcp_keepalives_interval": "2", "tcp_keepalives_count": "3", "tcp_user_timeout": "11000",
	}
	if s.ArchiveCommand != "" {
		d["archive_timeout"] = "5min" // what a lost site loses of a cluster that writes little
	}
	if major == 13 {
		d["password_encryption"] = "scram-sha-256"
	}
	return d
}

// own are the parameters that the agent keeps for itself. restart_after_crash stays on: one backend that dies is no reason for
// a failover, and the postmaster has the others down and itself up again sooner than anyone else could.
func (s Settings) own(major int, paths Paths) map[string]string {
	timeout := s.ReplicationTimeout
	if timeout == 0 {
		timeout = 6 * time.Second
	}
	keep := s.SlotKeepMB
	if keep == 0 {
		keep = DefaultSlotKeepMB
	}
	listen := s.Listen
	if listen == "" {
		listen = "*"
	}
	milliseconds := strconv.FormatInt(timeout.Milliseconds(), 10) + "ms"
	own := map[string]string{
		"listen_addresses": listen, "port": strconv.Itoa(paths.Port), "unix_socket_directories": paths.Socket,
		"hot_standby": "on", "wal_log_hints": "on", "restart_after_crash": "on", "restore_command": s.RestoreCommand,
		"recovery_target_timeline": "latest", "max_slot_wal_keep_size": strconv.Itoa(keep) + "MB",
		"wal_receiver_timeout": milliseconds, "wal_sender_timeout": milliseconds, "wal_receiver_status_interval": "1s", "wal_retrieve_retry_interval": "200ms",
		"ssl": "off",
	}
	if tls := s.ServerTLS; tls.Cert != "" {
		own["ssl"], own["ssl_cert_file"], own["ssl_key_file"], own["ssl_ca_file"] = "on", tls.Cert, tls.Key, tls.CA
	}
	if s.ArchiveCommand != "" {
		own["archive_mode"], own["archive_command"] = "on", s.ArchiveCommand
	}
	if major >= 17 {
		own["allow_alter_system"] = "off"
	}
	return own
}

const includeLine = "include '" + confFile + "'"

// withInclude is postgresql.conf with our file included as its last line, so that nothing there comes after it.
func withInclude(text string) string {
	var b strings.Builder
	for _, line := range parseSettings(text) {
		if line.Name != "include" || line.Value != confFile {
			b.WriteString(line.Text)
		}
	}
	kept := b.String()
	if kept != "" && !strings.HasSuffix(kept, "\n") {
		kept += "\n"
	}
	return kept + includeLine + "\n"
}

// scrubAuto takes parameters that are the agent's out of what ALTER SYSTEM wrote, which is read after everything else.
func (s *Server) scrubAuto(l limits) ([]string, error) {
	path := filepath.Join(s.Paths.Data, autoFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read what ALTER SYSTEM wrote: %v", err)
	}
	var kept strings.Builder
	var removed []string
	for _, line := range parseSettings(string(text)) {
		if line.Name != "" && l.checkParameter(line.Name, line.Value) != "" {
			removed = append(removed, line.Name)
			continue
		}
		kept.WriteString(line.Text)
	}
	if len(removed) == 0 {
		return nil, nil
	}
	_, err = writeFile(path, []byte(kept.String()))
	return removed, err
}
