// Package charts compiles a database, in all its environments, into a Helm chart, and proves the chart with Helm's engine
// before anyone sees it.
//
// [Emit] takes a [variant.Set] and returns the chart's files. It compares the objects of Base and of every environment,
// place by place:
//
//   - What all have the same is literal in the template, block scalars and other languages' {{ }} included.
//   - What differs is a value. values.yaml has Base's, values-<environment>.yaml what the environment has otherwise.
//   - What only some have is rendered on a condition: a value that may be empty is its own condition, a part of the
//     database has one switch (backup.enabled) that also governs the places of other objects that belong to it, and
//     anything else has a switch of its own.
//   - Lists go item by item where the items can be told apart, and are one value where they cannot.
//   - Long text goes line by line, and a value says whose lines are rendered.
//   - What no value can carry (a null, another type, an integer that no float holds) is a choice between literals.
//   - The namespace is the release's wherever a place names it and can mean nothing else.
//
// A [variant.Knob], a spec field that outputs copy, is a value under the spec's own name, also where all variants agree.
// A knob is bound to every field that copies it or not offered at all, so setting it in a chart does what setting it in
// the spec does.
//
// # The law
//
// For each values file, what Helm renders equals the set's objects: [Verify] says where it does not, and Emit refuses to
// return a chart for which it does not hold. One field is exempt: the annotation helm.sh/resource-policy that the value
// keep adds, so that `helm uninstall` does not delete the data (docs/decisions/0011). [Render] is Helm's engine as it is,
// with that annotation. Hooks (the test's pod) and notes are no objects of the database.
//
// Templates use no function whose result depends on a cluster, the time or chance. The same set gives the same bytes, in
// Emit and in [Package].
//
// # How it is made
//
//	objects.go           pairs the objects of all variants
//	build.go, list.go, text.go  compare them into nodes: literal, leaf, choice, text, mapping, sequence
//	guard.go, root.go    what only some have; what the chart adds to metadata
//	knobs.go, scope.go   spec fields and namespaces in the outputs
//	names.go, switches.go  where values stand in values.yaml
//	template.go, escape.go  nodes as template text
//	values.go, valuesfile.go  values.yaml, values-<environment>.yaml, values.schema.json
//	fixed.go, files/     what every chart has: helpers, notes, the test, the README
//	notes.go             what the notes say of this database
//	verify.go            the proof
package charts
