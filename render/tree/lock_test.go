//go:build unix

package tree

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTwoRunsDoNotMix(t *testing.T) {
	dir := t.TempDir()
	f, err := Open(dir, quick)
	require.NoError(t, err)
	for range 2 {
		_, err = Sync(dir, tree(t, "a", "1"), quick)
		require.ErrorIs(t, err, ErrBusy)
		require.EqualError(t, err, "write "+dir+": another run is writing this folder: wait for it to end")
	}
	_, err = Open(dir, quick)
	require.ErrorIs(t, err, ErrBusy)
	_, err = Check(dir, tree(t, "a", "1"))
	require.NoError(t, err, "a check only reads")
	require.NoError(t, f.Close())
	_, err = Sync(dir, tree(t, "a", "1"), quick)
	require.NoError(t, err)
}

// The lock is on the folder itself, so that to look costs nothing and leaves no trace.
func TestALockIsNoFile(t *testing.T) {
	dir := t.TempDir()
	_, err := fleet(t, dir, quick, map[string]string{"a": "1"})
	require.NoError(t, err)
	before, old := everything(t, dir), time.Now().Add(-time.Hour).Truncate(time.Second)
	age(t, dir, old)
	f, err := Open(dir, quick)
	require.NoError(t, err)
	require.Equal(t, before, everything(t, dir))
	_, err = f.Sync("a", tree(t, "x/a.yaml", "1"))
	require.NoError(t, err)
	_, err = f.Commit()
	require.NoError(t, err)
	require.NoError(t, f.Close())
	for _, name := range []string{".", "a", "a/x"} {
		require.Equal(t, old, modified(t, dir, name), name)
	}
}

// Many runs at once: each either does its whole work or is told to wait, and the folder is always one of the trees.
func TestRunsInARace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	trees := []Tree{tree(t, "a", "1", "b/c", "1"), tree(t, "a", "2", "b", "2"), tree(t, "d/e", "3")}
	var wg sync.WaitGroup
	errs := make([]error, 90)
	for i := range errs {
		wg.Go(func() { _, errs[i] = Sync(dir, trees[i%len(trees)], quick) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			require.ErrorIs(t, err, ErrBusy)
		}
	}
	require.Contains(t, []map[string]string{contents(trees[0]), contents(trees[1]), contents(trees[2])}, files(t, dir))
}

func TestOnlyOneHoldsTheLock(t *testing.T) {
	root, err := os.OpenRoot(t.TempDir())
	require.NoError(t, err)
	defer root.Close()
	var holders, most, turns atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 400 {
				unlock, err := lock(root)
				if err != nil {
					continue // busy
				}
				turns.Add(1)
				if now := holders.Add(1); now > most.Load() {
					most.Store(now)
				}
				runtime.Gosched()
				holders.Add(-1)
				unlock()
			}
		})
	}
	wg.Wait()
	require.Equal(t, int64(1), most.Load())
	require.Greater(t, turns.Load(), int64(8))
}

const killedDir = "ONGGI_TEST_WRITE_UNTIL_KILLED"

// TestMain is also the process that TestARealKill kills: it writes one of two trees after the other, for ever.
func TestMain(m *testing.M) {
	if dir := os.Getenv(killedDir); dir != "" {
		for {
			for _, tr := range realTrees() {
				if _, err := Sync(dir, tr, quick); err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
			}
		}
	}
	os.Exit(m.Run())
}

func realTrees() []Tree {
	var even, odd Tree
	for i := range 30 {
		_ = even.Add(fmt.Sprintf("dir-%d/file-%d.yaml", i%5, i), []byte("even"))
		_ = odd.Add(fmt.Sprintf("dir-%d/file-%d.yaml", i%3, i*2), []byte("odd"))
	}
	return []Tree{even, odd}
}

func TestARealKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, dir, "dir-1/mine", "theirs")
	for round := range 12 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), killedDir+"="+dir)
		cmd.Stderr = os.Stderr
		require.NoError(t, cmd.Start())
		// Any moment will do; the rounds differ so that they do not all hit the same one.
		time.Sleep(time.Duration(15+7*round) * time.Millisecond)
		require.NoError(t, cmd.Process.Signal(syscall.SIGKILL))
		require.Error(t, cmd.Wait(), "it must have been killed, not ended")

		next := realTrees()[round%2]
		_, err := Sync(dir, next, quick)
		require.NoError(t, err)
		requireFolder(t, dir, next, map[string]string{"dir-1/mine": "theirs"}, fmt.Sprint("round ", round))
		require.NoDirExists(t, filepath.Join(dir, stagingName))
	}
}
