package watch_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/cmd/internal/watch"
	"github.com/onggi-db/onggi/render/tree"
)

// fleet is n specs in folders of ten.
func fleet(n, instances int) map[string]string {
	files := map[string]string{}
	for i := range n {
		files[fmt.Sprintf("specs/team-%d/db-%02d.yaml", i/10, i)] = shop(fmt.Sprintf("db-%02d", i), instances)
	}
	return files
}

// git takes each file out and makes it anew.
func TestACheckoutOfManyFilesIsOneCycle(t *testing.T) {
	p, _ := begin(t, fleet(60, 3))
	for name, data := range fleet(60, 5) {
		p.remove(name)
		p.put(name, data)
	}
	s := p.next()
	require.Len(t, s.Moved, 60)
	require.Equal(t, []int{60, 0}, []int{s.Written, s.Removed})
	p.nothing()
}

func TestAProjectReachesWhatIsBelowIt(t *testing.T) {
	project := func(team string) string {
		return "apiVersion: onggi.dev/v1alpha1\nkind: Project\nmetadata: {name: p}\ndefaults: {labels: {example.com/team: " + team + "}}\n"
	}
	p, _ := begin(t, map[string]string{"specs/shop.yaml": shop("shop", 3), "specs/eu/onggi.yaml": project("eu"),
		"specs/eu/crm.yaml": shop("crm", 3), "specs/eu/north/erp.yaml": shop("erp", 3)})
	untouched := p.longAgo("out/shop/cluster-shop.yaml")

	p.put("specs/eu/onggi.yaml", project("europe"))
	s := p.next()
	require.Equal(t, []string{"crm", "erp"}, moved(s))
	require.Contains(t, p.cluster("erp"), "example.com/team: europe")

	p.put("specs/eu/onggi.yaml", "kind: [")
	require.NotEmpty(t, p.next().Problems)
	p.put("specs/eu/crm.yaml", shop("crm", 5))
	s = p.next()
	require.Equal(t, instances("crm", 3, 5), moves(s), "a project that is broken counts as it last was good")
	require.Contains(t, p.cluster("crm"), "example.com/team: europe")

	p.remove("specs/eu/onggi.yaml")
	s = p.next()
	require.Equal(t, []string{"crm", "erp"}, moved(s))
	require.NotContains(t, p.cluster("crm"), "example.com/team")

	p.put("specs/eu/north/onggi.yaml", project("north"))
	require.Equal(t, []string{"erp"}, moved(p.next()))
	untouched()
}

// longAgo sets a file's time back, and returns a check that nobody has touched it since.
func (p *play) longAgo(name string) func() {
	then := time.Unix(1000000000, 0)
	require.NoError(p.t, os.Chtimes(p.at(name), then, then))
	return func() {
		p.t.Helper()
		info, err := os.Stat(p.at(name))
		require.NoError(p.t, err)
		require.Equal(p.t, then.Unix(), info.ModTime().Unix(), "%s was touched", name)
	}
}

func moved(s watch.State) (names []string) {
	for _, m := range s.Moved {
		names = append(names, m.Database.Name)
	}
	return names
}

// secretFor is a manifest of that name. That it is no Secret does not matter to whose it is.
func secretFor(name string) string {
	return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + ", namespace: databases}\ndata: {a: b}\n"
}

func withSecret(name, secret string, instances int) string {
	return shop(name, instances) + "  databases: [{name: app, secret: " + secret + "}]\n"
}

