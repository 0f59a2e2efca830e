package monitoring

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"strings"
	"sync"

	"github.com/onggi-db/onggi/render/manifest"
)

// Dashboards is the Grafana dashboard of the cluster, in a ConfigMap labelled for the sidecar that loads such ConfigMaps.
// It has the rows that the cluster has use for.
func Dashboards(c Cluster) []manifest.Object {
	if !Supported(c.Backend) {
		return nil
	}
	c = c.withDefaults()
	name := c.Name + "-dashboard"
	if c.DashboardNamespace != c.Namespace {
		name = c.Namespace + "." + name // clusters of many namespaces meet there; none of their names has a dot
	}
	data := manifest.Of(c.Namespace+"."+c.Name+".json", dashboard(c))
	o := object("v1", "ConfigMap", c.DashboardNamespace, name, stringMap(c.Labels, c.DashboardLabels), "data", data)
	if c.DashboardFolder != "" {
		o.Fields().Below("metadata").Set("annotations", manifest.Of("grafana_folder", c.DashboardFolder))
	}
	return []manifest.Object{o}
}

// dashboard puts a cluster's name into the head of the template and joins the rows it has.
func dashboard(c Cluster) string {
	t, backup, poolers := cnpgTemplate(), "cnpg_collector", ""
	switch {
	case c.Backend == Native:
		t, backup = nativeTemplate(), "onggi_backup"
	case c.Backup != nil && c.Backup.Plugin:
		backup = "barman_cloud_cloudnative_pg_io"
	}
	if len(c.Poolers) > 0 {
		poolers = "(" + strings.Join(c.Poolers, "|") + ")-[a-z0-9]+-[a-z0-9]+"
	}
	var out strings.Builder
	out.Grow(t.size + 512)
	for _, part := range t.head {
		switch part { // DNS labels need no escapes in JSON
		case markTitle:
			out.WriteString(c.Name)
			out.WriteString(" (")
			out.WriteString(c.Namespace)
			out.WriteString(")")
		case markID:
			id := sha256.Sum256([]byte(c.Namespace + "/" + c.Name))
			out.WriteString("onggi-")
			out.WriteString(hex.EncodeToString(id[:8]))
		case markNamespace:
			out.WriteString(c.Namespace)
		case markCluster:
			out.WriteString(c.Name)
		case markBackup:
			out.WriteString(backup)
		case markPoolers:
			out.WriteString(poolers)
		default:
			out.WriteString(part)
		}
	}
	out.WriteString(t.panels)
	if c.Backup != nil {
		out.WriteString(t.backup)
	}
	if len(c.Poolers) > 0 {
		out.WriteString(t.pooler)
	}
	if c.Backup != nil && c.Backup.DrillMaxAge > 0 && c.Backup.DrillJob == "" {
		out.WriteString(t.drill)
	}
	if len(c.Dumps) > 0 {
		out.WriteString(t.dump)
	}
	out.WriteString("\n]}\n")
	return out.String()
}

// Marks in the head of the template, each replaced by what the dashboard's cluster has there.
const (
	markTitle     = "@title@"
	markID        = "@id@"
	markNamespace = "@namespace@"
	markCluster   = "@cluster@"
	markBackup    = "@backup@"
	markPoolers   = "@poolers@"
)

// template is the text that dashboards have in common: every query depends on constants that the head declares. Panels
// stand one on a line, so that a change of one panel is a change of one line.
type template struct {
	head   []string // up to the list of panels, cut before and behind each mark
	panels string   // of the rows that every cluster has
	backup string   // of further rows, from the comma on
	pooler string
	drill  string
	dump   string
	size   int // of all of it
}

// cnpgTemplate is made when it is first asked for: most commands never are, and it costs as much as many clusters.
var cnpgTemplate = sync.OnceValue(func() template {
	return newTemplate([]row{overviewRow(), replicationRow(), loadRow(), storageRow(), podsRow()}, backupRow(), poolerRow())
})

var nativeTemplate = sync.OnceValue(func() template { return newTemplate(nativeRows(), nativeBackupRow(), nativePoolerRow()) })

// newTemplate is of the rows that every cluster has, and those of backups, poolers, drills and dumps.
func newTemplate(always []row, backup, pooler row) template {
	head := encode(manifest.Of(
		"title", markTitle,
		"uid", markID,
		"tags", []any{"postgresql", "onggi"},
		"schemaVersion", 39,
		"editable", false,
		"graphTooltip", 1,
		"refresh", "1m",
		"time", manifest.Of("from", "now-6h", "to", "now"),
		"templating", manifest.Of("list", variables()),
	))
	var g grid
	t := template{
		head:   cutAtMarks(strings.TrimSuffix(head, "}") + `,"panels":[`),
		panels: lines(g.place(always...)),
		backup: "," + lines(g.place(backup)),
		pooler: "," + lines(g.place(pooler)),
		drill:  "," + lines(g.place(drillRow())),
		dump:   "," + lines(g.place(dumpRow())),
	}
	t.size = len(head) + len(t.panels) + len(t.backup) + len(t.pooler) + len(t.drill) + len(t.dump)
	return t
}

// cutAtMarks splits a text into marks and what stands between them.
func cutAtMarks(text string) []string {
	var parts []string
	at := 0
	for _, found := range regexp.MustCompile("@[a-z]+@").FindAllStringIndex(text, -1) {
		parts = append(parts, text[at:found[0]], text[found[0]:found[1]])
		at = found[1]
	}
	return append(parts, text[at:])
}

// variables are the dashboard's: the Prometheus to ask, and constants that say about whom.
func variables() []any {
	constant := func(name, value string) any {
		return manifest.Of("type", "constant", "name", name, "query", value, "hide", 2, "skipUrlSync", true)
	}
	return []any{
		manifest.Of("type", "datasource", "name", "datasource", "label", "Prometheus", "query", "prometheus"),
		constant("namespace", markNamespace),
		constant("cluster", markCluster),
		constant("backup", markBackup),
		constant("pods", markCluster+"-[0-9]+"),
		constant("poolers", markPoolers),
	}
}

// lines encodes panels, each on a line of its own.
func lines(panels []any) string {
	var out strings.Builder
	for i, p := range panels {
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteString("\n" + encode(p))
	}
	return out.String()
}

// encode is compact JSON with sorted keys. Expressions keep their < and >.
func encode(v any) string {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("encode dashboard: " + err.Error()) // only constants get here
	}
	return strings.TrimSuffix(out.String(), "\n")
}
