package graph_test

import (
	"bytes"
	"encoding/xml"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render"
	"github.com/onggi-db/onggi/render/graph"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec"
)

// drawn is the picture of a spec given as YAML, with manifests beside it.
func drawn(t *testing.T, fields string, beside ...string) graph.Picture {
	t.Helper()
	head := "apiVersion: onggi.dev/v1alpha1\nkind: DatabaseCluster\nmetadata: {name: shop, namespace: data}\nspec:\n  version: '17'\n  backend: cloudnative-pg\n  storage: {size: 1Gi}\n"
	files := []spec.Source{{Name: "shop.yaml", Data: []byte(head + fields)}}
	if len(beside) > 0 {
		files = append(files, spec.Source{Name: "beside.yaml", Data: []byte(strings.Join(beside, "---\n"))})
	}
	set, problems := spec.Load(files)
	require.Empty(t, problems)
	cluster, problems := set.Clusters[0].Resolve("")
	require.Empty(t, problems)
	bundle, problems := render.Compile(cluster)
	require.Empty(t, problems)
	return graph.Draw(bundle.Plan, bundle.Objects)
}

func node(t *testing.T, p graph.Picture, id string) graph.Node {
	t.Helper()
	for _, n := range p.Nodes {
		if n.ID == id {
			return n
		}
	}
	require.Fail(t, "no node "+id, p.String())
	return graph.Node{}
}

func TestWhoMakesASecret(t *testing.T) {
	const superuser = "  instances: 1\n  superuser: {secret: su}\n"
	manifestOf := func(kind, rest string) string {
		return "apiVersion: x/v1\nkind: " + kind + "\nmetadata: {name: su, namespace: data}\n" + rest
	}
	tests := []struct {
		name   string
		fields string
		beside []string
		line   string
		warn   bool
		object string
	}{
		{"made elsewhere", superuser, nil, "exists already, made elsewhere", false, "Cluster/data/shop"},
		{"declared", superuser + "  secrets: {provider: sealed-secrets, existing: [{name: su}]}\n", nil, "exists already", false, "Cluster/data/shop"},
		{"forgotten", superuser + "  secrets: {provider: sealed-secrets}\n", nil, "not sealed yet: onggi seal", true, "Cluster/data/shop"},
		{"sealed", superuser + "  secrets: {provider: sealed-secrets}\n", []string{sealed(t)}, "sealed, in beside.yaml:2", false, "SealedSecret/data/su"},
		{"from a store", superuser, []string{strings.Replace(manifestOf("ExternalSecret", "spec: {secretStoreRef: {name: vault}}\n"), "x/v1", "external-secrets.io/v1", 1)},
			"from the secret store vault", false, "ExternalSecret/data/su"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := drawn(t, tt.fields, tt.beside...)
			n := node(t, p, "secret:su")
			require.Equal(t, []string{"the superuser's password", tt.line, "read by Cluster shop"}, n.Lines)
			require.Equal(t, tt.warn, n.Warn)
			require.Equal(t, tt.object, n.Object.String())
			require.Contains(t, p.Edges, graph.Edge{From: "secret:su", To: "cluster", Kind: graph.Reads})
		})
	}
	t.Run("made by the operator, for applications", func(t *testing.T) {
		n := node(t, drawn(t, "  instances: 1\n"), "secret:shop-app")
		require.Equal(t, []string{"made by the operator", "read by applications"}, n.Lines)
	})
	t.Run("one of another namespace is not it", func(t *testing.T) {
		elsewhere := manifest.Map{"apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret", "metadata": manifest.Map{"name": "su", "namespace": "other"}}
		b := bundles(t)[0]
		p := *b.Plan
		picture := graph.Draw(&p, append(b.Objects, manifest.Object{Origin: "x.yaml:1"}.With(elsewhere)))
		require.Contains(t, picture.String(), "[object:SealedSecret/su]")
	})
}

// sealed is the example's SealedSecret by the names of these tests.
func sealed(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("../../examples/homelab/sealed-superuser-secrets.yaml")
	require.NoError(t, err)
	return strings.NewReplacer("superuser-secrets", "su", "namespace: databases", "namespace: data").Replace(string(data))
}

