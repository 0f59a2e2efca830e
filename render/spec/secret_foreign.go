package spec

import (
	"encoding/base64"

	"github.com/onggi-db/onggi/render/spec/node"
)

// foreignSecrets reports literal secrets in a foreign manifest.
func (l *loader) foreignSecrets(root *node.Node, kind string) spills {
	s := &secretScan{found: spills{}, report: l.report, definition: kind == "CustomResourceDefinition"}
	if kind == "SealedSecret" {
		s.sealed(root)
	} else {
		s.node(root)
	}
	return s.found
}

// sealed looks at a sealed secret: at its ciphertext for what is none, at all else as at any manifest.
func (s *secretScan) sealed(root *node.Node) {
	for i, key := range root.Keys {
		s.below(segment{name: key.Value}, func() {
			if spec := root.Items[i]; key.Value == "spec" && spec.Kind == node.Mapping {
				s.sealedSpec(spec)
				return
			}
			s.field(key.Value, root.Items[i])
		})
	}
}

func (s *secretScan) sealedSpec(n *node.Node) {
	for i, key := range n.Keys {
		s.below(segment{name: key.Value}, func() {
			if data := n.Items[i]; key.Value == "encryptedData" && data.Kind == node.Mapping {
				s.ciphertext(data)
				return
			}
			s.field(key.Value, n.Items[i])
		})
	}
}

// ciphertext reports what cannot be any.
func (s *secretScan) ciphertext(n *node.Node) {
	for i, key := range n.Keys {
		if item := n.Items[i]; item.Kind == node.Scalar && !isCiphertext(item.Value) {
			s.below(segment{name: key.Value}, func() {
				s.hit(item, violation{codeSecretObject, key.Value + " is not ciphertext", "the controller cannot open it, and everybody can read it", "seal the value with onggi seal, and change it: it is known now"})
			})
		}
	}
}

// smallest is the length of the shortest ciphertext: its own length, a session key that was encrypted with an RSA key of 1024
// bits, and the tag of an empty value.
const smallest = 2 + 128 + 16

// isCiphertext reports whether a value can be what the sealed secrets controller opens.
func isCiphertext(value string) bool {
	data, err := base64.StdEncoding.DecodeString(value)
	return err == nil && len(data) >= smallest
}
