package charts

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/variant"
)

// Each row is one way in which environments differ: the spec of a Cluster in Base and in prod, and what the template, the
// values and prod's values say about it. "-" is a variant without the object.
func TestShapesOfDifference(t *testing.T) {
	for _, c := range []struct {
		name, base, prod       string
		template, values, over string
	}{
		{
			name: "what agrees is literal",
			base: "a: 1", prod: "a: 1",
			template: "a: 1\n", values: "", over: "",
		},
		{
			name: "a string that differs is a value, in quotes",
			base: `a: "on"`, prod: "a: x",
			template: "a: {{ .Values.cluster.a | quote }}\n", values: `a: "on"`, over: "a: x",
		},
		{
			name: "an integer never turns into 1e+07",
			base: "a: 10000000", prod: "a: 3",
			template: "a: {{ .Values.cluster.a | int64 }}\n", values: "a: 10000000", over: "a: 3",
		},
		{
			name: "a boolean",
			base: "a: true", prod: "a: false",
			template: "a: {{ .Values.cluster.a }}\n", values: "a: true", over: "a: false",
		},
		{
			name: "an integer or a string",
			base: "a: 5432", prod: "a: postgres",
			template: "a: {{ .Values.cluster.a | toJson }}\n", values: "a: 5432", over: "a: postgres",
		},
		{
			name: "an integer that no float holds chooses between literals",
			base: "a: 9007199254740993", prod: "a: 1",
			template: "{{- if eq .Values.cluster.a \"base\" }}\n  a: 9007199254740993\n  {{- else }}\n  a: 1\n  {{- end }}\n",
			values:   "a: base", over: "a: prod",
		},
		{
			name: "a null and a mapping choose between literals",
			base: "a: null", prod: "a: {b: 1}",
			template: "{{- if eq .Values.cluster.a \"base\" }}\n  a: null\n  {{- else }}\n  a:\n    b: 1\n  {{- end }}\n",
			values:   "a: base", over: "a: prod",
		},
		{
			name: "a mapping differs key by key",
			base: "m: {a: 1, b: 2}", prod: "m: {a: 1, b: 3}",
			template: "m:\n    a: 1\n    b: {{ .Values.cluster.m.b | int64 }}\n", values: "b: 2", over: "b: 3",
		},
		{
			name: "a string that some have is left out while it is empty",
			base: "{}", prod: "class: fast",
			template: "{{- with .Values.cluster.class }}\n  class: {{ . | quote }}\n  {{- end }}\n", values: `class: ""`, over: "class: fast",
		},
		{
			name: "a boolean that some have as false needs a switch",
			base: "{}", prod: "a: false",
			template: "{{- if .Values.cluster.a.set }}\n  a: false\n  {{- end }}\n", values: "set: false", over: "set: true",
		},
		{
			name: "a mapping that some have has a switch",
			base: "{}", prod: "wal: {size: 1Gi}",
			template: "{{- if .Values.cluster.wal.enabled }}\n  wal:\n    size: 1Gi\n  {{- end }}\n",
			values:   "enabled: false", over: "enabled: true",
		},
		{
			name: "a mapping that may be left without entries is empty, not null",
			base: "m: {}", prod: "m: {a: 1}",
			template: "m:{{ if not .Values.cluster.m.a }} {}{{ end }}\n    {{- with .Values.cluster.m.a }}\n    a: {{ . | int64 }}\n    {{- end }}\n",
			values:   "a: 0", over: "a: 1",
		},
		{
			name: "a list of scalars is one value",
			base: "hba: [a, b]", prod: "hba: [b]",
			template: "hba:\n    {{- toYaml .Values.cluster.hba | nindent 4 }}\n", values: "hba:\n  - a\n  - b", over: "hba:\n  - b",
		},
		{
			name: "a list that some have is left out while it is empty",
			base: "{}", prod: "hba: [b]",
			template: "{{- with .Values.cluster.hba }}\n  hba:\n    {{- toYaml . | nindent 4 }}\n  {{- end }}\n",
			values:   "hba: []", over: "hba:\n  - b",
		},
		{
			name: "an item that some have is known by its name",
			base: "l: [{name: a, x: 1}]", prod: "l: [{name: a, x: 2}, {name: b-c, x: 1}]",
			template: "l:\n  - name: a\n    x: {{ .Values.cluster.l.a.x | int64 }}\n  {{- if .Values.cluster.l.bC.enabled }}\n  - name: b-c\n    x: 1\n  {{- end }}\n",
			values:   "x: 1", over: "enabled: true",
		},
		{
			name: "an only item needs no name in the values",
			base: "l: [{x: 1}]", prod: "l: [{x: 2}]",
			template: "l:\n  - x: {{ .Values.cluster.l.x | int64 }}\n", values: "x: 1", over: "x: 2",
		},
		{
			name: "items without a name are known by what they are",
			base: "l: [{x: 1}]", prod: "l: [{z: 2}, {x: 1}]",
			template: "l:\n  {{- if .Values.cluster.l.item0.enabled }}\n  - z: 2\n  {{- end }}\n  - x: 1\n",
			values:   "enabled: false", over: "enabled: true",
		},
		{
			name: "a list that is reordered is one value",
			base: "l: [{name: a}, {name: b}, {name: c}]", prod: "l: [{name: b}, {name: a}]",
			template: "l:\n    {{- toYaml .Values.cluster.l | nindent 4 }}\n", values: "l:\n  - name: a\n  - name: b\n  - name: c", over: "l:\n  - name: b\n  - name: a",
		},
		{
			name: "an item whose entries may all be absent keeps its dash",
			base: "l: [{a: {b: 1}}]", prod: "l: [{c: {d: 1}}]",
			template: "l:\n  -{{ if not (or .Values.cluster.l.a.enabled .Values.cluster.l.c.enabled) }} {}{{ end }}\n    {{- if .Values.cluster.l.a.enabled }}\n    a:\n      b: 1\n    {{- end }}\n",
			values:   "enabled: true", over: "enabled: false",
		},
		{
			name: "an object that some have",
			base: "-", prod: "a: 1",
			template: "{{- if .Values.cluster.enabled }}\napiVersion: v1\n", values: "enabled: false", over: "enabled: true",
		},
		{
			name: "another template language comes out as it went in",
			base: `a: "{{ $labels.pod }} and {{`, prod: `a: "{{ $labels.pod }} and {{`,
			template: "a: \"{{`{{ $labels.pod }}`}} and {{`{{`}}\"\n", values: "", over: "",
		},
		{
			name: "a key that Go cannot name behind a dot",
			base: "metallb.io/pool-a: x", prod: "metallb.io/pool-a: z",
			template: "metallb.io/pool-a: {{ .Values.cluster.poolA | quote }}\n", values: "poolA: x", over: "poolA: z",
		},
		{
			name: "two keys that would share a name",
			base: "{a.io/x: p, b.io/x: p}", prod: "{a.io/x: q, b.io/x: q}",
			template: "a.io/x: {{ .Values.cluster.x | quote }}\n  b.io/x: {{ .Values.cluster.spec.bIoX | quote }}\n", values: "bIoX: p", over: "bIoX: q",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := emit(t, variant.Set{
				Name: "db", Namespace: "ns", Engine: "postgres", Version: "17.10", Backend: "cloudnative-pg",
				Base: cluster(t, c.base), Envs: []variant.Env{{Name: "prod", Namespace: "ns", Objects: cluster(t, c.prod)}},
			})
			template := string(files["templates/cluster-db.yaml"])
			require.Contains(t, template, c.template)
			require.Contains(t, string(files["values.yaml"]), c.values)
			if c.over == "" {
				require.NotContains(t, template, ".Values.cluster")
				require.Contains(t, string(files["values-prod.yaml"]), "{}\n")
			}
			require.Contains(t, string(files["values-prod.yaml"]), c.over)
		})
	}
}

