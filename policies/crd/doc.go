// Package crd validates Kubernetes objects offline, the way an API server would on create.
//
// [Load] reads a folder of CustomResourceDefinitions. [Schemas.Validate] then takes one object through the API server's own
// steps, with its own code (k8s.io/apiextensions-apiserver): unknown fields are reported and pruned, defaults are filled in,
// the structural schema, list types, embedded objects and the CEL rules (x-kubernetes-validations) are evaluated. An object
// of a built-in kind (Service, ConfigMap, NetworkPolicy…) is decoded strictly into its Go type and its metadata is checked.
//
// What an offline check cannot know is left out, and only that: other objects, update rules (a rule that reads oldSelf has
// nothing to compare with) and the operators' own webhooks. A kind without a definition is a [Violation] with the reason
// [NoSchema]: nothing passes because nobody looked.
//
// A folder may hold older releases of the same definitions in sub-folders (postgresql.cnpg.io/cnpg-1.25/cluster_v1.yaml).
// The shallowest file of a kind is the default; naming the sub-folder in Load makes its definitions win.
package crd
