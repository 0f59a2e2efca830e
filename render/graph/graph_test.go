package graph_test

import (
	"bytes"
	"encoding/xml"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render"
	"github.com/onggi-db/onggi/render/graph"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// bundle is a rendered database of the repository's test data.
type bundle struct {
	render.Bundle
	name string // case, database and environment, fit for a file name
}

func bundles(t testing.TB) []bundle {
	t.Helper()
	dirs, err := filepath.Glob("../../testdata/specs/*")
	require.NoError(t, err)
	dirs = append(dirs, "../../examples/homelab")
	var all []bundle
	for _, dir := range dirs {
		set, problems := spec.Load(sources(t, dir))
		require.Empty(t, problems)
		for _, doc := range set.Clusters {
			for _, env := range append([]string{""}, doc.Environments()...) {
				cluster, problems := doc.Resolve(env)
				require.Empty(t, problems)
				b, problems := render.Compile(cluster)
				require.Empty(t, problems)
				name := filepath.Base(dir) + "-" + doc.Name
				if env != "" {
					name += "-" + env
				}
				all = append(all, bundle{b, name})
			}
		}
	}
	require.Greater(t, len(all), 20)
	return all
}

func sources(t testing.TB, dir string) []spec.Source {
	t.Helper()
	var out []spec.Source
	files, err := filepath.Glob(dir + "/*.yaml")
	require.NoError(t, err)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		out = append(out, spec.Source{Name: filepath.Base(file), Data: data})
	}
	return out
}

// golden are the pictures that people review, by their text and as they look.
func golden(name string) (text, svg bool) {
	switch name {
	case "homelab-lemon-prod":
		return true, true
	case "everything-shop", "standby-shop-east", "minimal-shop":
		return true, false
	case "recovery-shop", "migration-shop", "snapshot-shop", "fleet-orders-prod", "homelab-lemon-dev", "standby-shop-east-promoted", "standby-shop-east-delayed", "migration-shop-copy", "native-homelab-lemon-prod":
		return true, false
	}
	return false, false
}

func TestGoldens(t *testing.T) {
	seen := 0
	for _, b := range bundles(t) {
		text, svg := golden(b.name)
		if !text {
			continue
		}
		seen++
		picture := graph.Draw(b.Plan, b.Objects)
		same(t, b.name+".txt", []byte(picture.String()))
		if svg {
			same(t, b.name+".svg", graph.SVG(picture, graph.Wide, graph.Options{Standalone: true, Href: href}))
			same(t, b.name+"-narrow.svg", graph.SVG(picture, graph.Narrow, graph.Options{Standalone: true, Href: href}))
		}
	}
	require.Equal(t, 13, seen)
}

func href(r manifest.Ref) string { return "#" + graph.Key(r) }

func same(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(file, got, 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "%s; -update rewrites it", file)
}

func TestEveryObjectIsInTheCardsAndEveryEdgeHasTwoEnds(t *testing.T) {
	for _, b := range bundles(t) {
		picture := graph.Draw(b.Plan, b.Objects)
		var refs []manifest.Ref
		ids := map[string]bool{}
		for _, n := range picture.Nodes {
			require.False(t, ids[n.ID], "%s: two nodes %s", b.name, n.ID)
			ids[n.ID] = true
			refs = append(refs, n.Object)
		}
		for _, o := range b.Objects {
			named := slices.ContainsFunc(picture.Nodes, func(n graph.Node) bool {
				return n.Lane == graph.Others && n.Title == o.Ref().Name && strings.Contains(strings.Join(n.Lines, " "), o.Ref().Kind)
			})
			require.True(t, named || slices.Contains(refs, o.Ref()), "%s: %s is nowhere in the picture", b.name, o.Ref())
		}
		for _, n := range picture.Nodes {
			require.True(t, slices.ContainsFunc(b.Objects, func(o manifest.Object) bool { return o.Ref() == n.Object }), "%s: %s leads to %s, which is not rendered", b.name, n.ID, n.Object)
		}
		for _, e := range picture.Edges {
			require.True(t, ids[e.From] && ids[e.To], "%s: %v", b.name, e)
		}
	}
}

