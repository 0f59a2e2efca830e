package plan_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/plan"
	"github.com/onggi-db/onggi/render/spec"
)

const backedUp = "  backup: {destination: s3://backups/shop, credentials: {secret: keys}, schedules: [{name: daily, cron: 0 0 * * *}], drill: "

// How old a good drill may be is two of the longest gaps between drills, unless the spec says.
func TestDrillAge(t *testing.T) {
	const day = 24 * 60 * 60
	for drill, want := range map[string]int64{
		`"0 6 * * 0"`:                        14 * day,
		`"0 6 * * *"`:                        2 * day,
		`"0 6 1 * *"`:                        62 * day, // a month has up to 31 days
		`"0 6 * * 1-5"`:                      6 * day,  // from Friday to Monday
		`"0 6,18 * * *"`:                     day,
		`{schedule: 0 6 * * 0, maxAge: 30d}`: 30 * day,
	} {
		require.Equal(t, want, resolve(t, backedUp+drill+"}\n").Backup.Drill.MaxAge, drill)
	}
}

func TestDrills(t *testing.T) {
	require.Nil(t, resolve(t, "").Backup)
	require.Nil(t, resolve(t, backedUp+"null}\n").Backup.Drill)

	d := resolve(t, backedUp+`"0 6 * * 0"}`+"\n").Backup.Drill
	require.Equal(t, "0 6 * * 0", d.Cron.Five())
	d.Cron = plan.Cron{}
	require.Equal(t, &plan.Drill{
		Name: "shop-drill", Metrics: "shop-drill-metrics", Point: "newest", Amcheck: true, Timeout: time.Hour, MaxAge: 14 * 24 * 60 * 60,
		Image: "ghcr.io/onggi-db/onggi:0.1.0",
	}, d)

	d = resolve(t, "  databases: [{name: orders}, {name: stock}]\n"+backedUp+"{schedule: 0 6 * * 0, amcheck: false, image: 'r/onggi:1', checks: [{name: a, sql: select 1}, {name: b, sql: select 1, database: stock}]}}\n").Backup.Drill
	require.False(t, d.Amcheck)
	require.Equal(t, "r/onggi:1", d.Image)
	require.Equal(t, []spec.DrillCheck{{Name: "a", SQL: "select 1", Database: "orders"}, {Name: "b", SQL: "select 1", Database: "stock"}}, d.Checks, "a check that names no database asks the first")

	require.True(t, resolve(t, "  hibernate: true\n"+backedUp+`"0 6 * * 0"}`+"\n").Backup.Drill.Suspend)
}

// Databases that came with an import or a recovery are in no list.
func TestDrillsOfDatabasesThatAreNotListed(t *testing.T) {
	const check = "{schedule: 0 6 * * 0, checks: [{name: a, sql: select 1, database: legacy}]}}\n"
	const old = "  externalClusters: [{name: old, connection: {host: old}, archive: {destination: s3://backups/old, credentials: {secret: keys}}}]\n"
	for _, start := range []string{
		"  bootstrap: {recovery: {from: old}}\n", "  bootstrap: {basebackup: {from: old}}\n", "  bootstrap: {initdb: {import: {from: old, type: monolith, databases: ['*']}}}\n",
	} {
		require.Equal(t, "legacy", resolve(t, old+start+backedUp+check).Backup.Drill.Checks[0].Database)
	}
}
