package main

import (
	"path/filepath"
	"slices"
	"strings"
)

// The names by which kubectl runs this program: as its plugin, and to complete what is typed of one.
const (
	pluginName    = "kubectl-onggi"
	completerName = "kubectl_complete-onggi"
)

// invocation is how the program was called.
type invocation struct {
	display string // the name in its own help
	args    []string
}

// invoked reads the name of the program and its arguments. kubectl's plugins take its flags anywhere after their name, so those that stand
// before the verb are put behind it: kubectl onggi -n databases status shop.
func invoked(program string, args []string) invocation {
	switch strings.TrimSuffix(filepath.Base(program), ".exe") {
	case pluginName:
		return invocation{"kubectl onggi", behindVerb(args)}
	case completerName:
		return invocation{"kubectl onggi", append([]string{"__complete"}, args...)}
	}
	return invocation{commandOnggi, args}
}

// behindVerb moves kubectl's flags from before the verb to behind it, and before what a verb hands on after --.
func behindVerb(args []string) []string {
	known := []string{"-n", "--namespace", "--context", "--kubeconfig"}
	var flags []string
	rest := args
	for len(rest) > 0 {
		name, _, joined := strings.Cut(rest[0], "=")
		switch {
		case slices.Contains(known, name) && joined:
			flags, rest = append(flags, rest[0]), rest[1:]
			continue
		case slices.Contains(known, name) && len(rest) > 1:
			flags, rest = append(flags, rest[:2]...), rest[2:]
			continue
		}
		break
	}
	if len(flags) == 0 || len(rest) == 0 {
		return args
	}
	at := slices.Index(rest, "--")
	if at < 0 {
		at = len(rest)
	}
	return slices.Concat(rest[:at], flags, rest[at:])
}
