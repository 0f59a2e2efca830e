package policies

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/onggi-db/onggi/render/manifest"
)

// archive is one place that base backups and WAL are written to or read from: a path in an object store and the folder of
// one server below it.
type archive struct {
	destination string // "s3://bucket/path", or "ObjectStore namespace/name" when that store is not in the input
	endpoint    string
	server      string
	cluster     *entry
	field       []any  // of cluster, where the archive is named
	store       *entry // the ObjectStore, when there is one in the input
}

// same says whether two archives are one and the same folder.
func (a archive) same(b archive) bool {
	return a.destination == b.destination && a.endpoint == b.endpoint && a.server == b.server
}

func (a archive) String() string { return a.destination + "/" + a.server }

// writes is where a cluster archives its WAL, by plugin or in-tree; ok is false when it does not.
func (w *world) writes(c *entry) (archive, bool) {
	for i, p := range items(c.Body(), "spec", "plugins") {
		if text(p, "name") == barmanPlugin && boolean(p, true, "enabled") && boolean(p, false, "isWALArchiver") {
			a := w.pluginArchive(c, mapping(p, "parameters"))
			a.field = at("spec", "plugins", i)
			return a, true
		}
	}
	if store := mapping(c.Body(), "spec", "backup", "barmanObjectStore"); store != nil {
		return inTreeArchive(c, store, c.ref.Name, at("spec", "backup", "barmanObjectStore")), true
	}
	return archive{}, false
}

// reads are the archives a cluster starts from or follows. A plugin takes the cluster's own name for the server that is not
// named, the in-tree form that of the external cluster.
func (w *world) reads(c *entry) []archive {
	var out []archive
	for _, source := range []string{text(c.Body(), "spec", "bootstrap", "recovery", "source"), text(c.Body(), "spec", "replica", "source")} {
		for i, x := range items(c.Body(), "spec", "externalClusters") {
			if source == "" || text(x, "name") != source {
				continue
			}
			field := at("spec", "externalClusters", i)
			if text(x, "plugin", "name") == barmanPlugin {
				a := w.pluginArchive(c, mapping(x, "plugin", "parameters"))
				a.field = join(field, "plugin")
				out = append(out, a)
			}
			if store := mapping(x, "barmanObjectStore"); store != nil {
				out = append(out, inTreeArchive(c, store, source, join(field, "barmanObjectStore")))
			}
		}
	}
	return out
}

func (w *world) pluginArchive(c *entry, parameters manifest.Map) archive {
	name := text(parameters, "barmanObjectName")
	a := archive{
		destination: "ObjectStore " + c.ref.Namespace + "/" + name,
		server:      cmp.Or(text(parameters, "serverName"), c.ref.Name),
		cluster:     c,
		store:       w.find(kindObjectStore, c.ref.Namespace, name),
	}
	if a.store != nil {
		configuration := mapping(a.store.Body(), "spec", "configuration")
		a.destination, a.endpoint = location(configuration)
	}
	return a
}

func inTreeArchive(c *entry, store manifest.Map, server string, field []any) archive {
	a := archive{server: cmp.Or(text(store, "serverName"), server), cluster: c, field: field}
	a.destination, a.endpoint = location(store)
	return a
}

func location(configuration manifest.Map) (destination, endpoint string) {
	return strings.TrimRight(text(configuration, "destinationPath"), "/"), strings.TrimRight(text(configuration, "endpointURL"), "/")
}

func recoveryFromOwnArchive(w *world) []Finding {
	var out []Finding
	for _, c := range w.kinds[kindCluster] {
		written, ok := w.writes(c)
		if !ok {
			continue
		}
		for _, read := range w.reads(c) {
			if read.same(written) {
				out = append(out, c.finding(written.field, fmt.Sprintf("archives to %s, which %s reads the backup from", written, manifest.FormatPath(read.field))))
			}
		}
	}
	return out
}

func sharedArchives(w *world) []Finding {
	var out []Finding
	var seen []archive
	for _, c := range w.kinds[kindCluster] {
		a, ok := w.writes(c)
		if !ok {
			continue
		}
		for _, b := range seen {
			if a.same(b) && b.cluster.ref != c.ref {
				out = append(out, c.finding(a.field, fmt.Sprintf("archives to %s, as %s does", a, b.cluster.ref)))
			}
		}
		seen = append(seen, a)
	}
	return out
}

