package native

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"onggi.dev/ci/chaos/internal/kube"
)

// look does what is due for claims and volumes: binds those that name each other, grows those that may, lets go of those that nobody uses.
func (c *claims) look(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	pods, err := c.api().Do(ctx, http.MethodGet, collection("v1", "pods", Namespace), nil)
	if err != nil {
		return err
	}
	found, err := c.api().Do(ctx, http.MethodGet, collection("v1", "persistentvolumeclaims", Namespace), nil)
	if err != nil {
		return err
	}
	volumes, err := c.api().Do(ctx, http.MethodGet, volumesPath, nil)
	if err != nil {
		return err
	}
	here := map[string]bool{}
	for _, claim := range list(found, "items") {
		here[kube.Text(claim, "metadata", "uid")] = true
		if err := c.claim(ctx, claim, list(pods, "items")); err != nil {
			return fmt.Errorf("%s: %w", kube.Text(claim, "metadata", "name"), err)
		}
	}
	for _, v := range list(volumes, "items") {
		if err := c.volume(ctx, v, here); err != nil {
			return fmt.Errorf("%s: %w", kube.Text(v, "metadata", "name"), err)
		}
	}
	return nil
}

func (c *claims) claim(ctx context.Context, claim kube.Object, pods []kube.Object) error {
	name, volume := kube.Text(claim, "metadata", "name"), kube.Text(claim, "spec", "volumeName")
	used := slices.ContainsFunc(pods, func(p kube.Object) bool { return mounts(p, name) && !over(p) })
	switch pending := kube.Text(claim, "status", "phase") != "Bound"; {
	case kube.Text(claim, "metadata", "deletionTimestamp") != "":
		if used {
			return nil // kubernetes.io/pvc-protection
		}
		return c.lab.letGo(ctx, claimPath(name))
	case pending && volume != "":
		v, err := c.api().Do(ctx, http.MethodGet, volumesPath+"/"+volume, nil)
		if of := kube.Text(v, "spec", "claimRef", "uid"); err != nil || of != "" && of != kube.Text(claim, "metadata", "uid") {
			return err // it waits, as one that was let go of and not taken from who had it does
		}
		return c.bind(ctx, claim, volume)
	case pending && kube.Text(claim, "spec", "storageClassName") == shared:
		_, err := c.provision(ctx, claim, "")
		return err
	case !pending && kube.Text(claim, "spec", "resources", "requests", "storage") != kube.Text(claim, "status", "capacity", "storage"):
		return c.grow(ctx, claim)
	}
	return nil
}

// grow makes a volume as large as its claim wants it now. That its class allows it, the API server has seen to.
func (c *claims) grow(ctx context.Context, claim kube.Object) error {
	name, volume, size := kube.Text(claim, "metadata", "name"), kube.Text(claim, "spec", "volumeName"), kube.Text(claim, "spec", "resources", "requests", "storage")
	bytes, err := quantity(size)
	if err != nil {
		return err
	}
	if err := unix.Mount("chaos", c.dir(volume), "tmpfs", unix.MS_REMOUNT, fmt.Sprintf("mode=0755,size=%d", bytes)); err != nil {
		return err
	}
	capacity := kube.Object{"capacity": kube.Object{"storage": size}}
	if _, err := c.api().Do(ctx, http.MethodPatch, volumesPath+"/"+volume, kube.Object{"spec": capacity}); err != nil {
		return err
	}
	_, err = c.api().Do(ctx, http.MethodPatch, claimPath(name)+"/status", kube.Object{"status": capacity})
	return err
}

// volume keeps the phase of one, and removes it when its claim is gone, if that is its policy.
func (c *claims) volume(ctx context.Context, v kube.Object, claims map[string]bool) error {
	name, now := kube.Text(v, "metadata", "name"), kube.Text(v, "status", "phase")
	bound := kube.Text(v, "spec", "claimRef", "uid")
	switch {
	case kube.Text(v, "metadata", "deletionTimestamp") != "":
		if err := c.lab.letGo(ctx, volumesPath+"/"+name); err != nil {
			return err
		}
		if err := unix.Unmount(c.dir(name), unix.MNT_DETACH); err != nil {
			return err
		}
		return os.RemoveAll(c.dir(name))
	case bound == "" && now != "Available":
		_, err := c.api().Do(ctx, http.MethodPatch, volumesPath+"/"+name+"/status", phase("Available"))
		return err
	case bound == "" || claims[bound]:
		return nil
	case kube.Text(v, "spec", "persistentVolumeReclaimPolicy") == "Delete":
		_, err := c.api().Do(ctx, http.MethodDelete, volumesPath+"/"+name, nil)
		return err
	case now != "Released":
		_, err := c.api().Do(ctx, http.MethodPatch, volumesPath+"/"+name+"/status", phase("Released"))
		return err
	}
	return nil
}

// quantity is a size in bytes: whole Mi or Gi, which is all that anybody asks for here.
func quantity(text string) (int64, error) {
	for unit, bytes := range map[string]int64{"Mi": 1 << 20, "Gi": 1 << 30} {
		if number, ok := strings.CutSuffix(text, unit); ok {
			n, err := strconv.ParseInt(number, 10, 64)
			return n * bytes, err
		}
	}
	return 0, fmt.Errorf("a size of %q", text)
}
