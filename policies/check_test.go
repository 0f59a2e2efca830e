package policies

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/manifest"
)

// shared is the folder of manifests that people sent: data that is not part of the repository.
func shared(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("ONGGI_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared")
	}
	if _, err := os.Stat(filepath.Join(dir, "seeds/manifests/homelab")); err != nil {
		t.Skipf("needs the manifests people sent: set ONGGI_SHARED to the folder that holds seeds/ (%v)", err)
	}
	return dir
}

// A homelab that runs today has six slips that nobody noticed. Check finds every one, on the object and field it is in.
func TestHomelabSlips(t *testing.T) {
	root := filepath.Join(shared(t), "seeds/manifests/homelab")
	files, err := filepath.Glob(filepath.Join(root, "*/*/*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var in Input
	for _, file := range files {
		name, err := filepath.Rel(root, file)
		require.NoError(t, err)
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		objects, err := manifest.Decode(name, data)
		require.NoError(t, err)
		in.Objects = append(in.Objects, objects...)
	}
	found := Check(in)
	for _, slip := range []struct{ what, policy, origin, ref, path, message string }{
		{"the cluster reads another Secret than the sealed one", "ONG7001", "modules/cnpg-cluster/cluster.yaml", "Cluster/cnpg-cluster/cnpg-cluster", "spec.backup.barmanObjectStore.s3Credentials.accessKeyId.name", "nobody makes the Secret aws-backup-secret; there is aws-secrets"},
		{"the selector is deprecated", "ONG7062", "modules/cnpg-cluster/lb.yaml", "Service/cnpg-cluster/cnpg-lb-rw", "spec.selector.role", "use cnpg.io/instanceRole: primary"},
		{"two sizes", "ONG7070", "modules/cnpg-cluster/cluster.yaml", "Cluster/cnpg-cluster/cnpg-cluster", "spec.storage.size", "10Gi and pvcTemplate asks for 1Gi"},
		{"loadBalancerIP", "ONG7060", "modules/cnpg-cluster/lb.yaml", "Service/cnpg-cluster/cnpg-lb-rw", "spec.loadBalancerIP", "192.168.0.206 is asked for in a deprecated field"},
		{"the restore reads elsewhere", "ONG7012", "modules/cnpg-cluster-restore/cluster.yaml", "Cluster/cnpg-cluster/cnpg-cluster", "spec.externalClusters[0].barmanObjectStore", "reads s3://lemon-backup/postgres-backup/cnpg-cluster, which nothing here writes; the backups of cnpg-cluster go to s3://lemon-backup/cnpg-backup/cnpg-cluster"},
		{"no image", "ONG7050", "modules/cnpg-cluster/cluster.yaml", "Cluster/cnpg-cluster/cnpg-cluster", "spec.imageName", "no image is pinned"},
	} {
		t.Run(slip.what, func(t *testing.T) {
			n := 0
			for _, f := range found {
				if f.Policy == slip.policy && strings.HasPrefix(f.Origin, slip.origin) && f.Ref.String() == slip.ref && manifest.FormatPath(f.Path) == slip.path && f.Message == slip.message {
					require.NotEmpty(t, f.Why)
					require.NotEmpty(t, f.Fix)
					n++
				}
			}
			require.Equal(t, 1, n, "in\n%s", print(found))
		})
	}
}

func TestRulesAreDocumented(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range Builtin() {
		require.Regexp(t, `^ONG70\d\d$`, p.ID)
		require.False(t, seen[p.ID], "%s twice", p.ID)
		seen[p.ID] = true
		require.NotEmpty(t, p.Title, p.ID)
		require.NotEmpty(t, p.Why, p.ID)
		require.NotEmpty(t, p.Fix, p.ID)
		require.Contains(t, []Level{Error, Warning, Info}, p.Level, p.ID)
	}
}

// A finding's path leads to the field, or to where a missing one belongs: every list item on the way is there.
func TestPathsLeadSomewhere(t *testing.T) {
	files, err := filepath.Glob("testdata/ONG*/fail*.yaml")
	require.NoError(t, err)
	for _, file := range files {
		in := sample(t, file)
		for _, f := range Check(in) {
			require.NotEmpty(t, f.Path, "%s %s", file, f.Message)
			known := 1 // how much of the path has to exist
			for i, step := range f.Path {
				if _, isIndex := step.(int); isIndex {
					known = i + 1
				}
			}
			require.True(t, slices.ContainsFunc(in.Objects, func(o manifest.Object) bool {
				_, ok := manifest.Get(o.Body(), f.Path[:known]...)
				return ok && o.Ref() == f.Ref
			}), "%s: %s %s", file, f.Ref, manifest.FormatPath(f.Path))
		}
	}
}

func TestCheckChangesNothing(t *testing.T) {
	in := sample(t, "testdata/ONG7001/pass.yaml")
	var before []manifest.Object
	for _, o := range in.Objects {
		before = append(before, o.Clone())
	}
	require.Equal(t, fmt.Sprint(Check(in)), fmt.Sprint(Check(in)))
	require.Equal(t, before, in.Objects)
}

func TestNullIsNotWritten(t *testing.T) {
	objects, err := manifest.Decode("null.yaml", []byte(`{apiVersion: postgresql.cnpg.io/v1, kind: Cluster, metadata: {name: shop, annotations: null}, spec: {instances: null, imageName: "pg:17.5", enablePDB: false, plugins: null, postgresql: {pg_hba: null}, backup: null}}`))
	require.NoError(t, err)
	require.Equal(t, "null.yaml:1: Cluster/shop spec.backup: info ONG7022: nothing backs this database up\n", print(Check(Input{Objects: objects})))
}

func TestWaive(t *testing.T) {
	found := Check(sample(t, "testdata/ONG7030/fail.yaml"))
	require.Contains(t, print(found), "ONG7030")
	for _, c := range []struct {
		name   string
		waiver Waiver
		waived int
		says   string
	}{
		{"accepts by kind and name", Waiver{"ONG7030", "Cluster/shop", "a toy"}, 1, ""},
		{"accepts by glob", Waiver{"ONG7030", "*/sh*", "a toy"}, 1, ""},
		{"accepts everywhere", Waiver{"ONG7030", "*", "a toy"}, 1, ""},
		{"another object", Waiver{"ONG7030", "Cluster/shops", "a toy"}, 0, ": warning ONG7090: waiver of ONG7030 on Cluster/shops: nothing to waive (a toy)"},
		{"another rule", Waiver{"ONG7031", "Cluster/shop", "a toy"}, 0, ": warning ONG7090: waiver of ONG7031 on Cluster/shop: nothing to waive (a toy)"},
		{"without a reason", Waiver{"ONG7030", "Cluster/shop", " "}, 0, ": error ONG7091: waiver of ONG7030 on Cluster/shop: it has no reason"},
		{"without a kind", Waiver{"ONG7030", "shop", "a toy"}, 0, ": error ONG7091: waiver of ONG7030 on shop: the object is written Kind/name, with * for any"},
		{"of no rule", Waiver{"ONG7999", "Cluster/shop", "a toy"}, 0, ": error ONG7091: waiver of ONG7999 on Cluster/shop: there is no such rule"},
		{"of nothing", Waiver{}, 0, ": error ONG7091: waiver of ? on ?: there is no such rule"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := Waive(found, []Waiver{c.waiver})
			waived := 0
			for _, f := range out {
				if f.Waived != "" {
					require.Equal(t, "ONG7030", f.Policy)
					require.Equal(t, "a toy", f.Waived)
					waived++
				}
			}
			require.Equal(t, c.waived, waived)
			if c.says == "" {
				require.Len(t, out, len(found))
			} else {
				require.Contains(t, print(out), c.says)
			}
			for _, f := range found {
				require.Empty(t, f.Waived, "the findings given were changed")
			}
		})
	}
}

// A policy file that the evaluator would only half obey, or that an API server would not take, is refused when it is loaded.
func TestLoadRefuses(t *testing.T) {
	const file = "vap/ong7030-single-instance-pdb.yaml"
	good, err := vapFiles.ReadFile(file)
	require.NoError(t, err)
	for _, c := range []struct{ name, from, to, want string }{
		{"a field that is not in the API", "failurePolicy: Fail", "failurePolice: Fail", "unknown field"},
		{"an expression that does not parse", "> 1 ||", "> 1 ||| ||", "Syntax error"},
		{"an expression of another type", "object.?spec.?instances.orValue(1) > 1 ||", "'one' +", "found no matching overload"},
		{"a variable that is not declared", "object.?spec.?instances.orValue(1)", "variables.instances", "undefined field 'instances'"},
		{"a function newer than Kubernetes 1.30", "object.?spec.?instances.orValue(1) > 1", "isSemver('1.0.0')", "undeclared reference to 'isSemver'"},
		{"errors that let objects pass", "failurePolicy: Fail", "failurePolicy: Ignore", "failurePolicy must be Fail"},
		{"a wildcard", "resources: [clusters]", "resources: ['*']", "wildcards"},
		{"every version", "apiVersions: [v1]", "apiVersions: [v1, v2]", "one group, one version"},
		{"parameters", "failurePolicy: Fail", "paramKind: {apiVersion: v1, kind: ConfigMap}", "parameters are not supported"},
		{"a selector that would be ignored", "matchConstraints:", "matchConstraints:\n    objectSelector: {matchLabels: {a: b}}", "selectors and excludeResourceRules"},
		{"two actions", "validationActions: [Warn]", "validationActions: [Warn, Audit]", "must be one of Deny, Warn and Audit"},
		{"another policy's binding", "policyName: ong7030.onggi.dev", "policyName: ong7031.onggi.dev", `the binding is of "ong7031.onggi.dev"`},
		{"no binding", "\n---\n", "\n", "want a policy and its binding"},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Contains(t, string(good), c.from)
			bad := strings.Replace(string(good), c.from, c.to, 1)
			_, err := load(fstest.MapFS{file: {Data: []byte(bad)}})
			require.ErrorContains(t, err, file+": ")
			require.ErrorContains(t, err, c.want)
		})
	}
}

// Check answers for any tree of objects, and the same each time.
func FuzzCheck(f *testing.F) {
	files, err := filepath.Glob("testdata/ONG*/*.yaml")
	require.NoError(f, err)
	for _, file := range files {
		var list []any
		for _, o := range sample(f, file).Objects {
			list = append(list, o.Body())
		}
		data, err := json.Marshal(list)
		require.NoError(f, err)
		f.Add(data, "1.31", "1.30")
	}
	f.Fuzz(func(t *testing.T, data []byte, operator, kube string) {
		var bodies []manifest.Map
		if json.Unmarshal(data, &bodies) != nil {
			return
		}
		in := Input{OperatorVersion: operator, KubeVersion: kube}
		for _, b := range bodies {
			in.Objects = append(in.Objects, manifest.New(manifest.Clone(b)))
		}
		require.Equal(t, Check(in), Check(in))
	})
}

func load(fsys fs.FS) (admissionPolicies, error) {
	files, err := readVAP(fsys)
	if err != nil {
		return nil, err
	}
	return compileVAP(files)
}
