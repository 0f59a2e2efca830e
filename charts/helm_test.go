package charts

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
	"helm.sh/helm/v3/pkg/strvals"
	"sigs.k8s.io/yaml"

	"github.com/onggi-db/onggi/render/manifest"
)

// writeChart puts a chart on disk, as a user would have it.
func writeChart(t *testing.T, files map[string][]byte) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "shop")
	for p, data := range files {
		p = filepath.Join(dir, p)
		require.NoError(t, os.MkdirAll(filepath.Dir(p), 0o755))
		require.NoError(t, os.WriteFile(p, data, 0o644))
	}
	return dir
}

func TestLintStrictFindsNothing(t *testing.T) {
	files := emit(t, shop(t))
	dir := writeChart(t, files)
	kube, err := chartutil.ParseKubeVersion(DefaultKubeVersion)
	require.NoError(t, err)
	for _, env := range []string{"", "dev", "prod"} {
		values := map[string]any{}
		if env != "" {
			require.NoError(t, yaml.Unmarshal(files[valuesPath(env)], &values))
		}
		result := lint.AllWithKubeVersion(dir, values, "databases", kube)
		require.Empty(t, result.Messages, env)
		require.Less(t, result.HighestSeverity, support.InfoSev, env)
	}
}

func TestTemplatesUseNothingThatDependsOnTheCluster(t *testing.T) {
	forbidden := regexp.MustCompile(`\b(lookup|rand\w*|gen\w+|now|tpl|getHostByName|env|expandenv|Capabilities)\b`)
	actions := regexp.MustCompile(`(?s)\{\{.*?\}\}`)
	for p, data := range emit(t, shop(t)) {
		if strings.HasPrefix(p, "templates/") {
			for _, a := range actions.FindAllString(string(data), -1) {
				require.NotRegexp(t, forbidden, strings.ReplaceAll(a, "`", ""), p)
			}
		}
	}
}

// set renders a chart with --set flags.
func (c *loaded) set(t *testing.T, flags ...string) ([]manifest.Object, error) {
	t.Helper()
	overrides := map[string]any{}
	for _, f := range flags {
		require.NoError(t, strvals.ParseInto(f, overrides))
	}
	return c.renderWith(overrides, "databases")
}

func shopChart(t *testing.T) *loaded {
	t.Helper()
	c, err := load(emit(t, shop(t)), DefaultKubeVersion)
	require.NoError(t, err)
	return c
}

func TestValuesAreCheckedAgainstAClosedSchema(t *testing.T) {
	c := shopChart(t)
	for _, row := range []struct{ flag, reason string }{
		{"instance=3", "additional properties 'instance' not allowed"},
		{"cluster.enablePdb=true", "additional properties 'enablePdb' not allowed"},
		{"instances=three", "got string, want integer"},
		{"instances=0", "minimum"},
		{"instances=2.5", "got string, want integer"},
		{"storage.size=20", "got number, want string"},
		{"storage.size=20G", "does not match pattern"},
		{"backup.enabled=yes", "got string, want boolean"},
		{"commonLabels.app\\.kubernetes\\.io/name=other", "'not' failed"},
		{"cluster.postgresql.pg_hba=text", "want array"},
	} {
		t.Run(row.flag, func(t *testing.T) {
			_, err := c.set(t, row.flag)
			require.ErrorContains(t, err, row.reason)
		})
	}
}

func TestValuesCanBeOverridden(t *testing.T) {
	c := shopChart(t)
	for _, row := range []struct {
		flag, kind string
		path       []any
		want       any
	}{
		{"storage.size=20Gi", "Cluster", []any{"spec", "storage", "size"}, "20Gi"},
		{"instances=10000000", "Cluster", []any{"spec", "instances"}, int64(10000000)},
		{"cluster.enablePDB=false", "Cluster", []any{"spec", "enablePDB"}, false},
		{"cluster.postgresql.parameters.log_statement=on", "Cluster", []any{"spec", "postgresql", "parameters", "log_statement"}, "on"},
		{"cluster.postgresql.pg_hba={host all all all md5,no}", "Cluster", []any{"spec", "postgresql", "pg_hba"}, []any{"host all all all md5", "no"}},
		{"service.ports.targetPort=15432", "Service", []any{"spec", "ports", 0, "targetPort"}, int64(15432)},
		{"commonLabels.team=yes", "Service", []any{"metadata", "labels"}, manifest.Map{"team": "yes"}},
		{"commonLabels.team=data", "Cluster", []any{"metadata", "labels", "team"}, "data"},
		{"storage.class=", "Cluster", []any{"spec", "storage"}, manifest.Map{"size": "10Gi"}},
		{"network.enabled=true", "NetworkPolicy", []any{"metadata", "name"}, "shop"},
		{"pooler.enabled=true", "Pooler", []any{"spec", "instances"}, int64(2)},
	} {
		t.Run(row.flag, func(t *testing.T) {
			objs, err := c.set(t, row.flag)
			require.NoError(t, err)
			for _, o := range objs {
				if o.Ref().Kind == row.kind {
					got, _ := manifest.Get(o.Body(), row.path...)
					require.Equal(t, row.want, got)
					return
				}
			}
			require.Fail(t, "not rendered", row.kind)
		})
	}
}

// Helm takes a value away that is set to null. Where a template would render nothing, or a zero, in its place, that is an error.
func TestValuesThatAreTakenAway(t *testing.T) {
	c := shopChart(t)
	for flag, missing := range map[string]string{
		"instances=null": "instances", "storage.size=null": "size", "storage=null": "storage", "backup=null": "backup", "keep=null": "keep",
	} {
		_, err := c.set(t, flag)
		require.ErrorContains(t, err, "missing property '"+missing+"'", flag)
	}
	for flag, same := range map[string]string{"storage.class=null": "storage.class=", "commonLabels=null": "keep=true"} {
		got, err := c.set(t, flag)
		require.NoError(t, err)
		want, err := c.set(t, same)
		require.NoError(t, err)
		require.Empty(t, manifest.Diff(want, got), flag)
	}
}

