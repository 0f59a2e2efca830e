package main

import (
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/monitoring"
)

// dumped is a cluster of three members of which the rendered command line makes dumps. They get too old within a minute, as time is squeezed.
type dumped struct {
	scene
	dumps  *dumps
	folder string // where dumps are, beside the backups
}

func playDumps(t *testing.T, prom *prometheus, told *table) {
	d, repository := dumpsInFolder(t)
	d.queries = monitoring.DumpQueries()
	c := &dumped{scene: scene{lab: d.lab, name: "dumps", prom: prom, table: told}, dumps: d, folder: repository + "/dumps"}
	c.edit("hba: [", "monitor: true\n  hba: [")
	for i, p := range c.pods {
		p.node = "node-" + strconv.Itoa(i)
		p.mount(900)
	}
	d.ready()
	c.repositoryIsOurs()
	c.take()
	c.watch()
	c.play(c.troubles())
}

// take makes a good dump.
func (c *dumped) take() {
	c.t.Helper()
	said, err := c.dumps.dump("nightly")
	require.NoError(c.t, err, said)
}

// refuse has the store take no dump, and tries to make one.
func (c *dumped) refuse() {
	c.t.Helper()
	require.NoError(c.t, os.Chmod(c.folder+"/shop/nightly", 0o550))
	said, err := c.dumps.dump("nightly")
	require.Error(c.t, err, said)
}

func (c *dumped) accept() {
	require.NoError(c.t, os.Chmod(c.folder+"/shop/nightly", 0o750))
	c.take()
}

func (c *dumped) troubles() []trouble {
	const old, failed, worse = "PostgresDumpTooOld/warning", "PostgresDumpFailed/warning", "PostgresDumpFailed/critical"
	return []trouble{{
		what: "nobody dumps a new cluster", fires: []string{old},
		cause: func() { c.leader().must("DELETE FROM onggi_dump.outcome") }, cure: c.take,
	}, {
		what: "nobody makes another dump", fires: []string{old},
		cause: func() {}, cure: c.take,
	}, {
		what: "the store takes no dump", fires: []string{failed}, may: []string{old},
		cause: c.refuse, cure: c.accept,
	}, {
		what: "the store takes no dump, for the third time", fires: []string{worse}, also: []string{failed}, may: []string{old},
		cause: func() {
			for range 3 {
				c.refuse()
				time.Sleep(1100 * time.Millisecond) // names of dumps are seconds
			}
		},
		cure: c.accept,
	}}
}
