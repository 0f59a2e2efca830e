package charts

import (
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/variant"
)

// Options are what a chart has beside the database.
type Options struct {
	ChartVersion string // SemVer; "" is 0.1.0
	KubeVersion  string // what the proof renders for, e.g. "v1.31.0"; "" is DefaultKubeVersion
}

const (
	defaultChartVersion = "0.1.0"
	// DefaultKubeVersion is the Kubernetes version that charts are proven for unless told otherwise.
	DefaultKubeVersion = "v1.31.0"
	kubeConstraint     = ">=1.29.0-0" // -0 lets vendors' suffixes through
	home               = "https://github.com/onggi-db/onggi"
)

// Emit compiles the set into a chart: the content of its files by their paths below the chart's folder. What it returns
// has been rendered with the Helm engine, once for Base and once for each environment, and is equal to the set; where it
// is not, the error is a *[Mismatch].
func Emit(set variant.Set, o Options) (map[string][]byte, error) {
	if o.ChartVersion == "" {
		o.ChartVersion = defaultChartVersion
	}
	if o.KubeVersion == "" {
		o.KubeVersion = DefaultKubeVersion
	}
	if _, err := semver.StrictNewVersion(o.ChartVersion); err != nil {
		return nil, fmt.Errorf("chart version %q: %w", o.ChartVersion, err)
	}
	b, err := compile(set)
	if err != nil {
		return nil, err
	}
	out, err := b.files(o)
	if err != nil {
		return nil, err
	}
	if err := prove(set, out, o.KubeVersion); err != nil {
		return nil, err
	}
	return out, nil
}

// files writes the chart.
func (b *build) files(o Options) (map[string][]byte, error) {
	out, err := b.fixed()
	if err != nil {
		return nil, err
	}
	for path, obj := range b.paths() {
		out[path] = objectTemplate(obj)
	}
	values := slices.SortedFunc(slices.Values(b.all()), byPath)
	out["Chart.yaml"] = b.chartFile(o)
	out["values.yaml"] = valuesFile(b.set.Name, values)
	if out["values.schema.json"], err = schemaFile("Values of "+b.set.Name, values); err != nil {
		return nil, err
	}
	for i, env := range b.set.Envs {
		out[valuesPath(env.Name)] = environmentFile(b.set.Name, env.Name, values, i+1)
	}
	return out, nil
}

// valuesPath is the path of an environment's values.
func valuesPath(env string) string { return "values-" + env + ".yaml" }

// paths are the templates' paths: the names that the plain manifests have.
func (b *build) paths() map[string]*object {
	firsts := make([]manifest.Object, len(b.objects))
	for i, o := range b.objects {
		firsts[i] = manifest.New(o.cells.first().(manifest.Map))
	}
	out := make(map[string]*object, len(b.objects))
	for i, name := range manifest.FileNames(firsts) {
		stem := "templates/" + fileWord(strings.TrimSuffix(name, ".yaml"))
		path := stem + ".yaml"
		for n := 2; out[path] != nil; n++ {
			path = fmt.Sprintf("%s-%d.yaml", stem, n)
		}
		out[path] = b.objects[i]
	}
	return out
}

// fileWord keeps to what every file system and Helm take for a name.
func fileWord(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '.':
			return r
		}
		return '_'
	}, s)
}

// chartFile is Chart.yaml.
func (b *build) chartFile(o Options) []byte {
	set := b.set
	head := []manifest.Map{
		{"apiVersion": "v2"}, {"name": set.Name}, {"description": description(set)}, {"type": "application"},
		{"version": o.ChartVersion},
	}
	tail := manifest.Map{
		"kubeVersion": kubeConstraint, "home": home, "sources": []any{home},
		"icon":        "https://raw.githubusercontent.com/onggi-db/onggi/main/charts/icon.svg",
		"keywords":    []any{"database", set.Engine, "high-availability", set.Backend},
		"maintainers": []any{manifest.Map{"name": "onggi-db", "url": "https://github.com/onggi-db"}},
		"annotations": manifest.Map{
			"artifacthub.io/category": "database",
			"artifacthub.io/links":    "- name: onggi\n  url: " + home + "\n",
		},
	}
	var out []byte
	for _, m := range head {
		out = manifest.AppendYAML(out, m)
	}
	// Always in quotes: a version such as 17.10 would be read as a number.
	out = fmt.Appendf(out, "appVersion: %s\n", goQuote(set.Version))
	return manifest.AppendYAML(out, tail)
}
