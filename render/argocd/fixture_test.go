package argocd_test

import (
	"flag"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec"
	"github.com/onggi-db/onggi/render/variant"
)

var update = flag.Bool("update", false, "write the golden files anew")

func ptr[T any](v T) *T { return &v }

// homelab is a project that uses what a project can say.
func homelab() spec.Project {
	return spec.Project{
		Metadata: spec.ProjectMetadata{Name: "homelab"},
		Environments: []spec.Environment{
			{Name: "dev", Namespace: "databases-dev"},
			{Name: "prod"},
		},
		ArgoCD: &spec.ArgoCD{
			Repo:     "https://git.example.com/me/homelab.git",
			Path:     "databases",
			Revision: "main",
			Source:   "kustomize",
		},
		Operators: []spec.Operator{{Name: "cert-manager"}, {Name: "cloudnative-pg"}, {Name: "barman-cloud"}},
	}
}

// databases are two clusters in dev and prod: shop has everything, till is small.
func databases() []variant.Set {
	return []variant.Set{database("till", false), database("shop", true)}
}

func database(name string, full bool) variant.Set {
	return variant.Set{
		Name: name, Namespace: "databases", Engine: "postgres", Version: "17.10", Backend: "cloudnative-pg",
		Base: objectsOf(name, "databases", full),
		Envs: []variant.Env{
			{Name: "dev", Namespace: "databases-dev", Objects: objectsOf(name, "databases-dev", false)},
			{Name: "prod", Namespace: "databases", Objects: objectsOf(name, "databases", full)},
		},
	}
}

func objectsOf(name, namespace string, full bool) []manifest.Object {
	objs := []manifest.Object{
		object("bitnami.com/v1alpha1", "SealedSecret", namespace, name+"-superuser", nil),
		object("postgresql.cnpg.io/v1", "Cluster", namespace, name, manifest.Map{"instances": int64(3)}),
	}
	if full {
		dashboard := object("v1", "ConfigMap", "monitoring", name+"-dashboard", nil)
		dashboard.Body()["metadata"].(manifest.Map)["labels"] = manifest.Map{"grafana_dashboard": "1"}
		objs = append(objs, dashboard,
			object("barmancloud.cnpg.io/v1", "ObjectStore", namespace, name, nil),
			object("postgresql.cnpg.io/v1", "Database", namespace, name+"-app", manifest.Map{"databaseReclaimPolicy": "retain"}),
			object("postgresql.cnpg.io/v1", "Pooler", namespace, name+"-pooler", nil),
			object("postgresql.cnpg.io/v1", "ScheduledBackup", namespace, name+"-daily", nil),
			object("v1", "Service", namespace, name+"-lb", manifest.Map{"type": "LoadBalancer"}),
			object("storage.k8s.io/v1", "StorageClass", "", "fast", nil),
		)
	}
	return objs
}

func object(apiVersion, kind, namespace, name string, spec manifest.Map) manifest.Object {
	meta := manifest.Map{"name": name}
	if namespace != "" {
		meta["namespace"] = namespace
	}
	body := manifest.Map{"apiVersion": apiVersion, "kind": kind, "metadata": meta}
	if spec != nil {
		body["spec"] = spec
	}
	return manifest.New(body)
}
