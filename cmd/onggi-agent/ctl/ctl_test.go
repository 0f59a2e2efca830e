package ctl

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/rest"
)

var update = flag.Bool("update", false, "write the golden files")

const token = "a-token-of-the-cluster"

// stage is a cluster of three agents that do nothing but remember what they were asked: real handlers over made-up views.
type stage struct {
	mutex   sync.Mutex
	view    rest.View
	outcome rest.Outcome
	asked   []string
	socket  string
	url     string // of shop-1
}

// actor is one agent of the stage.
type actor struct {
	stage *stage
	name  string
}

func (a actor) View() rest.View {
	a.stage.mutex.Lock()
	defer a.stage.mutex.Unlock()
	v := a.stage.view
	v.Name = a.name
	return v
}

func (a actor) Do(_ context.Context, r rest.Request) rest.Outcome {
	a.stage.mutex.Lock()
	defer a.stage.mutex.Unlock()
	line := a.name + " " + string(r.Verb)
	for _, part := range []string{r.Leader, r.Candidate, string(r.Restart.Role)} {
		if part != "" {
			line += " " + part
		}
	}
	if !r.At.IsZero() {
		line += " at " + r.At.Format(time.RFC3339)
	}
	if r.Restart.PendingOnly {
		line += " pending"
	}
	if r.Force {
		line += " force"
	}
	if r.FromLead {
		line += " from-leader"
	}
	a.stage.asked = append(a.stage.asked, line)
	if !r.At.IsZero() && a.stage.outcome.Result == rest.Done {
		return rest.Outcome{Result: rest.Scheduled}
	}
	return a.stage.outcome
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{outcome: rest.Outcome{Result: rest.Done}}
	s.view = rest.View{
		Scope: "shop", Version: "v0.4.0", SystemID: "7268616322854375442", State: rest.Running, LeaderLocation: 67395656,
		History: []rest.Switch{
			{Timeline: 3, Location: 25624344, Reason: "no recovery target specified", At: time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC), NewLeader: "shop-1"},
			{Timeline: 4, Location: 50331856, Reason: "no recovery target specified", At: time.Date(2026, 11, 22, 11, 0, 0, 0, time.UTC), NewLeader: "shop-0"},
		},
	}
	hosts := []string{"10.0.0.5", "10.0.0.6", "10.0.0.7"}
	for i, host := range hosts {
		name := fmt.Sprintf("shop-%d", i)
		handler := rest.New(actor{s, name}, rest.Auth{Token: func() []string { return []string{token} }})
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		server := rest.NewServer(handler, nil)
		go func() { _ = server.Serve(listener) }()
		t.Cleanup(func() { _ = server.Close() })
		m := rest.Member{
			Name: name, Host: host, Port: 5432, API: "http://" + listener.Addr().String() + "/patroni", State: "streaming", Timeline: 5,
			Received: 67395656, Replayed: 67395656,
		}
		switch i {
		case 0:
			m.Leader, m.State = true, "running"
			s.local(t, handler)
		case 1:
			m.Sync, s.url = rest.Quorum, "http://"+listener.Addr().String()
		case 2:
			m.Received -= 40 << 20
			m.Replayed = m.Received
			m.Tags = map[string]string{"nofailover": "true", "replicatefrom": "shop-1"}
			m.PendingRestart = []rest.Parameter{{Name: "max_connections", Old: "100", New: "200"}}
		}
		s.view.Members = append(s.view.Members, m)
	}
	return s
}

// local serves a handler on the unix socket.
func (s *stage) local(t *testing.T, handler *rest.Handler) {
	t.Helper()
	dir, err := os.MkdirTemp("", "ctl") // t.TempDir is too long for a socket on some machines
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s.socket = filepath.Join(dir, "agent.sock")
	listener, err := net.Listen("unix", s.socket)
	require.NoError(t, err)
	server := rest.NewServer(handler.Local(), nil)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
}

// ran is what a run said and gave.
type ran struct {
	code     int
	out, err string
}

func (s *stage) run(t *testing.T, streams Streams, args ...string) ran {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return s.runIn(ctx, t, streams, args...)
}

