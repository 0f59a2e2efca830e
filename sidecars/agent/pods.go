package agent

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"sync"

	"github.com/onggi-db/onggi/sidecars/config"
	"github.com/onggi-db/onggi/sidecars/ha"
	"github.com/onggi-db/onggi/sidecars/kube"
)

// The labels of a pod. Services select by them.
const (
	// RoleLabel is what the Services of the native back end select by.
	RoleLabel = "onggi.dev/role"
	// RoleAlias is what Services made for Patroni and most operators select by.
	RoleAlias = "role"
	// RevisionLabel is the StatefulSet controller's.
	RevisionLabel = "controller-revision-hash"
)

// Pods is the pods of the cluster. It implements Cluster.
type Pods struct {
	Client    *kube.Client
	Name      string // ours
	UID       string
	Selector  string // of all pods of the cluster
	Container string // of the database
	Set       string // the StatefulSet, watched for its revision; empty: not watched
	Node      string // watched for its cordon; empty: not watched

	mu       sync.Mutex
	watch    *kube.PodWatch
	role     string // that our pod was given last; empty: none yet
	all      map[string]kube.PodMeta
	revision string            // that the StatefulSet's pods should be of; empty: not known
	set      string            // its UID
	refused  map[string]string // why an eviction was refused the last time, by the UID of the pod
	cordoned bool
}

// Watch implements Cluster.
func (p *Pods) Watch(ctx context.Context, told func(ha.Pod)) {
	watch := p.Client.WatchPods(ctx, kube.PodSelector{Labels: p.Selector})
	p.mu.Lock()
	p.watch = watch
	p.mu.Unlock()
	pods := watch.Events()
	var sets <-chan kube.ObjectEvent[kube.StatefulSet]
	if p.Set != "" {
		sets = p.Client.WatchStatefulSet(ctx, p.Set).Events()
	}
	var nodes <-chan kube.ObjectEvent[kube.Node]
	if p.Node != "" {
		nodes = p.Client.WatchNode(ctx, p.Node).Events()
	}
	for pods != nil || sets != nil || nodes != nil {
		select {
		case event, ok := <-pods:
			if !ok {
				pods = nil
				continue
			}
			p.take(event.Pods)
		case event, ok := <-sets:
			if !ok {
				sets = nil
				continue
			}
			p.takeSet(event.Object)
		case event, ok := <-nodes:
			if !ok {
				nodes = nil
				continue
			}
			p.mu.Lock()
			p.cordoned = event.Object != nil && event.Object.Unschedulable
			p.mu.Unlock()
		}
		told(p.pod())
	}
}

func (p *Pods) takeSet(set *kube.StatefulSet) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.revision = ""
	if set != nil {
		p.revision, p.set = set.Revision, set.UID
	}
}

func (p *Pods) take(pods []kube.PodMeta) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = make(map[string]kube.PodMeta, len(pods))
	for _, one := range pods {
		p.all[one.Name] = one
	}
}

// pod is ours, as far as is known.
func (p *Pods) pod() ha.Pod {
	p.mu.Lock()
	defer p.mu.Unlock()
	own, known := p.all[p.Name]
	if !known || own.UID != p.UID {
		return ha.Pod{Cordoned: p.cordoned}
	}
	return ha.Pod{
		Terminating: !own.Deleting.IsZero(), Cordoned: p.cordoned,
		Updated: p.revision != "" && own.Labels[RevisionLabel] == p.revision, Outdated: p.outdated(), Newest: p.newest(),
	}
}

// outdated are the pods of another revision than the StatefulSet's, those of the highest ordinals first. A pod without the label is not one of
// its pods, though it has their other labels.
func (p *Pods) outdated() []string {
	var names []string
	for _, one := range p.all {
		if r := one.Labels[RevisionLabel]; p.revision != "" && r != "" && r != p.revision {
			names = append(names, one.Name)
		}
	}
	sort.Slice(names, func(i, j int) bool {
		a, b := config.Pod{Name: names[i]}.Ordinal(), config.Pod{Name: names[j]}.Ordinal()
		return a > b || a == b && names[i] < names[j]
	})
	return names
}

// newest are the pods of the StatefulSet's revision that are not ending.
func (p *Pods) newest() []string {
	var names []string
	for _, one := range p.all {
		if p.revision != "" && one.Labels[RevisionLabel] == p.revision && one.Deleting.IsZero() {
			names = append(names, one.Name)
		}
	}
	sort.Strings(names)
	return names
}

// Evict implements Cluster.
func (p *Pods) Evict(ctx context.Context, pod string) error {
	p.mu.Lock()
	one, known := p.all[pod]
	p.mu.Unlock()
	if !known || !one.Deleting.IsZero() {
		return nil
	}
	result := p.Client.Evict(ctx, one)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refused = nil
	if result.Outcome == kube.Applied || result.Outcome == kube.Conflict || result.Outcome == kube.Absent {
		return nil
	}
	p.refused = map[string]string{one.UID: result.Err.Error()} // one at a time
	return result.Err
}

