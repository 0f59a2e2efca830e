package overlays

import (
	"cmp"
	"errors"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/policies/crd"
	"github.com/onggi-db/onggi/render/manifest"
)

func TestComponents(t *testing.T) {
	require.Equal(t, []ComponentInfo{
		{"arm64", "Instances on arm64 nodes only."},
		{"k3s", "Volumes on local-path, the storage that k3s brings along."},
		{"longhorn", `Volumes on Longhorn, findable there as the group "databases".`},
		{"metallb", "No node ports beside the addresses that MetalLB gives out."},
		{"restricted", `Pods that the Pod Security Standard "restricted" admits, and a namespace that insists on it.`},
	}, Components())
}

// everyKind is the sample with an object for each patch of each Component.
func everyKind(t testing.TB) []manifest.Object {
	objs := append(sampleObjects(t), decode(t, `
apiVersion: v1
kind: Namespace
metadata: {name: databases, labels: {team: shop}}
---
apiVersion: v1
kind: Service
metadata:
  name: shop-pool
  namespace: databases
  annotations: {metallb.io/address-pool: lan}
spec: {type: LoadBalancer, selector: {a: b}, ports: [{port: 5432, nodePort: 30432}]}
---
apiVersion: v1
kind: Service
metadata: {name: shop-inside, namespace: databases}
spec: {type: ClusterIP, selector: {a: b}, ports: [{port: 5432}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: native, namespace: databases}
spec:
  serviceName: native
  selector: {matchLabels: {a: b}}
  template:
    metadata: {labels: {a: b}}
    spec:
      nodeSelector: {disk: ssd}
      containers: [{name: postgres, image: "postgres:17.6"}]
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: native-drill, namespace: databases, labels: {app.kubernetes.io/component: backup}}
spec: {schedule: 0 6 * * 0, jobTemplate: {spec: {template: {spec: {containers: [{name: drill, image: "postgres:17.6"}]}}}}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: native-daily, namespace: databases, labels: {app.kubernetes.io/component: backup}}
spec: {schedule: 0 6 * * 0, jobTemplate: {spec: {template: {spec: {containers: [{name: ask, image: "agent:1.0"}]}}}}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: shop-drill, namespace: databases, labels: {app.kubernetes.io/component: backup, onggi.dev/drill-of: shop}}
spec: {schedule: 0 6 * * 0, jobTemplate: {spec: {template: {spec: {containers: [{name: drill, image: "onggi:1.0"}]}}}}}
`)...)
	objs = append(objs, pooler("shop-pooler"))
	for i := range objs {
		objs[i].Origin = "beside.yaml:" + objs[i].Ref().Name
	}
	return objs
}

// TestApply says what each Component changes, field by field, and that it changes nothing else.
func TestApply(t *testing.T) {
	tests := map[string][]string{
		"arm64": {
			`Cluster/databases/shop spec.affinity: (absent) != {"nodeSelector":{"kubernetes.io/arch":"arm64"}}`,
			`StatefulSet/databases/native spec.template.spec.nodeSelector["kubernetes.io/arch"]: (absent) != "arm64"`,
			`CronJob/databases/native-drill spec.jobTemplate.spec.template.spec.nodeSelector: (absent) != {"kubernetes.io/arch":"arm64"}`,
		},
		"k3s": {
			`Cluster/databases/shop spec.storage.pvcTemplate: (absent) != {"storageClassName":"local-path"}`,
			`Cluster/databases/shop spec.storage.resizeInUseVolumes: (absent) != false`,
		},
		"longhorn": {
			`Cluster/databases/shop spec.inheritedMetadata: (absent) != {"labels":{"recurring-job-group.longhorn.io/databases":"enabled","recurring-job-group.longhorn.io/default":"enabled","recurring-job.longhorn.io/source":"enabled"}}`,
			`Cluster/databases/shop spec.storage.pvcTemplate: (absent) != {"storageClassName":"longhorn"}`,
			`Cluster/databases/shop spec.storage.resizeInUseVolumes: (absent) != true`,
		},
		"metallb": {
			`Service/databases/shop-lb spec.allocateLoadBalancerNodePorts: (absent) != false`,
			`Service/databases/shop-pool spec.allocateLoadBalancerNodePorts: (absent) != false`,
		},
		"restricted": {
			`Cluster/databases/shop spec.seccompProfile: (absent) != {"type":"RuntimeDefault"}`,
			`Namespace/databases metadata.labels["pod-security.kubernetes.io/audit"]: (absent) != "restricted"`,
			`Namespace/databases metadata.labels["pod-security.kubernetes.io/enforce"]: (absent) != "restricted"`,
			`Namespace/databases metadata.labels["pod-security.kubernetes.io/warn"]: (absent) != "restricted"`,
		},
	}
	objs := everyKind(t)
	before := manifest.Encode(objs...)
	require.Equal(t, componentNames(), sortedKeys(tests))
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Apply(objs, name)
			require.NoError(t, err)
			require.Equal(t, string(before), string(manifest.Encode(objs...)), "the objects given")
			var changes []string
			for _, d := range manifest.Diff(settled(objs), got) {
				changes = append(changes, line(d))
			}
			require.ElementsMatch(t, want, changes)
			for i := range objs {
				require.Equal(t, objs[i].Ref(), got[i].Ref())
				require.Equal(t, objs[i].Part, got[i].Part)
				require.Equal(t, objs[i].Origin, got[i].Origin)
			}
			twice, err := Apply(got, name)
			require.NoError(t, err)
			require.Empty(t, manifest.Diff(got, twice), "once is as good as twice")
		})
	}
}

