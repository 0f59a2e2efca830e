package watch_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/cmd/internal/watch"
)

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

	p.put("specs/eu/secret.yaml", secretFor("pass"))
	require.Empty(t, p.next().Problems)
	emitted := p.emitted.Load()
	p.put("specs/eu/other.yaml", secretFor("other"))
	require.Equal(t, []string{"a"}, moved(p.next()), "what nobody mentions goes to the first")
	require.EqualValues(t, 1, p.emitted.Load()-emitted, "what stays as it is is not rendered again")
	p.remove("specs/eu/other.yaml")
	p.next()

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
	p.until(func(s watch.State) bool { return len(s.Problems) == 0 && len(s.Moved) > 0 })
	require.Contains(t, p.cluster("till"), "instances: 3")
	require.Contains(t, p.cluster("store"), "instances: 4")
}

// What is wrong with one is no reason to keep what was written for another.
func TestADatabaseGoesWhileAnotherIsWrong(t *testing.T) {
	p, _ := begin(t, map[string]string{"specs/a.yaml": shop("a", 3), "specs/b.yaml": shop("b", 3), "specs/c.yaml": shop("c", 3)})
	p.put("specs/a.yaml", strings.Replace(shop("a", 5), "10Gi", "10GB", 1))
	require.NotEmpty(t, p.next().Problems)
	p.remove("specs/b.yaml")
	require.Equal(t, "gone: b\n", moves(p.next()))
	require.Equal(t, map[string]bool{"a": true, "c": true}, folders(t, p.at("out")))
}

// A database that moves to another namespace and file is another one, but the folder is its.
func TestAFolderStaysForTheOneThatIsToHaveIt(t *testing.T) {
	p, _ := begin(t, map[string]string{"specs/a.yaml": shop("shop", 3), "specs/b.yaml": shop("crm", 3)})
	elsewhere := strings.Replace(shop("shop", 5), "namespace: databases", "namespace: elsewhere", 1)
	p.put("specs/c.yaml", strings.Replace(elsewhere, "10Gi", "10GB", 1))
	p.remove("specs/a.yaml")
	s := p.next()
	require.NotEmpty(t, s.Problems)
	require.Contains(t, p.cluster("shop"), "instances: 3")
	p.put("specs/c.yaml", elsewhere)
	s = p.until(func(s watch.State) bool { return len(s.Problems) == 0 })
	require.Contains(t, p.cluster("shop"), "instances: 5")
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