func TestAManifestBelongsToTheFolder(t *testing.T) {
	p, _ := begin(t, map[string]string{"specs/other.yaml": shop("other", 3), "specs/eu/a.yaml": shop("a", 3), "specs/eu/b.yaml": withSecret("b", "pass", 3)})
	untouched := p.longAgo("out/other/cluster-other.yaml")

	p.put("specs/eu/secret.yaml", secretFor("pass"))
	require.Equal(t, []string{"b"}, moved(p.next()), "the one that mentions it has it")
	require.FileExists(t, p.at("out/b/configmap-pass.yaml"))

	p.put("specs/eu/b.yaml", strings.Replace(withSecret("b", "pass", 3), "10Gi", "10GB", 1))
	require.NotEmpty(t, p.next().Problems)
	p.put("specs/eu/a.yaml", shop("a", 4))
	require.Equal(t, instances("a", 3, 4), moves(p.next()))
	require.NoFileExists(t, p.at("out/a/configmap-pass.yaml"), "a manifest does not move because its owner has a typing error")
	require.FileExists(t, p.at("out/b/configmap-pass.yaml"))

	p.put("specs/eu/b.yaml", withSecret("b", "pass", 5))
	require.Equal(t, instances("b", 3, 5), moves(p.next()))

	p.put("specs/eu/secret.yaml", "kind: [")
	require.NotEmpty(t, p.next().Problems)
	p.put("specs/eu/b.yaml", withSecret("b", "pass", 6))
	require.Equal(t, instances("b", 5, 6), moves(p.next()))
	require.FileExists(t, p.at("out/b/configmap-pass.yaml"), "a broken manifest counts as it last was good")

	p.remove("specs/eu/secret.yaml")
	s := p.next()
	require.Equal(t, []string{"b"}, moved(s))
	require.NoFileExists(t, p.at("out/b/configmap-pass.yaml"))
	require.Empty(t, s.Problems)
	untouched()
}

// Beside a manifest nobody knows whose it is while a spec is wrong from the beginning.
func TestWhatIsSharedWaitsForWhatIsWrongFromTheBeginning(t *testing.T) {
	p, s := begin(t, map[string]string{"specs/eu/a.yaml": shop("a", 3), "specs/eu/b.yaml": "kind: DatabaseCluster\n  - [", "specs/eu/secret.yaml": secretFor("pass"),
		"specs/other.yaml": shop("other", 3)})
	require.NotEmpty(t, s.Problems)
	require.NoDirExists(t, p.at("out/a"))
	require.FileExists(t, p.at("out/other/cluster-other.yaml"))
	p.put("specs/eu/b.yaml", withSecret("b", "pass", 3))
	s = p.next()
	require.Empty(t, s.Problems)
	require.Equal(t, []string{"a", "b"}, moved(s))
	require.FileExists(t, p.at("out/b/configmap-pass.yaml"))
}

func TestTwoOfOneName(t *testing.T) {
	elsewhere := strings.Replace(shop("shop", 7), "namespace: databases", "namespace: elsewhere", 1)
	for name, second := range map[string]string{"in two namespaces": elsewhere, "in one": shop("shop", 7)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, _ := begin(t, map[string]string{"specs/m.yaml": shop("shop", 3), "specs/crm.yaml": shop("crm", 3)})
			p.put("specs/a.yaml", second)
			s := p.next()
			require.Len(t, s.Problems, 1)
			require.Equal(t, p.at("specs/a.yaml"), s.Problems[0].File)
			require.Empty(t, s.Moved)
			require.Contains(t, p.cluster("shop"), "instances: 3", "who was first keeps the name")

			p.remove("specs/m.yaml")
			s = p.next()
			require.Empty(t, s.Problems)
			require.Contains(t, p.cluster("shop"), "instances: 7")
			require.DirExists(t, p.at("out/shop"))
			p.nothing()
		})
	}
}

func TestADatabaseThatIsRenamed(t *testing.T) {
	p, _ := begin(t, map[string]string{"specs/a.yaml": shop("shop", 3), "specs/b.yaml": shop("till", 4)})
	p.put("specs/a.yaml", shop("store", 3))
	require.Equal(t, "gone: shop\nnew: store\n", moves(p.next()))
	require.NoDirExists(t, p.at("out/shop"))

	p.put("specs/tmp", shop("till", 3)) // a and b change their names with each other
	p.put("specs/tmp2", shop("store", 4))
	p.move("specs/tmp", "specs/a.yaml")
	p.move("specs/tmp2", "specs/b.yaml")
	s := p.next()
	require.Empty(t, s.Problems)
	require.Contains(t, p.cluster("till"), "instances: 3")
	require.Contains(t, p.cluster("store"), "instances: 4")
}

