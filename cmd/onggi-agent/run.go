package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/onggi-db/onggi/sidecars/agent"
	"github.com/onggi-db/onggi/sidecars/config"
	"github.com/onggi-db/onggi/sidecars/kube"
	"github.com/onggi-db/onggi/sidecars/postgres"
	"github.com/onggi-db/onggi/sidecars/rest"
)

// ballast is set aside on the volume, for the day on which it is full.
const ballast = 16 << 20

// sidecar is what run puts together.
type sidecar struct {
	file     string
	pod      config.Pod
	log      *slog.Logger
	level    *slog.LevelVar
	kube     *kube.Client
	database *agent.Database
	agent    *agent.Agent
	source   *agent.Source
	keeper   *agent.Keeper
	letters  *letters
	current  currentFile

	provisioner *agent.Provisioner
	importer    *agent.Importer
}

// runVerb is the sidecar, until ctx ends. A process that is told to end while it gives the record back finishes that first.
func runVerb(ctx context.Context, file string, errs io.Writer) error {
	slim()
	level := &slog.LevelVar{}
	s, err := assemble(file, config.NewLog(errs, level), level)
	if err != nil {
		return err
	}
	defer s.kube.Close()
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	go func() {
		<-ctx.Done()
		s.finish()
		stop()
	}()
	serving, err := s.serve(working)
	if err != nil {
		return err
	}
	defer serving.close()
	go s.watchFiles(working)
	go s.keepRoles(working)
	go s.keeper.Run(working)
	go s.provisioner.Run(working)
	go s.importer.Run(working)
	s.log.Info("the sidecar runs", "cluster", s.current.load().Cluster, "version", buildVersion())
	return s.agent.Run(working)
}

// assemble makes the parts and puts them together. Nothing runs yet.
func assemble(file string, log *slog.Logger, level *slog.LevelVar) (*sidecar, error) {
	f, err := config.Read(file)
	if err != nil {
		return nil, err
	}
	pod, err := config.FromEnv(os.Getenv)
	if err != nil {
		return nil, err
	}
	level.Set(f.LogLevel.Level())
	s := &sidecar{file: file, pod: pod, log: log.With("pod", pod.Name), level: level}
	s.current.store(f)
	if s.kube, err = kubeClient(f, pod, s.log); err != nil {
		return nil, err
	}
	supervisor := agent.NewSupervisor(f.SupervisorSocket())
	s.database = agent.NewDatabase(agent.PathsOf(f, pod), supervisor)
	settings := settingsOf(f, pod)
	s.database.Name, s.database.StopWithin = pod.Name, settings.Core.StopWithin
	marks := agent.MarksOf(f)
	if err := marks.Clear(); err != nil {
		return nil, err
	}
	s.database.Log, s.database.Marks, s.database.Recovery = s.log, marks, agent.RecoveryOf(f, pod.Name)
	s.database.InitDB = agent.InitOf(f)
	if err := s.configure(context.Background(), f); err != nil {
		s.log.Warn("postgres is not configured yet", "err", err)
	}
	var nonce [8]byte
	_, _ = rand.Read(nonce[:]) // never fails
	pods := &agent.Pods{Client: s.kube, Name: pod.Name, UID: pod.UID, Selector: agent.Selector(f.Labels), Container: f.Kubernetes.Container, Set: f.Kubernetes.StatefulSet}
	if f.Kubernetes.WatchNode {
		pods.Node = pod.Node
	}
	if s.letters, err = newLetters(f); err != nil {
		return nil, err
	}
	memory := agent.NewVolume(f.Postgres.Volume, ballast)
	memory.Lost = s.database.Postgres.LogLost
	s.agent, err = agent.New(agent.Parts{
		Store: agent.NewLease(s.kube, f.Kubernetes.Lease), Fence: supervisor, Server: s.database, Hands: s.database, Wire: s.letters, Cluster: pods,
		Memory: memory, Clock: agent.SystemClock, Nonce: hex.EncodeToString(nonce[:]), Log: s.log,
		Fetch: marks.Allow,
	}, settings)
	if err != nil {
		return nil, err
	}
	s.letters.member = s.agent.Member
	s.backups(supervisor)
	s.source = &agent.Source{Agent: s.agent, Identity: s.identity, Forward: s.letters.forward, Reload: s.reload, Keeper: s.keeper}
	s.importer = &agent.Importer{Agent: s.agent, Database: s.database, File: s.current.load, Log: s.log}
	s.keeper.Importing = s.importer.State
	s.provisioner = &agent.Provisioner{Agent: s.agent, Database: s.database, File: s.current.load, Log: s.log, Waits: s.importer.Pending}
	s.source.Provision = s.provisioned
	return s, nil
}

// kubeClient is the client of the API server that the file names, or of the one that every pod finds.
func kubeClient(f config.File, pod config.Pod, log *slog.Logger) (*kube.Client, error) {
	k := f.Kubernetes
	options := kube.Options{Server: k.Server, CAFile: k.CAFile, TokenFile: k.TokenFile}
	if k.Server == "" {
		var err error
		if options, err = kube.InCluster(); err != nil {
			return nil, err
		}
	}
	options.Namespace = pod.Namespace
	if k.Namespace != "" {
		options.Namespace = k.Namespace
	}
	options.UserAgent = "onggi-agent/" + buildVersion()
	options.Log = func(line string) { log.Warn(line) }
	return kube.New(options)
}

