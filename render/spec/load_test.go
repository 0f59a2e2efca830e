package spec_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/spec"
)

const shop = `
apiVersion: onggi.dev/v1alpha1
kind: DatabaseCluster
metadata: {name: shop, namespace: databases}
spec:
  engine: postgres
  version: "17"
  backend: cloudnative-pg
  instances: 3
  storage: {size: 10Gi, class: longhorn-ssd}
  replication: {mode: quorum, minSync: 1}
  databases: [{name: app, owner: app, extensions: [pg_trgm]}]
  parameters: {max_connections: "200", timezone: Asia/Seoul}
  hba: ["hostssl all all 10.0.0.0/8 scram-sha-256"]
  superuser: {secret: superuser-secrets}
  expose:
    - {name: lb, role: primary, type: LoadBalancer, ip: 192.168.0.206}
  pooler: {mode: transaction, instances: 2}
  backup:
    destination: s3://lemon-backup/cnpg-backup
    credentials: {secret: aws-secrets, accessKey: ACCESS_KEY_ID, secretKey: ACCESS_SECRET_KEY}
    schedules: [{name: daily, cron: "0 0 * * *"}]
    retention: 90d
    drill: "0 6 * * 0"
  monitoring: {alerts: true, dashboards: true}
  secrets: {provider: sealed-secrets}
  overrides: [{kind: Cluster, name: shop, patch: {spec: {logLevel: debug}}}]
environments:
  dev:  {instances: 1, backup: null, expose: null}
  prod: {storage: {size: 100Gi}, instances: 5}
`

func TestResolveShop(t *testing.T) {
	set, problems := spec.Load([]spec.Source{{Name: "db/shop.yaml", Data: []byte(shop)}})
	require.Empty(t, problems)
	require.Len(t, set.Clusters, 1)
	doc := set.Clusters[0]
	require.Equal(t, []string{"dev", "prod"}, doc.Environments())

	base, problems := doc.Resolve("")
	if len(problems) > 0 {
		problems.Render(os.Stdout, false)
	}
	require.Empty(t, problems)
	require.Equal(t, 3, base.Spec.Instances)
	require.Equal(t, "10Gi", base.Spec.Storage.Size)
	require.Equal(t, "pg_trgm", base.Spec.Databases[0].Extensions[0].Name)
	require.Equal(t, "s3://lemon-backup/cnpg-backup", base.Spec.Backup.Destination)
	require.Equal(t, map[string]any{"spec": map[string]any{"logLevel": "debug"}}, base.Spec.Overrides[0].Patch)
	require.Equal(t, spec.Pos{File: "db/shop.yaml", Line: 10, Col: 19}, base.At("spec.storage.size"))
	require.Equal(t, spec.Pos{File: "db/shop.yaml", Line: 10, Col: 3}, base.At("spec.storage.wal.size"))

	dev, problems := doc.Resolve("dev")
	require.Empty(t, problems)
	require.Nil(t, dev.Spec.Backup)
	require.Empty(t, dev.Spec.Expose)
	require.Equal(t, 1, dev.Spec.Instances)
	require.Equal(t, "longhorn-ssd", dev.Spec.Storage.Class)

	prod, problems := doc.Resolve("prod")
	require.Empty(t, problems)
	require.Equal(t, "100Gi", prod.Spec.Storage.Size)
	require.Equal(t, spec.Pos{File: "db/shop.yaml", Line: 30, Col: 26}, prod.At("spec.storage.size"))

	_, problems = doc.Resolve("prdo")
	require.Len(t, problems, 1)
	require.Contains(t, problems[0].Message, "dev, prod")
}

func source(name, data string) spec.Source { return spec.Source{Name: name, Data: []byte(data)} }

const small = `apiVersion: onggi.dev/v1alpha1
kind: DatabaseCluster
metadata: {name: NAME}
spec: {version: "17", backend: native, storage: {size: 1Gi}}
`

