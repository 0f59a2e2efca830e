package main

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/charts"
	"github.com/onggi-db/onggi/overlays"
	"github.com/onggi-db/onggi/render/backend/native"
	"github.com/onggi-db/onggi/render/spec/spectest"
)

// The law holds for native databases too: random specs, without what the native back end refuses.
func TestLawNative(t *testing.T) {
	compiled, refused := 0, 0
	for _, seed := range seeds(t, 1) {
		c := spectest.Random(rand.New(rand.NewPCG(seed, 1)))
		withoutOperator(c.Cluster["spec"])
		if envs, ok := c.Cluster["environments"].(map[string]any); ok {
			for _, patch := range envs {
				withoutOperator(patch)
			}
		}
		if c.Project != nil {
			withoutOperator(c.Project["defaults"])
		}
		c.Cluster["spec"].(map[string]any)["backend"] = "native"
		l := &law{t, seed, c}
		_, set, ok := l.built(c.YAML(), true)
		if !ok {
			refused++
			continue
		}
		compiled++
		chart, err := charts.Emit(set, charts.Options{})
		require.NoError(t, err, "seed %d\n%s", seed, text(c.YAML()))
		for _, m := range charts.Verify(set, chart) {
			require.NoError(t, m, "seed %d", seed)
		}
		overlay, err := overlays.Emit(set, overlays.Options{})
		require.NoError(t, err, "seed %d\n%s", seed, text(c.YAML()))
		require.NoError(t, overlays.Verify(set, overlay), "seed %d", seed)
	}
	t.Logf("%d specs compiled, %d were refused", compiled, refused)
	if *lawSeed < 0 {
		require.Greater(t, compiled, refused, "most random specs are to compile, or the test tests nothing")
	}
}

// withoutOperator takes from a spec, or a patch of one, what native lacks.
func withoutOperator(v any) {
	spec, ok := v.(map[string]any)
	if !ok {
		return
	}
	drop := func(v any, names ...string) {
		if m, ok := v.(map[string]any); ok {
			for _, name := range names {
				delete(m, name)
			}
		}
	}
	drop(spec, "operatorVersion", "imageCatalog", "tablespaces", "databases", "roles", "ident", "bootstrap", "replica", "externalClusters",
		"logLevel", "timeouts", "overrides", "updates", "tls", "secrets")
	drop(spec["storage"], "wal")
	pgBackRest(spec)
	drop(spec["replication"], "logicalSlots", "failoverQuorum")
	if r, ok := spec["replication"].(map[string]any); ok && r["mode"] == "sync" {
		r["mode"] = "quorum"
	}
	drop(spec["monitoring"], "dashboards", "dashboardNamespace", "dashboardFolder", "tls", "queries")
	drop(spec["network"], "operatorNamespace")
	drop(spec["parameters"], append(native.OwnedNames(), "shared_preload_libraries")...)
}

// pgBackRest takes from backups what Barman and snapshots have.
func pgBackRest(spec map[string]any) {
	b, ok := spec["backup"].(map[string]any)
	if !ok {
		return
	}
	place, _ := b["destination"].(string)
	if b["method"] == "snapshot" {
		delete(spec, "backup")
		return
	}
	for _, name := range []string{"method", "snapshot", "encryption", "walParallel", "walCompression"} {
		delete(b, name)
	}
	if d, ok := b["drill"].(map[string]any); ok {
		delete(d, "maxAge")
	}
	if b["compression"] == "snappy" {
		b["compression"] = "zstd"
	}
	if strings.HasPrefix(place, "s3://") && b["endpoint"] == nil {
		b["region"] = "eu-central-1"
	}
	if c, ok := b["credentials"].(map[string]any); ok {
		delete(c, "connectionString")
	}
}
