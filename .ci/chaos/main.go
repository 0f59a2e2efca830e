package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"onggi.dev/ci/chaos/internal/fault"
	"onggi.dev/ci/chaos/internal/kube"
	"onggi.dev/ci/chaos/internal/patroni"
	"onggi.dev/ci/chaos/internal/trial"
	"onggi.dev/ci/chaos/internal/workload"
	"onggi.dev/ci/chaos/internal/world"
)

func main() {
	if err := dispatch(); err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
}

func dispatch() error {
	verb := ""
	if len(os.Args) > 1 {
		verb = os.Args[1]
	}
	switch verb {
	case "contained":
		return world.Contained(os.Args[2])
	case "init":
		return world.Init(os.Args[2], os.Args[3:])
	case "inside":
		return inside(os.Args[2], os.Args[3:])
	}
	code, err := world.Enter(os.Args[1:])
	if err == nil && code != 0 {
		os.Exit(code)
	}
	return err
}

func inside(dir string, args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	w, err := world.Build(dir, false)
	if err != nil {
		return err
	}
	logf := func(f string, a ...any) { fmt.Fprintf(os.Stderr, f+"\n", a...) }
	t := time.Now()
	p, err := trial.NewPlatform(ctx, w, trial.Plan{Bin: args[0], Members: 3, Restart: func(int) time.Duration { return 0 }, Log: logf})
	if err != nil {
		return err
	}
	logf("platform %s", time.Since(t))
	self, _ := os.Readlink("/proc/self/exe")
	d := &patroni.Driver{Postgres: "/usr/lib/postgresql/15/bin", Init: self}
	etcd, err := kube.StartEtcd(w, args[0], "patroni", world.Platform.String(), patroni.Port)
	if err != nil {
		return err
	}
	s, err := p.NewCluster(ctx, d, []*world.Process{etcd})
	if err != nil {
		for i := range 3 {
			logf("%s", world.Tail(fmt.Sprintf("%s/logs/demo-%d-patroni.log", w.Dir, i), 8))
		}
		return err
	}
	logf("cluster %s", time.Since(t))
	var n workload.Counters
	for _, f := range fault.All() {
		r, err := trial.Run(ctx, s, f, &n)
		if err != nil {
			return err
		}
		fmt.Printf("%+v\n", r)
	}
	return nil
}