// strayRecovery finds a restore of a server that is archived in the input, but somewhere else.
func strayRecovery(w *world) []Finding {
	var written []archive
	for _, c := range w.kinds[kindCluster] {
		if a, ok := w.writes(c); ok {
			written = append(written, a)
		}
	}
	var out []Finding
	for _, c := range w.kinds[kindCluster] {
		for _, read := range w.reads(c) {
			elsewhere := ""
			for _, a := range written {
				if a.same(read) {
					elsewhere = ""
					break
				}
				if a.server == read.server && a.cluster.ref.Namespace == c.ref.Namespace {
					elsewhere = a.String()
				}
			}
			if elsewhere != "" {
				out = append(out, c.finding(read.field, fmt.Sprintf("reads %s, which nothing here writes; the backups of %s go to %s", read, read.server, elsewhere)))
			}
		}
	}
	return out
}

func noRetention(w *world) []Finding {
	var out []Finding
	for _, c := range w.kinds[kindCluster] {
		a, ok := w.writes(c)
		switch {
		case !ok:
		case a.field[1] == "backup" && text(c.Body(), "spec", "backup", "retentionPolicy") == "":
			out = append(out, c.finding(at("spec", "backup", "retentionPolicy"), "backups and WAL are kept for ever"))
		case a.store != nil && text(a.store.Body(), "spec", "retentionPolicy") == "":
			out = append(out, a.store.finding(at("spec", "retentionPolicy"), fmt.Sprintf("the backups and WAL of %s are kept for ever", c.ref)))
		}
	}
	return out
}

// backupsOf are the schedules and backups that name a cluster.
func (w *world) backupsOf(c *entry) []*entry {
	var out []*entry
	for _, kind := range []string{kindScheduledBackup, kindBackup} {
		for _, b := range w.kinds[kind] {
			if b.ref.Namespace == c.ref.Namespace && text(b.Body(), "spec", "cluster", "name") == c.ref.Name {
				out = append(out, b)
			}
		}
	}
	return out
}

func noBackup(w *world) []Finding {
	var out []Finding
	for _, c := range w.kinds[kindCluster] {
		_, archives := w.writes(c)
		if !archives && len(w.backupsOf(c)) == 0 && len(items(c.Body(), "spec", "plugins")) == 0 {
			out = append(out, c.finding(at("spec", "backup"), "nothing backs this database up"))
		}
	}
	return out
}

func archiveWithoutBase(w *world) []Finding {
	var out []Finding
	for _, c := range w.kinds[kindCluster] {
		if a, ok := w.writes(c); ok && len(w.backupsOf(c)) == 0 {
			out = append(out, c.finding(a.field, "WAL is archived, but no ScheduledBackup takes a base backup to replay it on"))
		}
	}
	return out
}

// backupMethods compares how a backup is to be taken with what its cluster is set up for.
func backupMethods(w *world) []Finding {
	var out []Finding
	for _, c := range w.kinds[kindCluster] {
		inTree, snapshot := has(c.Body(), "spec", "backup", "barmanObjectStore"), has(c.Body(), "spec", "backup", "volumeSnapshot")
		plugins := len(items(c.Body(), "spec", "plugins")) > 0
		for _, b := range w.backupsOf(c) {
			method := text(b.Body(), "spec", "method")
			switch cmp.Or(method, "barmanObjectStore") {
			case "barmanObjectStore":
				if inTree {
					continue
				}
				message := "takes the in-tree method, which the cluster is not set up for"
				if method == "" {
					message = "is not set, which means the in-tree barmanObjectStore, which the cluster is not set up for"
				}
				if plugins {
					message += "; it is backed up by a plugin"
				}
				out = append(out, b.finding(at("spec", "method"), message))
			case "plugin":
				if !plugins {
					out = append(out, b.finding(at("spec", "method"), "takes a plugin, and the cluster has none"))
				}
			case "volumeSnapshot":
				if !snapshot {
					out = append(out, b.finding(at("spec", "method"), "takes volume snapshots, and the cluster has no spec.backup.volumeSnapshot"))
				}
			}
		}
	}
	return out
}