// The file that cannot be read may be the one that the database has moved to.
func TestNothingIsRemovedForAFileThatMayHaveIt(t *testing.T) {
	p, _ := begin(t, map[string]string{"specs/a.yaml": shop("shop", 3), "specs/b.yaml": shop("crm", 3)})
	p.move("specs/a.yaml", "specs/c.yaml")
	p.put("specs/c.yaml", shop("shop", 3)+"  - [")
	s := p.next()
	require.NotEmpty(t, s.Problems)
	require.FileExists(t, p.at("out/shop/cluster-shop.yaml"))
	p.put("specs/c.yaml", shop("store", 3))
	p.until(func(s watch.State) bool { return len(s.Problems) == 0 })
	require.NoDirExists(t, p.at("out/shop"))
	require.FileExists(t, p.at("out/store/cluster-store.yaml"))
}

func TestTheLastDatabaseStays(t *testing.T) {
	p, _ := begin(t, map[string]string{"specs/shop.yaml": shop("shop", 3)})
	p.remove("specs/shop.yaml")
	s := p.next()
	require.Len(t, s.Failures, 1)
	require.ErrorContains(t, s.Failures[0], "there is no DatabaseCluster any more")
	require.FileExists(t, p.at("out/shop/cluster-shop.yaml"))
	p.put("specs/shop.yaml", shop("shop", 4))
	s = p.next()
	require.Empty(t, s.Failures)
	require.Equal(t, instances("shop", 3, 4), moves(s))
}

func TestAFolderThatIsGoneComesBack(t *testing.T) {
	p, _ := begin(t, map[string]string{"specs/shop.yaml": shop("shop", 3), "specs/eu/crm.yaml": shop("crm", 3)})
	p.move("specs", "away")
	s := p.next()
	require.Len(t, s.Failures, 1)
	require.ErrorContains(t, s.Failures[0], p.at("specs"))
	require.FileExists(t, p.at("out/shop/cluster-shop.yaml"))
	p.put("away/eu/crm.yaml", shop("crm", 4))
	p.move("away", "specs")
	s = p.next()
	require.Empty(t, s.Failures)
	require.Equal(t, instances("crm", 3, 4), moves(s))
	p.put("specs/eu/crm.yaml", shop("crm", 5))
	require.Equal(t, instances("crm", 4, 5), moves(p.next()), "it is watched again")
}

func TestLinks(t *testing.T) {
	t.Run("a link to a folder is swapped", func(t *testing.T) {
		p := newPlay(t, map[string]string{"v1/shop.yaml": shop("shop", 3), "v1/crm.yaml": shop("crm", 3), "v2/shop.yaml": shop("shop", 4)})
		require.NoError(t, os.Symlink("v1", p.at("current")))
		p.start(watch.Options{}, "current")
		require.Len(t, p.next().Databases, 2)
		require.NoError(t, os.Symlink("v2", p.at("new")))
		p.move("new", "current")
		require.Equal(t, "gone: crm\n"+instances("shop", 3, 4), moves(p.next()))
		p.put("v2/shop.yaml", shop("shop", 5))
		require.Equal(t, instances("shop", 4, 5), moves(p.next()))
	})
	t.Run("a ConfigMap is mounted, and updated", func(t *testing.T) {
		p := newPlay(t, map[string]string{"mount/..v1/shop.yaml": shop("shop", 3), "mount/..v2/shop.yaml": shop("shop", 4)})
		require.NoError(t, os.Symlink("..v1", p.at("mount/..data")))
		require.NoError(t, os.Symlink("..data/shop.yaml", p.at("mount/shop.yaml")))
		p.start(watch.Options{}, "mount/shop.yaml")
		require.Len(t, p.next().Databases, 1)
		require.NoError(t, os.Symlink("..v2", p.at("mount/..data_tmp")))
		p.move("mount/..data_tmp", "mount/..data")
		p.remove("mount/..v1")
		require.Equal(t, instances("shop", 3, 4), moves(p.next()))
	})
	t.Run("links in a folder are not specs", func(t *testing.T) {
		p, _ := begin(t, map[string]string{"specs/shop.yaml": shop("shop", 3), "elsewhere/crm.yaml": shop("crm", 3)})
		require.NoError(t, os.Symlink(p.at("elsewhere/crm.yaml"), p.at("specs/crm.yaml")))
		require.NoError(t, os.Symlink(p.at("elsewhere"), p.at("specs/more")))
		p.nothing()
	})
}

