// Package spec is the user's side of onggi: the types of a spec, how files become values of them, and what is said when
// they do not.
package spec
