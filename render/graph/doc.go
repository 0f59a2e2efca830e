// Package graph draws one rendered database: who reaches it, what it is made of, where its backups go, which Secrets it
// reads and who makes them, and who watches it.
//
//	bundle, problems := render.Compile(cluster)
//	picture := graph.Draw(bundle.Plan, bundle.Objects)
//	svg := graph.SVG(picture, graph.Wide, graph.Options{})
//
// [Draw] decides what is in the picture: nodes, each with the object whose YAML says so, and edges between them. Every object
// is in a node, by its kind and name. [SVG] decides where things stand: [Wide] in columns as a reader thinks of it (ways in, pooler,
// instances, backups; below them what they need and who watches), [Narrow] in one column for a phone. Both are pure, and the
// same input gives the same bytes.
//
// The text in the picture says everything that the edges say, so that nothing is lost to who cannot see them: each node is a
// link with its text as its name, in the order of reading. Colours and fonts come from [Style], which follows light and dark.
package graph
