package manifest

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func named(apiVersion, kind, namespace, name string) Object {
	return New(Map{"apiVersion": apiVersion, "kind": kind, "metadata": Map{"namespace": namespace, "name": name}})
}

func TestFileName(t *testing.T) {
	for want, o := range map[string]Object{
		"cluster-shop.yaml":                 cluster("shop", nil),
		"clusterrole-system-node.yaml":      named("rbac.authorization.k8s.io/v1", "ClusterRole", "", "system:Node"),
		"secret-..-..-etc-passwd.yaml":      named("v1", "Secret", "", "../../etc/passwd"),
		"hidden.yaml":                       named("v1", "../", "", ".hidden"),
		"crd-databases.postgresql.org.yaml": named("v1", "CRD", "", "databases.postgresql.org"),
		"a--.yaml":                          named("v1", "A", "", "한"),
	} {
		require.Equal(t, want, FileName(o))
	}
	require.Regexp(t, `^object-[0-9a-f]{8}\.yaml$`, FileName(Object{}))
	long := FileName(named("v1", "ConfigMap", "", strings.Repeat("x", 253)))
	require.Len(t, long, maxFileName+len(".yaml"))
	require.NotEqual(t, long, FileName(named("v1", "ConfigMap", "", strings.Repeat("x", 252)+"y")))
}

func TestFileNames(t *testing.T) {
	objs := []Object{
		cluster("shop", nil),
		named("v1", "Service", "a", "x"),
		named("v1", "Service", "b", "x"),
		named("apps/v1", "Cluster", "a", "crm"),
		named("postgresql.cnpg.io/v1", "Cluster", "a", "crm"),
		named("postgresql.cnpg.io/v1", "Cluster", "b", "crm"),
		named("v1", "Secret", "", "a:b"),
		named("v1", "Secret", "", "a;b"),
		named("v1", "ConfigMap", "", "twin"),
		named("v1", "ConfigMap", "", "twin"),
	}
	names := FileNames(objs)
	require.Equal(t, []string{
		"cluster-shop.yaml",
		"service-a-x.yaml",
		"service-b-x.yaml",
		"cluster.apps-crm.yaml",
		"cluster.postgresql.cnpg.io-a-crm.yaml",
		"cluster.postgresql.cnpg.io-b-crm.yaml",
	}, names[:6])
	require.Regexp(t, `^secret--a-b-[0-9a-f]{8}\.yaml$`, names[6])
	require.Regexp(t, `^secret--a-b-[0-9a-f]{8}\.yaml$`, names[7])
	require.Regexp(t, `^configmap--twin-[0-9a-f]{8}-1\.yaml$`, names[8])
	require.Regexp(t, `^configmap--twin-[0-9a-f]{8}-2\.yaml$`, names[9])
	require.Empty(t, FileNames(nil))
	long := named("v1", "ConfigMap", "", strings.Repeat("x", 253))
	twins := FileNames([]Object{long, long})
	require.NotEqual(t, twins[0], twins[1], "a number is not cut off")
}

// Names are safe, no two are the same, and an object has its name wherever it stands in the list.
func FuzzFileNames(f *testing.F) {
	f.Add("shop", "shop", "a/b", "v1", "apps/v1")
	f.Add("a:b", "a;b", "", "x/y/z", "")
	f.Fuzz(func(t *testing.T, x, y, z, v, w string) {
		objs := []Object{
			named(v, x, y, z), named(v, x, z, y), named(w, x, y, z), named(v, y, x, z), named(v, x, y, z), named(v, strings.ToUpper(x), y, z),
			named("v1", "A", x, y), named("v1", "A", z, y), named("v1", "A", x, z), named("v1/"+x, "A", x, y),
		}
		names := FileNames(objs)
		seen := map[string]bool{}
		for _, name := range names {
			require.Regexp(t, regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{0,210}\.yaml$`), name)
			require.False(t, seen[name], "%s is there twice: %v", name, names)
			seen[name] = true
		}
		count := map[Ref]int{}
		for _, o := range objs {
			count[o.Ref()]++
		}
		reversed := make([]Object, len(objs))
		for i, o := range objs {
			reversed[len(objs)-1-i] = o
		}
		for i, name := range FileNames(reversed) {
			if count[reversed[i].Ref()] == 1 {
				require.Equal(t, names[len(objs)-1-i], name)
			}
		}
	})
}
