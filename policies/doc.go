// Package policies finds what is wrong with a set of manifests although each of them is valid: the Secret that nobody makes,
// the restore that reads what it overwrites, the budget that blocks every drain.
//
// There are two kinds of rule, and [Check] runs both over the same objects:
//
//   - A rule about one object is a ValidatingAdmissionPolicy in vap/, as it can be applied to a cluster (kubectl apply -f
//     policies/vap; label the namespaces policies.onggi.dev/enforce=true). It is evaluated here by the API server's own CEL
//     compiler and evaluator, so a pipeline and a cluster refuse the same manifests in the same words.
//   - A rule about several objects, or about what only the caller knows (the operator's version), is Go: one file per topic,
//     one row per rule in rules.go.
//
// Every rule has a stable id (ONG7nnn), a level, the reason it exists and what to do about it; [Builtin] lists them and
// README.md prints them. Its samples are testdata/<id>/pass*.yaml and fail*.yaml, with the findings' exact text beside them.
//
// A message of a policy begins with the field it is about and a colon, as the API server's own messages do. The evaluator
// takes the path off the front and makes it the finding's Path.
//
// The package reads nothing but its input: no files (vap/ is embedded), no clock, no network. The policies are compiled on
// the first Check and shared from then on; Check is safe for concurrent use and never changes its input.
package policies
