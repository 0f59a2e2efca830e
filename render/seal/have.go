package seal

import (
	"errors"

	"github.com/onggi-db/onggi/render/manifest"
)

// Kind of the object that holds ciphertext, and where it belongs.
const (
	Kind       = "SealedSecret"
	APIVersion = "bitnami.com/v1alpha1"
)

// Have is a sealed secret as it lies beside the spec.
type Have struct {
	Object manifest.Object
	// Type of the Secret that it becomes.
	Type  string
	Scope Scope
	// Records of the keys that onggi sealed; nil for a file that it did not write.
	Records map[string]Record

	encrypted manifest.Map
}

// Read takes a SealedSecret apart.
func Read(o manifest.Object) (*Have, error) {
	h := &Have{Object: o, Type: text(o.Body(), "spec", "template", "type"), Scope: Strict}
	if h.Type == "" {
		h.Type = "Opaque"
	}
	for _, s := range []Scope{NamespaceWide, ClusterWide} { // the wider one counts, as in the controller
		if text(o.Body(), "metadata", "annotations", s.annotation()) == "true" {
			h.Scope = s
		}
	}
	encrypted, _ := manifest.Get(o.Body(), "spec", "encryptedData")
	h.encrypted, _ = encrypted.(manifest.Map)
	if h.encrypted == nil {
		return nil, errors.New("it has no spec.encryptedData")
	}
	noted, ours := manifest.Get(o.Body(), "metadata", "annotations", annotation)
	if !ours {
		return h, nil
	}
	written, _ := noted.(string)
	records, err := parseRecords(written)
	if err != nil {
		return nil, err
	}
	h.Records = records
	return h, nil
}

// Ours reports whether onggi wrote it.
func (h *Have) Ours() bool { return h != nil && h.Records != nil }

// has reports whether there is ciphertext for a key.
func (h *Have) has(key string) bool {
	if h == nil {
		return false
	}
	value, _ := h.encrypted[key].(string)
	return value != ""
}

func text(m manifest.Map, path ...any) string {
	v, _ := manifest.Get(m, path...)
	s, _ := v.(string)
	return s
}
