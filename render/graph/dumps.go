package graph

import (
	"slices"
	"strings"

	"github.com/onggi-db/onggi/render/plan"
)

// dumps are series of logical dumps, beside the backups or with a store to themselves.
func (a *artist) dumps() {
	if a.Dumps == nil {
		return
	}
	if a.Backup == nil {
		a.add(Node{
			ID: idStore, Lane: Backups, Kind: KindStore, Title: strings.TrimSuffix(a.Dumps.Destination, "/") + "/dumps/" + a.Dumps.Server,
			Lines: []string{storeWords(a.Dumps.Archive), "dumps alone"}, Object: a.cluster,
		})
	}
	for _, d := range a.Dumps.Series {
		cron := d.Cron.Five()
		lines := []string{cronWords(cron), "cron " + cron + ", UTC", dumpWords(d)}
		if d.Suspend {
			lines = append(lines, "suspended")
		}
		id := a.add(Node{
			ID: "dump:" + d.Name, Lane: Backups, Kind: KindSchedule, Title: "Dump " + d.Name, Lines: lines,
			Object: a.orCluster(a.find("CronJob", d.FullName)), Idle: d.Suspend,
		})
		a.join(id, idStore, Archive, "")
	}
}

func (a *artist) isDump(name string) bool {
	return a.Dumps != nil && slices.ContainsFunc(a.Dumps.Series, func(d plan.Dump) bool { return d.FullName == name })
}

// dumpWords are what is dumped.
func dumpWords(d plan.Dump) string {
	if len(d.Databases) == 0 {
		return "pg_dump of every database"
	}
	return "pg_dump of " + strings.Join(d.Databases, ", ")
}
