package charts

import (
	"bytes"
	"embed"
	"fmt"
	"slices"
	"strings"
	texttemplate "text/template"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/variant"
)

// fixedFS holds what every chart has. Its own blanks are filled between [[ and ]], so that Helm's {{ }} need no escape.
//
//go:embed all:files
var fixedFS embed.FS

// fixedFiles are the paths in a chart of the files that are embedded here.
var fixedFiles = map[string]string{
	"templates/_helpers.tpl":          "files/_helpers.tpl",
	"templates/NOTES.txt":             "files/NOTES.txt",
	"templates/tests/connection.yaml": "files/connection.yaml",
	"README.md":                       "files/README.md",
	".helmignore":                     "files/helmignore",
}

// blanks fill the fixed files.
type blanks struct {
	Name, Namespace, Description, Backend, EngineName string
	Host, Port, Ping, AppSecret                       string
	CommonLabels, Keep, KeepName                      string
	TestEnabled, TestImage                            string
	BackupCommands                                    []string
	Schedules                                         []schedule
	Environments                                      []variant.Env
	Requires                                          []string
	Values                                            []row
}

// schedule is a backup schedule, and the condition it is rendered on, "" for always.
type schedule struct{ Name, When string }

// row is a line of the README's table.
type row struct{ Key, Type, Default, Doc string }

func (b *build) fixed() (map[string][]byte, error) {
	fill := b.blanks()
	out := map[string][]byte{}
	for path, source := range fixedFiles {
		text, err := fixedFS.ReadFile(source)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", source, err)
		}
		t, err := texttemplate.New(source).Delims("[[", "]]").Parse(string(text))
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", source, err)
		}
		var buf bytes.Buffer
		if err := t.Execute(&buf, fill); err != nil {
			return nil, fmt.Errorf("fill in %s: %w", path, err)
		}
		out[path] = buf.Bytes()
	}
	return out, nil
}

func (b *build) blanks() blanks {
	set := b.set
	f := blanks{
		Name: set.Name, Namespace: set.Namespace, Description: description(set), Backend: runner(set.Backend),
		EngineName: engineName(set.Engine), Host: writeService(set), Port: port(set.Engine),
		CommonLabels: b.builtin.commonLabels.expr(),
		Keep:         b.builtin.keep.expr(), KeepName: b.builtin.keep.name(),
		TestEnabled: b.builtin.testEnabled.expr(), TestImage: b.builtin.testImage.expr(),
		Environments: set.Envs, Requires: set.Requires,
	}
	f.Ping = ping(set.Engine, f.Host, f.Port)
	b.note(&f)
	values := slices.SortedFunc(slices.Values(b.all()), byPath)
	for _, v := range values {
		f.Values = append(f.Values, v.row())
	}
	return f
}

func (v *value) row() row {
	cell := strings.NewReplacer("|", `\|`, "\n", " ")
	text := string(manifest.EncodeJSON(v.standard()))
	if len(text) > 60 {
		text = "see values.yaml"
	} else {
		text = "`" + text + "`"
	}
	types := fmt.Sprint(v.types())
	return row{v.name(), cell.Replace(strings.Trim(types, "[]")), cell.Replace(text), cell.Replace(v.doc)}
}

func description(set variant.Set) string {
	return fmt.Sprintf("The %s database %s, run by %s.", engineName(set.Engine), set.Name, runner(set.Backend))
}

// runner is who runs the database, in words.
func runner(backend string) string {
	if backend == "native" {
		return "onggi's own agent"
	}
	return backend
}

func engineName(engine string) string {
	switch engine {
	case "postgres":
		return "PostgreSQL"
	case "mysql":
		return "MySQL"
	}
	return engine
}

func port(engine string) string {
	if engine == "mysql" {
		return "3306"
	}
	return "5432"
}

// writeService is the Service that leads to the primary.
func writeService(set variant.Set) string {
	switch set.Backend {
	case "cloudnative-pg", "native":
		return set.Name + "-rw"
	case "crunchy":
		return set.Name + "-primary"
	default: // zalando, mysql-operator
		return set.Name
	}
}

// ping is a command that succeeds when the database accepts connections; it needs no password.
func ping(engine, host, port string) string {
	if engine == "mysql" {
		return "mysqladmin ping --host=" + host + " --port=" + port + " --connect-timeout=5"
	}
	return "pg_isready --host=" + host + " --port=" + port + " --timeout=5"
}

// testImage has the client of the version that the database runs.
func testImage(set variant.Set) string {
	if set.Engine == "mysql" {
		return "docker.io/library/mysql:" + set.Version
	}
	return "docker.io/library/postgres:" + set.Version
}
