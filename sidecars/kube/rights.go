package kube

// Right is one verb on one resource that this package uses.
type Right struct {
	Group, Resource, Verb string
	Named                 bool   // it can be bound to the one name, the Lease's or the StatefulSet's: a Role may list it in resourceNames
	Cluster               bool   // it is a right in the cluster, and optional
	For                   string // the call that needs it
}

// Rights are all that this package ever uses, and each of them is needed: a Role is rendered from them, and tests take them away one by one.
func Rights() []Right {
	const coordination, apps = "coordination.k8s.io", "apps"
	return []Right{
		{Group: coordination, Resource: "leases", Verb: "get", Named: true, For: "GetLease"},
		{Group: coordination, Resource: "leases", Verb: "list", Named: true, For: "WatchLease"},
		{Group: coordination, Resource: "leases", Verb: "watch", Named: true, For: "WatchLease"},
		{Group: coordination, Resource: "leases", Verb: "update", Named: true, For: "UpdateLease"},
		{Group: coordination, Resource: "leases", Verb: "create", For: "CreateLease"},
		{Resource: "pods", Verb: "get", For: "GetPod"},
		{Resource: "pods", Verb: "list", For: "WatchPods"},
		{Resource: "pods", Verb: "watch", For: "WatchPods"},
		{Resource: "pods", Verb: "patch", For: "PatchPodLabels"},
		{Resource: "pods/eviction", Verb: "create", For: "Evict"},
		{Group: apps, Resource: "statefulsets", Verb: "list", Named: true, For: "WatchStatefulSet"},
		{Group: apps, Resource: "statefulsets", Verb: "watch", Named: true, For: "WatchStatefulSet"},
		{Resource: "events", Verb: "create", For: "WriteEvent"},
		{Resource: "nodes", Verb: "list", Cluster: true, For: "WatchNode"},
		{Resource: "nodes", Verb: "watch", Cluster: true, For: "WatchNode"},
	}
}
