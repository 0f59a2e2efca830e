package plugin

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/onggi-db/onggi/render/spec"
)

// The oldest Kubernetes that onggi renders for.
const (
	oldestMajor = 1
	oldestMinor = 29
)

// Kubernetes checks the version of the destination's API server as Argo CD tells it in KUBE_VERSION, such as 1.31 or
// v1.31.2+k3s1. "" is one that Argo CD did not tell.
func Kubernetes(version string) spec.Problems {
	if version == "" {
		return nil
	}
	major, rest, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	digits := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	if digits >= 0 {
		rest = rest[:digits]
	}
	a, errA := strconv.Atoi(major)
	b, errB := strconv.Atoi(rest)
	if errA != nil || errB != nil || a > oldestMajor || a == oldestMajor && b >= oldestMinor {
		return nil // what cannot be read was written by somebody who knows more
	}
	return spec.Problems{{Code: codeKubernetes, Pos: spec.Pos{File: "KUBE_VERSION"},
		Message: fmt.Sprintf("the destination runs Kubernetes %s; %d.%d is the oldest that is rendered for", version, oldestMajor, oldestMinor),
		Why:     "fields that its API server does not know would be dropped", Fix: "upgrade it, or choose another destination"}}
}

// Deadline is what is said when the plugin ran out of time.
func Deadline(after string) string {
	return fmt.Sprintf("%s: rendering was not done after %s; Argo CD would have killed it soon, without a word; split the Application by the parameter file, or give the plugin more CPU", codeDeadline, after)
}

// NoDatabase is the problem of a parameter that names none of the databases.
func NoDatabase(asked string, known []string) spec.Problem {
	p := spec.Problem{Code: codeNoDatabase, Pos: at(ParameterDatabase), Message: fmt.Sprintf("no database is called %q", asked),
		Why: "the Application would have no objects", Fix: "write one of " + enumerate(known)}
	if best := spec.Nearest(asked, known); best != "" {
		p.Fix = "did you mean " + best + "?"
	} else if len(known) == 0 {
		p.Fix = "point the Application's path, or the parameter file, at a folder with a " + spec.KindCluster
	}
	return p
}
