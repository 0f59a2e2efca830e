package backend

import (
	"fmt"
	"strings"

	"github.com/onggi-db/onggi/render/spec"
)

// Name is a back end as a spec names it.
type Name string

// The back ends.
const (
	Native        Name = "native"
	CloudNativePG Name = "cloudnative-pg"
	Crunchy       Name = "crunchy"
	Zalando       Name = "zalando"
	MySQLOperator Name = "mysql-operator"
)

// Names are all back ends, in the order that tables show them.
func Names() []Name { return []Name{CloudNativePG, Crunchy, Zalando, MySQLOperator, Native} }

// Builds reports whether this release of onggi has a builder for the back end.
func (n Name) Builds() bool { return n == CloudNativePG || n == Native }

// Title is the back end's own name for itself.
func (n Name) Title() string {
	switch n {
	case CloudNativePG:
		return "CloudNativePG"
	case Crunchy:
		return "Crunchy PGO"
	case Zalando:
		return "Zalando's postgres-operator"
	case MySQLOperator:
		return "the MySQL operator"
	}
	return "native"
}

// Oldest is the first release of the operator that the builder's output is meant for.
func (n Name) Oldest() (major, minor int) {
	if n == CloudNativePG {
		return 1, 24
	}
	return 0, 0
}

// Support is a cell of the table. The zero value is no.
type Support struct {
	Yes bool
	// Since is the first release of the operator that has it; zero for always.
	Major, Minor int
	// Until is the first release of the operator that no longer has it; zero for never.
	UntilMajor, UntilMinor int
}

func (s Support) String() string {
	switch {
	case !s.Yes:
		return "no"
	case s.UntilMajor != 0:
		return fmt.Sprintf("before %d.%d", s.UntilMajor, s.UntilMinor)
	case s.Major != 0:
		return fmt.Sprintf("%d.%d", s.Major, s.Minor)
	}
	return "yes"
}

// in reports whether a release has it.
func (s Support) in(release Release) bool {
	return s.Yes && release.AtLeast(s.Major, s.Minor) && (s.UntilMajor == 0 || !release.AtLeast(s.UntilMajor, s.UntilMinor))
}

// Release is a version of an operator.
type Release interface{ AtLeast(major, minor int) bool }

// Feature is a row of the table: one thing a spec can ask for.
type Feature struct {
	Path string // the spec field, with "=value" where only that value asks for it
	What string
	used func(*spec.Spec) bool
	In   map[Name]Support
}

// Check returns a problem for each thing that the spec asks for and its back end lacks.
func Check(c *spec.Cluster, release Release) spec.Problems {
	chosen := Name(c.Spec.Backend)
	if !chosen.Builds() {
		return spec.Problems{c.Problem("ONG4001", "spec.backend",
			fmt.Sprintf("this release of onggi does not compile for %s", chosen.Title()), "its builder is not written yet", "use cloudnative-pg or native")}
	}
	if major, minor := chosen.Oldest(); !release.AtLeast(major, minor) {
		return spec.Problems{c.Problem("ONG4002", "spec.operatorVersion",
			fmt.Sprintf("%s %s is too old", chosen.Title(), c.Spec.OperatorVersion),
			fmt.Sprintf("onggi writes fields that came with %d.%d", major, minor), "upgrade the operator")}
	}
	var problems spec.Problems
	for _, f := range Features() {
		if !f.used(&c.Spec) {
			continue
		}
		if cell := f.In[chosen]; !cell.in(release) {
			problems = append(problems, lacking(c, f, chosen, cell))
		}
	}
	return problems
}

func lacking(c *spec.Cluster, f Feature, chosen Name, cell Support) spec.Problem {
	path, _, _ := strings.Cut(f.Path, "=")
	path = "spec." + path
	others := who(f, chosen)
	switch {
	case cell.UntilMajor != 0:
		p := c.Problem("ONG4004", path, fmt.Sprintf("%s lost %s in %d.%d", chosen.Title(), f.What, cell.UntilMajor, cell.UntilMinor),
			"its operatorVersion decides what may be used", "leave the field out")
		p.Backends = others
		return p
	case cell.Yes:
		p := c.Problem("ONG4003", path, fmt.Sprintf("%s has %s since %d.%d", chosen.Title(), f.What, cell.Major, cell.Minor),
			"its operatorVersion decides what may be used", fmt.Sprintf("upgrade the operator and set operatorVersion: %q, or leave the field out", cell))
		p.Backends = others
		return p
	}
	fix := "leave the field out"
	if len(others) > 0 {
		fix += ", or choose a back end that has it: " + strings.Join(others, ", ")
	}
	p := c.Problem("ONG4005", path, fmt.Sprintf("%s has no %s", chosen.Title(), f.What), "onggi never drops what a spec asks for", fix)
	p.Backends = others
	return p
}

// who lists the other back ends that have a feature, marked where this release cannot compile for them yet.
func who(f Feature, except Name) []string {
	var out []string
	for _, n := range Names() {
		if n == except || !f.In[n].Yes {
			continue
		}
		s := string(n)
		if !n.Builds() {
			s += " (not in this release of onggi)"
		}
		out = append(out, s)
	}
	return out
}
