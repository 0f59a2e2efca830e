package native

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"golang.org/x/sys/unix"

	"onggi.dev/ci/chaos/internal/kube"
	"onggi.dev/ci/chaos/internal/kubelet"
	"onggi.dev/ci/chaos/internal/world"
)

// The classes of a k3s to which somebody added Longhorn.
const (
	localPath = "local-path" // of one node each, made when a pod wants it, never grown
	shared    = "longhorn"   // of all nodes, and can grow
)

// claims plays what gives PersistentVolumeClaims their volumes, which are bounded file systems in memory, and takes the volumes away again: the scheduler's and
// the controllers' part of it, local-path's provisioner and Longhorn's.
type claims struct {
	lab *Lab
	mu  sync.Mutex // one claim after the other
}

const (
	volumesPath = "/api/v1/persistentvolumes"
	classesPath = "/apis/storage.k8s.io/v1/storageclasses"
)

func (c *claims) api() *kube.Client { return c.lab.Server.Admin }

func claimPath(name string) string {
	return collection("v1", "persistentvolumeclaims", Namespace) + "/" + name
}

// classes makes the StorageClasses.
func (c *claims) classes(ctx context.Context) error {
	for _, class := range []kube.Object{
		{
			"metadata":    kube.Object{"name": localPath, "annotations": kube.Object{"storageclass.kubernetes.io/is-default-class": "true"}},
			"provisioner": "rancher.io/local-path", "reclaimPolicy": "Delete", "volumeBindingMode": "WaitForFirstConsumer",
		},
		{
			"metadata":    kube.Object{"name": shared},
			"provisioner": "driver.longhorn.io", "reclaimPolicy": "Delete", "volumeBindingMode": "Immediate", "allowVolumeExpansion": true,
		},
	} {
		if _, err := c.api().Do(ctx, http.MethodPost, classesPath, class); err != nil {
			return err
		}
	}
	return nil
}

// prepare makes the claims of a StatefulSet's pod that are not there, and chooses a node: that of its volumes, or else its own, or one that is ready.
func (c *claims) prepare(ctx context.Context, set, pod kube.Object) error {
	node := ""
	for _, template := range list(set, "spec", "volumeClaimTemplates") {
		name := kube.Text(template, "metadata", "name") + "-" + kube.Text(pod, "metadata", "name")
		claim, err := c.api().Do(ctx, http.MethodGet, claimPath(name), nil)
		switch {
		case kubelet.Is(err, http.StatusNotFound):
			labels := kube.Object{}
			maps.Copy(labels, object(set, "spec", "selector", "matchLabels"))
			claim, err = c.api().Do(ctx, http.MethodPost, collection("v1", "persistentvolumeclaims", Namespace), kube.Object{
				"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": kube.Object{"name": name, "labels": labels}, "spec": object(template, "spec"),
			})
			if err != nil {
				return err
			}
		case err != nil:
			return err
		case kube.Text(claim, "metadata", "deletionTimestamp") != "":
			return fmt.Errorf("claim %s is being deleted", name)
		}
		of, err := c.nodeOf(ctx, kube.Text(claim, "spec", "volumeName"))
		if err != nil {
			return err
		}
		if of != "" {
			node = of
		}
	}
	return c.schedule(ctx, pod, node)
}

// schedule puts a pod on the node that it has to be on, or on its own, or on any that is ready.
func (c *claims) schedule(ctx context.Context, pod kube.Object, fixed string) error {
	names := []string{fixed}
	if fixed == "" {
		names = append([]string{kube.Text(pod, "spec", "nodeName")}, c.lab.nodes...)
	}
	for _, name := range names {
		n, err := c.api().Do(ctx, http.MethodGet, "/api/v1/nodes/"+name, nil)
		cordoned, _ := kube.At(n, "spec", "unschedulable").(bool)
		if err == nil && !cordoned && !c.lab.Kubelet.Lost(name) {
			object(pod, "spec")["nodeName"] = name
			return nil
		}
	}
	return fmt.Errorf("no node can have %s, whose volume is on %q", kube.Text(pod, "metadata", "name"), fixed)
}

// nodeOf is the only node that has a volume, or "".
func (c *claims) nodeOf(ctx context.Context, volume string) (string, error) {
	if volume == "" {
		return "", nil
	}
	v, err := c.api().Do(ctx, http.MethodGet, volumesPath+"/"+volume, nil)
	return kube.Text(v, "metadata", "labels", "kubernetes.io/hostname"), err
}

// mount is the folder of a claim that a pod mounts, whose volume is made if there is none yet.
func (c *claims) mount(ctx context.Context, p *kubelet.Pod, name string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	claim, err := c.api().Do(ctx, http.MethodGet, claimPath(name), nil)
	if err != nil {
		return "", err
	}
	if kube.Text(claim, "metadata", "deletionTimestamp") != "" {
		return "", fmt.Errorf("claim %s is being deleted", name)
	}
	if slices.Contains(texts(claim, "spec", "accessModes"), "ReadWriteOncePod") {
		for _, other := range c.lab.Kubelet.Pods() {
			if other != p && other.Running() && mounts(other.Object, name) {
				return "", fmt.Errorf("claim %s is ReadWriteOncePod, and %s has it", name, other.Name)
			}
		}
	}
	volume := kube.Text(claim, "spec", "volumeName")
	if volume == "" {
		if volume, err = c.provision(ctx, claim, p.Node); err != nil {
			return "", fmt.Errorf("claim %s: %w", name, err)
		}
	}
	if node, err := c.nodeOf(ctx, volume); err != nil || node != "" && node != p.Node {
		return "", errors.Join(err, fmt.Errorf("claim %s is on node %q, and %s on %s", name, node, p.Name, p.Node))
	}
	return filepath.Join(c.dir(volume), "volume"), nil
}

