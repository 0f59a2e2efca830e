package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// exitAborted is what an archiver ends at, without another try: postgres takes a code above 125 for a command that was killed.
const exitAborted = 255

// guardedVerb runs a command that postgres wants for its archive: unless FILE -- COMMAND, as long as the file is not there, and while FILE -- COMMAND,
// as long as it is. The sidecar makes and removes the files. A command that may not go on is killed at once.
//
// A failed command ends with 1: postgres would take a code above 125 for something worse than a failure, and not count it.
func guardedVerb(verb string, args []string, errs io.Writer) int {
	if len(args) < 3 || args[1] != "--" {
		fmt.Fprint(errs, usage)
		return exitUsage
	}
	file, argv := args[0], args[2:]
	may := func() bool {
		_, err := os.Lstat(file)
		return (err == nil) == (verb == "while")
	}
	refused := exitFailed
	if verb == "unless" {
		refused = exitAborted
	}
	if !may() {
		return refused
	}
	runtime.LockOSThread() // the command dies with the thread that started it
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = nil, os.Stdout, errs
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(errs, "onggi-agent:", err)
		return exitFailed
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case err := <-ended:
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) {
				fmt.Fprintln(errs, "onggi-agent:", err)
			}
			if err != nil {
				return exitFailed
			}
			return 0
		case <-ticker.C:
			if !may() {
				_ = cmd.Process.Kill()
				<-ended
				return refused
			}
		}
	}
}
