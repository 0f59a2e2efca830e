// Package spectest makes random specs for tests: a DatabaseCluster for CloudNativePG with up to three environments, often
// a Project and sometimes a manifest beside it. Nearly all of them compile, so that a property test spends its time on
// what it tests; the few that do not are to be refused with problems, never with a panic.
//
// The texts in a spec are as odd as their fields allow: quotes, {{ }}, line breaks, scalars that YAML 1.1 reads
// otherwise, letters of many scripts. What a case holds depends on its source of randomness alone:
//
//	c := spectest.Random(rand.New(rand.NewPCG(seed, 0)))
//	set, problems := spec.Load(c.YAML())
//
// A case can be written as JSON and as YAML in any of the styles that YAML has; both mean the same.
package spectest