// configure gives postgres what people chose.
func (s *sidecar) configure(ctx context.Context, f config.File) error {
	// What an earlier sidecar of this pod wrote stays: a new password is taken when it is in force.
	kept, err := s.database.Postgres.Passfile()
	if err == nil && kept == "" && f.Postgres.ReplicationPasswordFile != "" {
		err = s.database.Postgres.WritePassfile(f.Postgres.ReplicationPasswordFile)
	}
	if err != nil {
		return err
	}
	outside := agent.OutsideOf(f, s.pod.Name)
	if outside != nil && outside.Passfile != "" {
		if err := postgres.WriteOutsidePassfile(outside.Passfile, outside.User, f.Outside.PasswordFile); err != nil {
			return err
		}
	}
	s.database.FollowOutside(outside)
	s.database.WaitForFirst(f.Replication.Priority)
	s.database.ConnectBy(agent.UpstreamTLSOf(f))
	able, lacks := agent.Certified(f)
	if lacks {
		s.log.Warn("this pod has no certificate yet: its server goes on without TLS")
	}
	return s.database.Configure(ctx, agent.PostgresOf(able))
}

// settingsOf are those of the loop. Others are told whether the server of this pod speaks TLS.
func settingsOf(f config.File, pod config.Pod) agent.Settings {
	settings := agent.SettingsOf(f, pod)
	settings.Self.Plain = agent.PlainOf(f)
	return settings
}

// reload reads the file again. What is wrong with it leaves everything as it was.
func (s *sidecar) reload(ctx context.Context) error {
	f, err := config.Read(s.file)
	if err != nil {
		return err
	}
	old := s.current.load()
	if f.Cluster != old.Cluster || f.Postgres.Data != old.Postgres.Data || f.Postgres.Volume != old.Postgres.Volume || f.Run != old.Run {
		return errors.New("the name of the cluster, the volume and the sockets are fixed while the pod lives")
	}
	if err := s.agent.Reconfigure(ctx, settingsOf(f, s.pod)); err != nil {
		return err
	}
	if err := s.configure(ctx, f); err != nil {
		return fmt.Errorf("configure postgres: %w", err)
	}
	s.current.store(f)
	s.level.Set(f.LogLevel.Level())
	return nil
}

// filesEvery is how often the file and the certificates are looked at. What is mounted follows its object only within a minute anyway.
const filesEvery = 10 * time.Second

// watchFiles reloads when the file became another one, and has postgres read its certificates again when they did: it goes on with those that it
// was started with otherwise, until they have run out. What fails is tried again: a server that is on its way down or up takes nothing.
func (s *sidecar) watchFiles(ctx context.Context) {
	ticker := time.NewTicker(filesEvery)
	defer ticker.Stop()
	file, certificates, refused := stamps(s.file), s.certificates(), ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if now := stamps(s.file); now[0] != nil && !now.same(file) {
			switch err := s.reload(ctx); {
			case err == nil:
				file, refused = now, ""
				s.log.Info("the configuration was read again")
			case err.Error() != refused:
				refused = err.Error()
				s.log.Error("the new configuration is not taken", "err", err)
			}
		}
		if now := s.certificates(); !now.same(certificates) {
			if err := s.database.Postgres.Reread(ctx); err != nil {
				s.log.Error("renewed certificates are not read", "err", err)
				continue // and tried again
			}
			certificates = now
			s.log.Info("certificates were renewed, and postgres has read them")
		}
	}
}

// certificates are what the server speaks TLS with, and holds those of clients against.
func (s *sidecar) certificates() stamp {
	p := s.current.load().Postgres
	return stamps(p.TLS.Cert, p.TLS.Key, p.TLS.CA, p.ClientCA)
}

// stamp tells files from those that take their place. What Kubernetes mounts is replaced by a link to another folder, so what counts is what a path
// leads to; nil where it leads nowhere.
type stamp []os.FileInfo

func stamps(names ...string) stamp {
	s := make(stamp, len(names))
	for i, name := range names {
		s[i], _ = os.Stat(name)
	}
	return s
}

func (s stamp) same(o stamp) bool {
	return slices.EqualFunc(s, o, func(a, b os.FileInfo) bool {
		if a == nil || b == nil {
			return a == nil && b == nil
		}
		return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime())
	})
}

// provisioned is what came of what the primary keeps in the server, and of what it copies from elsewhere.
func (s *sidecar) provisioned() rest.Provision {
	told := s.provisioner.Told()
	if i := s.importer.State(); i.State == "failed" {
		told.Problems = append(told.Problems, "import from "+i.From+": "+i.Text)
	}
	return told
}

// finishWithin is how long the end of the process waits for the record to be given back.
const finishWithin = 30 * time.Second

// finish waits while the member gives the record back because its pod ends. A sidecar that ends alone leaves at once: postgres goes on, and
// the next sidecar finds it.
func (s *sidecar) finish() {
	deadline := time.Now().Add(finishWithin)
	for s.agent.HandsOver() && time.Now().Before(deadline) {
		time.Sleep(50 * time.Millisecond)
	}
}

// identity is what a view says of this agent.
func (s *sidecar) identity() agent.Identity {
	f := s.current.load()
	return agent.Identity{
		Scope: f.Cluster, Version: buildVersion(), NoLoadBalance: f.Tags.NoLoadbalance, Port: f.Postgres.Port, Secure: f.Listen.TLS.Cert != "",
		Node: s.pod.Node, Config: f, Requests: s.requests,
	}
}

func (s *sidecar) requests() []rest.APIRequests {
	var all []rest.APIRequests
	for _, c := range s.kube.Requests() {
		all = append(all, rest.APIRequests{Verb: c.Verb, Code: c.Code, Count: c.N})
	}
	return all
}
