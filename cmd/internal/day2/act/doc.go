// Package act decides what a verb of day 2 writes: what an agent is asked, or which patch, object or deletion the API server is
// sent. It is pure: a [status.Status], the database's object and a [Request] come in, the [Action]s that do it, or a [Refusal], go out.
//
// What onggi sends to an operator is what that operator's own tools send, and nothing where it takes more than a field: then the
// refusal names what to use instead. Every action that takes something away from clients or from a disk has a question.
package act
