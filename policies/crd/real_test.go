package crd_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	"github.com/onggi-db/onggi/policies/crd"
	"github.com/onggi-db/onggi/render/manifest"
)

// shared is the folder of upstream definitions and of the manifests people sent: data that is not part of the repository.
func shared(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("ONGGI_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	if _, err := os.Stat(filepath.Join(dir, "crds")); err != nil {
		t.Skipf("needs the upstream definitions: set ONGGI_SHARED to the folder that holds crds/ (%v)", err)
	}
	return dir
}

// Every definition compiles, in every version it serves: none is skipped for a reason that only shows when a user meets it.
func TestUpstreamDefinitionsCompile(t *testing.T) {
	root := os.DirFS(filepath.Join(shared(t), "crds"))
	defaults, err := crd.Load(root)
	require.NoError(t, err)
	older, err := crd.Load(root, "cnpg-1.25", "pgo-5.8.9", "zalando-1.15.1")
	require.NoError(t, err)
	n := 0
	require.NoError(t, fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(name) != ".yaml" {
			return err
		}
		data, err := fs.ReadFile(root, name)
		require.NoError(t, err)
		var def apiextensionsv1.CustomResourceDefinition
		require.NoError(t, yaml.Unmarshal(data, &def))
		schemas := defaults
		if strings.Count(name, "/") > 1 {
			schemas = older
		}
		for _, v := range def.Spec.Versions {
			if !v.Served {
				continue
			}
			n++
			o := manifest.New(manifest.Map{
				"apiVersion": def.Spec.Group + "/" + v.Name, "kind": def.Spec.Names.Kind,
				"metadata": manifest.Map{"name": "x"}, "zzzzzzzzzzzz": "unknown",
			})
			for _, violation := range schemas.Validate(o) {
				require.NotContains(t, []crd.Reason{crd.NoSchema, crd.BadSchema}, violation.Reason, "%s %s: %s", name, v.Name, violation.Message)
			}
		}
		return nil
	}))
	require.Greater(t, n, 50)
}

// Mistakes that stand in upstream's own samples and in issue reports, and rules that only CEL or an older release knows.
func TestUpstreamRules(t *testing.T) {
	root := os.DirFS(filepath.Join(shared(t), "crds"))
	latest, err := crd.Load(root)
	require.NoError(t, err)
	older, err := crd.Load(root, "cnpg-1.25")
	require.NoError(t, err)
	for _, c := range []struct{ name, object, latest, older string }{
		{
			name:   "a field that came after the release",
			object: "{apiVersion: postgresql.cnpg.io/v1, kind: Cluster, metadata: {name: shop}, spec: {instances: 1, primaryLease: {leaseDurationSeconds: 15}}}",
			older:  "Cluster/shop spec.primaryLease: UnknownField: unknown field\n",
		},
		{
			name:   "tablespaces as a map",
			object: "{apiVersion: postgresql.cnpg.io/v1, kind: Cluster, metadata: {name: shop}, spec: {instances: 1, tablespaces: {t: {storage: {size: 1Gi}}}}}",
			latest: "Cluster/shop spec.tablespaces: Invalid: Invalid value: \"object\": spec.tablespaces in body must be of type array: \"object\"\nCluster/shop spec.tablespaces.t: UnknownField: unknown field\n",
			older:  "Cluster/shop spec.tablespaces: Invalid: Invalid value: \"object\": spec.tablespaces in body must be of type array: \"object\"\nCluster/shop spec.tablespaces.t: UnknownField: unknown field\n",
		},
		{
			name:   "an image and a catalog at once",
			object: "{apiVersion: postgresql.cnpg.io/v1, kind: Cluster, metadata: {name: shop}, spec: {instances: 1, imageName: 'pg:17', imageCatalogRef: {apiGroup: postgresql.cnpg.io, kind: ImageCatalog, name: c, major: 17}}}",
			latest: "Cluster/shop spec: Invalid: Invalid value: imageName and imageCatalogRef are mutually exclusive\n",
			older:  "Cluster/shop spec: Invalid: Invalid value: imageName and imageCatalogRef are mutually exclusive\n",
		},
		{
			name:   "serverName in the store",
			object: "{apiVersion: barmancloud.cnpg.io/v1, kind: ObjectStore, metadata: {name: s}, spec: {configuration: {destinationPath: 's3://b/', serverName: shop}}}",
			latest: "ObjectStore/s spec.configuration.serverName: Invalid: Forbidden: use the 'serverName' plugin parameter in the Cluster resource\n",
			older:  "ObjectStore/s spec.configuration.serverName: Invalid: Forbidden: use the 'serverName' plugin parameter in the Cluster resource\n",
		},
		{
			name:   "retentionPolicy where the documentation puts it",
			object: "{apiVersion: barmancloud.cnpg.io/v1, kind: ObjectStore, metadata: {name: s}, spec: {configuration: {destinationPath: 's3://b/', retentionPolicy: 30d}}}",
			latest: "ObjectStore/s spec.configuration.retentionPolicy: UnknownField: unknown field\n",
			older:  "ObjectStore/s spec.configuration.retentionPolicy: UnknownField: unknown field\n",
		},
		{
			name:   "an unquoted version",
			object: "{apiVersion: acid.zalan.do/v1, kind: postgresql, metadata: {name: a-b}, spec: {numberOfInstances: 1, teamId: a, postgresql: {version: 17}, volume: {size: 1Gi}}}",
			latest: "postgresql/a-b spec.postgresql.version: Invalid: Invalid value: \"integer\": spec.postgresql.version in body must be of type string: \"integer\"\n" +
				"postgresql/a-b spec.postgresql.version: Invalid: Unsupported value: 17: supported values: \"14\", \"15\", \"16\", \"17\", \"18\"\n",
			older: "postgresql/a-b spec.postgresql.version: Invalid: Invalid value: \"integer\": spec.postgresql.version in body must be of type string: \"integer\"\n" +
				"postgresql/a-b spec.postgresql.version: Invalid: Unsupported value: 17: supported values: \"14\", \"15\", \"16\", \"17\", \"18\"\n",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := decode(t, []byte(c.object))
			require.Equal(t, c.latest, print(latest.Validate(o)))
			require.Equal(t, c.older, print(older.Validate(o)))
		})
	}
}

// What people run today is valid, slips and all: the slips are the policies' to find.
func TestSeedsAreValid(t *testing.T) {
	dir := shared(t)
	schemas, err := crd.Load(os.DirFS(filepath.Join(dir, "crds")))
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join(dir, "seeds/manifests/homelab/*/*/*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		require.Empty(t, print(schemas.Validate(read(t, file))), file)
	}
}

func BenchmarkValidateCluster(b *testing.B) {
	dir := shared(b)
	schemas, err := crd.Load(os.DirFS(filepath.Join(dir, "crds")))
	require.NoError(b, err)
	o := read(b, filepath.Join(dir, "seeds/manifests/homelab/modules/cnpg-cluster/cluster.yaml"))
	require.Empty(b, schemas.Validate(o))
	b.ReportAllocs()
	for b.Loop() {
		schemas.Validate(o)
	}
}

func BenchmarkLoad(b *testing.B) {
	root := os.DirFS(filepath.Join(shared(b), "crds"))
	for b.Loop() {
		_, err := crd.Load(root)
		require.NoError(b, err)
	}
}
