package overlays

import (
	"strings"

	"github.com/onggi-db/onggi/render/manifest"
)

// kustomizationFile is the name that kustomize looks for in a folder.
const kustomizationFile = "kustomization.yaml"

// kustomization is one kustomization.yaml. Only fields that Kustomize has not deprecated are written.
type kustomization struct {
	note       string // the comment on top, one line or more
	component  bool   // a Component, which others list under components
	resources  []string
	components []string
	patches    []manifest.Map
}

// encode writes the fields in the order in which Kustomize goes through them.
func (k kustomization) encode() []byte {
	apiVersion, kind := "kustomize.config.k8s.io/v1beta1", "Kustomization"
	if k.component {
		apiVersion, kind = "kustomize.config.k8s.io/v1alpha1", "Component"
	}
	var out []byte
	for line := range strings.SplitSeq(k.note, "\n") {
		out = append(out, "# "+line+"\n"...)
	}
	out = manifest.AppendYAML(out, manifest.Map{"apiVersion": apiVersion})
	out = manifest.AppendYAML(out, manifest.Map{"kind": kind})
	if len(k.resources) > 0 {
		out = manifest.AppendYAML(out, manifest.Map{"resources": k.resources})
	}
	if len(k.components) > 0 {
		out = manifest.AppendYAML(out, manifest.Map{"components": k.components})
	}
	if len(k.patches) > 0 {
		out = manifest.AppendYAML(out, manifest.Map{"patches": k.patches})
	}
	return out
}
