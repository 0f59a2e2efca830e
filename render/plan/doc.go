// Package plan resolves a spec: every default, name, port, image, cron form and quantity is computed here, once. Back ends
// read a [Plan] and nothing else; a Plan knows no back end's field names.
//
// [Resolve] is pure and reports every problem it finds as a [spec.Problem] at the line of the spec that caused it.
package plan