func TestAFileAsArgument(t *testing.T) {
	p := newPlay(t, map[string]string{"specs/shop.yaml": shop("shop", 3), "specs/crm.yaml": shop("crm", 3)})
	p.start(watch.Options{}, "specs/shop.yaml")
	require.Len(t, p.next().Databases, 1)
	p.put("specs/crm.yaml", shop("crm", 4))
	p.put("specs/onggi.yaml", "apiVersion: onggi.dev/v1alpha1\nkind: Project\nmetadata: {name: p}\ndefaults: {labels: {example.com/team: eu}}\n")
	require.Equal(t, []string{"shop"}, moved(p.next()), "the project beside it counts, its neighbours do not")
	p.remove("specs/shop.yaml")
	s := p.next()
	require.Len(t, s.Failures, 1, "what was named is missed, not given up")
	require.FileExists(t, p.at("out/shop/cluster-shop.yaml"))
	p.put("specs/shop.yaml", shop("shop", 4))
	s = p.next()
	require.Equal(t, instances("shop", 3, 4), moves(s))
	require.Empty(t, s.Failures)
}

func TestOutputInsideOfWhatIsWatched(t *testing.T) {
	p := newPlay(t, map[string]string{"specs/shop.yaml": shop("shop", 3)})
	p.start(watch.Options{Dir: p.at("specs")}, "specs")
	require.Len(t, p.next().Databases, 1)
	p.put("specs/crm.yaml", shop("crm", 3))
	require.Equal(t, "new: crm\n", moves(p.next()))
	p.put("specs/crm.yaml", shop("crm", 4))
	require.Equal(t, instances("crm", 3, 4), moves(p.next()))
	p.nothing()
}

func TestOutputThatIsInTheWay(t *testing.T) {
	p, _ := begin(t, map[string]string{"specs/shop.yaml": shop("shop", 3), "specs/crm.yaml": shop("crm", 3)})
	p.put("out/shop/cluster-shop.yaml", "edited")
	p.put("specs/shop.yaml", shop("shop", 4))
	s := p.next()
	var conflict *tree.ConflictError
	require.Len(t, s.Failures, 1)
	require.ErrorAs(t, s.Failures[0], &conflict)
	require.Equal(t, "edited", p.cluster("shop"))
	p.put("specs/crm.yaml", shop("crm", 4))
	require.Equal(t, instances("crm", 3, 4), moves(p.next()), "others are not held up")

	p.remove("out/shop/cluster-shop.yaml")
	s = p.next()
	require.Empty(t, s.Failures, "it is tried again, although no spec changed")
	require.Equal(t, instances("shop", 3, 4), moves(s))
	require.Contains(t, p.cluster("shop"), "instances: 4")
}

func TestOutputThatIsRemoved(t *testing.T) {
	p, _ := begin(t, map[string]string{"specs/shop.yaml": shop("shop", 3), "specs/crm.yaml": shop("crm", 3)})
	p.remove("out")
	p.put("specs/shop.yaml", shop("shop", 4))
	require.Equal(t, instances("shop", 3, 4), moves(p.next()))
	require.Contains(t, p.cluster("crm"), "instances: 3", "everything is written again")
}

// What an earlier run has left goes once all is well, and not while a spec is wrong: it may be that spec's.
func TestLeftOvers(t *testing.T) {
	p, _ := begin(t, map[string]string{"specs/shop.yaml": shop("shop", 3), "specs/crm.yaml": shop("crm", 3)})
	require.NoError(t, p.stop())
	p.remove("specs/crm.yaml")
	p.put("specs/shop.yaml", "kind: DatabaseCluster\n [")
	p.lastSerial = 0
	p.start(watch.Options{}, "specs")
	require.NotEmpty(t, p.next().Problems)
	require.DirExists(t, p.at("out/crm"))
	p.put("specs/shop.yaml", shop("shop", 4))
	s := p.until(func(s watch.State) bool { return len(s.Problems) == 0 })
	require.Positive(t, s.Removed)
	require.NoDirExists(t, p.at("out/crm"))
	require.Contains(t, p.cluster("shop"), "instances: 4")
}