func TestProjects(t *testing.T) {
	project := func(class string) string {
		return "apiVersion: onggi.dev/v1alpha1\nkind: Project\nmetadata: {name: " + class + "}\n" +
			"defaults: {storage: {class: " + class + "}, labels: {a: x}}\nenvironments: [dev, {name: prod, namespace: production}]\n"
	}
	set, problems := spec.Load([]spec.Source{
		source("onggi.yaml", project("outer")),
		source("a.yaml", strings.ReplaceAll(small, "NAME", "a")),
		source("team/onggi.yaml", project("inner")),
		source("team/db/b.yaml", strings.ReplaceAll(small, "NAME", "b")+"environments: {prod: {storage: {size: 2Gi}}, test: {labels: {a: null}}}\n"),
		source("teams/c.yaml", strings.ReplaceAll(small, "NAME", "c")),
	})
	require.Empty(t, problems)
	class := func(i int, env string) *spec.Cluster {
		c, problems := set.Clusters[i].Resolve(env)
		require.Empty(t, problems)
		return c
	}
	require.Equal(t, "outer", class(0, "").Spec.Storage.Class)
	require.Equal(t, "inner", class(1, "").Spec.Storage.Class)
	require.Equal(t, "outer", class(2, "").Spec.Storage.Class)
	require.Equal(t, []string{"dev", "prod", "test"}, set.Clusters[1].Environments())
	require.Equal(t, "1Gi", class(1, "dev").Spec.Storage.Size)
	require.Equal(t, "default", class(1, "dev").Namespace)
	require.Equal(t, "2Gi", class(1, "prod").Spec.Storage.Size)
	require.Equal(t, "production", class(1, "prod").Namespace)
	require.Equal(t, "prod", class(1, "prod").Environment.Name)
	require.Nil(t, class(1, "test").Environment)
	require.Empty(t, class(1, "test").Spec.Labels)
	require.Equal(t, "inner", class(1, "").Project.Metadata.Name)
	// A value from the project's defaults is where the project wrote it.
	require.Equal(t, "team/onggi.yaml", class(1, "").At("spec.storage.class").File)
	require.Equal(t, "team/db/b.yaml", class(1, "").At("spec.storage.size").File)
	require.True(t, class(1, "").Has("spec.storage.class"))
	require.False(t, class(1, "").Has("spec.storage.wal"))
	require.False(t, class(1, "").Has("spec.instances"))
	require.Equal(t, spec.Pos{File: "team/onggi.yaml", Line: 5, Col: 28}, set.Projects[1].At("environments[1].name"))
}

func TestDefaultProject(t *testing.T) {
	set, problems := spec.Load([]spec.Source{source("-", strings.ReplaceAll(small, "NAME", "a"))})
	require.Empty(t, problems)
	c, problems := set.Clusters[0].Resolve("")
	require.Empty(t, problems)
	require.Equal(t, "databases", c.Project.Metadata.Name)
	require.Equal(t, "error", c.Project.Policies.FailOn)
}

func TestExtras(t *testing.T) {
	sealed := "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: s}\nspec: {encryptedData: {password: " +
		strings.Repeat("AgB1", 50) + "}, on: yes, mode: 0600}\n"
	set, problems := spec.Load([]spec.Source{
		source("x/a.yaml", strings.ReplaceAll(small, "NAME", "a")+"---\n"+sealed),
		source("x/list.yaml", "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: one}}\n- {apiVersion: v1, kind: Secret, metadata: {name: empty}, type: kubernetes.io/service-account-token}\n"),
		source("y/b.yaml", strings.ReplaceAll(small, "NAME", "b")),
	})
	require.Empty(t, problems)
	a, b := set.Clusters[0], set.Clusters[1]
	require.Len(t, a.Extras, 3)
	require.Empty(t, b.Extras)
	require.Equal(t, "SealedSecret/s", a.Extras[0].Ref().String())
	require.Equal(t, "x/a.yaml:6", a.Extras[0].Origin)
	// kubectl reads YAML 1.1, and what it reads is what is taken in.
	require.Equal(t, map[string]any{"encryptedData": map[string]any{"password": strings.Repeat("AgB1", 50)}, "true": true, "mode": int64(0o600)}, a.Extras[0].Body()["spec"])
	require.Equal(t, "ConfigMap/one", a.Extras[1].Ref().String())
}

// TestAt holds that a later stage finds the place of a field, written or not.
func TestAt(t *testing.T) {
	set, _ := spec.Load([]spec.Source{source("shop.yaml", shop)})
	c, problems := set.Clusters[0].Resolve("")
	require.Empty(t, problems)
	for path, want := range map[string]string{
		"metadata.name":                        "shop.yaml:4:18",
		"spec.backup":                          "shop.yaml:19:3",
		"spec.backup.retention":                "shop.yaml:23:16",
		"spec.backup.jobs":                     "shop.yaml:19:3",
		"spec.databases[0].extensions[0]":      "shop.yaml:12:52",
		"spec.databases[0].extensions[0].name": "shop.yaml:12:52",
		"spec.databases[7].name":               "shop.yaml:12:3",
		"spec.expose[0]":                       "shop.yaml:17:7",
		`spec.parameters["max_connections"]`:   "shop.yaml:13:33",
		"spec.monitoring.labels.release":       "shop.yaml:25:3",
		"spec.timeouts.start":                  "shop.yaml:5:1",
		"":                                     "shop.yaml:2:1",
	} {
		require.Equal(t, want, c.At(path).String(), path)
	}
	p := c.Problem("ONG4001", "spec.replication.mode", "crunchy has no quorum", "", "write sync")
	require.Equal(t, 4, p.Exit())
	require.Equal(t, "shop.yaml:11:23: ONG4001: crunchy has no quorum", p.Error())
	require.Equal(t, "  replication: {mode: quorum, minSync: 1}", p.Source)
	require.Equal(t, len("quorum"), p.Width)
}

