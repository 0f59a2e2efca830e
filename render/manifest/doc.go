// Package manifest is the canonical form of a Kubernetes object: identity, order, encoding, decoding, comparison and
// patching. It does no I/O, and the same objects always give the same bytes.
//
// # Values
//
// An [Object] has a body, a [Map], and the [Part] it serves. Its values have seven types and no others: nil, bool, int64, float64,
// string, []any and Map. Every function here takes beside them what builders like to write (*[Fields], int, int32, []string,
// []Map, map[string]string), and [Canonical] turns those into the seven. A number that is an integer within int64 is an int64;
// 1 and 1.0 are one value with one form.
//
// # Building
//
// A builder writes [Fields] and leaves out what says nothing:
//
//	manifest.Object{Part: manifest.PartExpose}.Made(manifest.Of("apiVersion", "v1", "kind", "Service", "metadata", manifest.Of("name", "shop")))
//
// They are what is encoded. A Map is made of them for whoever asks for [Object.Body], and is what the object says from then on. [Sort]
// puts objects in the order they are applied in.
//
// # Writing
//
// [Encode] writes a stream, [AppendYAML] one document: block style, keys sorted byte by byte, a list's dashes in its key's
// own column, as `kubectl get -o yaml` has it, but long lines are never folded, so that a diff shows what changed.
//
//   - A string stands plain where every reader takes it for that string. YAML 1.1 and 1.2 disagree about yes, on, 017,
//     1e3, 12:30, 1_000, 2001-12-14, = and <<, and Ruby reads 1,000 as a number: all these are in double quotes, keys too.
//   - Double quotes have the escapes of JSON, and \U for characters beyond its reach. A line with a double quote or a
//     backslash in it and no apostrophe stands in single quotes, without escapes.
//   - A string with lines is a literal block (|, |-, |+), unless a line ends in blanks, the text begins with one, or a
//     character in it needs an escape.
//   - Nothing in a manifest is invisible: control characters, direction overrides, byte order marks and odd blanks are
//     escaped.
//   - A byte that is not UTF-8 becomes U+FFFD, as in encoding/json: JSON, and so Kubernetes, cannot hold it.
//
// The law: sigs.k8s.io/yaml, yaml.v2 and yaml.v3 read from AppendYAML(nil, v) what Canonical(v) is. It is fuzzed.
// [EncodeJSON] is the same value as compact JSON, fit for hashing and for embedding.
//
// # Reading
//
// [Decode] reads a stream of YAML or JSON as kubectl, Helm and Kustomize do, booleans of YAML 1.1 included, and names the
// place of everything that is wrong: each of the joined errors is a [*Problem], "name:line:column: message". Decode of
// Encode gives the objects back; that, and reading as sigs.k8s.io/yaml reads, is fuzzed too. Where it differs: merge keys
// follow the YAML standard (a key of the mapping's own always wins), 0b-1 is a string, and what kubectl would silently
// change (a duplicate key, a key of more digits than float32 has) is refused.
//
// # Paths
//
// A path is a []any of strings (keys) and ints (indexes). [Get] and [Set] follow one; [FormatPath] writes it as
// spec.postgresql.parameters["a.b"] or spec.plugins[0].name, and [ParsePath] reads that back.
//
// # Comparing and patching
//
// [Diff] pairs objects by group, kind, namespace and name and lists what is not the same, field by field, as lines that a
// person can act on: "Cluster/databases/shop spec.instances: 3 != 1". [Equal] asks whether there is any, and [EqualValue]
// compares single values by the same rules.
//
// [MergePatch] and [CreateMergePatch] are RFC 7386: MergePatch(a, CreateMergePatch(a, b)) is b, for every b without null
// in a mapping. Neither changes its arguments, and what they return shares nothing with them.
//
// # Files
//
// [FileNames] gives objects that go to one folder their files: cluster-shop.yaml, and longer names only where two would
// share one. Whatever an object is called, its file stays in the folder.
package manifest