func settled(objs []manifest.Object) []manifest.Object {
	out := slices.Clone(objs)
	for i := range out {
		out[i] = settle(out[i])
	}
	return out
}

// line is a difference with its whole values.
func line(d manifest.Difference) string {
	was, is := string(manifest.EncodeJSON(d.Was)), string(manifest.EncodeJSON(d.Is))
	if d.Change == manifest.Added {
		was = "(absent)"
	}
	return d.Ref.String() + " " + manifest.FormatPath(d.Path) + ": " + was + " != " + is
}

// TestApplyInOrder lets the last word be the last Component's, whatever order the objects come in.
func TestApplyInOrder(t *testing.T) {
	class := func(components ...string) any {
		objs := sampleObjects(t)
		slices.Reverse(objs)
		got, err := Apply(objs, components...)
		require.NoError(t, err)
		return child(find(got, "Cluster/shop").Body(), "spec", "storage", "pvcTemplate")["storageClassName"]
	}
	require.Equal(t, "longhorn", class("k3s", "longhorn"))
	require.Equal(t, "local-path", class("longhorn", "k3s"))
}

// TestApplyKeepsWhatTheSpecSays: the class that a Cluster names stays, and CloudNativePG prefers it to the template's.
func TestApplyKeepsWhatTheSpecSays(t *testing.T) {
	objs := sampleObjects(t)
	edit(objs, "Cluster/shop", func(o manifest.Map) {
		spec(o)["affinity"] = manifest.Map{"nodeSelector": manifest.Map{"disk": "ssd"}}
		spec(o)["inheritedMetadata"] = manifest.Map{"labels": manifest.Map{"team": "shop"}}
	})
	got, err := Apply(objs, "k3s", "longhorn", "arm64", "restricted")
	require.NoError(t, err)
	cluster := find(got, "Cluster/shop").Body()
	require.Equal(t, "longhorn-ssd", child(cluster, "spec", "storage")["storageClass"])
	require.Equal(t, "ssd", child(cluster, "spec", "affinity", "nodeSelector")["disk"])
	require.Equal(t, "shop", child(cluster, "spec", "inheritedMetadata", "labels")["team"])
}

func TestApplyToldWhatIsIdle(t *testing.T) {
	objs := without(sampleObjects(t), "Service/shop-lb")
	got, err := Apply(objs, "metallb", "longhorn")
	var idle *IdleError
	require.ErrorAs(t, err, &idle)
	require.Equal(t, []string{"metallb"}, idle.Components)
	require.EqualError(t, err, "no object is one that component metallb patches")
	want, err := Apply(objs, "longhorn")
	require.NoError(t, err)
	require.Equal(t, want, got, "the other components were applied")

	none, err := Apply(nil, "metallb", "longhorn")
	require.EqualError(t, err, "no object is one that components metallb, longhorn patch")
	require.Empty(t, none)
	all, err := Apply(objs)
	require.NoError(t, err)
	require.Equal(t, objs, all)
}

