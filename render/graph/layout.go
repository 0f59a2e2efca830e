package graph

import "slices"

// Layout is how a picture is arranged.
type Layout int

// The layouts.
const (
	Wide   Layout = iota // in columns, for a desk
	Narrow               // in one column of 340 units, for a phone
)

// The measures of both layouts, in units of the view box, which are CSS pixels at full size.
const (
	margin     = 2.0  // around everything, for the strokes
	indent     = 14.0 // left of the columns, for the edges of the first
	headingGap = 26.0 // a lane's heading and the gap below it
	cardGap    = 12.0
	padX       = 12.0
	iconSize   = 16.0
	titleSize  = 13.0
	lineSize   = 11.5
	lineHeight = 16.0
	cardTop    = 19.0 // the first baseline of a card
	cardBottom = 11.0

	accessWidth  = 232.0
	poolerWidth  = 196.0
	clusterWidth = 340.0
	backupWidth  = 296.0
	channel      = 56.0 // between columns, for the edges
	framePad     = 16.0
	frameGap     = 22.0 // between the columns of standbys, for their edges
	narrowWidth  = 340.0
)

type box struct{ x, y, w, h float64 }

func (b box) right() float64   { return b.x + b.w }
func (b box) bottom() float64  { return b.y + b.h }
func (b box) centerX() float64 { return b.x + b.w/2 }
func (b box) centerY() float64 { return b.y + b.h/2 }

// card is a node with its place and the text that fits.
type card struct {
	Node
	box
	lines []string
}

type heading struct {
	text string
	x, y float64 // of the baseline
}

// path is an edge with its route.
type path struct {
	Edge
	points []point
}

type point struct{ x, y float64 }

// drawing is a picture with every place decided.
type drawing struct {
	w, h     float64
	headings []heading
	cards    []card // in the order of the picture
	paths    []path
}

func (d *drawing) card(id string) *card {
	for i := range d.cards {
		if d.cards[i].ID == id {
			return &d.cards[i]
		}
	}
	return nil
}

func newCard(n Node, x, y, w float64) card {
	c := card{Node: n, box: box{x, y, w, 0}}
	for _, line := range n.Lines {
		c.lines = append(c.lines, fit(line, lineSize, w-2*padX))
	}
	c.h = cardTop + float64(len(c.lines))*lineHeight + cardBottom
	return c
}

// stack puts a lane's heading and its cards below one another, and returns where it ends.
func (d *drawing) stack(p Picture, lane Lane, x, y, w float64) float64 {
	nodes := p.in(lane)
	if len(nodes) == 0 {
		return y
	}
	d.headings = append(d.headings, heading{lane.String(), x, y + 12})
	y += headingGap
	for _, n := range nodes {
		c := newCard(n, x, y, w)
		d.cards = append(d.cards, c)
		y = c.bottom() + cardGap
	}
	return y - cardGap
}

// frame draws the cluster: its own text on top, the primary, the standbys in two columns, the databases in two columns.
func (d *drawing) frame(p Picture, x, y, w float64) float64 {
	nodes := p.in(Instances)
	d.headings = append(d.headings, heading{Instances.String(), x, y + 12})
	y += headingGap
	at := len(d.cards)
	d.cards = append(d.cards, newCard(nodes[0], x, y, w))
	inner, half := w-2*framePad, (w-2*framePad-frameGap)/2
	top := d.cards[at].bottom() + 4
	kind, column := KindPrimary, 0
	for _, n := range nodes[1:] {
		if n.Kind != kind { // a new group begins below the last one
			gap := cardGap
			if n.Kind == KindStandby {
				gap = 34 // for the arrows
			}
			top, kind, column = d.cards[len(d.cards)-1].bottom()+gap, n.Kind, 0
		} else if n.Kind != KindPrimary && column == 2 {
			top, column = d.cards[len(d.cards)-1].bottom()+cardGap, 0
		}
		c := newCard(n, x+framePad+float64(column)*(half+frameGap), top, half)
		if n.Kind == KindPrimary {
			c = newCard(n, x+framePad, top, inner)
		}
		if column == 1 {
			left := &d.cards[len(d.cards)-1]
			left.h = max(left.h, c.h)
			c.h = left.h
		}
		d.cards = append(d.cards, c)
		column++
	}
	d.cards[at].h = d.cards[len(d.cards)-1].bottom() + framePad - d.cards[at].y
	return d.cards[at].bottom()
}

// arrange lays a picture out.
func arrange(p Picture, l Layout) *drawing {
	d := &drawing{}
	if l == Narrow {
		d.narrow(p)
	} else {
		d.wide(p)
	}
	order := map[string]int{}
	for i, n := range p.Nodes {
		order[n.ID] = i
	}
	slices.SortStableFunc(d.cards, func(a, b card) int { return order[a.ID] - order[b.ID] })
	return d
}

// narrow is one lane below the other. Only edges between neighbours are drawn; the cards' text says the rest.
func (d *drawing) narrow(p Picture) {
	d.w = narrowWidth
	y, w := margin, narrowWidth-2*margin
	for lane := range Lane(lanes) {
		if len(p.in(lane)) == 0 {
			continue
		}
		if y > margin {
			y += 26
		}
		if lane == Instances {
			y = d.frame(p, margin, y, w)
		} else {
			y = d.stack(p, lane, margin, y, w)
		}
	}
	d.h = y + margin
	d.route(p, func(e Edge) bool { return e.Kind == Replication && d.inFrame(e) })
}