func cluster(t *testing.T, spec string) []manifest.Object {
	t.Helper()
	if spec == "-" {
		return nil
	}
	if strings.Count(spec, `"`)%2 == 1 {
		spec += `"`
	}
	text := "apiVersion: v1\nkind: Cluster\nmetadata: {name: db, namespace: ns}\nspec:\n  " + spec + "\n"
	objs, err := manifest.Decode(t.Name(), []byte(text))
	require.NoError(t, err)
	objs[0].Part = manifest.PartCluster
	return objs
}

// Long text that differs is no value: the template has the lines that versions have of their own, and the value says whose.
func TestLongTextDiffersLineByLine(t *testing.T) {
	body := func(first, last string) []manifest.Object {
		return []manifest.Object{manifest.Object{Part: manifest.PartExtra}.With(manifest.Map{
			"apiVersion": "v1", "kind": "ConfigMap", "metadata": manifest.Map{"name": "c", "namespace": "ns"},
			"data": manifest.Map{"run.sh": first + "\n" + strings.Repeat("same\n", 200) + last},
		})}
	}
	files := emit(t, variant.Set{
		Name: "db", Namespace: "ns", Engine: "postgres", Version: "17.10", Backend: "cloudnative-pg",
		Base: body("a", ""), Envs: []variant.Env{
			{Name: "dev", Namespace: "ns", Objects: body("b", "")}, {Name: "prod", Namespace: "ns", Objects: body("a", "{{ c }}\n")},
		},
	})
	template := string(files["templates/configmap-c.yaml"])
	require.Contains(t, template, "data:\n  run.sh: |\n    {{- if has .Values.configMap.data.runSh (list \"base\" \"prod\") }}\n    a\n"+
		"    {{- else if eq .Values.configMap.data.runSh \"dev\" }}\n    b\n    {{- end }}\n    same\n")
	require.Contains(t, template, "    same\n    {{- if eq .Values.configMap.data.runSh \"prod\" }}\n    {{`{{ c }}`}}\n    {{- end }}\n")
	require.Contains(t, string(files["values-prod.yaml"]), "runSh: prod")
}

// The places of another object that come and go with a part, and say that they belong to it, follow the part's switch.
func TestPartsSwitchWhatBelongsToThem(t *testing.T) {
	template := string(emit(t, shop(t))["templates/cluster-shop.yaml"])
	require.Contains(t, template, "{{- if .Values.backup.enabled }}\n  plugins:", "it names the ObjectStore")
	require.Contains(t, template, "{{- if .Values.backup.enabled }}\n  backup:", "its key is the part's name")
	require.Contains(t, template, "{{- with .Values.storage.class }}", "it comes and goes with the backup, by chance")
}

// A chart names the release's namespace wherever it is meant, so that it can be installed in another one.
func TestTheNamespaceIsTheReleases(t *testing.T) {
	files := emit(t, shop(t))
	objs, err := Render(files, "values-prod.yaml", "elsewhere")
	require.NoError(t, err)
	for _, o := range objs {
		if ns := o.Ref().Namespace; ns != "" && o.Ref().Kind != "ConfigMap" {
			require.Equal(t, "elsewhere", ns, o.Ref())
		}
		if o.Ref().Kind == "PrometheusRule" {
			text := string(manifest.Encode(o))
			require.Contains(t, text, `namespace="elsewhere"`)
			require.Contains(t, text, "name: elsewhere.shop.cluster")
			require.Contains(t, text, "name: elsewhere.shop.backup")
		}
	}
}
