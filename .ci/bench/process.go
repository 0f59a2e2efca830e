package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// cost is what one process took.
type cost struct {
	wall, cpu time.Duration
	rss       int64 // bytes at the peak
}

// command is a process to measure. Its standard output is thrown away.
type command struct {
	path   string
	args   []string
	env    []string
	before func() error // prepares the run, not measured
}

// measure runs a command once. An exit code other than 0 is an error: work that failed costs nothing worth knowing.
func measure(ctx context.Context, c command) (cost, []byte, error) {
	if c.before != nil {
		if err := c.before(); err != nil {
			return cost{}, nil, err
		}
	}
	var stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, c.path, c.args...)
	cmd.Env = append(os.Environ(), c.env...)
	cmd.Stderr = &stderr
	begun := time.Now()
	err := cmd.Run()
	took := cost{wall: time.Since(begun)}
	if err != nil {
		return cost{}, nil, fmt.Errorf("%s %s: %w\n%s", c.path, strings.Join(c.args, " "), err, stderr.Bytes())
	}
	took.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	took.rss = peak(cmd.ProcessState.SysUsage().(*syscall.Rusage))
	return took, stderr.Bytes(), nil
}

// peak is the largest resident set in bytes. Linux counts KiB, macOS bytes. A process begins with the peak of the one that
// forked it, which is why this program keeps nothing large in memory.
func peak(usage *syscall.Rusage) int64 {
	if runtime.GOOS == "darwin" {
		return int64(usage.Maxrss)
	}
	return int64(usage.Maxrss) << 10
}

// alternate runs each command n times in turn, and returns the medians.
func alternate(ctx context.Context, n int, commands ...command) ([]cost, error) {
	runs := make([][]cost, len(commands))
	for range n {
		for i, c := range commands {
			took, _, err := measure(ctx, c)
			if err != nil {
				return nil, err
			}
			runs[i] = append(runs[i], took)
		}
	}
	medians := make([]cost, len(commands))
	for i, r := range runs {
		medians[i] = medianCost(r)
	}
	return medians, nil
}

func medianCost(costs []cost) cost {
	return cost{
		wall: median(costs, func(c cost) time.Duration { return c.wall }),
		cpu:  median(costs, func(c cost) time.Duration { return c.cpu }),
		rss:  median(costs, func(c cost) int64 { return c.rss }),
	}
}

// median is the middle of the values, or the lower one of the two in the middle.
func median[T any, V cmp.Ordered](of []T, value func(T) V) V {
	values := make([]V, len(of))
	for i, v := range of {
		values[i] = value(v)
	}
	slices.Sort(values)
	return values[(len(values)-1)/2]
}

// machine says what the figures were measured on.
func machine() string {
	model := runtime.GOARCH
	if data, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(data)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	load := ""
	if data, err := os.ReadFile("/proc/loadavg"); err == nil {
		if fields := strings.Fields(string(data)); len(fields) > 0 {
			load = ", load " + fields[0] + " at the end"
		}
	}
	return fmt.Sprintf("Machine: %s, %d cores, %s/%s, %s%s. Date: %s.", model, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH,
		runtime.Version(), load, time.Now().UTC().Format(time.DateOnly))
}
