package policies

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
)

// Waiver accepts the findings of one rule on some objects, and says why.
type Waiver struct {
	Policy string // the rule's id
	Object string // "Kind/name", with * and ? as in a shell; "*" for every object
	Reason string // required: it is what the next reader gets
}

// waiverPolicies are the rules about waivers themselves.
func waiverPolicies() []Policy {
	return []Policy{
		{
			ID: "ONG7090", Level: Warning, Title: "A waiver that waives nothing",
			Why: "What it accepted is gone, or has another name. Left in place it will hide the next finding that happens to match.",
			Fix: "Delete it.",
		},
		{
			ID: "ONG7091", Level: Error, Title: "A waiver that cannot be used",
			Why: "A waiver names a rule that exists and objects as Kind/name, and gives a reason; otherwise nobody can tell later whether it still holds.",
			Fix: "Complete it.",
		},
	}
}

// Waive marks the findings that a waiver accepts with its reason, and adds a finding for every waiver that is broken or was
// not needed. The findings given are not changed.
func Waive(findings []Finding, waivers []Waiver) []Finding {
	out := slices.Clone(findings)
	unused, broken := waiverPolicies()[0], waiverPolicies()[1]
	for _, w := range waivers {
		if problem := w.problem(); problem != "" {
			out = append(out, broken.complete(Finding{Message: fmt.Sprintf("waiver of %s on %s: %s", cmp.Or(w.Policy, "?"), cmp.Or(w.Object, "?"), problem)}))
			continue
		}
		used := false
		for i, f := range out {
			if w.accepts(f) {
				used, out[i].Waived = true, cmp.Or(f.Waived, w.Reason)
			}
		}
		if !used {
			out = append(out, unused.complete(Finding{Message: fmt.Sprintf("waiver of %s on %s: nothing to waive (%s)", w.Policy, w.Object, w.Reason)}))
		}
	}
	return sorted(out)
}

func (w Waiver) accepts(f Finding) bool {
	ok, _ := path.Match(w.Object, f.Ref.Kind+"/"+f.Ref.Name)
	return (ok || w.Object == "*") && f.Policy == w.Policy
}

func (w Waiver) problem() string {
	kind, name, ok := strings.Cut(w.Object, "/")
	_, err := path.Match(w.Object, "")
	switch {
	case !slices.ContainsFunc(Builtin(), func(p Policy) bool { return p.ID == w.Policy }):
		return "there is no such rule"
	case w.Object != "*" && (!ok || kind == "" || name == "" || strings.Contains(name, "/") || err != nil):
		return "the object is written Kind/name, with * for any"
	case strings.TrimSpace(w.Reason) == "":
		return "it has no reason"
	}
	return ""
}
