package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"

	"onggi.dev/ci/chaos/internal/check"
)

// trace writes a history as tab-separated lines: what the clients of one trial saw, for people who look for a reason.
func (r *run) trace(name string, h check.History) {
	if r.options.logs == "" {
		return
	}
	r.traces++
	path := filepath.Join(r.options.logs, fmt.Sprintf("%03d-%s.tsv", r.traces, name))
	if err := writeTrace(path, h); err != nil {
		r.log("trace: %v", err)
	}
}

func writeTrace(path string, h check.History) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	paths := []string{"rw-new", "rw-open", "inside-open", "inside-new", "inside-local"}
	outcomes := []string{"unknown", "acked", "failed"}
	for _, a := range h.Adds {
		fmt.Fprintf(w, "%.4f\t%.4f\tadd %d\t%s\t%s\t%s\ttimeline %d\tread-only %t\n",
			a.Call.Seconds(), a.Return.Seconds(), a.ID, paths[a.Path], a.Member, outcomes[a.Outcome], a.Timeline, a.ReadOnly)
	}
	for _, o := range h.Registers {
		fmt.Fprintf(w, "%.4f\t%.4f\tregister %d\tclient %d\twrite %t\t%d\t%s\n", o.Call.Seconds(), o.Return.Seconds(), o.Key, o.Client, o.Write, o.Value, outcomes[o.Outcome])
	}
	for _, c := range h.Claims {
		fmt.Fprintf(w, "%.4f\t%.4f\tprimary\t%v\n", c.At.Seconds(), c.At.Seconds(), c.Members)
	}
	return w.Flush()
}
