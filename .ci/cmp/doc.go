// Package cmp runs onggi's config management plugin inside the real argocd-cmp-server, which its own tests link. It is a module of
// its own because Argo CD pins the Kubernetes modules to other releases by replacing them, and its build takes minutes: make
// e2e-argocd builds it once, and the test binary is the server too.
package cmp
