package argocd

import (
	_ "embed"

	"github.com/onggi-db/onggi/render/manifest"
)

// The health checks. Argo CD gives a script the object as obj and takes a status and a message from it; it has Lua's base
// and table libraries there, and no string library.
var (
	//go:embed health/application.lua
	applicationHealth string
	//go:embed health/backup.lua
	backupHealth string
	//go:embed health/database.lua
	databaseHealth string
	//go:embed health/objectstore.lua
	objectStoreHealth string
	//go:embed health/pooler.lua
	poolerHealth string
	//go:embed health/scheduledbackup.lua
	scheduledBackupHealth string
)

// healthOf is the health check of a kind that Argo CD has none for; "" leaves the kind to Argo CD.
func healthOf(k groupKind) string {
	switch k {
	case groupKind{"argoproj.io", "Application"}:
		return applicationHealth
	case groupKind{"barmancloud.cnpg.io", "ObjectStore"}:
		return objectStoreHealth
	case groupKind{"postgresql.cnpg.io", "Backup"}:
		return backupHealth
	case groupKind{"postgresql.cnpg.io", "Database"}, groupKind{"postgresql.cnpg.io", "DatabaseRole"}:
		return databaseHealth
	case groupKind{"postgresql.cnpg.io", "Pooler"}:
		return poolerHealth
	case groupKind{"postgresql.cnpg.io", "ScheduledBackup"}:
		return scheduledBackupHealth
	}
	return ""
}

// healthPatch is a patch for Argo CD's own ConfigMap: health checks for the kinds that the databases have, for the Backups
// that their schedules make, and for Applications, whose waves in root.yaml wait for nothing without it.
func healthPatch(s settings, deployments []deployment) manifest.Map {
	kinds := []groupKind{{"argoproj.io", "Application"}}
	for _, d := range deployments {
		kinds = append(kinds, kindsMade(d.backend)...)
		kinds = append(kinds, kindsOf(d.objects)...)
	}
	data := manifest.Map{}
	for _, k := range kinds {
		if k == (groupKind{"postgresql.cnpg.io", "ScheduledBackup"}) {
			data[healthKey(groupKind{k.group, "Backup"})] = backupHealth
		}
		if script := healthOf(k); script != "" {
			data[healthKey(k)] = script
		}
	}
	return manifest.Map{
		"apiVersion": "v1",
		"kind":       "ConfigMap",
		"metadata": manifest.Map{
			"name":      "argocd-cm",
			"namespace": s.namespace,
			"labels":    manifest.Map{"app.kubernetes.io/name": "argocd-cm", "app.kubernetes.io/part-of": "argocd"},
		},
		"data": data,
	}
}

func healthKey(k groupKind) string {
	return "resource.customizations.health." + k.group + "_" + k.kind
}
