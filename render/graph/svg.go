package graph

import (
	"fmt"
	"strconv"
	"strings"

	_ "embed" // the style

	"github.com/onggi-db/onggi/render/manifest"
)

// Style is the style sheet of a picture, light and dark. A page that has pictures takes it in; [Options.Standalone] puts it
// into the picture itself.
//
//go:embed style.css
var Style string

// Options of [SVG].
type Options struct {
	// Href is where a node's link leads, for its object. Without one, nodes are no links.
	Href func(manifest.Ref) string
	// ID goes before every id, for several pictures in one page.
	ID string
	// Standalone makes a file of its own, with the style in it.
	Standalone bool
}

// SVG draws a picture. Whatever the names in it are, the result is well-formed and holds no script.
func SVG(p Picture, l Layout, o Options) []byte {
	d := arrange(p, l)
	w := &writer{Options: o}
	w.open(p, d)
	for _, h := range d.headings {
		w.line(`<text class="lane" x="%s" y="%s">%s</text>`, num(h.x), num(h.y), escape(h.text))
	}
	frame := d.card(idCluster)
	if frame != nil {
		w.node(*frame)
	}
	w.line(`<g class="edges" aria-hidden="true">`)
	for _, e := range d.paths {
		w.edge(e)
	}
	w.line(`</g>`)
	for _, c := range d.cards {
		if c.ID != idCluster {
			w.node(c)
		}
	}
	w.line(`</svg>`)
	return []byte(w.b.String())
}

type writer struct {
	Options
	b strings.Builder
}

func (w *writer) line(format string, args ...any) {
	fmt.Fprintf(&w.b, format+"\n", args...)
}

func (w *writer) open(p Picture, d *drawing) {
	xmlns := ""
	if w.Standalone {
		xmlns = ` xmlns="http://www.w3.org/2000/svg"`
	}
	w.line(`<svg%s class="onggi-graph" viewBox="0 0 %s %s" width="%s" height="%s" role="group" aria-label="%s">`,
		xmlns, num(d.w), num(d.h), num(d.w), num(d.h), escape("Picture of "+p.Title))
	if w.Standalone {
		w.line("<style>\n:root { color-scheme: light dark; }\n%s</style>", escape(Style))
	}
	w.line(`<defs><marker id="%sarrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path class="arrow" d="M1 1l6 3-6 3z"/></marker></defs>`, escape(w.ID))
}

func (w *writer) node(c card) {
	class := "node " + string(c.Kind)
	if c.Warn {
		class += " warn"
	}
	if c.Idle {
		class += " idle"
	}
	tag, link := "g", ""
	if w.Href != nil {
		tag, link = "a", fmt.Sprintf(` href="%s"`, escape(w.Href(c.Object)))
	}
	w.line(`<%s class="%s"%s id="%s" data-node="%s" data-object="%s" aria-label="%s">`,
		tag, class, link, escape(w.ID+c.ID), escape(c.ID), escape(Key(c.Object)), escape(label(c.Node)))
	w.line(`<title>%s</title>`, escape(strings.Join(append([]string{c.Title}, c.Lines...), "\n")))
	w.line(`<rect class="card" x="%s" y="%s" width="%s" height="%s" rx="8"/>`, num(c.x), num(c.y), num(c.w), num(c.h))
	w.line(`<path class="icon" transform="translate(%s %s)" d="%s"/>`, num(c.x+padX-1), num(c.y+8), icon(c.Kind))
	x := c.x + padX + iconSize + 6
	w.line(`<text class="title" x="%s" y="%s">%s</text>`, num(x), num(c.y+cardTop+2), escape(fit(c.Title, titleSize, c.right()-x-8)))
	for i, line := range c.lines {
		w.line(`<text class="line" x="%s" y="%s">%s</text>`, num(c.x+padX), num(c.y+cardTop+4+float64(i+1)*lineHeight), escape(line))
	}
	w.line(`</%s>`, tag)
}

// label is a node's name for a screen reader.
func label(n Node) string {
	parts := append([]string{string(n.Kind) + " " + n.Title}, n.Lines...)
	return strings.Join(parts, ", ")
}

// Key names an object as nodes do in data-object, whatever its namespace and version: Kind.group/name.
func Key(r manifest.Ref) string {
	if g := r.Group(); g != "" {
		return r.Kind + "." + g + "/" + r.Name
	}
	return r.Kind + "/" + r.Name
}

// edge writes a path with round corners.
func (w *writer) edge(e path) {
	const radius = 7.0
	var b strings.Builder
	for i, p := range e.points {
		switch {
		case i == 0:
			fmt.Fprintf(&b, "M%s %s", num(p.x), num(p.y))
		case i == len(e.points)-1:
			fmt.Fprintf(&b, "L%s %s", num(p.x), num(p.y))
		default:
			before, after := e.points[i-1], e.points[i+1]
			r := min(radius, distance(before, p)/2, distance(p, after)/2)
			in, out := toward(p, before, r), toward(p, after, r)
			fmt.Fprintf(&b, "L%s %sQ%s %s %s %s", num(in.x), num(in.y), num(p.x), num(p.y), num(out.x), num(out.y))
		}
	}
	w.line(`<path class="edge %s" data-from="%s" data-to="%s" d="%s" marker-end="url(#%sarrow)"/>`, e.Kind, escape(e.From), escape(e.To), b.String(), escape(w.ID))
	if e.Label != "" && len(e.points) == 2 {
		a, z := e.points[0], e.points[1]
		w.line(`<text class="label" x="%s" y="%s" text-anchor="middle">%s</text>`, num((a.x+z.x)/2), num((a.y+z.y)/2-6), escape(e.Label))
	}
}

func distance(a, b point) float64 { return abs(a.x-b.x) + abs(a.y-b.y) }

// toward is the point r away from p in the direction of q; the two are on a level or upright line.
func toward(p, q point, r float64) point {
	sign := func(x float64) float64 {
		switch {
		case x > 0:
			return 1
		case x < 0:
			return -1
		}
		return 0
	}
	return point{p.x + r*sign(q.x-p.x), p.y + r*sign(q.y-p.y)}
}

func num(x float64) string { return strconv.FormatFloat(float64(int64(x*10+0.5))/10, 'f', -1, 64) }

// escape makes text safe between tags and in attributes, and drops what XML cannot hold.
func escape(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '&':
			b.WriteString("&amp;")
		case r == '"':
			b.WriteString("&quot;")
		case r == '\'':
			b.WriteString("&#39;")
		case r == '\n', r == '\t', r >= 0x20 && r != 0x7f && r != 0xfffe && r != 0xffff:
			b.WriteRune(r)
		default:
			b.WriteRune('\ufffd')
		}
	}
	return b.String()
}
