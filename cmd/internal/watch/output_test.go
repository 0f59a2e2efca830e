package watch_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/cmd/internal/watch"
	"github.com/onggi-db/onggi/render/tree"
)

func TestTwoWatchesOfOneFolder(t *testing.T) {
	p, _ := begin(t, map[string]string{"specs/shop.yaml": shop("shop", 3)})
	second, err := watch.New([]string{p.at("specs")}, watch.Options{Dir: p.at("out"), Emit: emit("")})
	require.NoError(t, err)
	err = second.Run(context.Background())
	require.ErrorIs(t, err, tree.ErrBusy)

	require.NoError(t, p.stop())
	fleet, err := tree.Open(p.at("out"), tree.Options{})
	require.NoError(t, err, "the folder is free again")
	require.NoError(t, fleet.Close())
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
	for name, wrong := range map[string]string{"it does not load": "kind: DatabaseCluster\n [", "it does not render": strings.Replace(shop("shop", 3), "10Gi", "10GB", 1)} {
		t.Run(name, func(t *testing.T) {
			p, _ := begin(t, map[string]string{"specs/shop.yaml": shop("shop", 3), "specs/crm.yaml": shop("crm", 3)})
			require.NoError(t, p.stop())
			p.remove("specs/crm.yaml")
			p.put("specs/shop.yaml", wrong)
			p.lastSerial = 0
			p.start(watch.Options{}, "specs")
			require.NotEmpty(t, p.next().Problems)
			require.Equal(t, map[string]bool{"shop": true, "crm": true}, folders(t, p.at("out")))
			p.put("specs/shop.yaml", shop("shop", 4))
			s := p.until(func(s watch.State) bool { return len(s.Problems) == 0 })
			require.Positive(t, s.Removed)
			require.NoDirExists(t, p.at("out/crm"))
			require.Contains(t, p.cluster("shop"), "instances: 4")
		})
	}
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
