package render_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"sigs.k8s.io/yaml"

	"github.com/onggi-db/onggi/policies/crd"
	"github.com/onggi-db/onggi/render"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/plan"
	"github.com/onggi-db/onggi/render/spec"
)

// definitions is the folder of upstream CustomResourceDefinitions, which is data beside the repository.
func definitions(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("ONGGI_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared")
	}
	dir = filepath.Join(dir, "crds")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("needs the upstream definitions: set ONGGI_SHARED to the folder that holds crds/ (%v)", err)
	}
	return dir
}

// latest and older are the definitions, read once: the newest, or those of an older release of the operator.
var latest, older = schemas(), schemas("cnpg-1.25")

func schemas(releases ...string) func(dir string) (*crd.Schemas, error) {
	var once sync.Once
	var loaded *crd.Schemas
	var err error
	return func(dir string) (*crd.Schemas, error) {
		once.Do(func() {
			loaded, err = crd.Load(joined{os.DirFS(dir), os.DirFS(filepath.Join("..", "testdata", "crds"))}, releases...)
		})
		return loaded, err
	}
}

// joined are folders read as one: the upstream definitions, and our own of what is not among them. No two have a folder in common.
type joined []fs.FS

func (j joined) Open(name string) (fs.File, error) {
	var file fs.File
	err := fs.ErrNotExist
	for _, one := range j {
		if file, err = one.Open(name); err == nil {
			return file, nil
		}
	}
	return nil, err
}

