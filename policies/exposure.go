package policies

import (
	"fmt"
	"slices"
	"strings"

	"github.com/onggi-db/onggi/render/manifest"
)

// doors are the ways from outside the Kubernetes cluster to the instances of a database, as people would name them. A load
// balancer that names the networks it serves is not one.
func (w *world) doors(c *entry) []string {
	var out []string
	for _, s := range items(c.Body(), "spec", "managed", "services", "additional") {
		if open(mapping(s, "serviceTemplate", "spec")) {
			out = append(out, "Service/"+text(s, "serviceTemplate", "metadata", "name"))
		}
	}
	pods := podSet{c.ref.Namespace, instanceLabels(c)}
	for _, e := range w.kinds[kindService] {
		_, s, ok := selects(e)
		if ok && e.ref.Namespace == c.ref.Namespace && open(mapping(e.Body(), "spec")) && s.mayMatch(pods) {
			out = append(out, "Service/"+e.ref.Name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// open says whether a Service can be reached from any address outside.
func open(service manifest.Map) bool {
	switch text(service, "type") {
	case "NodePort":
		return true
	case "LoadBalancer":
		ranges := items(service, "loadBalancerSourceRanges")
		return len(ranges) == 0 || slices.Contains(ranges, any("0.0.0.0/0")) || slices.Contains(ranges, any("::/0"))
	}
	return false
}

func superuserOutside(w *world) []Finding {
	var out []Finding
	for _, c := range w.kinds[kindCluster] {
		if doors := w.doors(c); len(doors) > 0 && boolean(c.Body(), false, "spec", "enableSuperuserAccess") {
			out = append(out, c.finding(at("spec", "enableSuperuserAccess"), "the superuser may log in from outside, through "+strings.Join(doors, ", ")))
		}
	}
	return out
}

func anyAddressOutside(w *world) []Finding {
	var out []Finding
	for _, c := range w.kinds[kindCluster] {
		doors := w.doors(c)
		if len(doors) == 0 {
			continue
		}
		for i, line := range items(c.Body(), "spec", "postgresql", "pg_hba") {
			if s, _ := line.(string); fromAnyAddress(s) {
				out = append(out, c.finding(at("spec", "postgresql", "pg_hba", i), fmt.Sprintf("%q lets every address try, and %s is open to all of them", s, strings.Join(doors, ", "))))
			}
		}
	}
	return out
}

// fromAnyAddress reads a pg_hba line: type, databases, users, address, method.
func fromAnyAddress(line string) bool {
	fields := strings.Fields(line)
	if len(fields) < 5 || !strings.HasPrefix(fields[0], "host") || fields[4] == "reject" {
		return false
	}
	return slices.Contains([]string{"all", "0.0.0.0/0", "::/0"}, fields[3])
}
