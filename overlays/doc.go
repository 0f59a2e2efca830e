// Package overlays writes a database as Kustomize sees it, base and overlays, and ships Components for the places that
// databases run in.
//
// # What is written
//
// [Emit] takes the same database rendered for every environment and writes what makes Kustomize build exactly that:
//
//	base/                  kustomize build base: the database without any environment
//	overlays/<env>/        kustomize build overlays/prod: the database in prod
//	  kustomization.yaml
//	  patches/             what is other here, a file for each object that changes
//	  service-shop-lb.yaml an object that only this environment has
//	components/<part>/     a part (backup, pooler…) that not every variant has, as a Component
//	components/<name>/     a shipped Component, if [Options] ask for some
//	core/                  the objects that all variants share, where some environment lacks a part that base has
//
// When all variants have the same parts there is no core: base holds the objects and overlays start from it. Otherwise
// base is core plus Components, and so is an overlay that cannot start from base.
//
// A patch is the readable one of those that work: a merge patch; one that marks a list as replaced, where Kustomize would
// merge it by key; a JSON patch where a merge patch cannot say it, or would repeat a long list for one word. JSON patches
// into lists test the name of the item that they mean before they touch it. An object that no patch can change is written
// out in every variant. Environments with a namespace of their own move the objects that are in the set's namespace, and no
// others.
//
// # Why it can be trusted
//
// Nothing is taken for granted about Kustomize: each patch is tried before it is chosen, and before Emit returns, base and
// every overlay have been built with the Kustomize library and compared with what was rendered ([Verify]). Patches that
// select nothing, which Kustomize passes over in silence, are errors. What Kustomize cannot carry is an error too, and never
// a changed object.
//
// # Components
//
// [Components] lists the shipped ones: plain Components of patches, below components/ here, that a person can list in a
// kustomization of their own. [Apply] runs them over any objects, so the other formats have them as well. They add what a
// place needs (a storage class, a label, a selector) and do not overrule what the objects say, except where their comment
// says so.
//
// The package reads no file, clock or environment. Kustomize keeps state in package variables, so builds run one at a time.
package overlays