func (c *claims) dir(volume string) string { return filepath.Join(c.lab.World.Dir, "pv", volume) }

// mounts tells whether a pod has a volume of that claim.
func mounts(pod kube.Object, claim string) bool {
	return slices.ContainsFunc(list(pod, "spec", "volumes"), func(v kube.Object) bool {
		return claim != "" && kube.Text(v, "persistentVolumeClaim", "claimName") == claim
	})
}

// provision makes the volume of a claim and binds them.
func (c *claims) provision(ctx context.Context, claim kube.Object, node string) (string, error) {
	class, modes := kube.Text(claim, "spec", "storageClassName"), kube.At(claim, "spec", "accessModes")
	labels := kube.Object{"kubernetes.io/hostname": node}
	switch class {
	case localPath:
		if slices.Contains(texts(claim, "spec", "accessModes"), "ReadWriteMany") {
			return "", errors.New("NodePath only supports ReadWriteOnce and ReadWriteOncePod (1.22+) access modes")
		}
	case shared:
		delete(labels, "kubernetes.io/hostname")
	default:
		return "", fmt.Errorf("there is no storage class %q", class)
	}
	name, size := "pvc-"+kube.Text(claim, "metadata", "uid"), kube.Text(claim, "spec", "resources", "requests", "storage")
	if err := os.MkdirAll(c.dir(name), 0o755); err != nil {
		return "", err
	}
	bytes, err := quantity(size)
	if err != nil {
		return "", err
	}
	if err := world.MountMemory(c.dir(name), int(bytes>>20)); err != nil {
		return "", err
	}
	_, err = c.api().Do(ctx, http.MethodPost, volumesPath, kube.Object{
		"apiVersion": "v1", "kind": "PersistentVolume", "metadata": kube.Object{"name": name, "labels": labels},
		"spec": kube.Object{
			"capacity": kube.Object{"storage": size}, "accessModes": modes, "persistentVolumeReclaimPolicy": "Delete", "storageClassName": class,
			"hostPath": kube.Object{"path": "/var/lib/rancher/k3s/storage/" + name},
		},
	})
	if err != nil {
		return "", err
	}
	return name, c.bind(ctx, claim, name)
}

// bind makes a claim and a volume each other's.
func (c *claims) bind(ctx context.Context, claim kube.Object, volume string) error {
	name := kube.Text(claim, "metadata", "name")
	v, err := c.api().Do(ctx, http.MethodPatch, volumesPath+"/"+volume, kube.Object{"spec": kube.Object{"claimRef": kube.Object{
		"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": Namespace, "name": name, "uid": kube.Text(claim, "metadata", "uid"),
	}}})
	if err == nil {
		_, err = c.api().Do(ctx, http.MethodPatch, volumesPath+"/"+volume+"/status", phase("Bound"))
	}
	if err == nil {
		_, err = c.api().Do(ctx, http.MethodPatch, claimPath(name), kube.Object{"spec": kube.Object{"volumeName": volume}})
	}
	if err != nil {
		return err
	}
	status := phase("Bound")
	object(status, "status")["capacity"] = kube.At(v, "spec", "capacity")
	object(status, "status")["accessModes"] = kube.At(v, "spec", "accessModes")
	_, err = c.api().Do(ctx, http.MethodPatch, claimPath(name)+"/status", status)
	return err
}

func phase(name string) kube.Object { return kube.Object{"status": kube.Object{"phase": name}} }

// fill leaves next to no room on the volume of a claim: it becomes as small as what is in it.
func (c *claims) fill(ctx context.Context, name string) error {
	dir, err := c.of(ctx, name)
	if err != nil {
		return err
	}
	var disk unix.Statfs_t
	if err := unix.Statfs(dir, &disk); err != nil {
		return err
	}
	return unix.Mount("chaos", dir, "tmpfs", unix.MS_REMOUNT, fmt.Sprintf("mode=0755,size=%d", (disk.Blocks-disk.Bfree)*uint64(disk.Bsize)+64<<10))
}

// wipe loses what a volume holds.
func (c *claims) wipe(ctx context.Context, name string) error {
	dir, err := c.of(ctx, name)
	if err != nil {
		return err
	}
	entries, err := os.ReadDir(filepath.Join(dir, "volume"))
	for _, e := range entries {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, "volume", e.Name())))
	}
	return err
}

func (c *claims) of(ctx context.Context, name string) (string, error) {
	claim, err := c.api().Do(ctx, http.MethodGet, claimPath(name), nil)
	if err != nil {
		return "", err
	}
	volume := kube.Text(claim, "spec", "volumeName")
	if volume == "" {
		return "", fmt.Errorf("claim %s has no volume", name)
	}
	return c.dir(volume), nil
}