func (s *stage) runIn(ctx context.Context, t *testing.T, streams Streams, args ...string) ran {
	t.Helper()
	var out, told bytes.Buffer
	if streams.Out == nil {
		streams.Out = &out
	}
	streams.Err = &told
	tokenFile := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(tokenFile, []byte(token+"\n"), 0o600))
	command := Command(streams)
	command.SetArgs(append(args, "--socket", s.socket, "--token-file", tokenFile))
	err := command.ExecuteContext(ctx)
	if err != nil {
		fmt.Fprintln(&told, err)
	}
	return ran{Code(err), out.String(), told.String()}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

func TestWhatIsShown(t *testing.T) {
	s := newStage(t)
	var all strings.Builder
	show := func(streams Streams, args ...string) {
		r := s.run(t, streams, args...)
		fmt.Fprintf(&all, "$ onggi-agent ctl %s\n%s%s[exit %d]\n\n", strings.Join(args, " "), r.out, r.err, r.code)
	}
	for _, args := range []string{"list", "list -o json", "list -o yaml", "topology", "history", "history -o json", "list -o xml", "lost", "list more"} {
		show(Streams{}, strings.Fields(args)...)
	}
	s.view.Paused = true
	s.view.Switchover = &rest.ScheduledSwitchover{At: time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC), From: "shop-0", To: "shop-1"}
	s.view.Members[0].Leader, s.view.Members[0].State = false, "crashed"
	s.view.Members[1].Received, s.view.Members[1].Replayed = 0, 0
	s.view.Members[2].Port = 5433
	s.view.Members[2].ScheduledRestart = &rest.ScheduledRestart{At: time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC), RestartFilter: rest.RestartFilter{Below: 150018}}
	show(Streams{}, "list")
	show(Streams{}, "topology")
	s.view.Members, s.view.History, s.view.SystemID = nil, nil, ""
	show(Streams{}, "list")
	show(Streams{}, "list", "-o", "json")
	show(Streams{}, "history")
	golden(t, "shown.txt", all.String())
}

func TestColoursAreForTerminals(t *testing.T) {
	s := newStage(t)
	require.NotContains(t, s.run(t, Streams{}, "list").out, "\x1b")
	colored := s.run(t, Streams{Color: true}, "list").out
	require.Contains(t, colored, "\x1b[32mLeader\x1b[0m")
	require.Equal(t, s.run(t, Streams{}, "list").out, strings.NewReplacer("\x1b[32m", "", "\x1b[0m", "").Replace(colored), "aligned as without")
	t.Setenv("NO_COLOR", "1")
	require.False(t, OS().Color)
}