// rects reads the cards back out of an SVG.
func rects(t *testing.T, svg []byte) (view [4]float64, cards map[string][4]float64) {
	t.Helper()
	cards = map[string][4]float64{}
	dec := xml.NewDecoder(bytes.NewReader(svg))
	node := ""
	for {
		token, err := dec.Token()
		if err == io.EOF {
			return view, cards
		}
		require.NoError(t, err)
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		attr := func(name string) string {
			for _, a := range start.Attr {
				if a.Name.Local == name {
					return a.Value
				}
			}
			return ""
		}
		switch {
		case start.Name.Local == "svg":
			view = [4]float64{0, 0, number(t, attr("width")), number(t, attr("height"))}
		case attr("data-node") != "":
			node = attr("data-node")
		case start.Name.Local == "rect":
			cards[node] = [4]float64{number(t, attr("x")), number(t, attr("y")), number(t, attr("width")), number(t, attr("height"))}
		}
	}
}

func number(t *testing.T, s string) float64 {
	t.Helper()
	var f float64
	require.NoError(t, xml.Unmarshal([]byte("<n>"+s+"</n>"), &f))
	return f
}

func TestCardsStandApartInsideThePicture(t *testing.T) {
	for _, b := range bundles(t) {
		for _, layout := range []graph.Layout{graph.Wide, graph.Narrow} {
			picture := graph.Draw(b.Plan, b.Objects)
			view, cards := rects(t, graph.SVG(picture, layout, graph.Options{Href: href}))
			require.Len(t, cards, len(picture.Nodes), b.name)
			frame := cards["cluster"]
			for id, c := range cards {
				require.True(t, c[0] >= 0 && c[1] >= 0 && c[0]+c[2] <= view[2] && c[1]+c[3] <= view[3], "%s: %s leaves the picture", b.name, id)
				for other, o := range cards {
					apart := c[0]+c[2] <= o[0] || o[0]+o[2] <= c[0] || c[1]+c[3] <= o[1] || o[1]+o[3] <= c[1]
					inside := c[0] > frame[0] && c[1] > frame[1] && c[0]+c[2] < frame[0]+frame[2] && c[1]+c[3] < frame[1]+frame[3]
					switch {
					case id == other || id == "cluster":
					case other == "cluster":
						require.True(t, apart || inside, "%s: %s is half in the frame", b.name, id)
					default:
						require.True(t, apart, "%s: %s lies over %s", b.name, id, other)
					}
				}
			}
		}
	}
}

func TestNamesAreInert(t *testing.T) {
	const evil = `<script>alert(1)</script>"'&` + "\x00\x1b]]>"
	b := bundles(t)[0]
	p := *b.Plan
	p.Name, p.Env = evil, evil
	objs := []manifest.Object{manifest.Object{Origin: evil}.With(manifest.Map{"apiVersion": "v1", "kind": evil, "metadata": manifest.Map{"name": evil}, "spec": manifest.Map{"secretName": evil}})}
	for _, layout := range []graph.Layout{graph.Wide, graph.Narrow} {
		svg := graph.SVG(graph.Draw(&p, objs), layout, graph.Options{Href: href})
		rects(t, svg) // well-formed
		require.NotContains(t, string(svg), "<script")
		require.Contains(t, string(svg), "&lt;script&gt;")
	}
}

func TestNoObjects(t *testing.T) {
	b := bundles(t)[0]
	require.NotPanics(t, func() { graph.SVG(graph.Draw(b.Plan, nil), graph.Wide, graph.Options{}) })
}

func TestSameBytes(t *testing.T) {
	for _, b := range bundles(t) {
		first := graph.SVG(graph.Draw(b.Plan, b.Objects), graph.Wide, graph.Options{Href: href})
		shuffled := slices.Clone(b.Objects)
		manifest.Sort(shuffled)
		require.Equal(t, string(first), string(graph.SVG(graph.Draw(b.Plan, shuffled), graph.Wide, graph.Options{Href: href})))
	}
}

func TestLongTextIsCutAndKeptInTheTitle(t *testing.T) {
	b := bundles(t)[0]
	p := *b.Plan
	p.Name = strings.Repeat("long", 40)
	svg := string(graph.SVG(graph.Draw(&p, b.Objects), graph.Wide, graph.Options{}))
	require.Contains(t, svg, "…</text>")
	require.Contains(t, svg, "<title>"+p.Name)
}

func BenchmarkPicture(b *testing.B) {
	all := bundles(b)
	i := slices.IndexFunc(all, func(x bundle) bool { return x.name == "everything-shop" })
	for b.Loop() {
		graph.SVG(graph.Draw(all[i].Plan, all[i].Objects), graph.Wide, graph.Options{Href: href})
	}
}
