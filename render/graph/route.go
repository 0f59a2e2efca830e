package graph

import "slices"

// route finds the way of every edge that is wanted: straight inside a column, otherwise along the channels between columns and
// rows, level and upright only. Edges to one target share their way, as the wires of a bus do.
func (d *drawing) route(p Picture, wanted func(Edge) bool) {
	buses := d.buses(p)
	for _, e := range p.Edges {
		if !wanted(e) {
			continue
		}
		from, to := d.card(e.From), d.card(e.To)
		var way []point
		switch {
		case from.Lane >= Sources:
			way = d.up(from, to, slices.Index(buses, bus{from.Lane, e.To}), len(buses), d.port(p, from.Lane))
		case from.Lane == to.Lane && from.Kind != KindCluster:
			way = within(from, to)
		default:
			way = d.across(p, from, to)
		}
		d.paths = append(d.paths, path{e, simplify(way)})
	}
}

// bus is what the lower lanes share between the rows: one level line for each lane and target.
type bus struct {
	lane Lane
	to   string
}

func (d *drawing) buses(p Picture) []bus {
	var all []bus
	for _, e := range p.Edges {
		for _, n := range p.Nodes {
			if b := (bus{n.Lane, e.To}); n.ID == e.From && n.Lane >= Sources && !slices.Contains(all, b) {
				all = append(all, b)
			}
		}
	}
	return all
}

// port is where on the frame's lower side a lane arrives, as a share of its width.
func (d *drawing) port(p Picture, lane Lane) float64 {
	var used []Lane
	for _, l := range []Lane{Sources, Secrets, Monitoring} {
		if len(p.in(l)) > 0 {
			used = append(used, l)
		}
	}
	return float64(slices.Index(used, lane)+1) / float64(len(used)+1)
}

// within joins cards of one column, or of the frame: down from one to the other.
func within(from, to *card) []point {
	x := min(max(to.centerX(), from.x+16), from.right()-16)
	if to.y < from.bottom() { // not below it: round the side
		return []point{{from.right(), from.centerY()}, {to.right(), to.centerY()}}
	}
	if abs(x-to.centerX()) < 1 && to.y-from.bottom() < 60 {
		return []point{{x, from.bottom()}, {x, to.y}}
	}
	if from.Kind == KindPrimary { // down between the two columns of standbys
		gutter, entry := to.right()+frameGap/2, to.right()
		if to.x > from.centerX() {
			gutter, entry = to.x-frameGap/2, to.x
		}
		return []point{{gutter, from.bottom()}, {gutter, to.centerY()}, {entry, to.centerY()}}
	}
	side := from.x - 10 // past the cards between, in the frame's or column's margin
	return []point{{from.x, from.centerY()}, {side, from.centerY()}, {side, to.centerY()}, {to.x, to.centerY()}}
}

// across joins columns of the upper row, left to right.
func (d *drawing) across(p Picture, from, to *card) []point {
	start := point{from.right(), from.centerY()}
	entry := to.x
	switch {
	case from.Kind == KindCluster: // to the store
		return []point{{from.right(), to.centerY()}, {to.x, to.centerY()}}
	case to.Lane == Instances:
		entry = d.card(idCluster).x
	}
	track := entry - 16 - 11*float64(d.rank(p, to))
	if to.Lane == Pooling {
		track = entry - channel/2
	}
	return []point{start, {track, start.y}, {track, d.entryY(to)}, {to.x, d.entryY(to)}}
}

// entryY is the height at which traffic enters a card: the frame is entered beside the primary.
func (d *drawing) entryY(to *card) float64 {
	if to.Kind == KindCluster {
		return to.y + 22
	}
	return to.centerY()
}

// rank keeps the upright tracks of different targets apart: the lowest target has the outermost one.
func (d *drawing) rank(p Picture, to *card) int {
	var targets []string
	for _, e := range p.Edges {
		if e.Kind == Traffic && d.card(e.To).Lane == Instances && !slices.Contains(targets, e.To) {
			targets = append(targets, e.To)
		}
	}
	slices.SortStableFunc(targets, func(a, b string) int {
		return int(d.entryY(d.card(a)) - d.entryY(d.card(b)))
	})
	return slices.Index(targets, to.ID)
}

// up joins a card of the lower lanes to one above: up the gutter on its left, along its bus, up to the target.
func (d *drawing) up(from, to *card, i, buses int, port float64) []point {
	top := d.lowerTop(from.Lane)
	level := top - 9*float64(buses-i)
	var way []point
	if first := d.firstInColumn(from); first {
		x := from.right() - 24
		way = []point{{x, from.y}, {x, level}}
	} else {
		x := from.x - 13
		way = []point{{from.x, from.centerY()}, {x, from.centerY()}, {x, level}}
	}
	if to.Kind == KindCluster {
		x := to.x + to.w*port
		return append(way, point{x, level}, point{x, to.bottom()})
	}
	x, y := to.x-14, to.y+to.h*0.75
	if to.Lane == Pooling {
		x = to.x - 12
	}
	return append(way, point{x, level}, point{x, y}, point{to.x, y})
}

// lowerTop is where the lower lanes begin.
func (d *drawing) lowerTop(lane Lane) float64 {
	i := slices.IndexFunc(d.headings, func(h heading) bool { return h.text == lane.String() })
	return d.headings[i].y - 16
}

func (d *drawing) firstInColumn(c *card) bool {
	return !slices.ContainsFunc(d.cards, func(o card) bool { return o.Lane == c.Lane && o.x == c.x && o.y < c.y })
}

// simplify drops points that change nothing.
func simplify(way []point) []point {
	var out []point
	for _, p := range way {
		if n := len(out); n > 0 && out[n-1] == p {
			continue
		}
		if n := len(out); n > 1 && (out[n-2].x == out[n-1].x && out[n-1].x == p.x || out[n-2].y == out[n-1].y && out[n-1].y == p.y) {
			out[n-1] = p
			continue
		}
		out = append(out, p)
	}
	return out
}

func abs(x float64) float64 { return max(x, -x) }
