package charts

import (
	"fmt"
	"slices"

	"github.com/onggi-db/onggi/render/drill"
	"github.com/onggi-db/onggi/render/dump"
	"github.com/onggi-db/onggi/render/manifest"
)

// note fills in what the notes say of the database's own objects: who knows the password, and what is backed up when.
func (b *build) note(f *blanks) {
	for _, o := range b.objects {
		command := b.backupCommand(o)
		if command != "" {
			s := schedule{Name: o.ref.Name}
			if !o.when.always() {
				s.When = o.when.expr()
			}
			f.Schedules = append(f.Schedules, s)
			if !slices.Contains(f.BackupCommands, command) {
				f.BackupCommands = append(f.BackupCommands, command)
			}
		}
		if o.ref.Kind == "Cluster" && b.set.Backend == "cloudnative-pg" {
			f.AppSecret = b.appSecret(o)
		}
	}
}

// backupCommand shows what came of a schedule of backups or dumps, "" for an object that is none. The back end native has CronJobs
// for them, and for drills, which keep nothing.
func (b *build) backupCommand(o *object) string {
	switch {
	case o.ref.Kind == "ScheduledBackup":
		return "kubectl -n {{ .Release.Namespace }} get backups.postgresql.cnpg.io"
	case o.ref.Kind != "CronJob" || o.part != manifest.PartBackup || b.set.Backend != "native":
		return ""
	}
	labels, _ := manifest.Get(o.cells.first(), "spec", "jobTemplate", "spec", "template", "metadata", "labels")
	marks, _ := labels.(manifest.Map)
	verb := "backup"
	switch {
	case marks[drill.LabelOf] != nil:
		return ""
	case marks[dump.Label] != nil:
		verb = "dump"
	}
	return fmt.Sprintf("onggi %s list %s -n {{ .Release.Namespace }}", verb, b.set.Name)
}

// appSecret is the Secret with the application's password, as a template writes it: the one that the Cluster names, or else the one
// that the operator makes. It is "" where environments differ in more than a value.
func (b *build) appSecret(o *object) string {
	var names []string
	for _, c := range o.cells {
		if c.has {
			names = append(names, ownSecret(c.value))
		}
	}
	slices.Sort(names)
	switch names = slices.Compact(names); {
	case slices.Equal(names, []string{""}):
		return b.set.Name + "-app"
	case slices.Contains(names, ""):
		return ""
	}
	var found []node
	for _, method := range entriesBelow(o.body, "spec", "bootstrap") {
		for _, e := range entriesBelow(method.node, "secret") {
			if e.key == "name" {
				found = append(found, e.node)
			}
		}
	}
	if len(found) == 1 {
		if l, ok := found[0].(*leaf); ok {
			return "{{ " + l.value.expr() + " }}"
		}
	}
	if len(names) != 1 {
		return ""
	}
	return names[0]
}

// ownSecret is the Secret that a Cluster names for the owner of its first database, however it comes to be.
func ownSecret(cluster any) string {
	bootstrap, _ := manifest.Get(cluster, "spec", "bootstrap")
	methods, _ := bootstrap.(manifest.Map)
	for _, method := range methods {
		if name, ok := manifest.Get(method, "secret", "name"); ok {
			return fmt.Sprint(name)
		}
	}
	return ""
}

// entriesBelow are the entries of the mapping at a path of keys, none where it is written in one piece.
func entriesBelow(n node, path ...string) []entry {
	m, ok := n.(*mapping)
	if !ok {
		return nil
	}
	if len(path) == 0 {
		return m.entries
	}
	for _, e := range m.entries {
		if e.key == path[0] {
			return entriesBelow(e.node, path[1:]...)
		}
	}
	return nil
}
