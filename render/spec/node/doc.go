// Package node is YAML and JSON as a tree in which everything knows where it was written.
//
// [Parse] reads a file of one or more documents. What people write (block and flow collections, plain and quoted
// scalars, literal and folded blocks, comments) is read by a parser of our own that builds the tree directly; whatever
// that parser does not know (anchors, tags, directives, tabs, and anything it believes to be wrong) is read by yaml.v3,
// so that the accepted language is yaml.v3's. The two are held equal, tree and positions, by a fuzz test.
//
// Scalars keep their text. [Node.Type] is what the core schema of YAML 1.2 makes of a plain one; [Legacy] says what a
// YAML 1.1 reader would make of it, which is how "no" turns from the name of a country into false.
//
// A tree is never changed once Parse has returned it: merging makes new nodes, and several trees may share one.
package node
