package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// benchmark is the median of the runs of one Go benchmark.
type benchmark struct {
	ns, bytes, allocs float64
}

// parseGo reads the output of go test -bench and returns the medians by name, without "Benchmark" and the number of cores.
func parseGo(r io.Reader) (map[string]benchmark, error) {
	runs := make(map[string][]benchmark)
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		name := strings.TrimPrefix(fields[0], "Benchmark")
		if i := strings.LastIndexByte(name, '-'); i > 0 {
			if _, err := strconv.Atoi(name[i+1:]); err == nil {
				name = name[:i]
			}
		}
		var b benchmark
		for i := 2; i+1 < len(fields); i += 2 {
			value, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return nil, fmt.Errorf("%s: %q is not a number", name, fields[i])
			}
			switch fields[i+1] {
			case "ns/op":
				b.ns = value
			case "B/op":
				b.bytes = value
			case "allocs/op":
				b.allocs = value
			}
		}
		runs[name] = append(runs[name], b)
	}
	medians := make(map[string]benchmark, len(runs))
	for name, all := range runs {
		medians[name] = benchmark{
			ns:     median(all, func(b benchmark) float64 { return b.ns }),
			bytes:  median(all, func(b benchmark) float64 { return b.bytes }),
			allocs: median(all, func(b benchmark) float64 { return b.allocs }),
		}
	}
	return medians, lines.Err()
}

// The targets of the Go benchmarks.
const (
	compileTarget = 500 * time.Microsecond
	encodeTarget  = 3.0
)

// goBenchmarks turns the benchmarks into rows.
func (b *bench) goBenchmarks(context.Context) error {
	if b.gotest == "" {
		return nil
	}
	f, err := os.Open(b.gotest)
	if err != nil {
		return err
	}
	defer f.Close()
	medians, err := parseGo(f)
	if err != nil {
		return fmt.Errorf("read %s: %w", b.gotest, err)
	}
	if c, ok := medians["Compile"]; ok {
		took := time.Duration(c.ns)
		b.table.judge("one cluster with everything on, spec bytes to objects", fmt.Sprintf("%s, %.0f KiB, %.0f allocations", seconds(took), c.bytes/1024, c.allocs),
			"≤ "+seconds(compileTarget), took <= compileTarget)
	}
	for _, stage := range []string{"load", "resolve", "compile"} {
		if s, ok := medians["Stages/"+stage]; ok {
			b.table.add("… of it "+stage, seconds(time.Duration(s.ns)))
		}
	}
	for _, objects := range []string{"all", "cluster", "rules", "dashboard"} {
		ours, ok := medians["Encode/"+objects+"/onggi"]
		theirs, too := medians["Encode/"+objects+"/sigs"]
		if !ok || !too {
			continue
		}
		times := theirs.ns / ours.ns
		what, figure := "YAML of "+encoded[objects], fmt.Sprintf("%s, sigs.k8s.io/yaml %s: **%.1f ×**", seconds(time.Duration(ours.ns)), seconds(time.Duration(theirs.ns)), times)
		if objects == "all" {
			b.table.judge(what, figure, "≥ 3 × as fast", times >= encodeTarget)
		} else {
			b.table.add(what, figure)
		}
	}
	for _, sync := range []string{"Sync/changed", "Sync/changed/flushed", "Sync/unchanged", "Fleet"} {
		if s, ok := medians[sync]; ok {
			b.table.add(written[sync], seconds(time.Duration(s.ns)))
		}
	}
	return nil
}

var encoded = map[string]string{
	"all":       "a cluster, its alerts and its dashboard",
	"cluster":   "the cluster alone",
	"rules":     "the alerts alone",
	"dashboard": "the dashboard alone",
}

var written = map[string]string{
	"Sync/changed":         "16 files written over others, not flushed",
	"Sync/changed/flushed": "16 files written over others, flushed to the disk",
	"Sync/unchanged":       "16 files that are right already",
	"Fleet":                "16 files written to a new folder of a fleet",
}