func TestApplyRefuses(t *testing.T) {
	_, err := Apply(sampleObjects(t), "k8s")
	require.EqualError(t, err, `there is no component "k8s": the shipped ones are arm64, k3s, longhorn, metallb, restricted`)
	local := sampleObjects(t)
	edit(local, "ConfigMap/shop-traps", annotate("config.kubernetes.io/local-config", "true"))
	_, err = Apply(local, "longhorn")
	require.EqualError(t, err, "apply longhorn: kustomize leaves out ConfigMap/databases/shop-traps")
	duplicate := append(sampleObjects(t), sampleObjects(t)[0])
	_, err = Apply(duplicate, "longhorn")
	require.ErrorContains(t, err, "may not add resource with an already registered id")
}

// TestEmitShipped lists a Component only where it has something to patch, and refuses one that has nothing anywhere.
func TestEmitShipped(t *testing.T) {
	files, err := Emit(sample(t), Options{Components: []string{"metallb", "longhorn"}})
	require.NoError(t, err)
	holds(t, sample(t), files, []string{"metallb", "longhorn"})
	require.NoError(t, Verify(sample(t), files, "metallb", "longhorn"))
	got := listings(t, files)
	require.Contains(t, got, "base: ../core ../components/backup ../components/expose ../components/metallb ../components/longhorn")
	require.Contains(t, got, "overlays/dev: ../../core ../../components/longhorn patches/cluster-shop.yaml patches/prometheusrule-shop.yaml")
	for name, data := range componentFiles([]string{"longhorn"}) {
		require.Equal(t, string(data), string(files[name]), "the Component as it is shipped")
	}
	var mismatch *MismatchError
	require.ErrorAs(t, Verify(sample(t), files, "metallb"), &mismatch)

	set := sample(t)
	set.Base = without(set.Base, "Service/shop-lb")
	for i := range set.Envs {
		set.Envs[i].Objects = without(set.Envs[i].Objects, "Service/shop-lb")
	}
	_, err = Emit(set, Options{Components: []string{"longhorn", "metallb"}})
	var idle *IdleError
	require.ErrorAs(t, err, &idle)
	require.Equal(t, []string{"metallb"}, idle.Components)
}

// TestComponentsByHand uses each Component as a person would: from a kustomization of their own.
func TestComponentsByHand(t *testing.T) {
	for _, name := range componentNames() {
		files := componentFiles([]string{name})
		files["mine/objects.yaml"] = manifest.Encode(everyKind(t)...)
		files["mine/kustomization.yaml"] = []byte("resources: [objects.yaml]\ncomponents: [../components/" + name + "]\n")
		built, err := Build(files, "mine")
		require.NoError(t, err, name)
		want, err := Apply(everyKind(t), name)
		require.NoError(t, err)
		require.Equal(t, byRef(want), byRef(built), name)
		for file := range maps.Keys(files) {
			listed := path.Base(file) == kustomizationFile || path.Dir(file) == "mine" ||
				strings.Contains(string(files[path.Join(componentsDir, name, kustomizationFile)]), "path: "+path.Base(file))
			require.True(t, listed, "%s is listed by nobody", file)
		}
	}
}

// TestComponentsPassTheSchemas validates what the Components make of every kind against the operators' own definitions.
func TestComponentsPassTheSchemas(t *testing.T) {
	dir := path.Join(cmp.Or(os.Getenv("ONGGI_SHARED"), "../../shared"), "crds")
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		t.Skip("the operators' definitions are not there: set ONGGI_SHARED")
	}
	schemas, err := crd.Load(os.DirFS(dir))
	require.NoError(t, err)
	objs := everyKind(t)
	require.Empty(t, violations(schemas, objs), "before")
	for _, components := range append([][]string{componentNames()}, each(componentNames())...) {
		got, err := Apply(objs, components...)
		require.NoError(t, err)
		require.Empty(t, violations(schemas, got), "%v", components)
	}
}

func violations(schemas *crd.Schemas, objs []manifest.Object) (found []string) {
	for _, o := range objs {
		for _, v := range schemas.Validate(o) {
			found = append(found, o.Ref().String()+" "+manifest.FormatPath(v.Path)+": "+v.Message)
		}
	}
	return found
}

func each(names []string) (out [][]string) {
	for _, name := range names {
		out = append(out, []string{name})
	}
	return out
}
