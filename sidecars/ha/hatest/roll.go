package hatest

import "time"

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

// evict asks the API server to end a pod. A disruption budget lets one pod be away at a time, and always lets one go that does not work.
func (n *node) evict(name string) {
	target := n.w.byName(name)
	if target == nil || !n.reaches() {
		return
	}
	for _, other := range n.w.nodes {
		if other != target && other.pod.exists && (!other.pod.running || other.pod.terminating) && target.pod.running {
			return
		}
	}
	n.w.after(n.w.between(5*time.Millisecond, 100*time.Millisecond), target.deletePod)
}
