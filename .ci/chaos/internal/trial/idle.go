package trial

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"onggi.dev/ci/chaos/internal/fault"
	"onggi.dev/ci/chaos/internal/world"
)

// clockTick is the unit of /proc/PID/stat, on every Linux that Go runs on.
const clockTick = 10 * time.Millisecond

// Idle is what the agents of a cluster cost per pod over a while, and their requests per second.
func Idle(ctx context.Context, s *fault.Scene, over time.Duration) (pss int64, cpu, requests float64) {
	var before time.Duration
	started, _ := s.Proxy.Requests()
	for _, t := range agents(s) {
		before += spent(t.PID)
	}
	sleep(ctx, over)
	var after time.Duration
	for _, t := range agents(s) {
		after += spent(t.PID)
		pss += share(t.PID)
	}
	ended, _ := s.Proxy.Requests()
	pods := len(s.Names())
	return pss / int64(pods), (after - before).Seconds() / over.Seconds() / float64(pods), float64(ended-started) / over.Seconds()
}

// agents are the processes of all pods that are neither postgres nor part of the harness.
func agents(s *fault.Scene) []world.Task {
	self, _ := os.Readlink("/proc/self/exe")
	var found []world.Task
	for _, p := range s.Pods() {
		for _, container := range p.Processes() {
			for _, t := range container.Tasks() {
				exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", t.PID))
				if err != nil || filepath.Base(exe) == "postgres" || filepath.Base(exe) == filepath.Base(self) || t.Program() == "init" || exe == "/run/init" {
					continue
				}
				found = append(found, t)
			}
		}
	}
	return found
}

// spent is the CPU time of a process.
func spent(pid int) time.Duration {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * clockTick
}

// share is the proportional set size of a process in bytes.
func share(pid int) int64 {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "Pss:"); ok {
			kb, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb << 10
		}
	}
	return 0
}
