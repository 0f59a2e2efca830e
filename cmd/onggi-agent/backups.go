package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/onggi-db/onggi/sidecars/agent"
	"github.com/onggi-db/onggi/sidecars/backup"
	"github.com/onggi-db/onggi/sidecars/ha"
	"github.com/onggi-db/onggi/sidecars/peers"
	"github.com/onggi-db/onggi/sidecars/supervise"
)

const (
	// kindBackup carries what keepers ask each other.
	kindBackup = "backup"
	// kindRemote is the stream between the pgBackRest of a standby and one beside the primary.
	kindRemote = "pgbackrest"
	// remotePath is where the program that pgBackRest takes for ssh asks the sidecar of its own pod.
	remotePath = "/pgbackrest-remote"
)

// backups puts the keeper together.
func (s *sidecar) backups(supervisor *agent.Supervisor) {
	s.keeper = (&agent.Keeper{
		Agent: s.agent, Supervisor: supervisor, Database: s.database, File: s.current.load, Ask: s.letters.order, Forward: s.letters.forward, Log: s.log,
		WebIdentity: os.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE") != "",
	}).Start()
	if r := s.database.Recovery; r != nil {
		r.Tell = s.agent.Tell
	}
}

// order asks another member's keeper.
func (l *letters) order(ctx context.Context, to ha.Member, o agent.Order) (agent.Reply, error) {
	peer, err := peerOf(to)
	if err != nil {
		return agent.Reply{}, err
	}
	return peers.Ask[agent.Reply](ctx, l.made(), peer, kindBackup, o)
}

func peerOf(m ha.Member) (peers.Peer, error) {
	address, err := netip.ParseAddrPort(m.Addr)
	if err != nil {
		return peers.Peer{}, fmt.Errorf("ask %s: its address %q is none", m.Name, m.Addr)
	}
	return peers.Peer{Member: m.ID, Address: address}, nil
}

// streams are what other members may open here.
func (s *sidecar) streams() *peers.Streams {
	return peers.NewStreams(map[string]peers.Stream{kindRemote: s.remoteIn})
}

// remoteIn runs what a standby's pgBackRest asks for beside this primary, and nothing else.
func (s *sidecar) remoteIn(ctx context.Context, from string, body []byte, conn net.Conn) {
	defer conn.Close()
	f := s.current.load()
	if f.Backup == nil {
		return
	}
	argv, err := backup.Of(*f.Backup, f).ParseRemote(string(body))
	if err == nil && s.agent.Member() != s.agent.Leader() {
		err = errors.New("this member is not the leader")
	}
	if err != nil {
		s.log.Warn("refused what another member asked for", "from", from, "err", err)
		return
	}
	starting, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	program, err := supervise.Pipe(starting, f.SupervisorSocket(), supervise.Command{Argv: argv, Env: []string{"LC_ALL=C"}})
	if err != nil {
		s.log.Warn("no program for another member's backup", "from", from, "err", err)
		return
	}
	defer program.Close()
	splice(ctx, conn, program)
}

// inside is what the pod's own socket serves beside REST.
func (s *sidecar) inside(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != remotePath || r.Method != http.MethodPost {
			handler.ServeHTTP(w, r)
			return
		}
		var call backup.Call
		if err := json.NewDecoder(io.LimitReader(r.Body, 64<<10)).Decode(&call); err != nil {
			http.Error(w, "read the call: "+err.Error(), http.StatusBadRequest)
			return
		}
		remote, err := s.remoteOut(r.Context(), call)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer remote.Close()
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Time{})
		if _, err := conn.Write([]byte("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: onggi-stream\r\n\r\n")); err != nil {
			return
		}
		if n := buffered.Reader.Buffered(); n > 0 { // nobody speaks before the answer
			return
		}
		splice(r.Context(), conn, remote)
	})
}

// remoteOut opens a stream to the member that the call names, if that is the leader.
func (s *sidecar) remoteOut(ctx context.Context, call backup.Call) (net.Conn, error) {
	leader, ok := s.agent.LeadingMember()
	if !ok || leader.Name != call.Host {
		return nil, fmt.Errorf("%s is not the leader", call.Host)
	}
	peer, err := peerOf(leader)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return s.letters.made().Stream(ctx, peer, kindRemote, []byte(call.Command))
}

// splice carries bytes both ways until neither has more to say, or ctx ends. The end of what one has to say is told to the other.
func splice(ctx context.Context, a, b net.Conn) {
	stop := context.AfterFunc(ctx, func() { _, _ = a.Close(), b.Close() })
	defer stop()
	var both sync.WaitGroup
	carry := func(to, from net.Conn) {
		_, _ = io.Copy(to, from)
		if half, ok := to.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite()
		} else {
			_ = to.Close()
		}
	}
	both.Go(func() { carry(a, b) })
	both.Go(func() { carry(b, a) })
	both.Wait()
}