// Each verb asks the right agent for the right thing: its own through the socket, others where the table says they are.
func TestWhatIsDone(t *testing.T) {
	for _, row := range []struct {
		args  string
		asked []string
		code  int
		said  string
	}{
		{"switchover --force", []string{"shop-0 switchover shop-0"}, Done, "Successfully switched over\n"},
		{"switchover --candidate shop-1 -y", []string{"shop-0 switchover shop-0 shop-1"}, Done, "Successfully switched over to \"shop-1\"\n"},
		{"switchover --candidate shop-9 -y", nil, Invalid, "shop-9 is not a member of shop\n"},
		{"switchover --scheduled 2126-01-01T02:00+01:00 -y", []string{"shop-0 switchover shop-0 at 2126-01-01T02:00:00+01:00"}, Done, "Switchover scheduled\n"},
		{"switchover --scheduled 2016-01-01T02:00Z -y", nil, Invalid, "Cannot schedule switchover in the past (422)\n"},
		{"switchover --scheduled 2126-01-01T02:00 -y", nil, Invalid, "Timezone information is mandatory for the scheduled switchover (400)\n"},
		{"switchover --cancel", []string{"shop-0 cancel switchover"}, Done, "scheduled switchover deleted\n"},
		{"switchover", nil, Usage, "Switch shop over from shop-0 to whoever is best: nobody is here to be asked, --force goes ahead\n"},
		{"failover -f", nil, Usage, "--candidate is missing\n"},
		{"failover --candidate shop-2 -f", []string{"shop-0 failover shop-2"}, Done, "Successfully failed over to \"shop-2\"\n"},
		{"restart --pending -f", []string{"shop-2 restart pending"}, Done, "shop-2: restarted successfully\n"},
		{"restart -f", []string{"shop-1 restart", "shop-2 restart", "shop-0 restart"}, Done,
			"shop-1: restarted successfully\nshop-2: restarted successfully\nshop-0: restarted successfully\n"},
		{"restart -f --role primary", []string{"shop-0 restart primary"}, Done, "shop-0: restarted successfully\n"},
		{"restart -f --role other", nil, Invalid, "shop-1: PostgreSQL role should be either primary or replica (400)\n"},
		{"restart --pending -f shop-1", nil, Done, "no member needs a restart\n"},
		{"restart --cancel shop-1", []string{"shop-1 cancel restart"}, Done, "shop-1: scheduled restart deleted\n"},
		{"restart shop-0", nil, Usage, "Restart postgres of shop-0: nobody is here to be asked, --force goes ahead\n"},
		{"reinit -f", nil, Usage, "requires at least 1 arg(s), only received 0\n"},
		{"reinit shop-0 -f", nil, Invalid, "shop-0 is the leader: others copy from it\n"},
		{"reinit shop-1 --from-leader --interrupt -f", []string{"shop-1 reinitialize force from-leader"}, Done, "shop-1: reinitialize started\n"},
		{"pause -f", []string{"shop-0 pause"}, Done, "paused\n"},
		{"pause", nil, Usage, "Turn automatic failover off: nobody is here to be asked, --force goes ahead\n"},
		{"resume", []string{"shop-0 resume"}, Done, "resumed\n"},
		{"reload", []string{"shop-1 reload", "shop-2 reload", "shop-0 reload"}, Done, "shop-1: reload scheduled\nshop-2: reload scheduled\nshop-0: reload scheduled\n"},
		{"fence shop-2 -f", []string{"shop-2 fence"}, Done, "shop-2: fenced\n"},
		{"unfence shop-2", []string{"shop-2 unfence"}, Done, "shop-2: unfenced\n"},
		{"resume --what", nil, Usage, "unknown flag: --what\n"},
	} {
		s := newStage(t)
		r := s.run(t, Streams{}, strings.Fields(row.args)...)
		require.Equal(t, row.asked, s.asked, row.args)
		require.Equal(t, row.code, r.code, "%s: %s", row.args, r.err)
		require.Equal(t, row.said, r.out+r.err, row.args)
	}
}

func TestWhatTheClusterRefuses(t *testing.T) {
	for result, want := range map[rest.Result]ran{
		rest.Precondition: {Findings, "", "switchover is not possible (412)\n"},
		rest.Failed:       {Findings, "", "Switchover failed (503)\n"},
		rest.Unknown:      {Timeout, "", "Switchover status unknown (503)\n"},
		rest.Invalid:      {Invalid, "", "Switchover failed (400)\n"},
	} {
		s := newStage(t)
		s.outcome.Result = result
		require.Equal(t, want, s.run(t, Streams{}, "switchover", "-f"))
	}
	s := newStage(t)
	s.outcome = rest.Outcome{Result: rest.Failed, Text: "the disk is full"}
	require.Equal(t, ran{Findings, "", "shop-1: the disk is full (503)\n"}, s.run(t, Streams{}, "restart", "-f"))
	require.Equal(t, []string{"shop-1 restart"}, s.asked, "the others are left alone")
	s.view.Members[0].Leader = false
	require.Equal(t, ran{Findings, "", "shop has no leader: failover --candidate is for that\n"}, s.run(t, Streams{}, "switchover", "-f"))
}

func TestAPersonIsAsked(t *testing.T) {
	for answer, code := range map[string]int{"y\n": Done, "YES\n": Done, "n\n": Findings, "\n": Findings, "": Findings} {
		s := newStage(t)
		r := s.run(t, Streams{Terminal: true, In: strings.NewReader(answer)}, "switchover", "--candidate", "shop-1")
		require.Equal(t, code, r.code, answer)
		require.Contains(t, r.err, "Switch shop over from shop-0 to shop-1? [y/N]: ")
		require.Contains(t, r.out, "| shop-1 | 10.0.0.6 | Quorum Standby |", "who is to decide sees the cluster")
		require.Equal(t, code == Done, len(s.asked) == 1)
	}
}

