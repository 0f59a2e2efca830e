package policies

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/onggi-db/onggi/render/manifest"
)

// Level is how bad a finding is.
type Level string

// The levels. In a cluster they are the actions Deny, Warn and Audit.
const (
	Error   Level = "error"   // does not work, loses data or lets strangers in
	Warning Level = "warning" // works, and will hurt
	Info    Level = "info"    // worth knowing
)

// Policy is one rule as documentation shows it.
type Policy struct {
	ID    string // stable: "ONG7030"
	Title string
	Level Level // of its findings, unless a finding says otherwise
	Why   string
	Fix   string
	Docs  string // the rule's place in the documentation
}

// Finding is one place where a rule is broken.
type Finding struct {
	Policy   string // the rule's id
	Level    Level
	Ref      manifest.Ref // the object; zero for a finding about a waiver
	Path     []any        // the field: string for a mapping key, int for a list index
	Message  string       // what is wrong here
	Why      string       // why that matters, in general
	Fix      string       // what to write instead
	Origin   string       // file:line of the object, when it was taken in from a file
	SpecPath string       // the field of the spec that made it, for callers that know; Check leaves it empty
	Waived   string       // the reason of the waiver that accepts it, see [Waive]
}

// SecretRef is a Secret that exists although no manifest makes it.
type SecretRef struct {
	Namespace string // "" for the input's namespace
	Name      string
	Keys      []string // nil when unknown: then any key is taken to be there
}

// Input is everything a check looks at.
type Input struct {
	Objects   []manifest.Object
	External  []SecretRef
	Namespace string // of objects that name none
	// OperatorVersion is that of the database operator ("1.30.0"); "" stands for the newest known.
	OperatorVersion string
	Backend         string // e.g. "cloudnative-pg"; no rule depends on it yet
	KubeVersion     string // "1.33"; "" for a rule that depends on it not to apply
	// Live are objects as they are in the API server now; nil when nobody looked.
	Live []manifest.Object
}

// Builtin lists every rule, sorted by id.
func Builtin() []Policy {
	var out []Policy
	for _, v := range embeddedVAP() {
		out = append(out, v.Policy)
	}
	for _, r := range crossRules() {
		out = append(out, r.Policy)
	}
	out = append(out, waiverPolicies()...)
	for i := range out {
		out[i].Docs = "policies/README.md#" + strings.ToLower(out[i].ID)
	}
	slices.SortFunc(out, func(a, b Policy) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// Check runs every rule over the input. The findings are sorted by object, field and rule.
func Check(in Input) []Finding {
	w := newWorld(in)
	var out []Finding
	policies := compiledVAP()
	for _, e := range w.entries {
		out = append(out, evaluate(policies, e)...)
	}
	for _, r := range crossRules() {
		for _, f := range r.check(w) {
			out = append(out, r.complete(f))
		}
	}
	return sorted(out)
}

// complete fills in what a rule's findings have in common.
func (p Policy) complete(f Finding) Finding {
	f.Policy = p.ID
	f.Level = cmp.Or(f.Level, p.Level)
	f.Why = cmp.Or(f.Why, p.Why)
	f.Fix = cmp.Or(f.Fix, p.Fix)
	return f
}

// sorted orders findings the way a reader meets the objects, and drops repetitions: the same object may have been given
// twice.
func sorted(fs []Finding) []Finding {
	slices.SortStableFunc(fs, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(a.Ref.Namespace, b.Ref.Namespace),
			cmp.Compare(a.Ref.Kind, b.Ref.Kind),
			cmp.Compare(a.Ref.Name, b.Ref.Name),
			cmp.Compare(a.Ref.APIVersion, b.Ref.APIVersion),
			comparePaths(a.Path, b.Path),
			cmp.Compare(a.Policy, b.Policy),
			cmp.Compare(a.Message, b.Message),
			cmp.Compare(a.Origin, b.Origin),
		)
	})
	return slices.CompactFunc(fs, func(a, b Finding) bool {
		return a.Policy == b.Policy && a.Ref == b.Ref && a.Message == b.Message && a.Origin == b.Origin && slices.Equal(a.Path, b.Path)
	})
}

func comparePaths(a, b []any) int {
	return slices.CompareFunc(a, b, func(x, y any) int {
		i, iok := x.(int)
		j, jok := y.(int)
		if iok && jok {
			return cmp.Compare(i, j)
		}
		return cmp.Compare(fmt.Sprint(x), fmt.Sprint(y))
	})
}
