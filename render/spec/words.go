package spec

import "github.com/onggi-db/onggi/render/spec/node"

// Words are the texts that stand in the document's spec, in its environments' patches and in the defaults of its project: what it
// may refer to by name. Defaults of onggi's own are not among them, nobody wrote those.
func (d *Document) Words() map[string]bool {
	words := make(map[string]bool)
	for _, n := range []*node.Node{d.spec, d.patches, d.last} {
		addWords(words, n)
	}
	if d.Project != nil {
		addWords(words, d.Project.defaults)
	}
	return words
}

func addWords(words map[string]bool, n *node.Node) {
	if n == nil {
		return
	}
	if n.Kind == node.Scalar && n.Type == node.String {
		words[n.Value] = true
	}
	for _, item := range n.Items {
		addWords(words, item)
	}
}
