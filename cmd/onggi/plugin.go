package main

import (
	"path/filepath"
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

// invoked reads the name of the program and its arguments. kubectl's plugins take its flags anywhere after their name, as cobra has it too:
// kubectl onggi -n databases status shop.
func invoked(program string, args []string) invocation {
	switch strings.TrimSuffix(filepath.Base(program), ".exe") {
	case pluginName:
		return invocation{"kubectl onggi", args}
	case completerName:
		return invocation{"kubectl onggi", append([]string{"__complete"}, args...)}
	}
	return invocation{commandOnggi, args}
}