func (d *drawing) inFrame(e Edge) bool {
	from, to := d.card(e.From), d.card(e.To)
	return from.Lane == Instances && to.Lane == Instances
}

// wide has what reaches the cluster on the left, its backups on the right, and below what it needs and who watches it.
func (d *drawing) wide(p Picture) {
	x := margin + indent
	bottom := d.stack(p, Access, x, margin, accessWidth)
	x += accessWidth + channel
	if len(p.in(Pooling)) > 0 {
		bottom = max(bottom, d.stack(p, Pooling, x, margin, poolerWidth))
		bottom = max(bottom, d.alignPoolers(p))
		x += poolerWidth + channel
	}
	bottom = max(bottom, d.frame(p, x, margin, clusterWidth))
	right := x + clusterWidth
	if len(p.in(Backups)) > 0 {
		x = right + channel + 16
		bottom = max(bottom, d.stack(p, Backups, x, margin, backupWidth))
		right = x + backupWidth
	}
	if store := d.card(idStore); store != nil { // the edge to the store is level
		frame := d.card(idCluster)
		frame.h = max(frame.h, store.centerY()+framePad-frame.y)
	}
	d.w = right + margin
	d.h = d.below(p, bottom) + margin
	d.route(p, func(Edge) bool { return true })
}

// alignPoolers moves each pooler beside the Services that lead to it, and the other Services down so far that their edges pass
// below the poolers. It returns where the lanes end.
func (d *drawing) alignPoolers(p Picture) float64 {
	floor := 0.0
	for i := range d.cards {
		c := &d.cards[i]
		if c.Kind != KindPooler {
			continue
		}
		first, last := -1.0, -1.0
		for _, e := range p.Edges {
			if from := d.card(e.From); e.To == c.ID && from != nil && from.Lane == Access {
				if first < 0 {
					first = from.y
				}
				last = from.bottom()
			}
		}
		if first >= 0 {
			c.y = max(floor, (first+last-c.h)/2, margin+headingGap)
		}
		floor = c.bottom() + cardGap
	}
	down, bottom := 0.0, floor-cardGap
	for i := range d.cards {
		c := &d.cards[i]
		if c.Lane != Access {
			continue
		}
		direct := !slices.ContainsFunc(p.Edges, func(e Edge) bool { return e.From == c.ID && d.card(e.To) != nil && d.card(e.To).Kind == KindPooler })
		if direct {
			down = max(down, floor-c.centerY())
		}
		c.y += down
		bottom = max(bottom, c.bottom())
	}
	return bottom
}

// below lays the lower lanes side by side, in columns that fill the width, and returns where they end. Network policies and the
// rest share a column; further columns go to the fullest lanes.
func (d *drawing) below(p Picture, top float64) float64 {
	groups := d.groups(p)
	if len(groups) == 0 {
		return top
	}
	const gutter, narrowest = 28.0, 206.0
	columns := max(len(groups), min(5, int((d.w+gutter)/(narrowest+gutter))))
	w := (d.w - 2*margin - indent - float64(columns-1)*gutter) / float64(columns)
	share := make([]int, len(groups))
	for i := range share {
		share[i] = 1
	}
	size := func(i int) (lines int) {
		for _, n := range p.in(groups[i][0]) {
			lines += 2 + len(n.Lines)
		}
		return lines
	}
	for range columns - len(groups) {
		fullest := 0
		for i := range groups {
			if len(groups[i]) == 1 && size(i)*share[fullest] > size(fullest)*share[i] {
				fullest = i
			}
		}
		if len(p.in(groups[fullest][0])) > share[fullest] {
			share[fullest]++
		}
	}
	y := top + 22 + 9*float64(len(d.buses(p)))
	bottom, x := y, margin+indent
	for i, group := range groups {
		start := y
		for _, lane := range group {
			end := d.columns(p, lane, x, start, w, gutter, share[i])
			bottom, start = max(bottom, end), end+26
		}
		x += float64(share[i]) * (w + gutter)
	}
	return bottom
}

// groups are the lower lanes that share columns.
func (d *drawing) groups(p Picture) [][]Lane {
	var groups [][]Lane
	for _, lane := range []Lane{Sources, Secrets, Monitoring, Network, Others} {
		switch n := len(groups); {
		case len(p.in(lane)) == 0:
		case lane == Others && n > 0 && groups[n-1][0] == Network:
			groups[n-1] = append(groups[n-1], lane)
		default:
			groups = append(groups, []Lane{lane})
		}
	}
	return groups
}

// columns puts a lane's cards into columns, each card into the shortest, and returns where they end.
func (d *drawing) columns(p Picture, lane Lane, x, y, w, gutter float64, n int) float64 {
	d.headings = append(d.headings, heading{lane.String(), x, y + 12})
	ends := make([]float64, n)
	for i := range ends {
		ends[i] = y + headingGap
	}
	for _, node := range p.in(lane) {
		column := slices.Index(ends, slices.Min(ends))
		c := newCard(node, x+float64(column)*(w+gutter), ends[column], w)
		d.cards = append(d.cards, c)
		ends[column] = c.bottom() + cardGap
	}
	return slices.Max(ends) - cardGap
}
