// Package render is onggi's middle: one pure function from a spec to objects.
//
//	set, problems := spec.Load(sources)
//	cluster, problems := set.Clusters[0].Resolve("prod")
//	bundle, problems := render.Compile(cluster)
//
// [Compile] has no clock, no randomness, no network and no files. The same spec gives the same objects, and everything else
// that onggi makes (charts, overlays, differences, provenance) is made by calling it more than once and comparing.
//
// The stages are packages of their own: spec (strict decoding, environments), plan (every default computed once),
// backend/<name> (plan to objects), manifest (what an object is). Whatever is wrong comes back as [spec.Problems], all of
// it at once, each at its line.
package render
