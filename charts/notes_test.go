package charts

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"sigs.k8s.io/yaml"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/variant"
)

// The notes of native tell of its CronJobs: of those that back up or dump, and not of the drill's.
func TestNotesOfNativeNameItsSchedules(t *testing.T) {
	cron := func(name, label string) manifest.Object {
		return manifest.Object{Part: manifest.PartBackup}.With(manifest.Map{
			"apiVersion": "batch/v1", "kind": "CronJob", "metadata": manifest.Map{"name": name, "namespace": "ns"},
			"spec": manifest.Map{"jobTemplate": manifest.Map{"spec": manifest.Map{"template": manifest.Map{
				"metadata": manifest.Map{"labels": manifest.Map{label: "db"}},
			}}}},
		})
	}
	daily, nightly, drill := cron("db-daily", "onggi.dev/backup"), cron("db-dump-nightly", "onggi.dev/dump"), cron("db-drill", "onggi.dev/drill-of")
	set := variant.Set{
		Name: "db", Namespace: "ns", Engine: "postgres", Version: "17.10", Backend: "native", Base: []manifest.Object{daily, nightly, drill},
		Envs: []variant.Env{{Name: "dev", Namespace: "ns"}},
	}
	base, dev := notes(t, set, ""), notes(t, set, "dev")
	for _, text := range []string{
		"db-daily is scheduled.", "db-dump-nightly is scheduled.", "onggi backup list db -n ns", "onggi dump list db -n ns",
	} {
		require.Contains(t, base, text)
	}
	require.NotContains(t, base, "drill")
	require.NotContains(t, base, "None.")
	require.Contains(t, dev, "db-daily is off.")
}

// The password is in the Secret that the Cluster names, wherever it says so, and only else in the operator's own.
func TestNotesNameTheSecretWithThePassword(t *testing.T) {
	for _, c := range []struct{ name, base, prod, inBase, inProd string }{
		{"the operator's", "bootstrap: {initdb: {database: app}}", "bootstrap: {recovery: {source: x}}", "secret db-app -o", "secret db-app -o"},
		{"one of its own", "bootstrap: {initdb: {secret: {name: own}}}", "bootstrap: {recovery: {secret: {name: own}}}", "secret own -o", "secret own -o"},
		{"one for each environment", "bootstrap: {initdb: {secret: {name: a}}}", "bootstrap: {initdb: {secret: {name: b}}}", "secret a -o", "secret b -o"},
		{"one in one environment", "bootstrap: {initdb: {database: app}}", "bootstrap: {initdb: {secret: {name: b}}}", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			set := variant.Set{
				Name: "db", Namespace: "ns", Engine: "postgres", Version: "17.10", Backend: "cloudnative-pg",
				Base: cluster(t, c.base), Envs: []variant.Env{{Name: "prod", Namespace: "ns", Objects: cluster(t, c.prod)}},
			}
			for env, want := range map[string]string{"": c.inBase, "prod": c.inProd} {
				if want == "" {
					require.NotContains(t, notes(t, set, env), "password")
				} else {
					require.Contains(t, notes(t, set, env), want)
				}
			}
		})
	}
}

// A network policy keeps the test's pod out where the spec does not let it in: the chart says with which labels it comes.
func TestTheTestPodBeforeANetworkPolicy(t *testing.T) {
	set := shop(t)
	require.Contains(t, string(emit(t, set)["values.yaml"]), "network.allow lets in pods")
	for i := range set.Envs {
		set.Envs[i].Objects = slices.DeleteFunc(set.Envs[i].Objects, func(o manifest.Object) bool { return o.Ref().Kind == "NetworkPolicy" })
	}
	set.Base = slices.DeleteFunc(set.Base, func(o manifest.Object) bool { return o.Ref().Kind == "NetworkPolicy" })
	require.NotContains(t, string(emit(t, set)["values.yaml"]), "network.allow")
}

// notes are what Helm prints after an installation with the environment's values.
func notes(t *testing.T, set variant.Set, env string) string {
	t.Helper()
	files := emit(t, set)
	c, err := load(files, DefaultKubeVersion)
	require.NoError(t, err)
	overrides := map[string]any{}
	if env != "" {
		require.NoError(t, yaml.Unmarshal(files[valuesPath(env)], &overrides))
	}
	values, err := chartutil.ToRenderValues(c.Chart, overrides, chartutil.ReleaseOptions{Name: set.Name, Namespace: set.Namespace}, c.caps)
	require.NoError(t, err)
	texts, err := engine.Render(c.Chart, values)
	require.NoError(t, err)
	return texts[set.Name+"/templates/NOTES.txt"]
}
