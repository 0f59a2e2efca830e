package main

import (
	"fmt"
	"io"

	"github.com/onggi-db/onggi/cmd/internal/program"
)

// installVerb copies this program into a folder, for an image that does not have it: a pod's init container puts it where the
// database's container finds it.
func installVerb(args []string, out io.Writer) error {
	if len(args) != 1 {
		return fmt.Errorf("install takes one folder, and was given %d", len(args))
	}
	target, err := program.Install(args[0], "onggi-agent")
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s %s\n", target, buildVersion())
	return nil
}
