package plan

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/onggi-db/onggi/render/spec"
)

// Excess is a resource of which a container asks for more than it may use: the API server refuses its pod.
type Excess struct {
	Path, Name     string // of the request, and of the resource
	Request, Limit string // Limit is "" where there is none
}

func (e Excess) String() string {
	return fmt.Sprintf("%s asks for %s and may use %s", e.Name, e.Request, cmp.Or(e.Limit, "nothing"))
}

// Excesses are those of all containers that a spec describes, in the order of its fields.
func Excesses(s *spec.Spec) []Excess {
	out := excesses("spec.resources", s.Resources)
	if s.Agent != nil {
		out = append(out, excesses("spec.agent.resources", s.Agent.Resources)...)
	}
	if s.Pooler != nil {
		out = append(out, excesses("spec.pooler.resources", s.Pooler.Resources)...)
	}
	if b := s.Backup; b != nil {
		for i, d := range b.Dumps {
			out = append(out, excesses(index("spec.backup.dumps", i)+".resources", d.Resources)...)
		}
		if b.Drill != nil {
			out = append(out, excesses("spec.backup.drill.resources", b.Drill.Resources)...)
		}
	}
	if s.Monitoring != nil && s.Monitoring.Exporter != nil {
		out = append(out, excesses("spec.monitoring.exporter.resources", s.Monitoring.Exporter.Resources)...)
	}
	return out
}

func excesses(path string, r *spec.Resources) []Excess {
	if r == nil {
		return nil
	}
	var out []Excess
	for _, name := range slices.Sorted(maps.Keys(r.Requests)) {
		request, limit := r.Requests[name], r.Limits[name]
		order := 0
		if limit != "" && limit != request {
			order, _ = Compare(request, limit)
		}
		// Huge pages and the devices of others cannot be promised twice: as much as is asked for, and no more.
		alike := strings.HasPrefix(name, "hugepages-") || strings.Contains(name, "/")
		if order <= 0 && !(alike && (limit == "" || order != 0)) {
			continue
		}
		out = append(out, Excess{Key(path+".requests", name), name, request, limit})
	}
	return out
}
