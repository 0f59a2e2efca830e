package native

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"

	"sigs.k8s.io/yaml"

	"onggi.dev/ci/chaos/internal/kube"
)

// Objects are what onggi rendered, in its order.
type Objects []kube.Object

// Render runs onggi on a spec and reads what it prints.
func Render(ctx context.Context, onggi, spec string) (Objects, error) {
	cmd := exec.CommandContext(ctx, onggi, "render", spec)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("onggi render %s: %w: %s", spec, err, stderr.String())
	}
	return parse(string(out))
}

func parse(text string) (Objects, error) {
	var all Objects
	for document := range strings.SplitSeq("\n"+text, "\n---\n") {
		if strings.TrimSpace(document) == "" {
			continue
		}
		var o kube.Object
		if err := yaml.Unmarshal([]byte(document), &o); err != nil {
			return nil, err
		}
		all = append(all, o)
	}
	return all, nil
}

// resources of the kinds that an API server has without CustomResourceDefinitions.
var resources = map[string]string{
	"v1 ConfigMap": "configmaps", "v1 Secret": "secrets", "v1 Service": "services", "v1 ServiceAccount": "serviceaccounts",
	"v1 PersistentVolumeClaim": "persistentvolumeclaims", "v1 Pod": "pods",
	"apps/v1 StatefulSet": "statefulsets", "apps/v1 Deployment": "deployments", "batch/v1 CronJob": "cronjobs", "batch/v1 Job": "jobs",
	"rbac.authorization.k8s.io/v1 Role": "roles", "rbac.authorization.k8s.io/v1 RoleBinding": "rolebindings",
	"policy/v1 PodDisruptionBudget": "poddisruptionbudgets", "networking.k8s.io/v1 NetworkPolicy": "networkpolicies",
}

// path of an object, or "" where the API server does not know its kind.
func path(o kube.Object) string {
	version := kube.Text(o, "apiVersion")
	resource := resources[version+" "+kube.Text(o, "kind")]
	if resource == "" {
		return ""
	}
	return collection(version, resource, kube.Text(o, "metadata", "namespace")) + "/" + kube.Text(o, "metadata", "name")
}

func collection(version, resource, namespace string) string {
	root := "/apis/" + version
	if version == "v1" {
		root = "/api/v1"
	}
	return root + "/namespaces/" + namespace + "/" + resource
}

// Of is the object of a kind and a name, or nil.
func (all Objects) Of(kind, name string) kube.Object {
	for _, o := range all {
		if kube.Text(o, "kind") == kind && kube.Text(o, "metadata", "name") == name {
			return o
		}
	}
	return nil
}

// list is an array at a path of keys.
func list(o kube.Object, keys ...string) []kube.Object {
	items, _ := kube.At(o, keys...).([]any)
	var all []kube.Object
	for _, item := range items {
		if m, ok := item.(kube.Object); ok {
			all = append(all, m)
		}
	}
	return all
}

// texts is an array of strings at a path of keys.
func texts(o kube.Object, keys ...string) []string {
	items, _ := kube.At(o, keys...).([]any)
	var all []string
	for _, item := range items {
		if s, ok := item.(string); ok {
			all = append(all, s)
		}
	}
	return all
}

// object is a map at a path of keys, or nil.
func object(o kube.Object, keys ...string) kube.Object {
	m, _ := kube.At(o, keys...).(kube.Object)
	return m
}

// number at a path of keys, or what it is otherwise.
func number(o kube.Object, otherwise int, keys ...string) int {
	if n, ok := kube.At(o, keys...).(float64); ok {
		return int(n)
	}
	return otherwise
}
