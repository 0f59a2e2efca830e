// Command bench measures what docs/performance.md promises, and prints it as one Markdown table.
//
//	make bench                                     # builds what is measured, then runs this
//	make bench BENCHFLAGS='-runs 5 -fleets 100'    # a quick look
//	make bench BENCHFLAGS='-update docs/performance.md,docs/scale.md'
//
// Time is the processor's (user and system, of the process and what it waited for) unless it says wall; memory is the peak
// resident set that the kernel accounts to the process. Processes that are compared run alternately, since a machine that is
// busy for a while would otherwise be held against one of them, and the median counts. The file named by -go is the output of
// go test -bench, whose results become rows of the same table.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	b, err := parseFlags(os.Args[1:], os.Stdout, os.Stderr)
	if err == nil {
		err = b.run(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench is one run of everything.
type bench struct {
	onggi, helm string // the binaries
	gotest      string // output of go test -bench; "" leaves those rows out
	runs        int    // of each process that is compared
	fleets      []int  // specs in each generated fleet
	fleetRuns   int
	sample      int // charts that helm template renders
	specs       []string
	memory      string // folder of a file system in memory
	disk        string // folder on a disk
	docs        []string
	only        string // the one part to measure; "" measures all
	out, log    io.Writer

	dir   string // temporary
	table table
}

func parseFlags(args []string, out, log io.Writer) (*bench, error) {
	b := &bench{out: out, log: log}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(log)
	f.StringVar(&b.onggi, "onggi", ".cache/bench/onggi", "the onggi to measure")
	f.StringVar(&b.helm, "helm", ".cache/bin/helm3", "the Helm to compare with; \"\" compares with none")
	f.StringVar(&b.gotest, "go", "", "file with the output of go test -bench")
	f.IntVar(&b.runs, "runs", 15, "runs of each process that is compared")
	f.IntVar(&b.fleetRuns, "fleet-runs", 3, "runs of each fleet up to 1,000 specs; larger ones run once")
	f.IntVar(&b.sample, "sample", 50, "charts of the fleet that helm template renders")
	fleets := f.String("fleets", "100,1000,10000", "specs in each generated fleet")
	specs := f.String("specs", "testdata/specs/everything,examples/homelab", "specs to render one at a time, with an environment prod")
	docs := f.String("update", "", "pages whose tables are to be replaced, such as docs/performance.md,docs/scale.md")
	f.StringVar(&b.only, "only", "", "measure one part: go, start, cluster, formats, fleet or watch")
	f.StringVar(&b.memory, "memory", memoryFolder(), "folder of a file system in memory, where fleets are written")
	f.StringVar(&b.disk, "disk", ".cache/bench", "folder on a disk, where the fleet of 1,000 is written too")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	for field := range strings.SplitSeq(*fleets, ",") {
		n, err := strconv.Atoi(field)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("-fleets: %q is not a number of specs", field)
		}
		b.fleets = append(b.fleets, n)
	}
	b.specs = strings.Split(*specs, ",")
	if *docs != "" {
		b.docs = strings.Split(*docs, ",")
	}
	if b.only != "" && len(b.docs) > 0 {
		return nil, fmt.Errorf("-only measures one part, and -update writes tables of all")
	}
	if b.runs < 1 || b.fleetRuns < 1 || b.sample < 1 {
		return nil, fmt.Errorf("-runs, -fleet-runs and -sample start at 1")
	}
	return b, nil
}

func (b *bench) run(ctx context.Context) error {
	dir, err := os.MkdirTemp(b.memory, "onggi-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b.dir = dir
	if b.only == "watch" {
		b.helm = ""
	}
	for _, binary := range []*string{&b.onggi, &b.helm} {
		if *binary, err = b.copied(*binary); err != nil {
			return err
		}
	}
	for _, part := range []struct {
		name    string
		measure func(context.Context) error
	}{
		{"go", b.goBenchmarks}, {"start", b.startup}, {"cluster", b.oneCluster}, {"formats", b.formats}, {"fleet", b.fleet}, {"watch", b.watched},
	} {
		if b.only != "" && b.only != part.name {
			continue
		}
		b.table.part = part.name
		if err := part.measure(ctx); err != nil {
			return err
		}
	}
	about := machine()
	if _, err := fmt.Fprintf(b.out, "%s\n\n%s", about, b.table.markdown(allParts)); err != nil {
		return err
	}
	for _, page := range b.docs {
		if err := updatePage(page, about, b.table); err != nil {
			return err
		}
	}
	return nil
}

// copied puts a binary beside the files of the run. Whether a disk's file system keeps a file in large pages depends on how it
// was written, and a process is charged for the whole page: the same binary took 43 MiB or 62.
func (b *bench) copied(binary string) (string, error) {
	if binary == "" {
		return "", nil
	}
	data, err := exec.Command("cp", binary, b.dir).CombinedOutput() // the file is too large for our own memory, see peak
	if err != nil {
		return "", fmt.Errorf("copy %s: %w: %s", binary, err, data)
	}
	return filepath.Join(b.dir, filepath.Base(binary)), nil
}

// memoryFolder is where Linux keeps files in memory, or "", which is the folder for temporary files.
func memoryFolder() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return ""
}

// say tells a person what is being measured.
func (b *bench) say(format string, args ...any) { fmt.Fprintf(b.log, "bench: "+format+"\n", args...) }
