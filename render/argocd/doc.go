// Package argocd writes what Argo CD needs to deliver databases from a Git repository: projects, Applications (or one
// ApplicationSet), the operators' own Applications, and health checks for kinds that Argo CD does not know.
//
// [Emit] is a pure function from the rendered databases to files:
//
//	root.yaml                        the Application that reads this folder; a person applies it once
//	project.yaml                     AppProject: the repository, namespaces and kinds that the databases need, no more
//	applications/<env>-<name>.yaml   one database in one environment; applicationset.yaml in place of them all
//	operators/project.yaml           AppProject of the operators, which may make what databases may not (CRDs, ClusterRoles)
//	operators/<name>.yaml            an operator from its Helm chart, pinned
//	argocd-cm.yaml                   health checks, a patch for Argo CD's own ConfigMap; root.yaml does not read it
//
// [Annotate] puts on the database's objects what Argo CD reads there: the order they are applied in, and that deleting an
// Application or a file never deletes data. It belongs into the pipeline before any output is written, so that manifests,
// chart and overlays stay one and the same set of objects.
//
// # What the Applications read
//
// Paths are below argocd.path of the project, where the folder that onggi writes is committed:
//
//	manifests   <env>/<database>                 every file, recursively
//	kustomize   <database>/overlays/<env>        base and components are watched too
//	helm        <database>                       with values-<env>.yaml
//	plugin      .                                the plugin renders the spec itself: parameters env, file and database
//
// A database without environments is read from <database>, <database>/base, or with the chart's own values.
//
// # What it promises
//
// No Application carries a finalizer: deleting one leaves everything it made. The ApplicationSet makes exactly the
// Applications that the files would be. Every name and file depends on its own database and environment only, so adding
// one changes no other file but the projects. Same input, same bytes.
//
// docs/argocd.md is the user's side of it, docs/decisions/0005-argocd-annotations.md says why.
package argocd