func TestOtherWaysToAnAgent(t *testing.T) {
	s := newStage(t)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "bad"), []byte("wrong"), 0o600))
	bad := filepath.Join(dir, "bad")
	for _, row := range []struct {
		name string
		args []string
		code int
		said string
	}{
		{"by its address", []string{"resume", "--url", s.url}, Done, "resumed\n"},
		{"without a slash too many", []string{"resume", "--url", s.url + "/"}, Done, "resumed\n"},
		{"another token", []string{"resume", "--url", s.url, "--token-file", bad}, InOut, "not authenticated (401)\n"},
		{"no token", []string{"resume", "--url", s.url, "--token-file", ""}, InOut, "no auth header received (401)\n"},
		{"not an address", []string{"resume", "--url", "shop-1:8008"}, Usage, "--url shop-1:8008: not http(s)://HOST:PORT\n"},
		{"nobody there", []string{"list", "--socket", filepath.Join(dir, "none")}, InOut, "connect: no such file or directory\n"},
		{"no such token", []string{"list", "--token-file", filepath.Join(dir, "none")}, InOut, "no such file or directory\n"},
		{"no certificate", []string{"list", "--cacert", bad}, Invalid, "no certificate in " + bad + "\n"},
		{"half a certificate", []string{"list", "--cert", bad}, InOut, "read certificate: open : no such file or directory\n"},
		{"another file", []string{"list", "--config", filepath.Join(dir, "none")}, Invalid, "no such file or directory\n"},
	} {
		var out, told bytes.Buffer
		command := Command(Streams{Out: &out, Err: &told})
		tokenFile := filepath.Join(dir, "token")
		require.NoError(t, os.WriteFile(tokenFile, []byte(token+"\nolder\n"), 0o600))
		command.SetArgs(append([]string{"--socket", s.socket, "--token-file", tokenFile}, row.args...))
		err := command.ExecuteContext(context.Background())
		if err != nil {
			fmt.Fprintln(&told, err)
		}
		require.Equal(t, row.code, Code(err), "%s: %v", row.name, err)
		require.Truef(t, strings.HasSuffix(out.String()+told.String(), row.said), "%s: %q", row.name, out.String()+told.String())
	}
}

// The agent's own file says where the socket is.
func TestTheAgentsFileIsEnough(t *testing.T) {
	s := newStage(t)
	file := filepath.Join(t.TempDir(), "agent.yaml")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, "cluster: shop\nrun: {dir: %q}\n", filepath.Dir(s.socket)), 0o600))
	for _, streams := range []Streams{{}, {Getenv: func(name string) string { return map[string]string{"ONGGI_CONFIG": file}[name] }}} {
		var out bytes.Buffer
		streams.Out, streams.Err = &out, &out
		command := Command(streams)
		command.SetArgs([]string{"list"})
		if streams.Getenv == nil {
			command.SetArgs([]string{"list", "--config", file})
		}
		require.NoError(t, command.ExecuteContext(context.Background()))
		require.Contains(t, out.String(), "Cluster: shop")
	}
}

// watched is a terminal whose reader stops the program once it has seen the cluster twice.
type watched struct {
	bytes.Buffer
	stop func()
}

func (w *watched) Write(text []byte) (int, error) {
	n, err := w.Buffer.Write(text)
	if strings.Count(w.String(), "Cluster: shop") > 1 {
		w.stop()
	}
	return n, err
}

func TestAWatchGoesOnUntilItIsStopped(t *testing.T) {
	s := newStage(t)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out := &watched{stop: cancel}
	r := s.runIn(ctx, t, Streams{Out: out}, "list", "--watch=100ms")
	require.Equal(t, Done, r.code)
	require.GreaterOrEqual(t, strings.Count(out.String(), "Cluster: shop"), 2)
	require.Equal(t, Usage, s.run(t, Streams{}, "list", "--watch=1ms").code)
}

func TestAnAgentThatHangsIsNotWaitedFor(t *testing.T) {
	s := newStage(t)
	hanging, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })}
	go func() { _ = server.Serve(hanging) }()
	defer server.Close()
	r := s.run(t, Streams{}, "resume", "--url", "http://"+hanging.Addr().String(), "--timeout", "50ms")
	require.Equal(t, Timeout, r.code, r.err)
}
