package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// What is asked of a watch of fleetSize specs.
const (
	saveTarget = 100 * time.Millisecond
	idleTarget = 0.001 // of one core
	saves      = 30
	idleFor    = 20 * time.Second
)

// watched measures onggi watch from outside: a save ends, and some time later the files on disk are those of the new spec.
func (b *bench) watched(ctx context.Context) error {
	b.say("watch of %d specs", fleetSize)
	specs, out := filepath.Join(b.dir, "watched"), filepath.Join(b.dir, "watched-out")
	if err := generate(specs, fleetSize); err != nil {
		return err
	}
	w, err := startWatch(ctx, b.onggi, specs, out)
	if err != nil {
		return err
	}
	defer w.stop()
	first, err := w.cycle()
	if err != nil {
		return err
	}
	what := fmt.Sprintf("`onggi watch` of %d specs × %d environments", fleetSize, len(environments))
	b.table.add(what+", the first cycle", seconds(first))
	for _, way := range []struct {
		name string
		save func(name string, data []byte) error
	}{{"written in place", inPlace}, {"renamed into place", renamed}} {
		took, err := w.saves(specs, out, way.save)
		if err != nil {
			return err
		}
		m := median(took, func(d time.Duration) time.Duration { return d })
		worst := took[0]
		for _, d := range took {
			worst = max(worst, d)
		}
		b.table.judge("… one spec "+way.name+", from there to files, median of "+strconv.Itoa(len(took)), fmt.Sprintf("**%s**, the longest %s", seconds(m), seconds(worst)),
			"≤ "+seconds(saveTarget), m <= saveTarget)
	}
	all, err := w.project(specs)
	if err != nil {
		return err
	}
	b.table.add("… the Project changed, which renders all of them", seconds(all))
	return b.idle(ctx, w)
}

// idle measures the processor time of a watch of which nothing is asked.
func (b *bench) idle(ctx context.Context, w *watchProcess) error {
	pause(ctx, 2*time.Second) // the collector is done with what was
	before, err := processorTime(w.cmd.Process.Pid)
	if err != nil {
		return err
	}
	begun := time.Now()
	pause(ctx, idleFor)
	after, err := processorTime(w.cmd.Process.Pid)
	if err != nil {
		return err
	}
	share := float64(after-before) / float64(time.Since(begun))
	b.table.judge("… idle for "+seconds(idleFor), fmt.Sprintf("%s of CPU: **%.4f %%** of a core", seconds(after-before), 100*share), fmt.Sprintf("≤ %.1f %%", 100*idleTarget), share <= idleTarget)
	memory, err := resident(w.cmd.Process.Pid)
	b.table.add("… memory then", mebibytes(memory))
	return err
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// watchProcess is an onggi watch that runs.
type watchProcess struct {
	cmd    *exec.Cmd
	events *bufio.Scanner
	stderr *bytes.Buffer
}

func startWatch(ctx context.Context, onggi, specs, out string) (*watchProcess, error) {
	w := &watchProcess{cmd: exec.CommandContext(ctx, onggi, "watch", specs, "--all-envs", "-o", out, "--events", "json"), stderr: &bytes.Buffer{}}
	w.cmd.Stderr = w.stderr
	stdout, err := w.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	w.events = bufio.NewScanner(stdout)
	w.events.Buffer(nil, 64<<20)
	return w, w.cmd.Start()
}

// stop ends the watch as a person would.
func (w *watchProcess) stop() {
	_ = w.cmd.Process.Signal(syscall.SIGTERM)
	_ = w.cmd.Wait()
}

// cycle waits for the end of a cycle and returns what the watch says that it took.
func (w *watchProcess) cycle() (time.Duration, error) {
	if !w.events.Scan() {
		return 0, fmt.Errorf("onggi watch ended: %w\n%s", errors.Join(w.events.Err(), errors.New("no more events")), w.stderr)
	}
	var e struct {
		Millis   float64           `json:"milliseconds"`
		Problems []json.RawMessage `json:"problems"`
		Failures []string          `json:"failures"`
	}
	if err := json.Unmarshal(w.events.Bytes(), &e); err != nil {
		return 0, err
	}
	if len(e.Problems)+len(e.Failures) > 0 {
		return 0, fmt.Errorf("onggi watch: %s", w.events.Bytes())
	}
	return time.Duration(e.Millis * float64(time.Millisecond)), nil
}

// saves changes one spec after another and measures how long it takes until every environment's Cluster has the change.
func (w *watchProcess) saves(specs, out string, save func(string, []byte) error) ([]time.Duration, error) {
	var took []time.Duration
	for i := range saves {
		name := fmt.Sprintf("db-%05d", i*(fleetSize/saves))
		file := filepath.Join(specs, fmt.Sprintf("team-%03d", i*(fleetSize/saves)/perFolder), name+".yaml")
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		mark := fmt.Sprintf("save-%d", time.Now().UnixNano())
		if err := save(file, label(data, mark)); err != nil {
			return nil, err
		}
		begun := time.Now()
		for _, env := range environments {
			if err := appears(filepath.Join(out, env, name, "cluster-"+name+".yaml"), mark); err != nil {
				return nil, err
			}
		}
		took = append(took, time.Since(begun))
		if _, err := w.cycle(); err != nil {
			return nil, err
		}
	}
	return took, nil
}

// label gives a spec a label that every object carries.
func label(data []byte, mark string) []byte {
	head, spec, _ := strings.Cut(string(data), "\nspec:\n")
	if first, rest, _ := strings.Cut(spec, "\n"); strings.HasPrefix(first, "  labels:") {
		spec = rest
	}
	return []byte(head + "\nspec:\n  labels: {example.com/mark: " + mark + "}\n" + spec)
}

func inPlace(name string, data []byte) error { return os.WriteFile(name, data, 0o644) }

func renamed(name string, data []byte) error {
	if err := os.WriteFile(name+".tmp", data, 0o644); err != nil {
		return err
	}
	return os.Rename(name+".tmp", name)
}

// appears waits until a file has a text in it.
func appears(name, text string) error {
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		data, err := os.ReadFile(name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if bytes.Contains(data, []byte(text)) {
			return nil
		}
	}
	return fmt.Errorf("%s does not get %s", name, text)
}

// project changes the defaults of all specs.
func (w *watchProcess) project(specs string) (time.Duration, error) {
	file := filepath.Join(specs, "onggi.yaml")
	data, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	changed := bytes.Replace(data, []byte("{team: platform}"), []byte("{team: databases}"), 1)
	if bytes.Equal(changed, data) {
		return 0, errors.New("the generated project has no label to change")
	}
	if err := os.WriteFile(file, changed, 0o644); err != nil {
		return 0, err
	}
	return w.cycle()
}

// processorTime is what all threads of a process have used.
func processorTime(pid int) (time.Duration, error) {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil || len(threads) == 0 {
		return 0, fmt.Errorf("read the processor time of process %d: there is no schedstat here", pid)
	}
	var total time.Duration
	for _, name := range threads {
		data, err := os.ReadFile(name)
		if err != nil {
			return 0, err
		}
		used, _, _ := strings.Cut(string(data), " ")
		n, err := strconv.ParseInt(used, 10, 64)
		if err != nil {
			return 0, err
		}
		total += time.Duration(n)
	}
	return total, nil
}

// resident is the memory that a process has now.
func resident(pid int) (int64, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(data))
	if len(fields) < 2 {
		return 0, fmt.Errorf("read the memory of process %d: %q", pid, data)
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize()), err
}
