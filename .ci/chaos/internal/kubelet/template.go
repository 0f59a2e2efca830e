package kubelet

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"

	"onggi.dev/ci/chaos/internal/kube"
)

// podOf is the pod with this number, of the present template.
func podOf(set kube.Object, ordinal int, node string) kube.Object {
	template := clone(kube.At(set, "spec", "template").(kube.Object))
	name := fmt.Sprintf("%s-%d", kube.Text(set, "metadata", "name"), ordinal)
	meta, _ := template["metadata"].(kube.Object)
	labels, _ := meta["labels"].(kube.Object)
	labels[revisionLabel], labels[nameLabel], labels[indexLabel] = revision(set), name, fmt.Sprint(ordinal)
	meta["name"] = name
	meta["ownerReferences"] = []any{kube.Object{
		"apiVersion": "apps/v1", "kind": "StatefulSet", "name": kube.Text(set, "metadata", "name"), "uid": kube.Text(set, "metadata", "uid"),
		"controller": true, "blockOwnerDeletion": true,
	}}
	spec, _ := template["spec"].(kube.Object)
	spec["nodeName"], spec["hostname"], spec["subdomain"] = node, name, kube.Text(set, "spec", "serviceName")
	claims, _ := kube.At(set, "spec", "volumeClaimTemplates").([]any)
	for _, claim := range claims {
		of := kube.Text(claim.(kube.Object), "metadata", "name")
		volumes, _ := spec["volumes"].([]any)
		spec["volumes"] = append(volumes, kube.Object{"name": of, "persistentVolumeClaim": kube.Object{"claimName": of + "-" + name}})
	}
	return kube.Object{"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}
}

// revision is the name of the template as it stands in a StatefulSet.
func revision(set kube.Object) string {
	text, err := json.Marshal(kube.At(set, "spec", "template"))
	if err != nil {
		panic(err) // it came as JSON
	}
	return fmt.Sprintf("%s-%.5x", kube.Text(set, "metadata", "name"), sha256.Sum256(text))
}

func replicas(set kube.Object) int {
	n, _ := kube.At(set, "spec", "replicas").(float64)
	return int(n)
}

// containers of a pod or a template, those that begin it first.
func containers(o kube.Object) []kube.Object {
	var all []kube.Object
	for _, list := range []string{"initContainers", "containers"} {
		items, _ := kube.At(o, "spec", list).([]any)
		for _, item := range items {
			if c, ok := item.(kube.Object); ok {
				all = append(all, c)
			}
		}
	}
	return all
}

func image(o kube.Object, container string) string {
	for _, c := range containers(o) {
		if c["name"] == container {
			return kube.Text(c, "image")
		}
	}
	return ""
}

// clone is a copy that shares nothing.
func clone(o kube.Object) kube.Object {
	var copied kube.Object
	text, err := json.Marshal(o)
	if err == nil {
		err = json.NewDecoder(strings.NewReader(string(text))).Decode(&copied)
	}
	if err != nil {
		panic(err) // it came as JSON
	}
	return copied
}