func TestInstances(t *testing.T) {
	titles := func(fields string) (out []string) {
		for _, n := range drawn(t, fields).Nodes {
			if n.Kind == graph.KindPrimary || n.Kind == graph.KindStandby {
				out = append(out, n.Title)
			}
		}
		return out
	}
	require.Equal(t, []string{"Primary"}, titles("  instances: 1\n"))
	require.Equal(t, []string{"Primary", "Standby", "Standby"}, titles("  instances: 3\n"))
	require.Equal(t, []string{"Primary", "Standby", "Standby", "Standby", "Standby"}, titles("  instances: 5\n"))
	require.Equal(t, []string{"Primary", "Standby", "Standby", "Standby", "95 more standbys"}, titles("  instances: 99\n"))

	alone := drawn(t, "  instances: 1\n")
	require.Contains(t, alone.Edges, graph.Edge{From: "service:shop-ro", To: "primary", Kind: graph.Traffic}, "without standbys nobody else could answer")
	require.True(t, node(t, drawn(t, "  instances: 1\n  hibernate: true\n"), "primary").Idle)
}

func TestSchedulesInWords(t *testing.T) {
	for cron, want := range map[string]string{
		"0 0 * * *":    "every day at 00:00",
		"30 2 * * *":   "every day at 02:30",
		"5 * * * *":    "every hour at :05",
		"0 4 * * SUN":  "every Sunday at 04:00",
		"0 4 * * 1-5":  "every weekday at 04:00",
		"0 4 1 * *":    "on day 1 of the month at 04:00",
		"*/5 * * * *":  "",
		"0 */6 * * *":  "",
		"0 4 1 * 1":    "",
		"0 4 * 1 *":    "",
		"0 4 * * 1,3":  "",
		"0 4 1,15 * *": "",
	} {
		t.Run(cron, func(t *testing.T) {
			p := drawn(t, "  instances: 1\n  backup:\n    destination: s3://bucket/x\n    credentials: {fromPod: true}\n    schedules: [{name: s, cron: \""+cron+"\", suspend: true}]\n")
			lines := []string{"cron " + cron + ", UTC", "suspended"}
			if want != "" {
				lines = append([]string{want}, lines...)
			}
			n := node(t, p, "schedule:s")
			require.Equal(t, lines, n.Lines)
			require.True(t, n.Idle)
		})
	}
}

var pathPoint = regexp.MustCompile(`[MLQ]?(-?[\d.]+) (-?[\d.]+)`)

// Edges run between the cards: none passes through one that it does not join.
func TestEdgesKeepClearOfCards(t *testing.T) {
	for _, b := range bundles(t) {
		svg := graph.SVG(graph.Draw(b.Plan, b.Objects), graph.Wide, graph.Options{})
		_, cards := rects(t, svg)
		dec := xml.NewDecoder(bytes.NewReader(svg))
		for {
			token, err := dec.Token()
			if err == io.EOF {
				break
			}
			require.NoError(t, err)
			start, ok := token.(xml.StartElement)
			if !ok || start.Name.Local != "path" {
				continue
			}
			attr := map[string]string{}
			for _, a := range start.Attr {
				attr[a.Name.Local] = a.Value
			}
			if attr["data-from"] == "" {
				continue
			}
			var last []float64
			for _, m := range pathPoint.FindAllStringSubmatch(attr["d"], -1) {
				at := []float64{number(t, m[1]), number(t, m[2])}
				for id, c := range cards {
					if last == nil || id == attr["data-from"] || id == attr["data-to"] || id == "cluster" {
						continue
					}
					through := max(last[0], at[0]) > c[0]+1 && min(last[0], at[0]) < c[0]+c[2]-1 && max(last[1], at[1]) > c[1]+1 && min(last[1], at[1]) < c[1]+c[3]-1
					require.False(t, through, "%s: the edge from %s to %s runs through %s", b.name, attr["data-from"], attr["data-to"], id)
				}
				last = at
			}
		}
	}
}
