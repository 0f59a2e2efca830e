package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// watched is an onggi watch --serve over a folder of its own.
type watched struct {
	cmd    *exec.Cmd
	dir    string // of the specs
	url    string
	exited chan error
}

// watch starts onggi over dir, at an address, and waits for the page's URL.
func watch(ctx context.Context, onggi, dir, out, address string) (*watched, error) {
	onggi, err := filepath.Abs(onggi)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, onggi, "watch", filepath.Base(dir), "--all-envs", "-o", out, "--serve", address)
	cmd.Dir = filepath.Dir(dir) // so that the page says homelab/lemon.yaml
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start onggi: %w", err)
	}
	w := &watched{cmd: cmd, dir: dir, exited: make(chan error, 1)}
	url, told := make(chan string, 1), ""
	go func() {
		lines := bufio.NewScanner(stderr)
		for lines.Scan() {
			told += lines.Text() + "\n"
			if u, ok := strings.CutPrefix(lines.Text(), "live view on "); ok {
				url <- u
			}
		}
		w.exited <- cmd.Wait()
	}()
	select {
	case w.url = <-url:
		return w, nil
	case err := <-w.exited:
		return nil, fmt.Errorf("onggi watch ended (%v):\n%s", err, told)
	case <-time.After(20 * time.Second):
		_ = cmd.Process.Kill()
		return nil, fmt.Errorf("onggi watch did not say where its page is")
	}
}

// stop ends it as Ctrl-C does; streams that are open must not hold it up.
func (w *watched) stop() error {
	begun := time.Now()
	if err := w.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case err := <-w.exited:
		if took := time.Since(begun); err == nil && took > 3*time.Second {
			return fmt.Errorf("it took %s to end", took.Round(time.Millisecond))
		}
		return err
	case <-time.After(10 * time.Second):
		_ = w.cmd.Process.Kill()
		return fmt.Errorf("it did not end in 10 s")
	}
}

// edit replaces texts in a file and saves it as many editors do: a new file, renamed over the old.
func (w *watched) edit(name string, oldnew ...string) error {
	file := filepath.Join(w.dir, name)
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	for i := 0; i < len(oldnew); i += 2 {
		if !strings.Contains(string(data), oldnew[i]) {
			return fmt.Errorf("%s does not have %q", name, oldnew[i])
		}
	}
	text := strings.NewReplacer(oldnew...).Replace(string(data))
	if err := os.WriteFile(file+"~", []byte(text), 0o644); err != nil {
		return err
	}
	return os.Rename(file+"~", file)
}

// copyFolder copies the files of a folder.
func copyFolder(from, to string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(from, e.Name()))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, e.Name()), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
