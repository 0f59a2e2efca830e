package native

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"onggi.dev/ci/chaos/internal/kube"
)

// sets gives each StatefulSet that somebody made a controller, for as long as its object is there.
type sets struct {
	lab  *Lab
	live map[string]context.CancelFunc // by UID
}

// look finds those that came and those that went.
func (s *sets) look(ctx context.Context) error {
	found, err := s.lab.Server.Admin.Do(ctx, http.MethodGet, collection("apps/v1", "statefulsets", Namespace), nil)
	if err != nil {
		return err
	}
	here := map[string]bool{}
	for _, set := range list(found, "items") {
		uid := kube.Text(set, "metadata", "uid")
		if kube.Text(set, "metadata", "deletionTimestamp") != "" {
			continue
		}
		here[uid] = true
		if s.live[uid] != nil {
			continue
		}
		set["apiVersion"], set["kind"] = "apps/v1", "StatefulSet"
		if err := s.lab.adopt(ctx, set); err != nil {
			return err
		}
		controller := s.lab.Kubelet.Adopt(set, s.lab.nodes)
		controller.Before = s.lab.claims.prepare
		until, cancel := context.WithCancel(ctx)
		s.live[uid] = cancel
		go controller.Run(until)
	}
	for uid, cancel := range maps.Clone(s.live) {
		if !here[uid] {
			cancel()
			delete(s.live, uid)
		}
	}
	return nil
}

// adopt makes a StatefulSet the owner of pods of its own that nobody owns.
func (l *Lab) adopt(ctx context.Context, set kube.Object) error {
	pods, err := l.Server.Admin.Do(ctx, http.MethodGet, collection("v1", "pods", Namespace), nil)
	if err != nil {
		return err
	}
	name := kube.Text(set, "metadata", "name")
	for _, p := range list(pods, "items") {
		pod := kube.Text(p, "metadata", "name")
		if !strings.HasPrefix(pod, name+"-") || owner(p) != "" || !selects(object(set, "spec", "selector", "matchLabels"), object(p, "metadata", "labels")) {
			continue
		}
		_, err := l.Server.Admin.Do(ctx, http.MethodPatch, collection("v1", "pods", Namespace)+"/"+pod, kube.Object{"metadata": kube.Object{
			"ownerReferences": []any{kube.Object{
				"apiVersion": "apps/v1", "kind": "StatefulSet", "name": name, "uid": kube.Text(set, "metadata", "uid"), "controller": true, "blockOwnerDeletion": true,
			}},
		}})
		if err != nil {
			return fmt.Errorf("adopt %s: %w", pod, err)
		}
	}
	return nil
}

// owner is the UID of the controller of an object, or "".
func owner(o kube.Object) string {
	for _, reference := range list(o, "metadata", "ownerReferences") {
		if controls, _ := reference["controller"].(bool); controls {
			return kube.Text(reference, "uid")
		}
	}
	return ""
}