// Hindrance implements Cluster.
func (p *Pods) Hindrance(ctx context.Context, pod string) (reason, detail string, err error) {
	p.mu.Lock()
	one, known := p.all[pod]
	refused := p.refused[one.UID]
	p.mu.Unlock()
	switch {
	case !known:
		return "Missing", "there is no such pod: the StatefulSet's events say why", nil
	case !one.Deleting.IsZero():
		return "Terminating", "it is being deleted: its node may be lost", nil
	case refused != "":
		return "EvictionRefused", refused, nil
	}
	found, result := p.Client.GetPod(ctx, pod)
	if result.Outcome != kube.Applied {
		return "", "", result.Err
	}
	reason, detail = kube.Hindrance(found)
	return reason, detail, nil
}

// Dead implements Cluster.
func (p *Pods) Dead(ctx context.Context, pod, instance string) (bool, error) {
	found, result := p.Client.GetPod(ctx, pod)
	switch result.Outcome {
	case kube.Applied:
		// The instance is a name that no other process ever has, so the pod it died in may be any.
		return kube.DeathProof(found, found.UID, p.Container, instance), nil
	case kube.Absent:
		return false, nil
	}
	return false, result.Err
}

// Address implements Cluster.
func (p *Pods) Address(ctx context.Context, pod string) (string, error) {
	found, result := p.Client.GetPod(ctx, pod)
	switch result.Outcome {
	case kube.Applied:
		return found.IP, nil
	case kube.Absent:
		return "", nil
	}
	return "", result.Err
}

// roleLabels are those that say a role.
func roleLabels(role string) map[string]*string {
	return map[string]*string{RoleLabel: &role, RoleAlias: &role}
}

// Labelled implements Cluster.
func (p *Pods) Labelled(role string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	own, known := p.all[p.Name]
	if p.role != role || !known || own.UID != p.UID || own.Labels[RoleLabel] != role || own.Labels[RoleAlias] != role {
		return false
	}
	return role != primaryRole || len(p.pretenders()) == 0
}

const (
	primaryRole = "primary"
	replicaRole = "replica"
)

// pretenders are the other pods that are labelled primary. It is called with mu held.
func (p *Pods) pretenders() []kube.PodMeta {
	var found []kube.PodMeta
	for name, one := range p.all {
		if name != p.Name && (one.Labels[RoleLabel] == primaryRole || one.Labels[RoleAlias] == primaryRole) {
			found = append(found, one)
		}
	}
	return found
}

// Label implements Cluster. Whoever may not be the primary any more loses the label before we get it, or there would be two: the Services of the
// primary go by the label alone, so that one on a pod that is gone would be sent every other client. A watch can be silent for minutes before that is
// noticed, so who becomes the primary has it list anew, and Labelled then tells of whom it had not heard.
func (p *Pods) Label(ctx context.Context, role string) error {
	p.mu.Lock()
	own, known := p.all[p.Name]
	var others []kube.PodMeta
	if role == primaryRole {
		others = p.pretenders()
	}
	p.mu.Unlock()
	if !known || own.UID != p.UID {
		return errors.New("our own pod is not known yet")
	}
	for _, other := range others {
		if err := p.label(ctx, other, replicaRole); err != nil {
			return fmt.Errorf("take the role from %s: %w", other.Name, err)
		}
	}
	if err := p.label(ctx, own, role); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if role == primaryRole && p.role != role && p.watch != nil {
		p.watch.Relist()
	}
	p.role = role
	return nil
}

func (p *Pods) label(ctx context.Context, pod kube.PodMeta, role string) error {
	after, result := p.Client.PatchPodLabels(ctx, pod, roleLabels(role))
	switch result.Outcome {
	case kube.Applied:
		p.mu.Lock()
		defer p.mu.Unlock()
		if now, ok := p.all[pod.Name]; ok && now.UID == after.UID {
			p.all[pod.Name] = after
		}
		return nil
	case kube.Absent, kube.Conflict:
		return nil // that pod is no more, and the watch will say so
	}
	return fmt.Errorf("label %s: %w", pod.Name, result.Err)
}

// TellAll implements Cluster.
func (p *Pods) TellAll(ctx context.Context, warning bool, reason, message string) {
	p.mu.Lock()
	uid := p.set
	p.mu.Unlock()
	if uid != "" {
		p.Client.WriteEvent(ctx, kube.Event{Kind: "StatefulSet", Name: p.Set, UID: uid, Warning: warning, Reason: reason, Message: message, Action: reason})
	}
}

// Tell implements Cluster.
func (p *Pods) Tell(ctx context.Context, warning bool, reason, message string) {
	p.Client.WriteEvent(ctx, kube.Event{Kind: "Pod", Name: p.Name, UID: p.UID, Warning: warning, Reason: reason, Message: message, Action: reason})
}
