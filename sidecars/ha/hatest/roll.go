package hatest

import (
	"slices"
	"time"
)

// outdated are the pods that are not of the newest revision, as the API server tells it to who reaches it.
func (n *node) outdated() []string {
	if !n.reaches() {
		return nil
	}
	var names []string
	for _, other := range n.w.nodes {
		if other.pod.exists && other.pod.revision != n.w.revision {
			names = append(names, other.name)
		}
	}
	return names
}

// newest are those that are.
func (n *node) newest() []string {
	if !n.reaches() {
		return nil
	}
	var names []string
	for _, other := range n.w.nodes {
		if other.pod.exists && !other.pod.terminating && other.pod.revision == n.w.revision {
			names = append(names, other.name)
		}
	}
	return names
}

// roll is another revision of the pods. A bad one is one whose pods never run, until somebody goes back to the one before.
func (w *World) roll(bad bool, back time.Duration) {
	before := w.revision
	w.made++
	w.revision = w.made
	if !bad {
		return
	}
	of := w.revision
	w.bad = append(w.bad, of)
	w.after(back, func() {
		if w.revision == of {
			w.revision = before
			for slices.Contains(w.bad, w.revision) {
				w.revision--
			}
		}
		if slices.ContainsFunc(w.nodes, func(n *node) bool { return n.pod.running }) {
			return
		}
		for _, n := range w.nodes { // nobody is left who would, so the person does
			n.deletePod()
		}
	})
}

// evict asks the API server to end a pod. A disruption budget lets one pod be away at a time, and always lets one go that does not work. It does not count pods
// of a bad revision: that these hold up the rest is for the agents to see to.
func (n *node) evict(name string) {
	target := n.w.byName(name)
	if target == nil || !n.reaches() {
		return
	}
	for _, other := range n.w.nodes {
		if other != target && other.pod.exists && !slices.Contains(n.w.bad, other.pod.revision) && (!other.pod.running || other.pod.terminating) && target.pod.running {
			return
		}
	}
	n.w.after(n.w.between(5*time.Millisecond, 100*time.Millisecond), target.deletePod)
}
