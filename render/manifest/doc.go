// Package manifest is the canonical form of a Kubernetes object: identity, order, encoding, decoding and comparison.
//
// The same objects always give the same bytes: keys are sorted, numbers have one form, and a string that YAML 1.1 or 1.2
// would read as something else is quoted.
package manifest
