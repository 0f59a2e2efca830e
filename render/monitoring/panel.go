package monitoring

import "github.com/onggi-db/onggi/render/manifest"

// row is a titled row of panels.
type row struct {
	title  string
	panels []panel
}

// panel is one panel before it has a place.
type panel struct {
	title   string
	help    string // shown on the panel's corner
	kind    kind
	width   int    // of 24 columns
	unit    string // as Grafana names units: s, bytes, percent…; "" for a plain number
	queries []query
	// warn and bad are from where on a value is orange and red. Both 0: no colours.
	warn, bad float64
	mappings  []any // texts shown in place of values
	stacked   bool
}

// query is one query and what its series are called.
type query struct{ expr, legend string }

// kind is how a panel shows its queries.
type kind string

const (
	stat     kind = "stat"           // one number
	names    kind = "names"          // a stat that shows what the series is called
	graph    kind = "timeseries"     // lines over time
	timeline kind = "state-timeline" // states over time
	table    kind = "table"          // one line for each series
)

const (
	statHeight  = 4
	graphHeight = 7
)

// grid lays out rows from the top down, panels from left to right.
type grid struct{ y, id int }

// place gives panels their positions and makes the JSON values of them. A row that a dashboard leaves out leaves a gap,
// which Grafana closes.
func (g *grid) place(rows ...row) []any {
	var out []any
	for _, r := range rows {
		g.id++
		out = append(out, manifest.Of(
			"type", "row", "id", g.id, "title", r.title, "collapsed", false, "panels", []any{},
			"gridPos", manifest.Of("x", 0, "y", g.y, "w", 24, "h", 1),
		))
		g.y++
		x, tallest := 0, 0
		for i := range r.panels {
			p := &r.panels[i]
			if x+p.width > 24 {
				g.y, x, tallest = g.y+tallest, 0, 0
			}
			body := p.body()
			g.id++
			body.Set("id", g.id)
			body.Set("gridPos", manifest.Of("x", x, "y", g.y, "w", p.width, "h", p.height()))
			out = append(out, body)
			x, tallest = x+p.width, max(tallest, p.height())
		}
		g.y += tallest
	}
	return out
}

func (p *panel) height() int {
	switch p.kind {
	case stat, names:
		return statHeight
	}
	return graphHeight
}

func (p *panel) body() *manifest.Fields {
	defaults := manifest.Of()
	if p.unit != "" {
		defaults.Set("unit", p.unit)
	}
	if p.warn != 0 || p.bad != 0 {
		step := func(colour string, from any) any { return manifest.Of("color", colour, "value", from) }
		defaults.Set("thresholds", manifest.Of(
			"mode", "absolute", "steps", []any{step("green", nil), step("orange", p.warn), step("red", p.bad)},
		))
	}
	if p.mappings != nil {
		defaults.Set("mappings", p.mappings)
	}
	body := manifest.Of(
		"type", string(p.kind),
		"title", p.title,
		"datasource", manifest.Of("type", "prometheus", "uid", "${datasource}"),
		"targets", p.targets(),
		"fieldConfig", manifest.Of("defaults", defaults, "overrides", []any{}),
	)
	if p.help != "" {
		body.Set("description", p.help)
	}
	switch p.kind {
	case stat, names:
		options := manifest.Of("graphMode", "none")
		if p.kind == names {
			options.Set("textMode", "name")
		}
		body.Set("type", "stat")
		body.Set("options", options)
	case graph:
		custom := manifest.Of("fillOpacity", 10)
		if p.stacked {
			custom.Set("stacking", manifest.Of("mode", "normal"))
		}
		defaults.Set("custom", custom)
		defaults.Set("min", 0)
		body.Set("options", manifest.Of("tooltip", manifest.Of("mode", "multi")))
	case table:
		body.Set("transformations", []any{manifest.Of("id", "organize", "options", manifest.Of(
			"excludeByName", manifest.Of(
				"Time", true, "Value", true, "__name__", true, "alertstate", true, "namespace", true, "database_cluster", true,
			),
		))})
	}
	return body
}

func (p *panel) targets() []any {
	targets := make([]any, len(p.queries))
	for i, q := range p.queries {
		target := manifest.Of("refId", string(rune('A'+i)), "expr", q.expr)
		if q.legend != "" {
			target.Set("legendFormat", q.legend)
		}
		switch p.kind {
		case stat, names:
			target.Set("instant", true)
		case table:
			target.Set("instant", true)
			target.Set("format", "table")
		}
		targets[i] = target
	}
	return targets
}
