package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/onggi-db/onggi/sidecars/postgres/pgtest"
)

// options are what the flags say.
type options struct {
	suite     string
	driver    string
	faults    string
	modes     string
	members   int
	runs      int
	storm     int
	profile   string
	ttl20     bool
	seed      uint64
	bin       string
	agent     string
	onggi     string
	pgbouncer string
	s3        string
	postgres  string
	disk      bool
	strict    bool
	backoff   bool
	without   string
	idle      time.Duration
	out       string
	update    string
	render    string
	logs      string
	pages     string
	sections  string
}

func parse(args []string, errors io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("chaos", flag.ContinueOnError)
	f.SetOutput(errors)
	f.StringVar(&o.suite, "suite", "", "chaos, short, bench, native or manual: what the Makefile runs; without it, one cluster and the faults of -faults")
	f.StringVar(&o.driver, "driver", "onggi", "onggi or patroni")
	f.StringVar(&o.faults, "faults", "all", "names of faults with commas between, or all; list prints them")
	f.StringVar(&o.modes, "modes", "sync", "sync, async, or both with a comma between")
	f.IntVar(&o.members, "members", 3, "members of the cluster")
	f.IntVar(&o.runs, "runs", 1, "runs of each fault")
	f.IntVar(&o.storm, "storm", 0, "afterwards, a storm of this many random faults")
	f.StringVar(&o.profile, "profile", "default", "of onggi: fast, default or relaxed")
	f.BoolVar(&o.ttl20, "ttl20", false, "Patroni at its documented minimum, ttl 20, instead of its defaults")
	f.Uint64Var(&o.seed, "seed", 1, "of what is random")
	f.StringVar(&o.bin, "bin", ".cache/bin", "folder of kube-apiserver and etcd")
	f.StringVar(&o.agent, "agent", ".cache/chaos/onggi-agent", "the agent's binary")
	f.StringVar(&o.onggi, "onggi", ".cache/chaos/onggi", "the program that renders, for the suite native")
	f.StringVar(&o.pgbouncer, "pgbouncer", ".cache/pgbouncer", "folder of PgBouncer, for the suite native")
	f.StringVar(&o.s3, "s3", ".cache/chaos/s3", "the program of .ci/s3, for the suite native")
	f.StringVar(&o.postgres, "postgres", pgtest.Bin(), "folder of postgres' programs")
	f.BoolVar(&o.disk, "disk", false, "keep data on disk, where volumes have no bound, instead of in memory")
	f.BoolVar(&o.strict, "strict", false, "exit 1 also when a bound of time is exceeded")
	f.BoolVar(&o.backoff, "backoff", false, "wait longer and longer before a container is started again, as a kubelet does")
	f.StringVar(&o.without, "without", "", `a right of the agents to leave out, e.g. "update leases"`)
	f.DurationVar(&o.idle, "idle", 0, "first measure the agents this long while nothing happens, and as long under load")
	f.StringVar(&o.out, "o", "", "file for the results as JSON")
	f.StringVar(&o.update, "update", "", "page to write the Markdown table into")
	f.StringVar(&o.render, "render", "", "break nothing, but write the results of these JSON files, with commas between, into the page of -update")
	f.StringVar(&o.logs, "logs", "", "folder to keep the logs of all containers, and the history of each trial, in")
	f.StringVar(&o.pages, "pages", "docs/native.md", "Markdown pages to follow, with commas between, for the suite manual")
	f.StringVar(&o.sections, "sections", "", "parts of the titles of the only sections to follow, with commas between; each needs what those before it left")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("%q is no flag", f.Arg(0))
	}
	pages := strings.Split(o.pages, ",")
	for i, page := range pages {
		absolute, err := filepath.Abs(page)
		if err != nil {
			return o, err
		}
		pages[i] = absolute
	}
	o.pages = strings.Join(pages, ",")
	for _, path := range []*string{&o.bin, &o.agent, &o.onggi, &o.pgbouncer, &o.s3, &o.postgres, &o.out, &o.update, &o.logs} {
		if *path == "" {
			continue
		}
		absolute, err := filepath.Abs(*path)
		if err != nil {
			return o, err
		}
		*path = absolute
	}
	return o, nil
}

// missing is what a run with these options cannot do without.
func (o options) missing() []string {
	var missing []string
	if os.Geteuid() != 0 {
		missing = append(missing, "root, for namespaces")
	}
	for _, program := range []string{"ip", "nft"} {
		if !onPath(program) {
			missing = append(missing, program)
		}
	}
	files := []string{filepath.Join(o.bin, "kube-apiserver"), filepath.Join(o.bin, "etcd"), filepath.Join(o.postgres, "postgres")}
	if o.wants("patroni") {
		files = append(files, "/usr/bin/patroni")
	}
	if o.wants("onggi") {
		files = append(files, o.agent)
	}
	if o.suite == "manual" {
		for _, program := range []string{"bash", "kubectl", "nsenter"} {
			if !onPath(program) {
				missing = append(missing, program)
			}
		}
		files = append(files, strings.Split(o.pages, ",")...)
		files = append(files, o.onggi, filepath.Join(o.pgbouncer, "pgbouncer"), filepath.Join(o.postgres, "psql"), "/usr/bin/pgbackrest")
	}
	if o.suite == "native" {
		files = append(files, o.onggi, o.s3, filepath.Join(o.pgbouncer, "pgbouncer"), filepath.Join(o.postgres, "pgbench"), "/usr/bin/pgbackrest", "/usr/bin/prometheus-postgres-exporter")
	}
	for _, file := range files {
		if _, err := os.Stat(file); err != nil {
			missing = append(missing, file)
		}
	}
	return missing
}

func (o options) wants(driver string) bool {
	return strings.HasPrefix(o.suite, "bench") || o.driver == driver
}

func onPath(program string) bool {
	for _, dir := range []string{"/usr/local/bin", "/usr/sbin", "/sbin", "/usr/bin", "/bin"} {
		if _, err := os.Stat(filepath.Join(dir, program)); err == nil {
			return true
		}
	}
	return false
}
