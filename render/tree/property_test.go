package tree

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// world is the plain model of a folder: our files, other people's, and nothing between them.
type world struct {
	dir     string
	ours    map[string]string
	foreign map[string]string
}

// The law of the package, over random histories: after Sync the folder is the tree and the foreign files, or, when something is
// in the way, exactly what it was.
func TestRandomHistories(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 7))
		w := world{dir: t.TempDir(), ours: map[string]string{}, foreign: map[string]string{}}
		for step := range 10 {
			at := fmt.Sprintf("seed %d, step %d", seed, step)
			w.disturb(t, r)
			w.step(t, randomTree(r), at)
		}
	}
}

// disturb does what people do between two runs: add files of their own, remove some of ours.
func (w world) disturb(t *testing.T, r *rand.Rand) {
	name := randomPath(r)
	switch r.IntN(4) {
	case 0:
		one := map[string]string{name: "theirs"}
		if conflictWithForeign(treeOf(t, w.ours), one) || conflictWithForeign(treeOf(t, w.foreign), one) {
			return
		}
		put(t, w.dir, name, "theirs")
		w.foreign[name] = "theirs"
	case 1:
		if _, ours := w.ours[name]; ours {
			require.NoError(t, os.Remove(filepath.Join(w.dir, name)))
		}
	case 2:
		if _, theirs := w.foreign[name]; theirs {
			require.NoError(t, os.Remove(filepath.Join(w.dir, name)))
			for dir := range parents(name) {
				_ = os.Remove(filepath.Join(w.dir, dir)) // where it is empty
			}
			delete(w.foreign, name)
		}
	}
}

func (w *world) step(t *testing.T, tr Tree, at string) {
	old := time.Now().Add(-time.Hour).Truncate(time.Second)
	age(t, w.dir, old)
	before := everything(t, w.dir)
	changes, checkErr := Check(w.dir, tr)
	require.Equal(t, before, everything(t, w.dir), "%s: Check wrote something", at)

	res, err := Sync(w.dir, tr, quick)
	if conflictWithForeign(tr, w.foreign) {
		var conflicts *ConflictError
		require.ErrorAs(t, err, &conflicts, at)
		require.ErrorAs(t, checkErr, &conflicts, at)
		require.Equal(t, before, everything(t, w.dir), at)
		return
	}
	require.NoError(t, err, at)
	require.NoError(t, checkErr, at)
	w.ours = contents(tr)
	requireFolder(t, w.dir, tr, w.foreign, at)

	require.Equal(t, tr.Paths(), sorted(res.Written, res.Unchanged), at)
	var announced []string
	for _, c := range changes {
		announced = append(announced, c.Path)
	}
	require.Equal(t, sorted(announced), sorted(res.Written, res.Removed), "%s: Check and Sync disagree", at)
	for _, name := range res.Unchanged {
		require.Equal(t, old, modified(t, w.dir, name), "%s: %s", at, name)
	}
	for _, name := range res.Written {
		require.NotEqual(t, old, modified(t, w.dir, name), "%s: %s", at, name)
	}
	for name := range w.foreign {
		require.Equal(t, old, modified(t, w.dir, name), "%s: %s", at, name)
	}
}

func sorted(lists ...[]string) []string {
	all := slices.Concat(lists...)
	slices.Sort(all)
	return all
}

// randomPath draws from so few names that files, folders and other people's files meet often.
func randomPath(r *rand.Rand) string {
	elem := func() string { return string(rune('a' + r.IntN(3))) }
	name := elem()
	for range r.IntN(3) {
		name += "/" + elem()
	}
	return name
}

func randomTree(r *rand.Rand) Tree {
	var tr Tree
	for range r.IntN(8) {
		// A path that clashes with one before it is left out.
		_ = tr.Add(randomPath(r), []byte(fmt.Sprint(r.IntN(3))))
	}
	return tr
}

func treeOf(t *testing.T, files map[string]string) Tree {
	var tr Tree
	for name, data := range files {
		require.NoError(t, tr.Add(name, []byte(data)))
	}
	return tr
}
