package rest

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// exposition writes Prometheus' text format, version 0.0.4. The library that does it costs more memory than all that it would be
// asked to count: see docs/decisions/0057.
type exposition struct{ text []byte }

// family begins a metric: its samples have to follow.
func (w *exposition) family(name, kind, help string) {
	w.text = append(w.text, "# HELP "+name+" "...)
	w.text = append(w.text, helpEscapes.Replace(help)...)
	w.text = append(w.text, "\n# TYPE "+name+" "+kind+"\n"...)
}

// sample writes one series. Labels are names and values in turn.
func (w *exposition) sample(name string, value float64, labels ...string) {
	w.text = append(w.text, name...)
	for i := 0; i+1 < len(labels); i += 2 {
		if i == 0 {
			w.text = append(w.text, '{')
		} else {
			w.text = append(w.text, ',')
		}
		w.text = append(w.text, labels[i]+`="`...)
		w.text = append(w.text, labelEscapes.Replace(strings.ToValidUTF8(labels[i+1], "\uFFFD"))...)
		w.text = append(w.text, '"')
	}
	if len(labels) > 1 {
		w.text = append(w.text, '}')
	}
	w.text = append(w.text, ' ')
	w.text = appendNumber(w.text, value)
	w.text = append(w.text, '\n')
}

// counts writes a counter with one label.
func (w *exposition) counts(name, help, label string, values map[string]uint64) {
	w.family(name, "counter", help)
	for _, value := range slices.Sorted(maps.Keys(values)) {
		w.sample(name, float64(values[value]), label, value)
	}
}

func (w *exposition) histogram(name, help string, h Histogram) {
	w.family(name, "histogram", help)
	var total uint64
	for i, bound := range h.Bounds {
		if i < len(h.Counts) {
			total += h.Counts[i]
		}
		w.sample(name+"_bucket", float64(total), "le", string(appendNumber(nil, bound)))
	}
	if len(h.Counts) > len(h.Bounds) {
		total += h.Counts[len(h.Bounds)]
	}
	w.sample(name+"_bucket", float64(total), "le", "+Inf")
	w.sample(name+"_sum", h.Sum)
	w.sample(name+"_count", float64(total))
}

// appendNumber writes whole numbers as such: positions in the WAL are read by people too.
func appendNumber(to []byte, value float64) []byte {
	switch {
	case math.IsInf(value, 1):
		return append(to, "+Inf"...)
	case math.IsInf(value, -1):
		return append(to, "-Inf"...)
	case math.IsNaN(value):
		return append(to, "NaN"...)
	case value == math.Trunc(value) && math.Abs(value) < 1<<53:
		return strconv.AppendInt(to, int64(value), 10)
	}
	return strconv.AppendFloat(to, value, 'g', -1, 64)
}

var (
	helpEscapes  = strings.NewReplacer(`\`, `\\`, "\n", `\n`)
	labelEscapes = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)
)
