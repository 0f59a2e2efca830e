// Package repository is pgBackRest in a pod of its own, beside no server: its configuration with the keys of the store, its commands, and files
// that are kept in the repository beside the backups.
//
//	err := repository.Prepare(settings)               writes the configuration
//	said, err := repository.Run(ctx, settings.Info()) runs a command
//	store, err := repository.Open(settings)           files: Put, Get, List, Remove
//
// The commands for files are pgBackRest's own, so that every kind of store, its credentials and the encryption are those of the backups. Two of
// them, repo-put and repo-rm, are for its own use by its own words: who writes reads back what came of it. Releases of 2026 dropped repo-put, and the
// passphrase for files of others, so an older pgBackRest does all four where the image has one: pgbackrest-files.
package repository

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/onggi-db/onggi/sidecars/backup"
	"github.com/onggi-db/onggi/sidecars/config"
)

// Prepare writes the configuration of pgBackRest, with the keys that the repository's files have.
func Prepare(s backup.Settings) error {
	secrets, err := keys(s.Repository)
	if err != nil {
		return err
	}
	return write(s, secrets)
}

func write(s backup.Settings, secrets backup.Secrets) error {
	files, err := s.Render(secrets)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return fmt.Errorf("write the configuration of pgBackRest: %w", err)
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(s.Dir, f.Name), f.Content, 0o600); err != nil {
			return fmt.Errorf("write the configuration of pgBackRest: %w", err)
		}
	}
	return nil
}

// keys reads the files with keys.
func keys(r config.Repository) (backup.Secrets, error) {
	var s backup.Secrets
	var ca string
	for _, f := range []struct {
		into *string
		name string
	}{{&s.Key, r.KeyFile}, {&s.Secret, r.SecretFile}, {&s.Token, r.TokenFile}, {&s.Cipher, r.CipherFile}, {&ca, r.CAFile}} {
		if f.name == "" {
			continue
		}
		text, err := os.ReadFile(f.name)
		if err != nil {
			return s, fmt.Errorf("read a key of the repository: %w", err)
		}
		if *f.into = strings.TrimRight(string(text), "\r\n"); *f.into == "" {
			return s, fmt.Errorf("read a key of the repository: %s is empty", f.name)
		}
	}
	if ca != "" {
		s.CA = []byte(ca + "\n")
	}
	return s, nil
}

// Run runs a command of pgBackRest and returns what it says.
func Run(ctx context.Context, argv []string) (string, error) {
	var out bytes.Buffer
	_, err := run(ctx, argv, nil, &out, nil)
	return out.String(), err
}

// run runs pgBackRest. What it wrote belongs to the error: it tells what is wrong there, too.
func run(ctx context.Context, argv []string, stdin *os.File, stdout io.Writer, env []string) (int, error) {
	code, said, err := Program(ctx, argv, stdin, stdout, env)
	if err == nil {
		return 0, nil
	}
	if text, ok := stdout.(*bytes.Buffer); ok {
		said += text.String()
	}
	return code, fmt.Errorf("pgbackrest %s: %w: %s", verb(argv), err, LastWords(said))
}

// Program runs a program in plain English, with more environment than our own; when ctx ends it is told to end, and killed ten seconds later. It returns
// the exit code, -1 where there is none, and the end of what it wrote to its standard error. stdin is a file, which the program reads by itself: were it fed by
// us, our end would look like the end of what is to be read.
func Program(ctx context.Context, argv []string, stdin *os.File, stdout io.Writer, env []string) (code int, said string, err error) {
	var trouble Tail
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	if stdin != nil {
		cmd.Stdin = stdin
	}
	cmd.Stdout, cmd.Stderr, cmd.Env = stdout, &trouble, append(append(os.Environ(), "LC_ALL=C"), env...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	err = cmd.Run()
	var ended *exec.ExitError
	switch {
	case errors.As(err, &ended):
		code = ended.ExitCode()
	case err != nil:
		code = -1
	}
	return code, trouble.String(), err
}

// verb is the command among options.
func verb(argv []string) string {
	for _, word := range argv[1:] {
		if !strings.HasPrefix(word, "--") {
			return word
		}
	}
	return ""
}

// LastWords is the end of what a program said, on one line.
func LastWords(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if most := 600; len(text) > most {
		text = "…" + text[len(text)-most:]
	}
	return strings.ToValidUTF8(text, "?")
}
