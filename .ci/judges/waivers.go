package main

import (
	"fmt"
	"path"

	"sigs.k8s.io/yaml"
)

// waiver is one finding of kube-score that we do not follow.
type waiver struct {
	Check  string `json:"check"`
	Kind   string `json:"kind"`
	Name   string `json:"name,omitempty"` // a pattern as of path.Match; "" is any
	Reason string `json:"reason"`

	used int
}

func (w *waiver) String() string { return fmt.Sprintf("%s on %s %s", w.Check, w.Kind, w.Name) }

func parseWaivers(data []byte) ([]*waiver, error) {
	var all []*waiver
	if err := yaml.UnmarshalStrict(data, &all); err != nil {
		return nil, err
	}
	for _, w := range all {
		if w.Check == "" || w.Kind == "" || len(w.Reason) < 20 {
			return nil, fmt.Errorf("%s: needs a check, a kind and a reason in a sentence", w)
		}
		if _, err := path.Match(w.Name, ""); err != nil {
			return nil, fmt.Errorf("%s: %w", w, err)
		}
	}
	return all, nil
}

func find(waivers []*waiver, check, kind, name string) *waiver {
	for _, w := range waivers {
		if matches, _ := path.Match(w.Name, name); w.Check == check && w.Kind == kind && (w.Name == "" || matches) {
			return w
		}
	}
	return nil
}
