package watch_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/cmd/internal/source"
	"github.com/onggi-db/onggi/cmd/internal/watch"
	"github.com/onggi-db/onggi/render/spec"
	"github.com/onggi-db/onggi/render/tree"
)

// The law of a watch: whatever people did meanwhile, once all is well the folder is what one render of the specs would write.
func TestAWatchEndsAsARenderWould(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			p, _ := begin(t, map[string]string{"specs/shop.yaml": shop("shop", 3)})
			e := &editor{play: p, rand: rand.New(rand.NewPCG(seed, 1))}
			e.mark()
			for range 3 {
				for range 1 + e.rand.IntN(12) {
					e.edit()
				}
				e.mend()
				e.seen()
				want := e.rendered()
				differs := func() []string { return difference(want, ours(t, p.at("out"))) }
				// Of what was done last the system may not have told everything yet.
				require.Eventually(t, func() bool { return len(differs()) == 0 }, patience, 10*time.Millisecond, "%s\n%s", strings.Join(e.did, "\n"), differs())
			}
		})
	}
}

// difference names the files that are not the same.
func difference(want, got map[string]string) (names []string) {
	for name, data := range want {
		if is, there := got[name]; !there {
			names = append(names, "missing: "+name)
		} else if is != data {
			names = append(names, "differs: "+name)
		}
	}
	for name := range got {
		if _, wanted := want[name]; !wanted {
			names = append(names, "left: "+name)
		}
	}
	return names
}

// editor does what people do to specs.
type editor struct {
	*play
	rand  *rand.Rand
	did   []string
	marks int
}

func (e *editor) one(of ...string) string { return of[e.rand.IntN(len(of))] }

func (e *editor) say(format string, args ...any) { e.did = append(e.did, fmt.Sprintf(format, args...)) }

// files are those below specs/, sorted, but for the mark.
func (e *editor) files() []string {
	all := ours(e.t, e.at("specs"))
	delete(all, "mark.yaml")
	return slices.Sorted(maps.Keys(all))
}

func (e *editor) edit() {
	dir := e.one("", "eu/", "eu/north/", "us/")
	names := []string{"a", "b", "c"}
	name := e.one(names...)
	instances := 2 + e.rand.IntN(8)
	switch e.rand.IntN(10) {
	case 0, 1, 2:
		file := "specs/" + dir + name + ".yaml"
		text := withSecret(strings.Trim(strings.ReplaceAll(dir, "/", "-")+name, "-"), e.one("one", "two"), instances)
		e.say("write %s with %d", file, instances)
		e.put(file, text)
	case 3:
		file := "specs/" + dir + "secret.yaml"
		e.say("write %s", file)
		e.put(file, secretFor(e.one("one", "two")))
	case 4:
		file := "specs/" + dir + "onggi.yaml"
		e.say("write %s", file)
		e.put(file, fmt.Sprintf("apiVersion: onggi.dev/v1alpha1\nkind: Project\nmetadata: {name: p}\ndefaults: {labels: {example.com/n: n%d}}\n", instances))
	case 5:
		if files := e.files(); len(files) > 0 {
			file := e.one(files...)
			e.say("remove %s", file)
			e.remove("specs/" + file)
		}
	case 6:
		from, to := "specs/"+e.one("eu", "us", "eu/north"), "specs/"+e.one("eu/moved", "us/moved", "moved")
		err := os.Rename(e.at(from), e.at(to))
		e.say("move %s to %s: %v", from, to, err)
	case 7:
		if files := e.files(); len(files) > 0 {
			file := e.one(files...)
			e.say("break %s", file)
			e.put("specs/"+file, "kind: DatabaseCluster\n - [")
		}
	case 8:
		if files := e.files(); len(files) > 0 {
			from, to := e.one(files...), e.one(files...)
			if strings.HasSuffix(from, "onggi.yaml") != strings.HasSuffix(to, "onggi.yaml") {
				return // render reads clusters in onggi.yaml, and Projects elsewhere, only for files that it happens to read with them
			}
			e.say("rename %s to %s", from, to)
			e.move("specs/"+from, "specs/"+to)
		}
	case 9:
		e.mark()
		if e.rand.IntN(2) == 0 {
			e.seen()
		}
	}
}

// mark changes a spec of its own. A cycle that has it has everything before.
func (e *editor) mark() {
	e.marks++
	e.put("specs/mark.yaml", shop("mark", 2+e.marks))
}

func (e *editor) seen() {
	e.mark()
	want := fmt.Sprintf("instances: %d\n", 2+e.marks)
	e.until(func(s watch.State) bool {
		if !slices.ContainsFunc(s.Moved, func(m watch.Move) bool { return m.Database.Name == "mark" }) {
			return false
		}
		// On a busy machine the mark may stand empty for longer than doubtGrace while we write it, which is a deletion until it stands there again.
		data, err := os.ReadFile(e.at("out/mark/cluster-mark.yaml"))
		if !errors.Is(err, fs.ErrNotExist) {
			require.NoError(e.t, err)
		}
		return strings.Contains(string(data), want)
	})
}

// mend removes every file with a problem.
func (e *editor) mend() {
	for {
		_, problems := e.documents()
		if len(problems) == 0 {
			return
		}
		for _, p := range problems {
			e.say("mend %s: %s", p.File, p.Message)
			require.NoError(e.t, os.RemoveAll(filepath.FromSlash(p.File)))
		}
	}
}

// documents are those that render would read.
func (e *editor) documents() (docs []*spec.Document, problems spec.Problems) {
	in, err := source.Read(nil, []string{e.at("specs")})
	require.NoError(e.t, err)
	taken := map[string]bool{}
	err = in.Batches(context.Background(), func(found []*spec.Document) error {
		for _, doc := range found {
			if taken[doc.Name] {
				problems = append(problems, doc.Problem("ONG3013", "metadata.name", "taken", "", ""))
			}
			taken[doc.Name] = true
			if _, err := emit("")(doc); err != nil {
				problems = append(problems, err.(spec.Problems)...)
			}
		}
		docs = append(docs, found...)
		return nil
	})
	if err != nil {
		problems = append(problems, err.(spec.Problems)...)
	}
	return docs, problems
}

// rendered is what one render would write.
func (e *editor) rendered() map[string]string {
	docs, problems := e.documents()
	require.Empty(e.t, problems)
	dir := filepath.Join(e.t.TempDir(), "out")
	f, err := tree.Open(dir, tree.Options{NoFlush: true})
	require.NoError(e.t, err)
	defer f.Close()
	for _, doc := range docs {
		outputs, err := emit("")(doc)
		require.NoError(e.t, err)
		for _, out := range outputs {
			_, err := f.Sync(out.Dir, out.Tree)
			require.NoError(e.t, err)
		}
	}
	_, err = f.Commit()
	require.NoError(e.t, err)
	return ours(e.t, dir)
}
