// Package exporter is the first process of the exporter's container where a spec has queries of its own: postgres_exporter reads one file, once, and
// wholly or not at all.
//
//	err := exporter.Run(ctx, "/etc/onggi/exporter/exporter.yaml", os.Stderr)
//
// Run writes that one file of all, without the queries that the exporter would not take (see config.MergeQueries), starts the exporter, and starts it
// again with another file when one of them changed. A query that was left out is told in the log, and by a series of the exporter's. Nothing
// that people write into their queries ends the exporter: a pod is ready only while all of its containers run.
package exporter

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/onggi-db/onggi/sidecars/config"
)

const (
	// lookEvery is how often the files are read. The kubelet writes them within a minute of the object's change anyway.
	lookEvery = 5 * time.Second
	// endWithin is how long the exporter may take to end.
	endWithin = 5 * time.Second
)

// programs are the names that packages and images give it.
var programs = [...]string{"postgres_exporter", "prometheus-postgres-exporter"}

// Run runs the exporter as the file says until ctx ends. What the exporter says goes to out. An end of its own that nobody asked for is an error.
func Run(ctx context.Context, file string, out io.Writer) error {
	return run(ctx, file, out, lookEvery)
}

func run(ctx context.Context, file string, out io.Writer, every time.Duration) error {
	r := &runner{file: file, out: out, every: every}
	r.log = config.NewLog(out, &r.level)
	for ctx.Err() == nil {
		if err := r.once(ctx); err != nil {
			return err
		}
	}
	return nil
}

type runner struct {
	file  string
	out   io.Writer
	log   *slog.Logger
	level slog.LevelVar
	every time.Duration
	told  []config.RefusedQuery
}

// once is one life of the exporter: until a file changed, or ctx ended.
func (r *runner) once(ctx context.Context) error {
	c, err := config.ReadExporter(r.file)
	if err != nil {
		return err
	}
	r.level.Set(c.LogLevel.Level())
	merged, err := r.merge(c)
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.Merged, merged, 0o644); err != nil {
		return fmt.Errorf("write the exporter's queries: %w", err)
	}
	program, err := find(c.Bin)
	if err != nil {
		return err
	}
	child := exec.Command(program, append(slices.Clone(c.Args), "--extend.query-path="+c.Merged)...)
	child.Stdout, child.Stderr = r.out, r.out
	if err := child.Start(); err != nil {
		return fmt.Errorf("start the exporter: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- child.Wait() }()
	tick := time.NewTicker(r.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			end(child, ended)
			return nil
		case how := <-ended:
			return fmt.Errorf("the exporter ended by itself: %v", how)
		case <-tick.C:
		}
		if r.changed(c, merged) {
			r.log.Info("the queries changed: the exporter starts again")
			end(child, ended)
			return nil
		}
	}
}

// changed tells that another exporter would be started by now. What is wrong with the file leaves the one that runs.
func (r *runner) changed(c config.Exporter, merged []byte) bool {
	now, err := config.ReadExporter(r.file)
	if err != nil || now.Merged != c.Merged {
		return false
	}
	r.level.Set(now.LogLevel.Level())
	text, err := r.merge(now)
	return err == nil && (!bytes.Equal(text, merged) || now.Bin != c.Bin || !slices.Equal(now.Args, c.Args))
}

// merge reads all files. What is left out is told when it is another than before.
func (r *runner) merge(c config.Exporter) ([]byte, error) {
	own, err := os.ReadFile(c.Own)
	if err != nil {
		return nil, fmt.Errorf("read the exporter's own queries: %w", err)
	}
	var more []config.QueryFile
	for _, name := range c.Queries {
		text, err := os.ReadFile(name)
		if errors.Is(err, os.ErrNotExist) {
			err = errors.New("there is no such ConfigMap, or it has no such key")
		}
		more = append(more, config.QueryFile{Name: filepath.Join(filepath.Base(filepath.Dir(name)), filepath.Base(name)), Text: text, Err: err})
	}
	merged, refused, err := config.MergeQueries(own, more)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(refused, r.told) {
		r.told = refused
		for _, one := range refused {
			r.log.Error("queries of one's own are left out", "file", one.File, "query", one.Query, "why", one.Why)
		}
	}
	return merged, nil
}

// end ends the exporter, by force where it takes long.
func end(child *exec.Cmd, ended <-chan error) {
	_ = child.Process.Signal(syscall.SIGTERM)
	select {
	case <-ended:
	case <-time.After(endWithin):
		_ = child.Process.Kill()
		<-ended
	}
}

func find(bin string) (string, error) {
	if bin != "" {
		return bin, nil
	}
	for _, name := range programs {
		if found, err := exec.LookPath(name); err == nil {
			return found, nil
		}
	}
	return "", fmt.Errorf("find the exporter: the image has no %s on its PATH", programs[0])
}
