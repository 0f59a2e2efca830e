package manual

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Reader is one shell in which all blocks are run: variables, the folder, and what was left running in the background stay from one to the next.
type Reader struct {
	dir   string // of the blocks and what they print
	count int

	cmd    *exec.Cmd
	blocks *os.File // the names of blocks, to the shell
	codes  *bufio.Reader
}

// driver runs each block that it is told of in the shell itself. A command that fails ends it, as it would end the reader's patience.
const driver = `while IFS= read -r followed <&9; do
  set -eo pipefail
  source "$followed" >"$followed.out" 2>&1 </dev/null 8>&- 9<&-
  set +eo pipefail
  echo 0 >&8
done`

// errEnded is the end of a shell.
var errEnded = errors.New("the shell ended")

// NewReader starts a shell in a folder, with that environment; files of its own are in dir.
func NewReader(dir, home string, env []string) (*Reader, error) {
	r := &Reader{dir: dir}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	take, give, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	hear, tell, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	// Files of a command are 3 and on: 8 and 9 keep clear of what people use.
	r.cmd = exec.Command("bash", "--noprofile", "--norc", "-c", `exec 8>&3 9<&4 3>&- 4<&-; `+driver)
	r.cmd.Dir, r.cmd.Env, r.cmd.ExtraFiles = home, env, []*os.File{tell, take}
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	r.blocks, r.codes = give, bufio.NewReader(hear)
	if err := r.cmd.Start(); err != nil {
		return nil, err
	}
	return r, errors.Join(tell.Close(), take.Close())
}

// Do runs a block to its end and returns what it printed, and its exit code, which is that of the first command that failed.
func (r *Reader) Do(ctx context.Context, text string) (output string, code int, err error) {
	r.count++
	name := filepath.Join(r.dir, strconv.Itoa(r.count)+".sh")
	if err := os.WriteFile(name, []byte(text+"\n"), 0o644); err != nil {
		return "", 0, err
	}
	if _, err := fmt.Fprintln(r.blocks, name); err != nil {
		return "", 0, errEnded
	}
	told := make(chan error, 1)
	go func() {
		_, err := r.codes.ReadString('\n')
		told <- err
	}()
	select {
	case <-ctx.Done():
		r.Close()
		<-told
		err = ctx.Err()
	case failed := <-told:
		if failed != nil {
			_ = r.cmd.Wait()
			code, err = r.cmd.ProcessState.ExitCode(), errEnded
		}
	}
	out, readErr := os.ReadFile(name + ".out")
	return string(out), code, errors.Join(err, readErr)
}

// Try runs a block that may fail: in a shell of its own, below the reader's.
func (r *Reader) Try(ctx context.Context, text string) (output string, code int, err error) {
	mark := "followed-code-" + strconv.Itoa(r.count)
	output, _, err = r.Do(ctx, "set +e\n(set -eo pipefail\n"+text+"\n)\necho "+mark+"=$?")
	before, after, found := strings.Cut(output, mark+"=")
	if err == nil && found {
		code, err = strconv.Atoi(strings.TrimSpace(after))
	}
	return before, code, err
}

// Until tries a block until done is content with it, and returns the last try.
func (r *Reader) Until(ctx context.Context, text string, pause time.Duration, done func(output string, code int) error) (output string, code int, err error) {
	for {
		output, code, err = r.Try(ctx, text)
		if err != nil || done(output, code) == nil {
			return output, code, err
		}
		select {
		case <-ctx.Done():
			return output, code, done(output, code)
		case <-time.After(pause):
		}
	}
}

// Close ends the shell and what it left running.
func (r *Reader) Close() {
	_ = syscall.Kill(-r.cmd.Process.Pid, syscall.SIGKILL)
	_ = r.blocks.Close()
}
