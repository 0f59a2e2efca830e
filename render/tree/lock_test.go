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
		require.EqualError(t, err, fmt.Sprintf("write %s: another run is writing this folder (process %d): wait for it to end", dir, os.Getpid()))
	}
	_, err = Open(dir, quick)
	require.ErrorIs(t, err, ErrBusy)
	_, err = Check(dir, tree(t, "a", "1"))
	require.NoError(t, err, "a check only reads")
	require.NoError(t, f.Close())
	_, err = Sync(dir, tree(t, "a", "1"), quick)
	require.NoError(t, err)
	require.NoFileExists(t, filepath.Join(dir, lockName))
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

func TestALockThatAKillLeftIsTidiedUp(t *testing.T) {
	dir := t.TempDir()
	same := tree(t, "a", "1")
	_, err := Sync(dir, same, quick)
	require.NoError(t, err)
	put(t, dir, lockName, "4711\n")
	_, err = Sync(dir, same, quick)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"a": "1"}, files(t, dir))
}

// The last holder removes the file, perhaps between our open and our lock. Whoever comes next makes a new one, so holding the
// old one holds nothing.
func TestALockOnARemovedFileIsNoLock(t *testing.T) {
	root, err := os.OpenRoot(t.TempDir())
	require.NoError(t, err)
	defer root.Close()
	held, err := root.Create(lockName)
	require.NoError(t, err)
	defer held.Close()
	require.True(t, stillNamed(root, held))
	require.NoError(t, root.Remove(lockName))
	require.False(t, stillNamed(root, held))
	require.NoError(t, root.WriteFile(lockName, nil, 0o644))
	require.False(t, stillNamed(root, held))
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
		require.NoFileExists(t, filepath.Join(dir, lockName))
		require.NoDirExists(t, filepath.Join(dir, stagingName))
	}
}
