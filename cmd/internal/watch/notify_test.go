package watch

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/stretchr/testify/require"
)

// deaf is a system that tells only what a test says, and has room for so many watches.
type deaf struct {
	room int
	err  error
	open map[string]bool
}

func (d *deaf) Add(dir string) error {
	if len(d.open) >= d.room && !d.open[dir] {
		return d.err
	}
	d.open[dir] = true
	return nil
}

func (d *deaf) Remove(dir string) error {
	if !d.open[dir] {
		return fsnotify.ErrNonExistentWatch
	}
	delete(d.open, dir)
	return nil
}

// specs is a folder with two specs in two folders.
func specs(t *testing.T) string {
	dir := t.TempDir()
	for _, name := range []string{"a", "b"} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, name), 0o755))
		text := "apiVersion: onggi.dev/v1alpha1\nkind: DatabaseCluster\nmetadata: {name: " + name + "}\nspec: {version: \"17\", backend: cloudnative-pg, storage: {size: 1Gi}}\n"
		require.NoError(t, os.WriteFile(filepath.Join(dir, name, "db.yaml"), []byte(text), 0o644))
	}
	return dir
}

// A watch that sees some of its folders would be believed to see all.
func TestTheSystemsLimitsEndAWatch(t *testing.T) {
	for err, want := range map[error]string{
		syscall.ENOSPC: "sysctl fs.inotify.max_user_watches=524288, or watch with --poll 1s",
		syscall.EMFILE: "sysctl fs.inotify.max_user_instances=512, or watch with --poll 1s",
	} {
		w, newErr := New([]string{specs(t)}, Options{})
		require.NoError(t, newErr)
		w.disk.eyes = newEyes(&deaf{room: 2, err: err, open: map[string]bool{}})
		require.ErrorContains(t, w.Run(context.Background()), want)
	}
}

func TestEventsThatWereLostCostNothing(t *testing.T) {
	dir := specs(t)
	states := make(chan State, 10)
	w, err := New([]string{dir}, Options{OnState: func(s State) { states <- s }})
	require.NoError(t, err)
	failed := make(chan error)
	w.disk.eyes = newEyes(&deaf{room: 100, open: map[string]bool{}})
	w.tell.failed = failed
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	next := func() State {
		select {
		case s := <-states:
			return s
		case <-time.After(20 * time.Second):
			require.FailNow(t, "nothing happens")
		}
		return State{}
	}
	require.Len(t, next().Databases, 2)
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "b")))
	require.NoError(t, os.Rename(filepath.Join(dir, "a"), filepath.Join(dir, "c")))
	failed <- fsnotify.ErrEventOverflow
	s := next()
	require.Len(t, s.Databases, 1)
	require.Equal(t, filepath.Join(dir, "c"), s.Databases[0].Folder)
	require.NoError(t, err)
	cancel()
	require.NoError(t, <-done)
	watched := keys(w.disk.eyes.notifier.(*deaf).open)
	require.Equal(t, []string{filepath.Dir(dir), dir, filepath.Join(dir, "c")}, watched, "folders that are gone are no longer watched")
}

func keys(m map[string]bool) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Two names of one folder are one watch, whose events are about both.
func TestHints(t *testing.T) {
	dir := t.TempDir()
	real := filepath.Join(dir, "real")
	require.NoError(t, os.Mkdir(real, 0o755))
	link := filepath.Join(dir, "link")
	require.NoError(t, os.Symlink("real", link))
	n := &deaf{room: 100, open: map[string]bool{}}
	e := newEyes(n)
	require.NoError(t, e.open(real, sight{folder: real}))
	require.NoError(t, e.open(link, sight{folder: link}))
	require.NoError(t, e.open(dir, sight{folder: link, root: true, only: "link"}))
	require.Equal(t, []string{dir, real}, keys(n.open))

	require.ElementsMatch(t, []hint{{folder: real, name: "a.yaml"}, {folder: link, name: "a.yaml"}}, e.hints(filepath.Join(real, "a.yaml")))
	require.ElementsMatch(t, []hint{{folder: link, deep: true}}, e.hints(link))
	require.Empty(t, e.hints(filepath.Join(dir, "other")))
	require.ElementsMatch(t, []hint{{folder: real}, {folder: link}}, e.hints(real), "of the folder itself")

	e.shut(sight{folder: real})
	require.Equal(t, []string{dir, real}, keys(n.open), "the other name still needs it")
	e.shut(sight{folder: link})
	require.Equal(t, []string{dir}, keys(n.open))
}
