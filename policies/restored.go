package policies

import "fmt"

// finishedRestores finds restores of clusters that are up. Only the API server knows: a cluster that has a primary has been
// recovered, or was never restored at all. One that follows another keeps its recovery: made again, it could not begin without.
func finishedRestores(w *world) []Finding {
	primary := make(map[key]string)
	for _, o := range w.Live {
		if ref := o.Ref(); ref.Kind == "Cluster" && ref.Group() == "postgresql.cnpg.io" {
			primary[key{ref.Namespace, ref.Name}] = text(o.Body(), "status", "currentPrimary")
		}
	}
	var out []Finding
	for _, c := range w.kinds[kindCluster] {
		if mapping(c.Body(), "spec", "bootstrap", "recovery") == nil || text(c.Body(), "spec", "replica", "source") != "" {
			continue
		}
		if pod := primary[key{c.ref.Namespace, c.ref.Name}]; pod != "" {
			out = append(out, c.finding(at("spec", "bootstrap", "recovery"), fmt.Sprintf("restores a cluster that is up: its primary is %s", pod)))
		}
	}
	return out
}
