package watch_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/cmd/internal/watch"
)

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

func TestArgumentsThatAreNotThere(t *testing.T) {
	_, err := watch.New([]string{filepath.Join(t.TempDir(), "nothing")}, watch.Options{})
	require.ErrorContains(t, err, "no such file")
	require.False(t, errors.Is(err, syscall.ENOSPC))
}
