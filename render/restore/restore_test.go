package restore_test

import (
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render"
	"github.com/onggi-db/onggi/render/restore"
	"github.com/onggi-db/onggi/render/spec"
	"github.com/onggi-db/onggi/render/spec/spectest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func load(t *testing.T, name, text string) *spec.Document {
	t.Helper()
	set, problems := spec.Load([]spec.Source{{Name: name, Data: []byte(text)}})
	require.Empty(t, problems, text)
	require.Len(t, set.Clusters, 1)
	return set.Clusters[0]
}

func compile(t *testing.T, text string) *spec.Cluster {
	t.Helper()
	c, problems := load(t, "restored.yaml", text).Resolve("")
	require.Empty(t, problems, text)
	_, problems = render.Compile(c)
	require.Empty(t, problems, text)
	return c
}

// Each sample gives, in the environment where it has a backup, the spec of its golden.
func TestSpec(t *testing.T) {
	for _, tt := range []struct {
		sample, env string
		o           restore.Options
	}{
		{"everything", "prod", restore.Options{As: "shop-restored", At: "2026-11-22T06:00:00Z", Existing: []string{"superuser", "backup-keys"}}},
		{"in-tree", "", restore.Options{As: "shop-restored"}},
		{"gcs", "", restore.Options{As: "before"}},
		{"snapshot", "", restore.Options{As: "shop-restored", Backup: "shop-20261122"}},
		{"drill", "", restore.Options{As: "before"}},
		{"recovery", "", restore.Options{As: "shop-3", At: "2026-11-22T07:00:00+01:00"}},
	} {
		t.Run(tt.sample, func(t *testing.T) {
			files, err := filepath.Glob(filepath.Join("..", "..", "testdata", "specs", tt.sample, "[es]*.yaml")) // everything.yaml or shop.yaml
			require.NoError(t, err)
			data, err := os.ReadFile(files[0])
			require.NoError(t, err)
			original, problems := load(t, tt.sample+".yaml", string(data)).Resolve(tt.env)
			require.Empty(t, problems)
			text, notes := restore.Spec(original, tt.o)
			compile(t, string(text))
			file := filepath.Join("testdata", tt.sample+".txt")
			got := strings.Join(append(notes, string(text)), "\n")
			if *update {
				require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err, "run with -update")
			require.Equal(t, string(want), got)
		})
	}
}

// Of any spec with an archive, the restored one compiles, has the original's version, storage and settings, reads the archive
// that the original writes, and writes another one. Finish gives the same spec without its start.
func TestRestoredSpecs(t *testing.T) {
	restored := 0
	for seed := range uint64(400) {
		generated := spectest.Random(rand.New(rand.NewPCG(seed, 7)))
		set, problems := spec.Load(generated.YAML())
		require.Empty(t, problems)
		for _, doc := range set.Clusters {
			for _, env := range append([]string{""}, doc.Environments()...) {
				original, problems := doc.Resolve(env)
				if len(problems) > 0 {
					continue
				}
				if _, problems := render.Compile(original); len(problems) > 0 {
					continue // what is refused is not restored either
				}
				if b := original.Spec.Backup; b == nil || b.Destination == "" || b.Method == "snapshot" {
					continue
				}
				restored++
				holdsRestored(t, original)
			}
		}
	}
	require.Greater(t, restored, 50)
}

func holdsRestored(t *testing.T, original *spec.Cluster) {
	t.Helper()
	text, _ := restore.Spec(original, restore.Options{As: "again", At: "2026-11-22T06:00:00Z"})
	c := compile(t, string(text))
	require.Equal(t, "again", c.Name)

	archive := c.Spec.ExternalClusters[0].Archive
	require.Equal(t, orElse(original.Spec.Backup.ServerName, original.Name), archive.ServerName)
	require.Equal(t, original.Spec.Backup.Destination, archive.Destination)
	require.Equal(t, original.Spec.Backup.Credentials, archive.Credentials)
	require.Equal(t, "again", c.Spec.Backup.ServerName)
	require.Equal(t, original.Name, c.Spec.Bootstrap.Recovery.From)
	require.Equal(t, "2026-11-22T06:00:00Z", c.Spec.Bootstrap.Recovery.Target.Time)
	require.Equal(t, rest(original.Spec), rest(c.Spec))

	finished, err := restore.Finish(load(t, "again.yaml", string(text)))
	require.NoError(t, err, string(text))
	up := compile(t, string(finished))
	require.Nil(t, up.Spec.Bootstrap)
	require.Empty(t, up.Spec.ExternalClusters)
	require.Equal(t, rest(c.Spec), rest(up.Spec))
	_, err = restore.Finish(load(t, "again.yaml", string(finished)))
	require.ErrorIs(t, err, restore.ErrNothing)
}

// rest is what a restored database has in common with the original.
func rest(s spec.Spec) spec.Spec {
	s.Expose, s.Replica, s.Hibernate, s.ExternalClusters, s.Bootstrap, s.Overrides = nil, nil, false, nil, nil, nil
	backup := *s.Backup
	backup.ServerName = ""
	s.Backup = &backup
	return s
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// What people wrote around the restore stays as they wrote it.
func TestFinish(t *testing.T) {
	const head = "apiVersion: onggi.dev/v1alpha1\nkind: DatabaseCluster\nmetadata: {name: shop}\n"
	for _, tt := range []struct{ name, was, is string }{
		{"alone", `
spec: # the shop
  version: "17"   # as before
  bootstrap:
    recovery:
      from: before

      # up to the accident
      target: {time: "2026-11-22T06:00:00Z"}

  # where it lives
  backend: cloudnative-pg
  externalClusters:
  - name: before
    archive: {destination: s3://b/shop}
  storage: {size: 1Gi}
`, `
spec: # the shop
  version: "17"   # as before

  # where it lives
  backend: cloudnative-pg
  storage: {size: 1Gi}
`},
		{"beside another external cluster", `
spec:
  externalClusters:
    - {name: other, connection: {host: db}}
    - name: before
      archive:
        destination: s3://b/shop
    - {name: third, connection: {host: db}}
  bootstrap: {recovery: {from: before}}
`, `
spec:
  externalClusters:
    - {name: other, connection: {host: db}}
    - {name: third, connection: {host: db}}
`},
		{"whose archive is followed too", `
spec:
  bootstrap: {recovery: {from: before}}
  replica: {from: before}
  externalClusters: [{name: before, archive: {destination: s3://b/shop}}]
`, `
spec:
  replica: {from: before}
  externalClusters: [{name: before, archive: {destination: s3://b/shop}}]
`},
		{"in an environment", `
spec:
  instances: 1
  externalClusters: [{name: before, archive: {destination: s3://b/shop}}]
environments:
  prod:
    bootstrap: {recovery: {from: before}}
    instances: 3
`, `
spec:
  instances: 1
environments:
  prod:
    instances: 3
`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := restore.Finish(load(t, "shop.yaml", head+tt.was))
			require.NoError(t, err)
			require.Equal(t, head+tt.is, string(got))
		})
	}
	t.Run("on one line", func(t *testing.T) {
		_, err := restore.Finish(load(t, "shop.yaml", head+"spec: {bootstrap: {recovery: {from: before}}}\n"))
		require.ErrorIs(t, err, restore.ErrOneLine)
	})
}