func TestAFileThatMayNotBeRead(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may read everything")
	}
	p, _ := begin(t, map[string]string{"specs/shop.yaml": shop("shop", 3), "specs/crm.yaml": shop("crm", 3)})
	p.put("specs/shop.yaml", shop("shop", 4))
	require.NoError(t, os.Chmod(p.at("specs/shop.yaml"), 0))
	require.NotEmpty(t, p.next().Failures)
	require.NoError(t, os.Chmod(p.at("specs/shop.yaml"), 0o644))
	require.Empty(t, p.until(func(s watch.State) bool { return len(s.Moved) > 0 }).Failures)
}

func TestPolling(t *testing.T) {
	p := newPlay(t, map[string]string{"specs/shop.yaml": shop("shop", 3), "specs/eu/crm.yaml": shop("crm", 3)})
	p.start(watch.Options{Poll: 20 * time.Millisecond}, "specs")
	p.next()
	p.put("specs/eu/crm.yaml", shop("crm", 5))
	require.Equal(t, instances("crm", 3, 5), moves(p.next()))
	p.put("specs/eu/north/erp.yaml", shop("erp", 5))
	require.Equal(t, "new: erp\n", moves(p.next()))
	p.move("specs/eu", "away")
	require.Equal(t, "gone: crm\ngone: erp\n", moves(p.next()))
}

func TestWithoutOutput(t *testing.T) {
	p := newPlay(t, map[string]string{"specs/shop.yaml": shop("shop", 3) + "environments: {prod: {instances: 5}, dev: {}}\n", "specs/crm.yaml": shop("crm", 3)})
	p.run(watch.Options{AllEnvs: true}, "specs")
	s := p.next()
	require.Equal(t, []string{""}, s.Databases[0].Envs)
	require.Equal(t, []string{"dev", "prod"}, s.Databases[1].Envs)
	bundle, err := p.w.Render(s.Databases[1].ID, "prod")
	require.NoError(t, err)
	require.EqualValues(t, 5, bundle.Plan.Instances)
	_, err = p.w.Render("nobody", "")
	require.ErrorIs(t, err, watch.ErrUnknown)

	p.put("specs/shop.yaml", shop("shop", 4)+"environments: {prod: {instances: 5}, test: {}}\n")
	s = p.next()
	require.Equal(t, "gone: shop\nnew: shop\n", moves(s), "dev is gone, prod did not move, test is new")
	require.Equal(t, []string{"dev", "test"}, []string{s.Moved[0].Env, s.Moved[1].Env})
	require.NoDirExists(t, p.at("out"))
}

func TestArgumentsThatAreNotThere(t *testing.T) {
	_, err := watch.New([]string{filepath.Join(t.TempDir(), "nothing")}, watch.Options{})
	require.ErrorContains(t, err, "no such file")
	require.False(t, errors.Is(err, syscall.ENOSPC))
}

// Whenever a watch is ended, what is there is whole, and the next one goes on from there.
func TestAWatchThatIsEndedAtAnyMoment(t *testing.T) {
	p := newPlay(t, fleet(60, 3))
	var first watch.State
	for i := range 8 {
		p.start(watch.Options{}, "specs")
		select {
		case first = <-p.states:
		case <-time.After(time.Duration(25+10*i) * time.Millisecond):
		}
		require.NoError(t, p.stop())
		require.NoDirExists(t, p.at("out/.onggi-staging"))
		for name := range folders(t, p.at("out")) {
			require.Contains(t, p.cluster(name), "instances: 3")
			require.FileExists(t, p.at("out/"+name+"/.onggi-files"))
		}
		for len(p.states) > 0 {
			<-p.states
		}
	}
	p.start(watch.Options{}, "specs")
	first = <-p.states
	require.Len(t, first.Databases, 60)
	require.Empty(t, first.Failures)
	require.Len(t, folders(t, p.at("out")), 60)
}