func TestPartsAreSwitchedAsAWhole(t *testing.T) {
	c := shopChart(t)
	objs, err := c.set(t, "backup.enabled=false")
	require.NoError(t, err)
	for _, o := range objs {
		require.NotContains(t, []string{"ScheduledBackup", "ObjectStore"}, o.Ref().Kind)
		_, archives := manifest.Get(o.Body(), "spec", "plugins")
		require.False(t, archives, o.Ref())
	}
}

// The law has one exception, and a value that takes it away.
func TestKeepIsTheOnlyDifference(t *testing.T) {
	c := shopChart(t)
	kept := func(objs []manifest.Object) (kinds []string) {
		for _, o := range objs {
			if annotationsOf(o)[keepAnnotation] == "keep" {
				kinds = append(kinds, o.Ref().Kind)
			}
		}
		return kinds
	}
	objs, err := c.set(t)
	require.NoError(t, err)
	require.Equal(t, []string{"SealedSecret", "ObjectStore", "Cluster"}, kept(objs))

	objs, err = c.set(t, "keep=false")
	require.NoError(t, err)
	require.Empty(t, kept(objs))
	require.Empty(t, manifest.Diff(shop(t).Base, objs))
}

// A chart may become another one's dependency: Helm then adds global values.
func TestTheChartAsADependency(t *testing.T) {
	sub, err := load(emit(t, shop(t)), DefaultKubeVersion)
	require.NoError(t, err)
	parent := &chart.Chart{Metadata: &chart.Metadata{Name: "platform", APIVersion: "v2", Version: "1.0.0"}}
	parent.AddDependency(sub.Chart)
	values, err := chartutil.ToRenderValues(parent, map[string]any{
		"global": map[string]any{"team": "x"}, "shop": map[string]any{"instances": 7},
	}, chartutil.ReleaseOptions{Name: "platform", Namespace: "databases"}, sub.caps)
	require.NoError(t, err)
	texts, err := engine.Render(parent, values)
	require.NoError(t, err)
	require.Contains(t, texts["platform/charts/shop/templates/cluster-shop.yaml"], "instances: 7\n")
	require.Contains(t, texts["platform/charts/shop/templates/tests/connection.yaml"], "name: platform-shop-test\n")
}

func TestTheTestPodAndTheNotes(t *testing.T) {
	c, err := load(emit(t, shop(t)), DefaultKubeVersion)
	require.NoError(t, err)
	render := func(overrides map[string]any) map[string]string {
		values, err := chartutil.ToRenderValues(c.Chart, overrides, chartutil.ReleaseOptions{Name: "shop", Namespace: "databases"}, c.caps)
		require.NoError(t, err)
		texts, err := engine.Render(c.Chart, values)
		require.NoError(t, err)
		return texts
	}
	texts := render(map[string]any{"commonLabels": map[string]any{"team": "data", "app.kubernetes.io/version": "own"}})
	pods, err := manifest.Decode("test", []byte(texts["shop/templates/tests/connection.yaml"]))
	require.NoError(t, err)
	require.Len(t, pods, 1)
	require.Equal(t, manifest.Map{"helm.sh/hook": "test", "helm.sh/hook-delete-policy": "before-hook-creation,hook-succeeded"}, annotationsOf(pods[0]))
	labels, _ := manifest.Get(pods[0].Body(), "metadata", "labels")
	require.Equal(t, manifest.Map{
		"helm.sh/chart": "shop-0.1.0", "app.kubernetes.io/name": "shop", "app.kubernetes.io/instance": "shop",
		"app.kubernetes.io/version": "17.10", "app.kubernetes.io/managed-by": "", "app.kubernetes.io/component": "test", "team": "data",
	}, withManager(labels, ""))
	image, _ := manifest.Get(pods[0].Body(), "spec", "containers", 0, "image")
	require.Equal(t, "docker.io/library/postgres:17.10", image)

	notes := texts["shop/templates/NOTES.txt"]
	require.Contains(t, notes, "shop-rw.databases.svc")
	require.Contains(t, notes, "shop-daily is scheduled.")
	require.Contains(t, notes, "shop-weekly is off.")
	require.Contains(t, notes, "leaves the database running")

	texts = render(map[string]any{"keep": false, "tests": map[string]any{"enabled": false}})
	require.Contains(t, texts["shop/templates/NOTES.txt"], "DELETES the database")
	require.Empty(t, strings.TrimSpace(texts["shop/templates/tests/connection.yaml"]))
}

func withManager(labels any, manager string) any {
	m := manifest.Clone(labels.(manifest.Map))
	m["app.kubernetes.io/managed-by"] = manager
	return m
}

func TestPackageGivesTheSameBytesAndTheSameChart(t *testing.T) {
	files := emit(t, shop(t))
	first, err := Package(files, "shop", "0.1.0")
	require.NoError(t, err)
	second, err := Package(emit(t, shop(t)), "shop", "0.1.0")
	require.NoError(t, err)
	require.Equal(t, first, second)

	c, err := loader.LoadArchive(bytes.NewReader(first))
	require.NoError(t, err)
	require.Equal(t, "shop", c.Name())
	unpacked := map[string][]byte{}
	for _, f := range c.Raw {
		unpacked[f.Name] = f.Data
	}
	require.Equal(t, files, unpacked)

	_, err = Package(files, "shop", "0.2.0")
	require.EqualError(t, err, "package chart: Chart.yaml is of shop 0.1.0, not of shop 0.2.0")
}
