package policies

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/version"
)

// The in-tree Barman support of CloudNativePG: deprecated in the one release, gone from the other.
var (
	inTreeDeprecated = version.MustParseGeneric("1.26")
	inTreeRemoved    = version.MustParseGeneric("1.31")
	newestOperator   = version.MustParseGeneric("1.30")
)

func inTreeBarman(w *world) []Finding {
	operator := newestOperator
	if v, err := version.ParseGeneric(w.OperatorVersion); err == nil {
		operator = v
	}
	if operator.LessThan(inTreeDeprecated) {
		return nil
	}
	level, message := Warning, "in-tree Barman Cloud is deprecated since CloudNativePG 1.26 and gone from 1.31"
	if operator.AtLeast(inTreeRemoved) {
		level, message = Error, fmt.Sprintf("CloudNativePG %s has no in-tree Barman Cloud any more", operator)
	}
	var out []Finding
	for _, c := range w.kinds[kindCluster] {
		for _, pattern := range []string{"spec.backup.barmanObjectStore", "spec.externalClusters.*.barmanObjectStore"} {
			each(c.Body(), pattern, func(path []any, _ any) {
				f := c.finding(path, message)
				f.Level = level
				out = append(out, f)
			})
		}
	}
	return out
}

// imageVolumes is the Kubernetes release in which a pod can mount an image, behind a feature gate until 1.35.
var imageVolumes = version.MustParseGeneric("1.33")

func kubernetesTooOld(w *world) []Finding {
	v, err := version.ParseGeneric(w.KubeVersion)
	if err != nil || v.AtLeast(imageVolumes) {
		return nil
	}
	var out []Finding
	for _, c := range w.kinds[kindCluster] {
		each(c.Body(), "spec.postgresql.extensions.*.image", func(path []any, _ any) {
			out = append(out, c.finding(path, fmt.Sprintf("Kubernetes %s cannot mount an image as a volume", w.KubeVersion)))
		})
	}
	return out
}