func TestUnknownEnvironment(t *testing.T) {
	set, _ := spec.Load([]spec.Source{source("shop.yaml", shop)})
	c, problems := set.Clusters[0].Resolve("prdo")
	require.Nil(t, c)
	require.Equal(t, `shop.yaml:28:1: ONG3001: shop has no environment "prdo"; it has dev, prod`, problems.Error())
	require.Equal(t, "did you mean prod?", problems[0].Fix)
	require.Equal(t, 3, problems.Exit())
}

// TestEverything holds that testdata/everything.yaml resolves and sets every field but those that exclude others of it.
func TestEverything(t *testing.T) {
	sources := []spec.Source{{Name: "everything.yaml", Data: everything(t)}}
	require.Empty(t, check(sources))
	set, _ := spec.Load(sources)
	c, _ := set.Clusters[0].Resolve("")
	without := []string{"imageCatalog", "bootstrap.initdb", "bootstrap.basebackup", "recovery.backup", "recovery.snapshot", "target.lsn", "target.xid", "target.name", "target.immediate",
		"tls.secret", "tls.caSecret", "tls.replicationSecret", "tls.clientCASecret", "endpointCA", "credentials.applicationCredentials", "credentials.connectionString", "credentials.fromPod",
		"archive.", "schedules[].name"}
	var missing []string
	var walk func(path, at string)
	walk = func(path, at string) {
		f, _ := spec.FieldDoc(path)
		for _, child := range f.Children {
			if slices.ContainsFunc(without, func(w string) bool { return strings.Contains(child.Path, w) }) {
				continue
			}
			found := false
			for _, here := range places(c, child.Path) {
				found = found || c.Has(here)
			}
			if !found {
				missing = append(missing, child.Path)
			}
			if child.Object != "" {
				walk(child.Path, at)
			}
		}
	}
	walk("spec", "spec")
	require.Empty(t, missing)
}

// places are the paths that spec.a[].b[].c can mean, for the first four entries of each list.
func places(c *spec.Cluster, path string) []string {
	before, after, found := strings.Cut(path, "[]")
	if !found {
		return []string{path}
	}
	var out []string
	for i := range 4 {
		out = append(out, places(c, before+"["+strconv.Itoa(i)+"]"+after)...)
	}
	return out
}

// FuzzLoad holds for any text: no panic, the same problems each time, in order, each on a line that exists and with a fix;
// and no secret in what is printed.
func FuzzLoad(f *testing.F) {
	f.Add(shop)
	f.Add(strings.ReplaceAll(small, "NAME", "a"))
	files, _ := filepath.Glob("testdata/bad/*.yaml")
	for _, file := range append(files, "testdata/everything.yaml", "testdata/project.yaml") {
		src, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(string(src))
	}
	f.Fuzz(func(t *testing.T, src string) {
		sources := []spec.Source{source("x.yaml", src)}
		problems := check(sources)
		again := check(sources)
		require.Equal(t, problems, again)
		var out bytes.Buffer
		require.NoError(t, problems.Render(&out, true))
		lines := strings.Count(strings.ReplaceAll(src, "\r", "\n"), "\n") + 1
		for i, p := range problems {
			require.LessOrEqual(t, p.Line, lines)
			require.NotEmpty(t, p.Message)
			require.NotEmpty(t, p.Fix, p.Error())
			if i > 0 {
				require.LessOrEqual(t, problems[i-1].Line, p.Line)
			}
			if p.Line > 0 {
				require.LessOrEqual(t, p.Col, utf8.RuneCountInString(p.Source)+1, p.Error())
			}
		}
		if len(problems) == 0 {
			return
		}
		_, err := json.Marshal(problems)
		require.NoError(t, err)
	})
}

// TestResolveTogether holds that one document is resolved by many at once, to the same each time. Run it with -race.
func TestResolveTogether(t *testing.T) {
	set, problems := spec.Load([]spec.Source{{Name: "everything.yaml", Data: everything(t)}})
	require.Empty(t, problems)
	want, problems := set.Clusters[0].Resolve("prod")
	require.Empty(t, problems)
	var wg sync.WaitGroup
	got := make([]*spec.Cluster, 8)
	for i := range got {
		wg.Go(func() { got[i], _ = set.Clusters[0].Resolve("prod") })
	}
	wg.Wait()
	for _, c := range got {
		require.Equal(t, want.Spec, c.Spec)
		// Nothing is shared that one of them could change under another.
		c.Spec.Instances = 1
		c.Spec.Labels["x"] = "y"
		*c.Spec.Storage.ResizeInUse = false
	}
	require.NotContains(t, want.Spec.Labels, "x")
	require.True(t, *want.Spec.Storage.ResizeInUse)
}
