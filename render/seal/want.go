package seal

import (
	"fmt"
	"slices"
)

// Want is a Secret as its readers want it.
type Want struct {
	Namespace, Name string
	Type            string            // "kubernetes.io/basic-auth", "kubernetes.io/tls", "Opaque", …
	Labels          map[string]string // of the Secret, which operators look for
	Keys            []Key
	// Environments are those that the Secret goes with, when its namespace does not tell; empty for all in its namespace.
	Environments []string
}

// Key is one key of a Secret.
type Key struct {
	Name string
	// Value is what it must be, where the spec says so; "" otherwise.
	Value string
	// Made says that a value may be made up when none is given.
	Made bool
	// Why is what it is for, in words.
	Why string
}

// String is namespace/name.
func (w Want) String() string { return w.Namespace + "/" + w.Name }

func (w Want) key(name string) (Key, bool) {
	i := slices.IndexFunc(w.Keys, func(k Key) bool { return k.Name == name })
	if i < 0 {
		return Key{}, false
	}
	return w.Keys[i], true
}

// Scope is how firmly a sealed secret is bound to its place.
type Scope string

// The scopes, as the controller names them.
const (
	Strict        Scope = "strict"         // to its namespace and name
	NamespaceWide Scope = "namespace-wide" // to its namespace
	ClusterWide   Scope = "cluster-wide"   // to the cluster
)

// Scopes are all scopes, the firmest first.
func Scopes() []Scope { return []Scope{Strict, NamespaceWide, ClusterWide} }

// ParseScope reads a scope; "" is strict.
func ParseScope(s string) (Scope, error) {
	if s == "" {
		return Strict, nil
	}
	if !slices.Contains(Scopes(), Scope(s)) {
		return "", fmt.Errorf("there is no scope %q: choose strict, namespace-wide or cluster-wide", s)
	}
	return Scope(s), nil
}

// label is what the ciphertext is bound to: the controller decrypts with the label of the place it finds the object at.
func (s Scope) label(namespace, name string) []byte {
	switch s {
	case ClusterWide:
		return nil
	case NamespaceWide:
		return []byte(namespace)
	}
	return []byte(namespace + "/" + name)
}

// annotation is how an object says its scope; "" for strict.
func (s Scope) annotation() string {
	if s == Strict {
		return ""
	}
	return "sealedsecrets.bitnami.com/" + string(s)
}
