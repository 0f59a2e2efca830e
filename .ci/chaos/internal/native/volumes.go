package native

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"onggi.dev/ci/chaos/internal/kube"
	"onggi.dev/ci/chaos/internal/kubelet"
)

// spec is what a pod of the lab runs.
func (l *Lab) spec(ctx context.Context, p *kubelet.Pod) (kubelet.Spec, error) {
	s, err := read(ctx, l.Server.Admin, Namespace)
	if err != nil {
		return kubelet.Spec{}, err
	}
	volumes, err := l.volumes(ctx, p, s)
	if err != nil {
		return kubelet.Spec{}, err
	}
	key := func(all map[string]map[string][]byte) func(name, key string) (string, bool) {
		return func(name, key string) (string, bool) {
			value, there := all[name][key]
			return string(value), there
		}
	}
	t := translator{images: l.Plan.Images, etc: l.etc, volumes: volumes, values: values{field: fieldOf(p), config: key(s.configs), secret: key(s.secrets)}}
	spec, err := t.spec(p.Object)
	if err != nil {
		return spec, err
	}
	for _, c := range spec.Containers {
		for _, m := range c.Mounts {
			if err := subPath(m.Source); err != nil {
				return spec, err
			}
		}
	}
	return spec, nil
}

// subPath makes the part of a volume that a container mounts, if it is not there: root's, and otherwise like the folder that it is in. A kubelet
// does so when it starts the container, here that is earlier, which is the worst that can happen to who would make it otherwise.
func subPath(at string) error {
	if _, err := os.Stat(at); err == nil {
		return nil
	}
	above := filepath.Dir(at)
	if err := subPath(above); err != nil {
		return err
	}
	info, err := os.Stat(above)
	if err != nil {
		return err
	}
	if err := os.Mkdir(at, 0o755); err != nil {
		return err
	}
	return os.Chmod(at, info.Mode())
}

// volumes makes the folders of a pod's volumes, by their names.
func (l *Lab) volumes(ctx context.Context, p *kubelet.Pod, s store) (map[string]string, error) {
	out := map[string]string{}
	group := number(p.Object, 0, "spec", "securityContext", "fsGroup")
	for _, v := range list(p.Object, "spec", "volumes") {
		name := kube.Text(v, "name")
		dir := filepath.Join(p.Dir, "volumes", name)
		switch files, ok, err := s.files(v, fieldOf(p), l.token(ctx, p)); {
		case err != nil:
			return nil, fmt.Errorf("volume %s: %w", name, err)
		case ok:
			if _, err := write(dir, files, group); err != nil {
				return nil, err
			}
		case v["emptyDir"] != nil, v["ephemeral"] != nil: // both go with the pod
			if err := own(dir, group, 0o777); err != nil {
				return nil, err
			}
		case v["persistentVolumeClaim"] != nil:
			var err error
			if dir, err = l.claim(ctx, p, kube.Text(v, "persistentVolumeClaim", "claimName")); err != nil {
				return nil, err
			}
			if err := own(dir, group, 0o775); err != nil {
				return nil, err
			}
		default:
			return nil, fmt.Errorf("volume %s is of a kind that the harness does not know", name)
		}
		out[name] = dir
	}
	return out, nil
}

// claim is the folder of a PersistentVolumeClaim: of the pod's own, made of a template, or of one that pods share.
func (l *Lab) claim(ctx context.Context, p *kubelet.Pod, name string) (string, error) {
	if l.claims != nil {
		return l.claims.mount(ctx, p, name)
	}
	if of, own := strings.CutSuffix(name, "-"+p.Name); own {
		return filepath.Join(p.Volume, of), nil
	}
	return filepath.Join(l.World.Dir, "claims", name), nil
}

// own makes a folder that belongs to a group, whose files do too. One that is there stays as it is (fsGroupChangePolicy OnRootMismatch).
func own(dir string, group int, mode os.FileMode) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.Chown(dir, 0, group); err != nil {
		return err
	}
	return os.Chmod(dir, mode|os.ModeSetgid)
}

// token asks for one that is bound to the pod, once for each path.
func (l *Lab) token(ctx context.Context, p *kubelet.Pod) func(kube.Object) ([]byte, error) {
	return func(source kube.Object) ([]byte, error) {
		key := p.UID + "/" + kube.Text(source, "path")
		l.mu.Lock()
		known := l.tokens[key]
		l.mu.Unlock()
		if known != nil {
			return known, nil
		}
		spec := kube.Object{
			"expirationSeconds": number(source, 3600, "expirationSeconds"), "boundObjectRef": kube.Object{"apiVersion": "v1", "kind": "Pod", "name": p.Name, "uid": p.UID},
		}
		if audience := kube.Text(source, "audience"); audience != "" {
			spec["audiences"] = []string{audience}
		}
		at := collection("v1", "serviceaccounts", Namespace) + "/" + kube.Text(p.Object, "spec", "serviceAccountName") + "/token"
		made, err := l.Server.Admin.Do(ctx, http.MethodPost, at, kube.Object{"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec})
		if err != nil {
			return nil, err
		}
		token := []byte(kube.Text(made, "status", "token"))
		l.mu.Lock()
		l.tokens[key] = token
		l.mu.Unlock()
		return token, nil
	}
}

// keepVolumes brings changed ConfigMaps and Secrets to the pods that have them mounted, as kubelets do, only sooner.
func (l *Lab) keepVolumes(ctx context.Context) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		s, err := read(ctx, l.Server.Admin, Namespace)
		if err != nil {
			continue
		}
		for _, p := range l.Kubelet.Pods() {
			if p.Running() && !p.Ending() {
				l.refresh(ctx, p, s)
			}
		}
	}
}

func (l *Lab) refresh(ctx context.Context, p *kubelet.Pod, s store) {
	group := number(p.Object, 0, "spec", "securityContext", "fsGroup")
	for _, v := range list(p.Object, "spec", "volumes") {
		files, ok, err := s.files(v, fieldOf(p), l.token(ctx, p))
		if !ok || err != nil {
			continue // what was there stays, as with a kubelet
		}
		if _, err := write(filepath.Join(p.Dir, "volumes", kube.Text(v, "name")), files, group); err != nil {
			l.Plan.Log("kubelet: %s: volume %s: %v", p.Name, kube.Text(v, "name"), err)
		}
	}
}
