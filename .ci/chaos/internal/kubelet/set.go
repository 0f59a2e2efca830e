package kubelet

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"sync"
	"time"

	"onggi.dev/ci/chaos/internal/kube"
)

// Labels that a StatefulSet's pods have.
const (
	revisionLabel = "controller-revision-hash"
	nameLabel     = "statefulset.kubernetes.io/pod-name"
	indexLabel    = "apps.kubernetes.io/pod-index"
)

// Set plays the controller of one StatefulSet: it makes the pods that are missing, of the present template, all at once; it deletes those that are
// too many, and with the strategy RollingUpdate one of an old revision after the other, the highest first, waiting for each to be ready; and it
// reports the status. With OnDelete old pods stay until somebody deletes them. A pod stays on its node, as volumes that are local do.
//
// Unlike the real one it makes a pod that is lost in the middle of a RollingUpdate of the new revision, and no ControllerRevision objects.
type Set struct {
	Name  string
	Nodes []string // of the pods, by their number
	// Before does what has to be done before a pod is made, and may choose another node; an error is tried again. Nil: nothing.
	Before func(ctx context.Context, set, pod kube.Object) error

	k    *Kubelet
	wake chan struct{}
	jobs sync.WaitGroup

	mu     sync.Mutex
	paused bool
	object kube.Object     // as last seen
	busy   map[string]bool // pods that are being made or deleted
	said   map[string]string
}

// AddSet creates the StatefulSet object. Run makes its pods.
func (k *Kubelet) AddSet(ctx context.Context, object kube.Object, nodes []string) (*Set, error) {
	made, err := k.API.Do(ctx, http.MethodPost, "/apis/apps/v1/namespaces/"+k.Namespace+"/statefulsets", object)
	if err != nil {
		return nil, err
	}
	return k.Adopt(made, nodes), nil
}

// Adopt is the controller of a StatefulSet that is there.
func (k *Kubelet) Adopt(object kube.Object, nodes []string) *Set {
	s := &Set{
		Name: kube.Text(object, "metadata", "name"), Nodes: nodes, k: k, wake: make(chan struct{}, 1), object: object,
		busy: map[string]bool{}, said: map[string]string{},
	}
	k.OnGone(func(string) { s.look() })
	return s
}

func (s *Set) path() string {
	return "/apis/apps/v1/namespaces/" + s.k.Namespace + "/statefulsets/" + s.Name
}

// Pause keeps the controller from making and deleting pods.
func (s *Set) Pause(on bool) {
	s.mu.Lock()
	s.paused = on
	s.mu.Unlock()
	s.look()
}

// Refresh reads the object again, at once: watches come later than answers.
func (s *Set) Refresh(ctx context.Context) error {
	object, err := s.k.API.Do(ctx, http.MethodGet, s.path(), nil)
	if err == nil {
		s.see(object)
	}
	return err
}

// SetImage changes the image of a container in the template.
func (s *Set) SetImage(ctx context.Context, container, image string) error {
	object, err := s.k.API.Do(ctx, http.MethodGet, s.path(), nil)
	if err != nil {
		return err
	}
	template, _ := kube.At(object, "spec", "template").(kube.Object)
	for _, c := range containers(template) {
		if c["name"] == container {
			c["image"] = image
		}
	}
	made, err := s.k.API.Do(ctx, http.MethodPut, s.path(), object)
	if err == nil {
		s.see(made)
	}
	return err
}

// Image is that of a container in the template, and so of every pod in the end.
func (s *Set) Image(container string) string {
	template, _ := kube.At(s.seen(), "spec", "template").(kube.Object)
	return image(template, container)
}

// Names of the pods that there should be.
func (s *Set) Names() []string {
	var names []string
	for i := range replicas(s.seen()) {
		names = append(names, s.pod(i))
	}
	return names
}

// Possible are the names of the pods that there are nodes for.
func (s *Set) Possible() []string {
	var names []string
	for i := range s.Nodes {
		names = append(names, s.pod(i))
	}
	return names
}

// Old are the pods that are not of the present revision, or not there.
func (s *Set) Old() []string {
	object := s.seen()
	var old []string
	for i := range replicas(object) {
		name := s.pod(i)
		if p := s.k.Pod(name); p == nil || p.Revision() != revision(object) {
			old = append(old, name)
		}
	}
	return old
}

// Run plays the controller until ctx ends, and returns when nothing that it began is under way any more.
func (s *Set) Run(ctx context.Context) {
	go func() {
		path := "/apis/apps/v1/namespaces/" + s.k.Namespace + "/statefulsets?fieldSelector=metadata.name%3D" + s.Name
		for ctx.Err() == nil {
			_ = s.k.API.Watch(ctx, path, func(e kube.Event) {
				if e.Object != nil && e.Type != "DELETED" {
					s.see(e.Object)
				}
			})
			time.Sleep(100 * time.Millisecond)
		}
	}()
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for ctx.Err() == nil {
		s.reconcile(ctx)
		select {
		case <-ctx.Done():
		case <-s.wake:
		case <-ticker.C:
		}
	}
	s.jobs.Wait()
}

