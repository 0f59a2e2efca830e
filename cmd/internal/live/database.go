package live

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"unicode/utf8"

	"github.com/onggi-db/onggi/cmd/internal/watch"
	"github.com/onggi-db/onggi/render"
	"github.com/onggi-db/onggi/render/graph"
	"github.com/onggi-db/onggi/render/manifest"
)

// database is one database as the page shows it.
type database struct {
	entry
	Serial int `json:"serial"`
	// Env is the environment of the picture.
	Env     string `json:"env"`
	Picture string `json:"picture"`
	// Shown are the environments that the objects are of, in the order of their columns.
	Shown   []string `json:"shown"`
	Objects []object `json:"objects"`
	Moved   []change `json:"moved"`
	// MovedCount is how many fields moved, also those beyond what Moved lists.
	MovedCount int `json:"movedCount"`
}

// object is one object in all environments.
type object struct {
	Key     string `json:"key"`
	Kind    string `json:"kind"`
	Name    string `json:"name"`
	In      []bool `json:"in"`      // by environment
	Differs int    `json:"differs"` // rows that are not the same everywhere
	Rows    []row  `json:"rows"`

	rank int // of its part, in the order of reading
}

// change is one field, or with an empty path one object, that the last edit moved.
type change struct {
	Env    string `json:"env"`
	Key    string `json:"key"`
	Kind   string `json:"kind"`
	Name   string `json:"name"`
	Path   string `json:"path"`
	Change string `json:"change"`
	Was    string `json:"was"`
	Is     string `json:"is"`
}

func (s *Server) database(w http.ResponseWriter, r *http.Request) {
	v, _ := s.latest()
	q := r.URL.Query()
	d, ok := v.find(q.Get("id"))
	if !ok {
		http.Error(w, "there is no such database", http.StatusNotFound)
		return
	}
	env := noEnv
	if q.Has("env") {
		env = q.Get("env")
	}
	out, err := s.look(v, d, env, layout(q))
	switch {
	case errors.Is(err, watch.ErrUnknown):
		http.Error(w, "it was never rendered: its spec has problems", http.StatusNotFound)
		return
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(encode(out)) // the reader has gone: nobody is left to tell
}

func (s *Server) picture(w http.ResponseWriter, r *http.Request) {
	v, _ := s.latest()
	q := r.URL.Query()
	d, ok := v.find(q.Get("id"))
	if !ok {
		http.Error(w, "there is no such database", http.StatusNotFound)
		return
	}
	bundle, err := s.o.Render(d.ID, q.Get("env"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
	_, _ = w.Write(graph.SVG(graph.Draw(bundle.Plan, bundle.Objects), layout(q), graph.Options{Standalone: true}))
}

// noEnv is no environment's name: the choice is left to the page. The empty name is the spec alone.
const noEnv = "*"

func layout(q url.Values) graph.Layout {
	if q.Get("layout") == "narrow" {
		return graph.Narrow
	}
	return graph.Wide
}

// look renders a database in all its environments. One that was never good in an environment is shown without it.
func (s *Server) look(v *view, d watch.Database, env string, l graph.Layout) (database, error) {
	out := database{entry: entry{d.ID, d.Name, d.Namespace, d.File, d.Envs}, Serial: v.state.Serial, Shown: []string{}, Objects: []object{}, Moved: []change{}}
	var bundles []render.Bundle
	var unknown error
	for _, e := range d.Envs {
		b, err := s.o.Render(d.ID, e)
		switch {
		case errors.Is(err, watch.ErrUnknown):
			unknown = err
			continue
		case err != nil:
			return out, err
		}
		out.Shown, bundles = append(out.Shown, e), append(bundles, b)
	}
	if len(bundles) == 0 {
		return out, cmp.Or(unknown, watch.ErrUnknown)
	}
	chosen := slices.Index(out.Shown, env)
	if chosen < 0 { // nobody chose: the one with the most to see
		for i, b := range bundles {
			if chosen < 0 || len(b.Objects) > len(bundles[chosen].Objects) {
				chosen = i
			}
		}
	}
	out.Env = out.Shown[chosen]
	href := func(ref manifest.Ref) string {
		return "#" + url.Values{"db": {d.ID}, "env": {out.Env}, "object": {graph.Key(ref)}}.Encode()
	}
	picture := graph.Draw(bundles[chosen].Plan, bundles[chosen].Objects)
	out.Picture = string(graph.SVG(picture, l, graph.Options{Href: href, ID: "g-"}))

	touched := traces{}
	for _, m := range v.moves {
		if m.Database.ID == d.ID {
			out.MovedCount += m.Count
			for _, diff := range m.Differences {
				touched.add(graph.Key(diff.Ref), diff.Path)
				if len(out.Moved) < maxMoves {
					out.Moved = append(out.Moved, newChange(m.Env, diff))
				}
			}
		}
	}
	out.Objects = sideBySide(bundles, touched)
	return out, nil
}

// traces are the paths that the last edit moved, and those above them, by the key of the object.
type traces map[string]map[string]mark

type mark int

const (
	near  mark = iota + 1 // something below it moved
	trace                 // it moved
)

func (t traces) add(key string, path []any) {
	if t[key] == nil {
		t[key] = map[string]mark{}
	}
	for n := range path {
		if at := manifest.FormatPath(path[:n]); t[key][at] != trace {
			t[key][at] = near
		}
	}
	t[key][manifest.FormatPath(path)] = trace
}

func newChange(env string, d manifest.Difference) change {
	return change{env, graph.Key(d.Ref), d.Ref.Kind, d.Ref.Name, manifest.FormatPath(d.Path), word(d.Change), short(d.Was), short(d.Is)}
}

// short is a value as one line of JSON, cut where nobody reads on.
func short(v any) string {
	const most = 300
	if v == nil {
		return ""
	}
	s := string(manifest.EncodeJSON(v))
	if len(s) <= most {
		return s
	}
	cut := most
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

// sideBySide pairs the objects of several environments by kind and name: the cluster first, then part by part as people ask for
// them, in each part as they are applied.
func sideBySide(bundles []render.Bundle, touched traces) []object {
	at := map[string]int{}
	var all []object
	var bodies [][]any
	var parts []manifest.Part
	for i, b := range bundles {
		for _, o := range b.Objects {
			ref := o.Ref()
			key := graph.Key(ref)
			j, ok := at[key]
			if !ok || all[j].In[i] { // twice in one environment: in two namespaces
				j = len(all)
				at[key] = j
				all = append(all, object{Key: key, Kind: ref.Kind, Name: ref.Name, In: make([]bool, len(bundles))})
				bodies, parts = append(bodies, make([]any, len(bundles))), append(parts, o.Part)
			}
			all[j].In[i] = true
			bodies[j][i] = o.Body()
		}
	}
	for j := range all {
		all[j].rank = slices.Index(reading(), parts[j])
		marks := touched[all[j].Key]
		all[j].Rows = align(bodies[j], all[j].In, func(path string) bool { return marks[path] == trace }, func(path string) bool { return marks[path] == near })
		for _, r := range all[j].Rows {
			if r.Differs {
				all[j].Differs++
			}
		}
	}
	slices.SortStableFunc(all, func(a, b object) int { return a.rank - b.rank })
	return all
}

// reading is the order in which people ask for the parts.
func reading() []manifest.Part {
	return []manifest.Part{
		manifest.PartCluster, manifest.PartDatabases, manifest.PartExpose, manifest.PartPooler, manifest.PartBackup,
		manifest.PartSecrets, manifest.PartTLS, manifest.PartNetwork, manifest.PartMonitoring, manifest.PartExtra,
	}
}
