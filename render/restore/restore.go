package restore

import (
	"fmt"
	"strings"

	"github.com/onggi-db/onggi/render/drill"
	"github.com/onggi-db/onggi/render/spec"
	"github.com/onggi-db/onggi/render/spec/node"
)

// Options of [Spec].
type Options struct {
	// As is the name of the restored database, a DNS label that differs from the original's.
	As string
	// At is the moment to stop at, RFC 3339; "" for the end of the archive.
	At string
	// Backup names a Backup object to start from, in place of the archive; needed where backups are volume snapshots. Natively it is the label of
	// a backup in the archive, to which the database comes back.
	Backup string
	// Elsewhere are the project's other environments, which every spec is rendered for: there it starts empty and archives nowhere.
	Elsewhere []string
	// Existing are the Secrets that the original has and the restored database reads too.
	Existing []string
}

// archiveFields are what an archive to read from takes over from the backup that wrote it.
var archiveFields = [...]string{"destination", "serverName", "endpoint", "endpointCA", "region", "credentials", "encryptionKey"}

// Spec is the spec of a database restored from c's backups, as the text of a file, and what its reader should know: what was
// left out of it, what may not fit. c has a backup with a destination, or Options.Backup is set.
func Spec(c *spec.Cluster, o Options) (text []byte, notes []string) {
	e := editor{c: c, o: o, root: clone(c.Written())}
	e.document()
	e.settings()
	e.bootstrap()
	e.elsewhere()
	var out strings.Builder
	fmt.Fprintf(&out, "# %s as it was %s, restored from its backups. Written by onggi restore.\n", c.Name, moment(o))
	out.WriteString(reminder)
	w := writer{out: &out}
	w.mapping(e.root, 0)
	return []byte(out.String()), e.notes
}

// reminder stands above a restored spec until [Finish].
const reminder = "# Once it is up: onggi restore --finish takes bootstrap out again. Left in Git, it is an error (ONG7029).\n"

func moment(o Options) string {
	switch {
	case o.At != "":
		return "at " + o.At
	case o.Backup != "":
		return "in Backup " + o.Backup
	}
	return "at the end of its archive"
}

// editor changes a copy of a document.
type editor struct {
	c     *spec.Cluster
	o     Options
	root  *node.Node
	notes []string
}

// document gives the database its name. What one environment had is written out: the others have another history.
func (e *editor) document() {
	e.root.Style, e.root.Get("spec").Style = node.Block, node.Block // a line for each field, whatever the original was
	set(e.root.Get("metadata"), "name", scalar(e.o.As))
	if e.c.Env != "" && e.c.Environment != nil && e.c.Environment.Namespace != "" {
		set(e.root.Get("metadata"), "namespace", scalar(e.c.Namespace))
	}
	remove(e.root, "environments")
}

// elsewhere keeps the data of one environment out of the others, and what they would archive out of its path.
func (e *editor) elsewhere() {
	patches, null := block(), &node.Node{Kind: node.Scalar, Type: node.Null}
	for _, env := range e.o.Elsewhere {
		set(patches, env, flow("backup", null, "bootstrap", null, "externalClusters", null))
		e.notes = append(e.notes, fmt.Sprintf("environments.%s: the project has every database there too; %s is an empty one, do not apply it", env, e.o.As))
	}
	if len(patches.Keys) > 0 {
		set(e.root, "environments", patches)
	}
}

// settings leaves out what belongs to the original alone, and gives the restored database an archive of its own.
func (e *editor) settings() {
	s := e.root.Get("spec")
	e.leave(s, "expose", "its addresses belong to "+e.c.Name+"; move them when clients change over")
	e.leave(s, "replica", "a restored database is a primary")
	e.leave(s, "hibernate", "")
	e.leave(s, "externalClusters", "it starts from the archive of "+e.c.Name+" alone")
	if backup := s.Get("backup"); backup != nil && backup.Kind == node.Mapping && backup.Get("destination") != nil {
		set(backup, "serverName", scalar(e.o.As))
	}
	if tls := s.Get("tls"); tls.Get("secret") != nil {
		e.notes = append(e.notes, fmt.Sprintf("spec.tls.secret: clients refuse its certificate unless it names %s-rw too", e.o.As))
	}
	for _, library := range e.c.Spec.Preload {
		if drill.Acts(library) {
			e.notes = append(e.notes, fmt.Sprintf("spec.preload: %s does in %s what it does in %s, a second time: take it out until clients change over", library, e.o.As, e.c.Name))
		}
	}
	e.overrides(s.Get("overrides"))
	e.existing(s)
}

func (e *editor) leave(s *node.Node, field, why string) {
	if _, had := s.Pair(field); had == nil {
		return
	}
	remove(s, field)
	if why != "" {
		e.notes = append(e.notes, "spec."+field+" is left out: "+why)
	}
}

// overrides follow the names of the objects that they patch.
func (e *editor) overrides(list *node.Node) {
	if list == nil {
		return
	}
	for _, item := range list.Items {
		name := item.Get("name")
		if name == nil {
			continue
		}
		if rest, ours := strings.CutPrefix(name.Value, e.c.Name); ours && (rest == "" || rest[0] == '-') {
			set(item, "name", scalar(e.o.As+rest))
		}
	}
}

// existing declares the Secrets that the original's files make: two databases cannot both make them.
func (e *editor) existing(s *node.Node) {
	if len(e.o.Existing) == 0 {
		return
	}
	secrets := s.Get("secrets")
	if secrets == nil || secrets.Kind != node.Mapping {
		secrets = flow()
		set(s, "secrets", secrets)
	}
	list := &node.Node{Kind: node.Sequence, Style: node.Flow}
	declared := make(map[string]bool)
	if old := secrets.Get("existing"); old != nil && old.Kind == node.Sequence {
		list.Items = append(list.Items, old.Items...)
		for _, item := range old.Items {
			declared[text(item.Get("name"))] = true
		}
	}
	for _, name := range e.o.Existing {
		if !declared[name] {
			list.Items = append(list.Items, flow("name", scalar(name)))
		}
	}
	set(secrets, "existing", list)
}

// bootstrap starts from the original's archive, read from where it was written to.
func (e *editor) bootstrap() {
	s := e.root.Get("spec")
	recovery := flow()
	native := e.c.Spec.Backend == "native"
	if e.o.Backup != "" && !native {
		set(recovery, "backup", scalar(e.o.Backup))
	} else {
		set(recovery, "from", scalar(e.c.Name))
		backup, archive := e.c.Written().Get("spec").Get("backup"), flow()
		for _, field := range archiveFields {
			if value := backup.Get(field); value != nil {
				set(archive, field, clone(value))
			}
		}
		if archive.Get("serverName") == nil {
			set(archive, "serverName", scalar(e.c.Name))
		}
		set(s, "externalClusters", &node.Node{Kind: node.Sequence, Style: node.Block, Items: []*node.Node{block("name", scalar(e.c.Name), "archive", archive)}})
	}
	if e.o.At != "" {
		set(recovery, "target", flow("time", &node.Node{Kind: node.Scalar, Type: node.String, Style: node.DoubleQuoted, Value: e.o.At}))
	}
	if e.o.Backup != "" && native {
		set(recovery, "target", flow("immediate", &node.Node{Kind: node.Scalar, Type: node.Bool, Style: node.Plain, Value: "true"}, "backupID", scalar(e.o.Backup)))
	}
	set(s, "bootstrap", block("recovery", recovery))
}
