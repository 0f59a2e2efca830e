package cluster

import (
	"context"
	"fmt"
	"path"
	"strings"

	"onggi.dev/ci/chaos/internal/kube"
	"onggi.dev/ci/chaos/internal/world"
)

// Database is the name of the container with postgres, whatever else runs in it.
const Database = "database"

// FirstImage has postgres' programs where the machine has them. In each other, postgres:2 and so on, the same programs stand in a folder of its own,
// as if another build had been made of them.
const FirstImage = "postgres:1"

// Programs are the folder of postgres' programs in an image, and what has to be mounted for it. Here are those of the machine.
func Programs(image, here string) (string, []world.Mount) {
	if image == FirstImage {
		return here, nil
	}
	root := "/run/images/" + tag(image)
	return path.Join(root, path.Base(here)), []world.Mount{{Source: path.Dir(here), Target: root}}
}

func tag(image string) string {
	_, tag, _ := strings.Cut(image, ":")
	return tag
}

// NextImage is one that no pod runs yet.
func (c *Cluster) NextImage() string {
	var n int
	_, _ = fmt.Sscan(tag(c.Set.Image(Database)), &n)
	return fmt.Sprintf("postgres:%d", n+1)
}

// Template is that of pods whose containers all have the first image.
func Template(labels map[string]string, sidecars, mains []string) kube.Object {
	list := func(names []string, more kube.Object) []any {
		all := []any{}
		for _, name := range names {
			c := kube.Object{"name": name, "image": FirstImage}
			for key, value := range more {
				c[key] = value
			}
			all = append(all, c)
		}
		return all
	}
	return kube.Object{
		"metadata": kube.Object{"labels": labels},
		"spec": kube.Object{
			"initContainers": list(sidecars, kube.Object{"restartPolicy": "Always"}), "containers": list(mains, nil), "terminationGracePeriodSeconds": 120,
		},
	}
}

// rolled says which pod is not of the present revision, or runs postgres from where its image does not have it.
func (c *Cluster) rolled(ctx context.Context) error {
	if old := c.Set.Old(); len(old) > 0 {
		return fmt.Errorf("%s are not of the present revision", strings.Join(old, ", "))
	}
	folder := c.Folder(c.Set.Image(Database))
	if folder == "" {
		return nil
	}
	for _, p := range c.Pods() {
		at, err := c.Ask(ctx, p, "select setting from pg_config() where name = 'BINDIR'")
		if err != nil {
			return fmt.Errorf("%s: %w", p.Name, err)
		}
		if len(at) != 1 || at[0] != folder {
			return fmt.Errorf("%s runs %v, not %s", p.Name, at, folder)
		}
	}
	return nil
}

// Folder is what a cluster of these images looks for: nothing as long as they have the first.
func Folder(image string) string {
	if image == FirstImage {
		return ""
	}
	folder, _ := Programs(image, "/bin")
	return folder
}
