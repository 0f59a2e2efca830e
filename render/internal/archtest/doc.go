// Package archtest holds the rules that keep the parts of onggi apart, and the tests that read the whole repository against
// them. docs/architecture.md draws the picture; this package fails when the code leaves it.
//
//   - [Imports]: which package may import which, read from go list.
//   - [Source]: what no Go file may contain: an init function, a package variable that changes, a file or function that does
//     not fit a sitting, a clock in a pure package, a mapping with a key twice.
//   - [Text]: what no file may contain: a note to finish later, a path of somebody's machine.
//
// The rules are values and pure functions, so each has a table of samples beside it that pass and that fail.
package archtest
