package archtest

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// Module is the path of this module.
const Module = "github.com/onggi-db/onggi"

// Package is what the rules need of one package, as go list prints it.
type Package struct {
	ImportPath string
	Name       string
	Dir        string
	Doc        string
	GoFiles    []string
	Imports    []string // of the files that are built, not of the tests
	Deps       []string
}

// rooms says which rooms of the repository a room may look into besides itself. The arrows point down only.
func rooms(room string) []string {
	switch room {
	case "cmd":
		return []string{"charts", "overlays", "policies", "render", "sidecars"}
	case "charts", "overlays", "policies":
		return []string{"render"}
	case "render":
		return []string{"sidecars/config"}
	}
	return nil
}

// Imports returns what is wrong with the imports, the name and the comment of a package: one sentence for each thing.
func Imports(p Package) []string {
	rel := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, Module), "/")
	var problems []string
	bad := func(format string, args ...any) { problems = append(problems, rel+": "+fmt.Sprintf(format, args...)) }

	for _, imp := range p.Imports {
		if ours, ok := strings.CutPrefix(imp, Module+"/"); ok && !mayImport(rel, ours) {
			bad("imports %s: arrows point down only (cmd, then charts, overlays and policies, then render)", ours)
		}
		if keeper := keeperOf(imp); keeper != "" && !isIn(rel, keeper) {
			bad("imports %s: only packages below %s may", imp, keeper)
		}
		if isPure(rel) && !aside(p.Name) && isImpure(imp) {
			bad("imports %s: it is pure; pass in what it would have read", imp)
		}
		if isIn(rel, "sidecars/ha") && !isIn(rel, "sidecars/ha/hatest") && strings.Contains(imp, ".") && !isIn(imp, Module+"/sidecars/ha") {
			bad("imports %s: the decision core takes only the standard library", imp)
		}
	}
	if isIn(rel, "sidecars") || isIn(rel, "cmd/onggi-agent") {
		for _, dep := range p.Deps {
			if keeperOf(dep) != "" || isIn(dep, Module+"/render") {
				bad("depends on %s: the agent stays small", dep)
			}
		}
	}
	if isVague(p.Name) {
		bad("is named %s: name it after what it holds", p.Name)
	}
	if p.Doc == "" && len(p.GoFiles) > 0 {
		bad("has no package comment")
	}
	return problems
}

func mayImport(from, to string) bool {
	room, _, _ := strings.Cut(from, "/")
	if isIn(to, room) {
		return true
	}
	return slices.ContainsFunc(rooms(room), func(r string) bool { return isIn(to, r) })
}

// keeperOf names the one room that may import a heavy library directly. Everyone else goes through its packages.
func keeperOf(imp string) string {
	switch {
	case isIn(imp, "helm.sh/helm"):
		return "charts"
	case isIn(imp, "sigs.k8s.io/kustomize"):
		return "overlays"
	case isIn(imp, "k8s.io/apiextensions-apiserver"), isIn(imp, "github.com/google/cel-go"):
		return "policies"
	}
	return ""
}

// isPure reports whether a package does no input or output, has no clock and no chance. tree is the one that writes; what a verb of
// day 2 makes of what was read, and decides, is as pure as a render.
func isPure(rel string) bool {
	if isIn(rel, "cmd/internal/day2/status") || isIn(rel, "cmd/internal/day2/act") {
		return true
	}
	return isIn(rel, "render") && !isIn(rel, "render/tree") && !isIn(rel, "render/internal/archtest")
}

// aside reports whether a package is no part of the program: a generator for go generate, or support for tests.
func aside(name string) bool { return name == "main" || strings.HasSuffix(name, "test") }

func isImpure(imp string) bool {
	switch imp {
	case "os", "os/exec", "os/signal", "os/user", "io/ioutil", "net", "net/http", "syscall", "crypto/rand", "math/rand", "math/rand/v2", "log", "log/slog", "expvar", "plugin":
		return true
	}
	return isIn(imp, "golang.org/x/sys") || isIn(imp, "k8s.io/client-go")
}

func isVague(name string) bool {
	switch name {
	case "util", "utils", "common", "helper", "helpers", "misc", "shared", "lib", "manager", "types", "base":
		return true
	}
	return false
}

// isIn reports whether a path is dir or below it.
func isIn(name, dir string) bool { return name == dir || strings.HasPrefix(path.Clean(name), dir+"/") }
