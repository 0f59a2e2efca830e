// Package plugin is what onggi's config management plugin for Argo CD knows, without its edge: the parameters it takes and
// announces, what its output must be, how its problems are told, and the files that install it.
//
//	Parse      ARGOCD_APP_PARAMETERS to [Parameters]; a name that is not known is a problem with a suggestion
//	Announce   what the user interface of Argo CD shows of the parameters
//	Marks      whether a file makes its folder one of onggi's, for discovery
//	Pure       whether a file surely holds nothing else, so that what lies beside it need not be read
//	Levels     how far the repository reaches above the application's path
//	Stream     objects to the one YAML stream that Argo CD reads, and what must not get into it
//	Lines      problems as the few lines that the user interface has room for
//	Install    plugin.yaml, the sidecar as a Kustomize component, values of the argo-helm chart
//	Diagnose   what is wrong with the place that the plugin runs in
//
// # The contract, where it is not what one expects
//
// Argo CD unpacks the repository for every call and starts the command in the application's path. It reads stdout as YAML 1.1,
// and takes empty output for an application without objects, which with pruning deletes it: nothing is an error here. Of a
// command that fails only stderr is shown; of one that is killed at Argo CD's own deadline, nothing: so the plugin stops by
// itself before. PARAM_* variables fold names together, only the JSON has them as they were written. Announced values are
// never sent back: the plugin has its own defaults, and announces those.
//
// The package is pure: cmd/internal/cmp is the edge, docs/argocd.md the user's side, docs/decisions/0035 says why.
package plugin
