package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// installVerb copies this program into a folder, for an image that does not have it: a pod's init container puts it where the
// database's container finds it. The copy is renamed into place, so that it is there whole or not at all.
func installVerb(args []string, out io.Writer) error {
	if len(args) != 1 {
		return fmt.Errorf("install takes one folder, and was given %d", len(args))
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find our own program: %w", err)
	}
	target := filepath.Join(args[0], "onggi-agent")
	if err := copyProgram(self, target); err != nil {
		return fmt.Errorf("install: %w", err)
	}
	fmt.Fprintf(out, "%s %s\n", target, buildVersion())
	return nil
}

func copyProgram(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	next, err := os.CreateTemp(filepath.Dir(to), ".onggi-agent-*")
	if err != nil {
		return err
	}
	defer os.Remove(next.Name()) // is gone after the rename
	if _, err = io.Copy(next, in); err == nil {
		err = next.Chmod(0o755)
	}
	if closed := next.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return os.Rename(next.Name(), to)
}
