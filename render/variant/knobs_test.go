package variant_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/spec"
	"github.com/onggi-db/onggi/render/variant"
)

// A knob sets the fields of its spec field and no others, in every variant; where that cannot be, there is no knob.
func TestKnobsOfListItems(t *testing.T) {
	tests := []struct {
		name, roles, prod string
		want              []string
	}{
		{"each item has its own", "[{name: a}, {name: b}]", "{}", []string{"roles.a.connectionLimit", "roles.b.connectionLimit"}},
		{"two items with one name in values", "[{name: a-b}, {name: aB}, {name: c}]", "{}", []string{"roles.c.connectionLimit"}},
		{"items that change places", "[{name: a}, {name: b}, {name: c}]", "{roles: [{name: b}, {name: a}, {name: c}]}", []string{"roles.c.connectionLimit"}},
		{"an item in the place of another", "[{name: a}, {name: b}]", "{roles: [{name: b}]}", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			set, problems := spec.Load([]spec.Source{{Name: "shop.yaml", Data: fmt.Appendf(nil, `
apiVersion: onggi.dev/v1alpha1
kind: DatabaseCluster
metadata: {name: shop}
spec: {version: "17", backend: cloudnative-pg, storage: {size: 1Gi}, roles: %s}
environments: {prod: %s}
`, tt.roles, tt.prod)}})
			require.Empty(t, problems)
			built, err := variant.Build(set.Clusters[0], variant.Options{Knobs: true})
			require.NoError(t, err)
			var got []string
			for _, k := range built.Knobs {
				if slices.ContainsFunc(k.Fields, func(f variant.Field) bool {
					return slices.Contains(f.Path, any("roles")) && f.Path[len(f.Path)-1] == "connectionLimit"
				}) {
					got = append(got, k.Path)
				}
			}
			require.Equal(t, tt.want, got)
		})
	}
}

// What is derived from how far apart a schedule's runs are, as the age at which alerts tell, moves with some crons and not with
// others. A chart could not follow, so there is no knob; where nothing is derived there is one.
func TestKnobsOfSchedules(t *testing.T) {
	for _, tt := range []struct {
		name, monitoring, drill string
		want                    bool
	}{
		{"alerts tell of drills that are too old", "{alerts: true}", `{schedule: "0 6 * * 0"}`, false},
		{"the age is given", "{alerts: true}", `{schedule: "0 6 * * 0", maxAge: 21d}`, true},
		{"no alerts", "{}", `{schedule: "0 6 * * 0"}`, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, slices.Contains(knobPaths(t, "cloudnative-pg", fmt.Sprintf(
				"backup: {destination: \"s3://backups/shop\", credentials: {secret: keys}, retention: 30d, schedules: [{name: daily, cron: \"0 0 * * *\"}], drill: %s}\n  monitoring: %s",
				tt.drill, tt.monitoring)), "backup.drill.schedule"))
		})
	}
}

// Empty text in a spec is a field left out, and in a chart it would be empty text: values refuse it. Keys of a map are taken as they are.
func TestKnobsAreNotEmpty(t *testing.T) {
	found := map[string]any{}
	for _, k := range knobsOf(t, "cloudnative-pg", `placement: {scheduler: mine, nodeSelector: {disk: ssd}}`) {
		found[k.Path] = k.Schema["minLength"]
	}
	require.Equal(t, int64(1), found["placement.scheduler"])
	require.Contains(t, found, "placement.nodeSelector.disk")
	require.Nil(t, found["placement.nodeSelector.disk"])
	require.Nil(t, found["instances"])
}

// What instances move besides is told once, whatever the environments add to it, and an object that comes and goes by its name.
func TestInstancesTellWhatElseTheyMove(t *testing.T) {
	set, problems := spec.Load([]spec.Source{{Name: "shop.yaml", Data: []byte(`
apiVersion: onggi.dev/v1alpha1
kind: DatabaseCluster
metadata: {name: shop}
spec: {version: "17", backend: native, instances: 3, storage: {size: 1Gi}, secrets: {provider: existing}}
environments: {dev: {instances: 1}}
`)}})
	require.Empty(t, problems)
	built, err := variant.Build(set.Clusters[0], variant.Options{Knobs: true})
	require.NoError(t, err)
	at := slices.IndexFunc(built.Knobs, func(k variant.Knob) bool { return k.Path == "instances" })
	require.Equal(t, "Instances is the number of servers, the primary included. Changed in the spec, it can move these too, which a chart "+
		"cannot: ConfigMap shop-config data[\"agent.yaml\"], PodDisruptionBudget shop.", built.Knobs[at].Doc)
}

func knobPaths(t *testing.T, backend, fields string) (paths []string) {
	for _, k := range knobsOf(t, backend, fields) {
		paths = append(paths, k.Path)
	}
	return paths
}

func knobsOf(t *testing.T, backend, fields string) []variant.Knob {
	t.Helper()
	set, problems := spec.Load([]spec.Source{{Name: "shop.yaml", Data: fmt.Appendf(nil, `
apiVersion: onggi.dev/v1alpha1
kind: DatabaseCluster
metadata: {name: shop}
spec:
  version: "17"
  backend: %s
  storage: {size: 1Gi}
  secrets: {provider: existing}
  %s
`, backend, fields)}})
	require.Empty(t, problems)
	built, err := variant.Build(set.Clusters[0], variant.Options{Knobs: true})
	require.NoError(t, err)
	return built.Knobs
}

// A request that is its limit may only become less, as people who want no surprises have it.
func TestKnobsOfRequestsAtTheirLimits(t *testing.T) {
	for _, backend := range []string{"native", "cloudnative-pg"} {
		t.Run(backend, func(t *testing.T) {
			require.Contains(t, knobPaths(t, backend, "resources: {requests: {memory: 4Gi}, limits: {memory: 4Gi}}"), "resources.requests.memory")
		})
	}
}
