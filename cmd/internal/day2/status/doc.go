// Package status makes one picture of a database out of what was read of it: its objects in the API server, and what its agents or
// servers say of themselves.
//
// [Of] is pure. It takes an [Observed], in which everything is as it was read, and gives a [Status], whose JSON form is an interface
// (docs/cli.md#status) and whose text form is a screen ([Status.Screen]). [Status.Query] tells what would go if there were fewer
// members. Unknown is an outcome of its own: what could not be asked is never taken for well, nor for broken.
//
// A database belongs to a [Backend]: what kind of object it is, which pods are its own and how their roles are told.
package status
