package spec

import "github.com/onggi-db/onggi/render/spec/node"

// Written is the document as it was written for the cluster's environment: the project's defaults, the spec and the patch laid
// over each other, without the defaults of this package. The tree must not be changed.
func (c *Cluster) Written() *node.Node { return c.root }

// Written is the document as it stands in its file. The tree must not be changed.
func (d *Document) Written() *node.Node { return d.root }
