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
		out = append(out, manifest.Map{
			"type": "row", "id": g.id, "title": r.title, "collapsed": false, "panels": []any{},
			"gridPos": manifest.Map{"x": 0, "y": g.y, "w": 24, "h": 1},
		})
		g.y++
		x, tallest := 0, 0
		for i := range r.panels {
			p := &r.panels[i]
			if x+p.width > 24 {
				g.y, x, tallest = g.y+tallest, 0, 0
			}
			body := p.body()
			g.id++
			body["id"] = g.id
			body["gridPos"] = manifest.Map{"x": x, "y": g.y, "w": p.width, "h": p.height()}
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

func (p *panel) body() manifest.Map {
	defaults := manifest.Map{}
	if p.unit != "" {
		defaults["unit"] = p.unit
	}
	if p.warn != 0 || p.bad != 0 {
		step := func(colour string, from any) any { return manifest.Map{"color": colour, "value": from} }
		defaults["thresholds"] = manifest.Map{
			"mode": "absolute", "steps": []any{step("green", nil), step("orange", p.warn), step("red", p.bad)},
		}
	}
	if p.mappings != nil {
		defaults["mappings"] = p.mappings
	}
	body := manifest.Map{
		"type":        string(p.kind),
		"title":       p.title,
		"datasource":  manifest.Map{"type": "prometheus", "uid": "${datasource}"},
		"targets":     p.targets(),
		"fieldConfig": manifest.Map{"defaults": defaults, "overrides": []any{}},
	}
	if p.help != "" {
		body["description"] = p.help
	}
	switch p.kind {
	case stat, names:
		options := manifest.Map{"graphMode": "none"}
		if p.kind == names {
			options["textMode"] = "name"
		}
		body["type"], body["options"] = "stat", options
	case graph:
		custom := manifest.Map{"fillOpacity": 10}
		if p.stacked {
			custom["stacking"] = manifest.Map{"mode": "normal"}
		}
		defaults["custom"] = custom
		defaults["min"] = 0
		body["options"] = manifest.Map{"tooltip": manifest.Map{"mode": "multi"}}
	case table:
		body["transformations"] = []any{manifest.Map{"id": "organize", "options": manifest.Map{
			"excludeByName": manifest.Map{
				"Time": true, "Value": true, "__name__": true, "alertstate": true, "namespace": true, "database_cluster": true,
			},
		}}}
	}
	return body
}

func (p *panel) targets() []any {
	targets := make([]any, len(p.queries))
	for i, q := range p.queries {
		target := manifest.Map{"refId": string(rune('A' + i)), "expr": q.expr}
		if q.legend != "" {
			target["legendFormat"] = q.legend
		}
		switch p.kind {
		case stat, names:
			target["instant"] = true
		case table:
			target["instant"], target["format"] = true, "table"
		}
		targets[i] = target
	}
	return targets
}
