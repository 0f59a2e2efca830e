package kubetest

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Object is one of the API, as JSON has it.
type Object = map[string]any

// store is a linearizable store with one version for everything, and its history since the last compaction.
type store struct {
	mu        sync.Mutex
	version   int64
	compacted int64
	objects   map[key]*entry
	history   []change
	news      chan struct{} // closed and replaced at each change
}

type key struct{ resource, namespace, name string }

// entry is one version of an object. It is never changed.
type entry struct {
	key     key
	version int64
	object  Object
}

// change is one step of the history.
type change struct {
	version  int64
	old, new *entry // nil: it was not there, or is not any more
	last     *entry // of a deletion: the object as it was, with the version of its end
}

func newStore() *store {
	return &store{version: 100, compacted: 100, objects: map[key]*entry{}, news: make(chan struct{})}
}

// commit stores, with the lock held. A nil object is a deletion.
func (s *store) commit(k key, o Object) *entry {
	s.version++
	old := s.objects[k]
	c := change{version: s.version, old: old}
	if o == nil {
		last := clone(old.object)
		meta(last)["resourceVersion"] = strconv.FormatInt(s.version, 10)
		c.last = &entry{key: k, version: s.version, object: last}
		delete(s.objects, k)
	} else {
		meta(o)["resourceVersion"] = strconv.FormatInt(s.version, 10)
		c.new = &entry{key: k, version: s.version, object: o}
		s.objects[k] = c.new
	}
	s.history = append(s.history, c)
	if len(s.history) > 10000 {
		s.compacted = s.history[5000].version
		s.history = slices.Clone(s.history[5001:])
	}
	s.wakeUp()
	return c.new
}

func (s *store) wakeUp() {
	close(s.news)
	s.news = make(chan struct{})
}

// poke makes watches look again at what they may say.
func (s *store) poke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wakeUp()
}

func (s *store) put(resource string, o Object) Object {
	o = clone(o)
	m := meta(o)
	k := key{resource, text(m, "namespace"), text(m, "name")}
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.objects[k]; old != nil && text(m, "uid") == "" {
		m["uid"], m["creationTimestamp"] = meta(old.object)["uid"], meta(old.object)["creationTimestamp"]
	}
	complete(resource, o)
	return clone(s.commit(k, o).object)
}

func (s *store) get(resource, namespace, name string) (Object, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.objects[key{resource, namespace, name}]
	if e == nil {
		return nil, false
	}
	return clone(e.object), true
}

func (s *store) list(resource string) []Object {
	entries, _ := s.entries(resource, "")
	var all []Object
	for _, e := range entries {
		all = append(all, clone(e.object))
	}
	return all
}

// entries are all of a resource, by namespace and name, and the version of this state. An empty namespace means all.
func (s *store) entries(resource, namespace string) ([]*entry, int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []*entry
	for k, e := range s.objects {
		if k.resource == resource && (namespace == "" || k.namespace == namespace) {
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(a, b *entry) int {
		return cmp.Or(cmp.Compare(a.key.namespace, b.key.namespace), cmp.Compare(a.key.name, b.key.name))
	})
	return all, s.version
}

func (s *store) change(resource, namespace, name string, edit func(Object)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := key{resource, namespace, name}
	e := s.objects[k]
	if e == nil {
		return false
	}
	o := clone(e.object)
	edit(o)
	s.commit(k, clone(o))
	return true
}

func (s *store) remove(resource, namespace, name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := key{resource, namespace, name}
	if s.objects[k] == nil {
		return false
	}
	s.commit(k, nil)
	return true
}

func (s *store) compact() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.history, s.compacted = nil, s.version
}

// since is what changed after a version, the version reached, and a channel that is closed when there is more. Not ok: the
// history does not reach back that far.
func (s *store) since(version int64) (changes []change, now int64, news <-chan struct{}, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if version < s.compacted {
		return nil, s.version, s.news, false
	}
	first, _ := slices.BinarySearchFunc(s.history, version+1, func(c change, v int64) int { return cmp.Compare(c.version, v) })
	return slices.Clone(s.history[first:]), s.version, s.news, true
}

// complete gives a new object what the server gives it.
func complete(resource string, o Object) {
	k := kinds()[resource]
	o["apiVersion"], o["kind"] = k.api, k.kind
	m := meta(o)
	if text(m, "uid") == "" {
		m["uid"] = newUID()
	}
	if text(m, "creationTimestamp") == "" {
		m["creationTimestamp"] = time.Now().UTC().Format(time.RFC3339)
	}
}

func newUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// meta is the metadata of an object, made if there is none.
func meta(o Object) Object { return part(o, "metadata") }

func part(o Object, name string) Object {
	p, ok := o[name].(Object)
	if !ok {
		p = Object{}
		o[name] = p
	}
	return p
}

func text(o Object, name string) string {
	s, _ := o[name].(string)
	return s
}

// clone is a deep copy as JSON has it, whatever types the test wrote the object with.
func clone(o Object) Object {
	data, err := json.Marshal(o)
	if err != nil {
		panic(fmt.Sprintf("an object of a test that is not JSON: %v", err))
	}
	var c Object
	if err := json.Unmarshal(data, &c); err != nil {
		panic(err)
	}
	return c
}