func (j joined) ReadDir(name string) ([]fs.DirEntry, error) {
	var all []fs.DirEntry
	for _, one := range j {
		entries, err := fs.ReadDir(one, name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		all = append(all, entries...)
	}
	return all, nil
}

// validator checks objects as an API server with the operator's release would, strictly and with CEL.
func validator(t *testing.T, operator plan.Version) *crd.Schemas {
	t.Helper()
	load := latest
	if !operator.AtLeast(1, 26) {
		load = older
	}
	s, err := load(definitions(t))
	require.NoError(t, err)
	return s
}

// Whatever is rendered is accepted by the real definitions, of the release that the spec names.
func TestObjectsPassTheDefinitions(t *testing.T) {
	seen := make(map[string]bool)
	for _, s := range samples(t) {
		schemas := validator(t, s.bundle.Plan.Operator)
		for _, o := range s.bundle.Objects {
			require.Empty(t, schemas.Validate(o), "%s: %s", s.name, o.Ref())
			seen[o.Ref().Kind] = true
		}
	}
	for _, kind := range []string{"Cluster", "ScheduledBackup", "ObjectStore", "Pooler", "Database", "Certificate", "SealedSecret", "ExternalSecret", "PodMonitor", "PrometheusRule", "NetworkPolicy", "Service", "ConfigMap"} {
		require.True(t, seen[kind], "no sample renders a %s", kind)
	}
}

// Lists of a custom resource are compared as a whole, so a default that the API server adds to an item shows as drift for ever.
func TestNoDefaultIsAddedToAListItem(t *testing.T) {
	dir := definitions(t)
	known := make(map[string]*structuralschema.Structural)
	schema := func(ref manifest.Ref) *structuralschema.Structural {
		group, version, _ := strings.Cut(ref.APIVersion, "/")
		file := filepath.Join(dir, group, strings.ToLower(ref.Kind)+"_"+version+".yaml")
		if s, have := known[file]; have {
			return s
		}
		data, err := os.ReadFile(file)
		if err != nil {
			data, err = os.ReadFile(filepath.Join("..", "testdata", "crds", group, filepath.Base(file)))
		}
		if err != nil {
			return nil // not a custom resource
		}
		var def apiextensionsv1.CustomResourceDefinition
		require.NoError(t, yaml.Unmarshal(data, &def))
		for _, v := range def.Spec.Versions {
			if v.Name == version {
				var internal apiextensions.JSONSchemaProps
				require.NoError(t, apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(v.Schema.OpenAPIV3Schema, &internal, nil))
				known[file], err = structuralschema.NewStructural(&internal)
				require.NoError(t, err)
			}
		}
		return known[file]
	}
	checked := 0
	for _, s := range samples(t) {
		for _, o := range s.bundle.Objects {
			structural := schema(o.Ref())
			if structural == nil || !s.bundle.Plan.Operator.AtLeast(1, 26) {
				continue
			}
			checked++
			stored := o.Clone()
			defaulting.Default(stored.Body(), structural)
			for _, d := range manifest.Diff([]manifest.Object{o}, []manifest.Object{stored}) {
				for _, step := range d.Path {
					_, index := step.(int)
					require.False(t, index, "%s: the API server would make %s", s.name, d)
				}
			}
		}
	}
	require.Greater(t, checked, 50)
}

// newer is what each release of the operator added to what onggi might write: kinds, and fields with [*] for every item.
var newer = []struct{ release, kind, path string }{
	{"1.25", "Cluster", "spec.probes"},
	{"1.25", "Cluster", "spec.postgresql.synchronous.dataDurability"},
	{"1.25", "Cluster", "spec.externalClusters[*].plugin"},
	{"1.25", "Cluster", "spec.plugins[*].enabled"},
	{"1.25", "Cluster", "spec.bootstrap.initdb.locale"},
	{"1.25", "Cluster", "spec.bootstrap.initdb.localeProvider"},
	{"1.25", "Cluster", "spec.bootstrap.initdb.icuLocale"},
	{"1.25", "Cluster", "spec.bootstrap.initdb.icuRules"},
	{"1.25", "Cluster", "spec.bootstrap.initdb.builtinLocale"},
	{"1.25", "Database", ""},
	{"1.25", "Publication", ""},
	{"1.25", "Subscription", ""},
	{"1.26", "Cluster", "spec.plugins[*].isWALArchiver"},
	{"1.26", "Cluster", "spec.probes.liveness.type"},
	{"1.26", "Database", "spec.extensions"},
	{"1.26", "Database", "spec.schemas"},
	{"1.26", "ObjectStore", ""}, // the plugin's requirement
	{"1.27", "Cluster", "spec.postgresql.extensions"},
	{"1.27", "Cluster", "spec.probes.liveness.isolationCheck"},
	{"1.27", "Cluster", "spec.replicationSlots.highAvailability.synchronizeLogicalDecoding"},
	{"1.28", "Cluster", "spec.postgresql.synchronous.failoverQuorum"},
	{"1.28", "Cluster", "spec.podSecurityContext"},
	{"1.28", "Cluster", "spec.securityContext"},
	{"1.28", "Cluster", "spec.monitoring.metricsQueriesTTL"},
	{"1.28", "Database", "spec.fdws"},
	{"1.28", "Database", "spec.servers"},
	{"1.28", "Pooler", "spec.pgbouncer.serverTLSSecret"},
	{"1.28", "Pooler", "spec.pgbouncer.serverCASecret"},
	{"1.28", "Pooler", "spec.pgbouncer.clientTLSSecret"},
	{"1.28", "Pooler", "spec.pgbouncer.clientCASecret"},
	{"1.29", "Cluster", "spec.podSelectorRefs"},
	{"1.29", "Cluster", "spec.serviceAccountName"},
	{"1.30", "Cluster", "spec.primaryLease"},
	{"1.30", "DatabaseRole", ""},
	{"1.30", "Pooler", "spec.pgbouncer.image"},
	{"1.30", "Pooler", "spec.pgbouncer.imageCatalogRef"},
	{"1.30", "Pooler", "spec.monitoring.tls"},
}

// The sample with everything on, for one older operator after the other. What a release lacks is reported, each at its field;
// with those fields taken out the rest compiles, and no object has a field that the release does not know.
func TestNoFieldIsNewerThanTheOperator(t *testing.T) {
	for minor := 31; minor >= 24; minor-- {
		release := fmt.Sprintf("1.%d", minor)
		t.Run(release, func(t *testing.T) {
			operator, err := plan.ParseVersion(release)
			require.NoError(t, err)
			bundle := compileFor(t, release)
			for _, o := range bundle.Objects {
				for _, n := range newer {
					since, err := plan.ParseVersion(n.release)
					require.NoError(t, err)
					if o.Ref().Kind == n.kind && since.Compare(operator) > 0 {
						require.False(t, has(o.Body(), n.path), "%s has %s, which came with %s", o.Ref(), n.path, n.release)
					}
				}
			}
			if minor == 25 || minor == 30 {
				schemas := validator(t, operator)
				for _, o := range bundle.Objects {
					require.Empty(t, schemas.Validate(o), "%s", o.Ref())
				}
			}
		})
	}
	bundle := compileFor(t, "1.23")
	require.Empty(t, bundle.Objects, "1.23 is too old for anything")
}

// compileFor compiles the sample with everything for a release of the operator, without what is reported as missing there.
func compileFor(t *testing.T, release string) render.Bundle {
	t.Helper()
	data, err := os.ReadFile("../testdata/specs/everything/everything.yaml")
	require.NoError(t, err)
	var doc map[string]any
	require.NoError(t, yaml.Unmarshal(data, &doc))
	delete(doc, "environments")
	fields := doc["spec"].(map[string]any)
	fields["operatorVersion"] = release
	for {
		text, err := yaml.Marshal(doc)
		require.NoError(t, err)
		set, problems := spec.Load([]spec.Source{{Name: "everything.yaml", Data: text}})
		require.Empty(t, problems)
		cluster, problems := set.Clusters[0].Resolve("")
		require.Empty(t, problems, "%s", text)
		bundle, problems := render.Compile(cluster)
		if len(problems) == 0 || problems[0].Code == "ONG4002" {
			return bundle
		}
		for _, p := range problems {
			require.Contains(t, []string{"ONG4003", "ONG2217"}, p.Code, "%s: %s", release, p) // the locale goes with its provider
			remove(t, doc, strings.Split(p.Path, "."))
		}
	}
}

func remove(t *testing.T, doc map[string]any, path []string) {
	for ; len(path) > 1; path = path[1:] {
		inner, ok := doc[path[0]].(map[string]any)
		require.True(t, ok, "%v", path)
		doc = inner
	}
	delete(doc, path[0])
}

// has follows a path in which [*] stands for any item of a list.
func has(v any, path string) bool {
	if path == "" {
		return true
	}
	step, rest, _ := strings.Cut(path, ".")
	name, each := strings.CutSuffix(step, "[*]")
	inner, found := manifest.Get(v, name)
	if !found || !each {
		return found && has(inner, rest)
	}
	for _, item := range inner.([]any) {
		if has(item, rest) {
			return true
		}
	}
	return false
}
