package live_test

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/cmd/internal/live"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec"
)

// looked is what a reader gets of one database.
type looked struct {
	ID, Env, Picture string
	Shown            []string
	Objects          []struct {
		Key, Kind, Name string
		In              []bool
		Differs         int
		Rows            []struct {
			T    []*string
			D, M bool
		}
	}
	Moved []struct{ Env, Key, Path, Change, Was, Is string }
}

func look(t testing.TB, f *fake, query url.Values) looked {
	t.Helper()
	w := get(f.page, "/database?"+query.Encode(), nil)
	require.Equal(t, 200, w.Code, w.Body.String())
	require.Equal(t, "application/json; charset=utf-8", w.Header().Get("Content-Type"))
	var out looked
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &out))
	return out
}

// column is the YAML of one object in one environment, put together from its rows.
func (l looked) column(object, env int) string {
	var b strings.Builder
	for _, r := range l.Objects[object].Rows {
		text := r.T[0]
		if len(r.T) > 1 {
			text = r.T[env]
		}
		if text != nil {
			b.WriteString(*text + "\n")
		}
	}
	return b.String()
}

// Reading down a column gives the object as it is written to disk, whatever stands beside it.
func TestColumnsAreTheObjects(t *testing.T) {
	for _, dir := range []string{"../../../examples/homelab", "../../../testdata/specs/everything", "../../../testdata/specs/team", "../../../testdata/specs/standby", "../../../testdata/specs/components"} {
		f := newFake(t, live.Options{}, sources(t, dir)...)
		for _, d := range f.state.Databases {
			out := look(t, f, url.Values{"id": {d.ID}})
			require.Equal(t, d.Envs, out.Shown)
			require.NotEmpty(t, out.Objects)
			for env, name := range out.Shown {
				bundle, err := f.render(d.ID, name)
				require.NoError(t, err)
				seen := 0
				for i, o := range out.Objects {
					if !o.In[env] {
						require.Empty(t, out.column(i, env), o.Key)
						continue
					}
					want, err := manifest.Decode("yaml", []byte(out.column(i, env)))
					require.NoError(t, err, "%s %s:\n%s", dir, o.Key, out.column(i, env))
					require.Len(t, want, 1)
					for _, object := range bundle.Objects {
						if object.Ref() == want[0].Ref() {
							require.Equal(t, string(manifest.AppendYAML(nil, object.Body())), out.column(i, env), "%s %s in %s", dir, o.Key, name)
							seen++
						}
					}
				}
				require.Equal(t, len(bundle.Objects), seen, "every object of %s has a column", name)
			}
		}
	}
}

func TestOneDatabase(t *testing.T) {
	files := homelab(t)
	f := newFake(t, live.Options{}, files...)
	f.load(t, edited(files, "instances: 3", "instances: 5")...)
	out := look(t, f, url.Values{"id": {"databases/lemon"}, "env": {"prod"}})
	require.Equal(t, "prod", out.Env)
	require.Equal(t, "Cluster.postgresql.cnpg.io/lemon", out.Objects[0].Key, "what people ask for first comes first")
	require.Contains(t, out.Picture, `href="#db=databases%2Flemon&amp;env=prod&amp;object=ObjectStore.barmancloud.cnpg.io%2Flemon"`)
	require.Len(t, out.Moved, 1)
	require.Equal(t, "spec.instances 3 5 changed prod", strings.Join([]string{out.Moved[0].Path, out.Moved[0].Was, out.Moved[0].Is, out.Moved[0].Change, out.Moved[0].Env}, " "))
	marked := 0
	for _, r := range out.Objects[0].Rows {
		if len(r.T) == 2 && r.T[0] != nil && r.T[1] != nil && *r.T[0] == "  instances: 1" {
			require.Equal(t, "  instances: 5", *r.T[1])
			require.True(t, r.D, "it differs")
			require.True(t, r.M, "it moved")
		}
		if r.M {
			marked++
		}
	}
	require.Equal(t, 1, marked, "nothing else moved")

	require.Contains(t, look(t, f, url.Values{"id": {"databases/lemon"}, "layout": {"narrow"}}).Picture, `viewBox="0 0 340 `)
	require.Equal(t, "dev", look(t, f, url.Values{"id": {"databases/lemon"}, "env": {"dev"}}).Env)
	require.Equal(t, "prod", look(t, f, url.Values{"id": {"databases/lemon"}}).Env, "without a choice, where there is most to see")
	require.Equal(t, "prod", look(t, f, url.Values{"id": {"databases/lemon"}, "env": {"gone"}}).Env)
}

// Whatever names and values say, what is sent holds no element of theirs.
func TestWhatIsSentIsInert(t *testing.T) {
	const evil = `<script>alert(1)</script><img src=x onerror=alert(1)>`
	f := newFake(t, live.Options{}, spec.Source{Name: evil + ".yaml", Data: []byte(`apiVersion: onggi.dev/v1alpha1
kind: DatabaseCluster
metadata: {name: shop}
spec:
  version: "17"
  backend: cloudnative-pg
  instances: 2
  storage: {size: 1Gi}
  annotations: {example.com/x: "` + evil + `"}
`)}, spec.Source{Name: "bad.yaml", Data: []byte("apiVersion: onggi.dev/v1alpha1\nkind: '" + evil + "'\n")})
	require.Contains(t, get(f.page, "/database?id=default/shop", nil).Body.String(), `\u003cscript`)
	picture := get(f.page, "/picture?id=default/shop", nil)
	require.Equal(t, "image/svg+xml", picture.Header().Get("Content-Type"))
	require.Contains(t, picture.Header().Get("Content-Security-Policy"), "sandbox")
	for _, body := range []string{get(f.page, "/database?id=default/shop", nil).Body.String(), picture.Body.String()} {
		require.NotContains(t, body, "<script")
		require.NotContains(t, body, "<img")
	}
	for dec := xml.NewDecoder(picture.Body); ; {
		token, err := dec.Token()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		if start, ok := token.(xml.StartElement); ok {
			require.Contains(t, []string{"svg", "style", "defs", "marker", "path", "g", "a", "rect", "text", "title"}, start.Name.Local)
		}
	}
	url, _ := served(t, f)
	s := subscribe(t, url, "")
	for {
		line, err := s.lines.ReadString('\n')
		require.NoError(t, err)
		require.NotContains(t, line, "<")
		if strings.HasPrefix(line, "data: ") {
			require.Contains(t, line, `\u003cscript`)
			return
		}
	}
}

func TestNeverGood(t *testing.T) {
	f := newFake(t, live.Options{}, edited(homelab(t), "10Gi", "10GB")...)
	f.docs = nil // the watch has nothing that was ever good
	w := get(f.page, "/database?id=databases/lemon", nil)
	require.Equal(t, 404, w.Code)
	require.Contains(t, w.Body.String(), "never rendered")
}

func BenchmarkDatabase(b *testing.B) {
	f := newFake(b, live.Options{}, homelab(b)...)
	b.ReportAllocs()
	for b.Loop() {
		if w := get(f.page, "/database?id=databases/lemon", nil); w.Code != 200 {
			b.Fatal(fmt.Sprint(w.Code))
		}
	}
}