func (s *Set) look() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// see takes an object, unless a newer one was seen: answers overtake watches.
func (s *Set) see(object kube.Object) {
	s.mu.Lock()
	if generation(object) >= generation(s.object) {
		s.object = object
	}
	s.mu.Unlock()
	s.look()
}

func generation(o kube.Object) float64 {
	n, _ := kube.At(o, "metadata", "generation").(float64)
	return n
}

func (s *Set) seen() kube.Object {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.object
}

func (s *Set) pod(ordinal int) string { return fmt.Sprintf("%s-%d", s.Name, ordinal) }

// member is a pod as the controller sees it.
type member struct {
	revision string
	ready    bool
	ending   bool
}

// decide is what to do next: the numbers of pods to make and to delete.
func decide(strategy string, replicas int, update string, pods map[int]member) (missing, remove []int) {
	for i := range replicas {
		if _, there := pods[i]; !there {
			missing = append(missing, i)
		}
	}
	for _, i := range slices.Sorted(maps.Keys(pods)) {
		if i >= replicas && !pods[i].ending {
			remove = append(remove, i)
		}
	}
	if strategy != "RollingUpdate" {
		return missing, remove
	}
	for i := replicas - 1; i >= 0; i-- {
		p, there := pods[i]
		if there && p.revision != update && !p.ending {
			return missing, append(remove, i)
		}
		if !there || p.ending || !p.ready {
			break // one after the other
		}
	}
	return missing, remove
}

func (s *Set) reconcile(ctx context.Context) {
	s.mu.Lock()
	object, paused := s.object, s.paused
	s.mu.Unlock()
	pods := map[int]member{}
	for i := range max(len(s.Nodes), replicas(object)) {
		if p := s.k.Pod(s.pod(i)); p != nil {
			pods[i] = member{revision: p.Revision(), ready: p.Ready(), ending: p.isEnding()}
		}
	}
	s.report(ctx, object, pods)
	if paused {
		return
	}
	strategy := kube.Text(object, "spec", "updateStrategy", "type")
	missing, remove := decide(strategy, replicas(object), revision(object), pods)
	for _, i := range missing {
		s.job(s.pod(i), func() error { return s.create(ctx, object, i) })
	}
	grace, _ := kube.At(object, "spec", "template", "spec", "terminationGracePeriodSeconds").(float64)
	for _, i := range remove {
		s.job(s.pod(i), func() error { return s.k.Delete(ctx, s.pod(i), time.Duration(grace)*time.Second) })
	}
}

// job does something to a pod, unless something is being done to it.
func (s *Set) job(pod string, do func() error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[pod] {
		return
	}
	s.busy[pod] = true
	s.jobs.Go(func() {
		err := do()
		s.mu.Lock()
		delete(s.busy, pod)
		if err != nil && s.said[pod] != err.Error() {
			s.said[pod] = err.Error()
			s.k.Log("statefulset %s: %s: %v", s.Name, pod, err)
		}
		s.mu.Unlock()
		if err == nil {
			s.look()
		}
	})
}

// create makes the pod with this number, if its node may have pods.
func (s *Set) create(ctx context.Context, object kube.Object, ordinal int) error {
	if ordinal >= len(s.Nodes) {
		return errors.New("there is no node for it")
	}
	pod := podOf(object, ordinal, s.Nodes[ordinal])
	if s.Before != nil {
		if err := s.Before(ctx, object, pod); err != nil {
			return err
		}
	}
	found, err := s.k.API.Do(ctx, http.MethodGet, "/api/v1/nodes/"+kube.Text(pod, "spec", "nodeName"), nil)
	if err != nil {
		return err
	}
	if cordoned, _ := kube.At(found, "spec", "unschedulable").(bool); cordoned {
		return nil
	}
	_, err = s.k.Create(ctx, pod)
	return err
}

// report writes the status, if it is another.
func (s *Set) report(ctx context.Context, object kube.Object, pods map[int]member) {
	update := revision(object)
	current := kube.Text(object, "status", "currentRevision")
	if current == "" {
		current = update
	}
	var ready, ofCurrent, ofUpdate int
	for _, p := range pods {
		if p.ready && !p.ending {
			ready++
		}
		if p.revision == current {
			ofCurrent++
		}
		if p.revision == update {
			ofUpdate++
		}
	}
	// As the real one, which with OnDelete never takes the new revision for the current one.
	rolling := kube.Text(object, "spec", "updateStrategy", "type") == "RollingUpdate"
	if n := replicas(object); rolling && ofUpdate == n && ready == n && len(pods) == n {
		current, ofCurrent = update, ofUpdate
	}
	status := kube.Object{
		"observedGeneration": kube.At(object, "metadata", "generation"), "currentRevision": current, "updateRevision": update,
		"replicas": float64(len(pods)), "readyReplicas": float64(ready), "availableReplicas": float64(ready),
		"currentReplicas": float64(ofCurrent), "updatedReplicas": float64(ofUpdate), "collisionCount": float64(0),
	}
	old, _ := object["status"].(kube.Object)
	same := true
	for key, value := range status {
		was, there := old[key]
		same = same && (reflect.DeepEqual(was, value) || (!there && value == float64(0)))
	}
	if same {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if made, err := s.k.API.Do(ctx, http.MethodPatch, s.path()+"/status", kube.Object{"status": status}); err == nil {
		s.see(made)
	}
}
