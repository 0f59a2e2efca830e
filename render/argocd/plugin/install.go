package plugin

import (
	"fmt"

	"github.com/onggi-db/onggi/render/manifest"
)

// Discovery is how Argo CD finds out that a folder is the plugin's.
type Discovery string

// The ways of discovery.
const (
	// ByFile matches a folder that holds the Project's file, without starting the plugin.
	ByFile Discovery = "file"
	// ByCommand matches what Marks does; it starts the plugin once more for each application.
	ByCommand Discovery = "command"
	// ByName matches nothing: only Applications that name the plugin are rendered by it.
	ByName Discovery = "name"
)

// Discoveries are all of them.
func Discoveries() []string { return []string{string(ByFile), string(ByCommand), string(ByName)} }

// Installation is what the files of [Plugin], [Component] and [Values] depend on.
type Installation struct {
	// Image is the plugin's, pinned.
	Image     string
	Discovery Discovery
}

// program is the plugin's program in its image.
const program = "onggi-cmp"

// User is who Argo CD runs its servers as; the plugin's sidecar has to share its sockets.
const User = 999

// TarExclusions are what of a repository need not be sent to any plugin.
const TarExclusions = ".git"

// Where Argo CD has things in a sidecar.
const (
	ServerFolder = "/var/run/argocd"
	SocketFolder = "/home/argocd/cmp-server/plugins"
	ConfigFolder = "/home/argocd/cmp-server/config"
	ConfigFile   = "plugin.yaml"
)

// spec is that of the ConfigManagementPlugin. It has no version, since Applications would have to name it.
func (i Installation) spec() manifest.Map {
	out := manifest.Map{
		"generate":   manifest.Map{"command": []any{program, "generate"}},
		"parameters": manifest.Map{"dynamic": manifest.Map{"command": []any{program, "announce"}}},
	}
	switch i.Discovery {
	case ByFile:
		out["discover"] = manifest.Map{"fileName": Marker}
	case ByCommand:
		out["discover"] = manifest.Map{"find": manifest.Map{"command": []any{program, "discover"}}}
	}
	return out
}

// Plugin is plugin.yaml, which the sidecar reads.
func (i Installation) Plugin() []byte {
	return manifest.AppendYAML(nil, manifest.Map{
		"apiVersion": "argoproj.io/v1alpha1",
		"kind":       "ConfigManagementPlugin",
		"metadata":   manifest.Map{"name": Name},
		"spec":       i.spec(),
	})
}

// File is one file of an installation.
type File struct {
	Name string
	Data []byte
}

// Component is a Kustomize component over Argo CD's own manifests: the sidecar, its configuration under a name that changes
// with its content, so that a change restarts it, and what the repo-server need not send.
func (i Installation) Component() []File {
	const config = "onggi-cmp"
	kustomization := manifest.Map{
		"apiVersion":         "kustomize.config.k8s.io/v1alpha1",
		"kind":               "Component",
		"configMapGenerator": []any{manifest.Map{"name": config, "files": []any{ConfigFile}}},
		"patches":            []any{manifest.Map{"path": "repo-server.yaml"}, manifest.Map{"path": "parameters.yaml"}},
	}
	sidecar := i.sidecar(manifest.Map{"name": config, "mountPath": ConfigFolder, "readOnly": true})
	server := manifest.Map{
		"apiVersion": "apps/v1", "kind": "Deployment", "metadata": manifest.Map{"name": "argocd-repo-server"},
		"spec": manifest.Map{"template": manifest.Map{"spec": manifest.Map{
			"containers": []any{sidecar},
			"volumes":    []any{manifest.Map{"name": config, "configMap": manifest.Map{"name": config}}, scratch()},
		}}},
	}
	parameters := manifest.Map{
		"apiVersion": "v1", "kind": "ConfigMap", "metadata": manifest.Map{"name": "argocd-cmd-params-cm"},
		"data": manifest.Map{"reposerver.plugin.tar.exclusions": TarExclusions},
	}
	return []File{
		{"kustomization.yaml", manifest.AppendYAML(nil, kustomization)},
		{ConfigFile, i.Plugin()},
		{"repo-server.yaml", manifest.AppendYAML(nil, server)},
		{"parameters.yaml", manifest.AppendYAML(nil, parameters)},
	}
}

// Values are values of the argo-cd chart of argo-helm. The chart puts every plugin's configuration into one ConfigMap, a key
// each, so the sidecar mounts its own key.
func (i Installation) Values() []byte {
	const config = "argocd-cmp-cm"
	mount := manifest.Map{"name": config, "mountPath": ConfigFolder + "/" + ConfigFile, "subPath": Name + ".yaml", "readOnly": true}
	return manifest.AppendYAML(nil, manifest.Map{
		"configs": manifest.Map{
			"cmp":    manifest.Map{"create": true, "plugins": manifest.Map{Name: i.spec()}},
			"params": manifest.Map{"reposerver.plugin.tar.exclusions": TarExclusions},
		},
		"repoServer": manifest.Map{
			"extraContainers": []any{i.sidecar(mount)},
			"volumes":         []any{manifest.Map{"name": config, "configMap": manifest.Map{"name": config}}, scratch()},
		},
	})
}

// scratchVolume is the sidecar's /tmp. Never the repo-server's: each would see what the other unpacks.
const scratchVolume = "onggi-cmp-tmp"

func scratch() manifest.Map {
	return manifest.Map{"name": scratchVolume, "emptyDir": manifest.Map{"sizeLimit": "1Gi"}}
}

// sidecar is the container: Argo CD's server as its entry point, the plugin's image around it. It asks for little, since it
// sleeps but for some milliseconds after each commit.
func (i Installation) sidecar(config manifest.Map) manifest.Map {
	return manifest.Map{
		"name":    program,
		"image":   i.Image,
		"command": []any{ServerFolder + "/argocd-cmp-server"},
		"securityContext": manifest.Map{
			"runAsNonRoot": true, "runAsUser": int64(User), "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
			"capabilities": manifest.Map{"drop": []any{"ALL"}}, "seccompProfile": manifest.Map{"type": "RuntimeDefault"},
		},
		"resources": manifest.Map{
			"requests": manifest.Map{"cpu": "10m", "memory": "64Mi"},
			"limits":   manifest.Map{"memory": "512Mi"},
		},
		"volumeMounts": []any{
			manifest.Map{"name": "var-files", "mountPath": ServerFolder, "readOnly": true},
			manifest.Map{"name": "plugins", "mountPath": SocketFolder},
			config,
			manifest.Map{"name": scratchVolume, "mountPath": "/tmp"},
		},
	}
}

// Image is the plugin's image in a release.
func Image(version string) string { return fmt.Sprintf("ghcr.io/onggi-db/%s:%s", program, version) }
