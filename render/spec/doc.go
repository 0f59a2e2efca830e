// Package spec is the user's side of onggi: the types of a spec, how files become values of them, and what is said when
// they do not.
//
//	sources ──Load──▶ Set: Documents, Projects, Extras ──Resolve(env)──▶ Cluster
//	          └─────────────── Problems, all at once ──────────────┘
//
// [Load] parses YAML and JSON (package node), sorts documents by kind, and checks what needs no environment: patches,
// identities, literal secrets. [Document.Resolve] lays the Project's defaults, the spec and an environment's patch over each
// other, decodes the result strictly into [Spec], and fills in defaults. Both are pure functions; neither reads a file, and
// documents may be resolved by many goroutines at once.
//
// The user types in types*.go are the one definition. Their onggi tags are the rules that the decoder enforces and that
// [JSONSchema], [FieldDoc] and [Reference] write down; their comments get there by go generate.
//
// Whatever is wrong is a [Problem] with a code, a position and a fix. Later stages make theirs with [Cluster.Problem], which
// finds the line a value was written on, in whichever of the three files that was. [Explain] has more words for each code.
//
// # Adding a field
//
// Add it to its type with a comment and a tag, run go generate, and add it to testdata/everything.yaml. A default goes into the
// tag and into default.go, and a new format into checkFormat and formatSchema; tests say when one of the two is missing.
package spec

//go:generate go run ./internal/docgen
//go:generate go run ./internal/reference ../../docs/reference/spec.md
