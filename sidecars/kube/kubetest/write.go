package kubetest

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func (q query) key() key { return key{q.resource, q.namespace, q.name} }

func absent(q query) *failure {
	return refuse(http.StatusNotFound, "NotFound", fmt.Sprintf("%s %q not found", q.resource, q.name))
}

func conflict(q query, why string) *failure {
	return refuse(http.StatusConflict, "Conflict", fmt.Sprintf("Operation cannot be fulfilled on %s %q: %s", q.resource, q.name, why))
}

func invalid(field, why string) *failure {
	return &failure{code: http.StatusUnprocessableEntity, reason: "Invalid", message: field + ": " + why, field: field}
}

func (s *store) read(q query) (*entry, *failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.objects[q.key()]; e != nil {
		return e, nil
	}
	return nil, absent(q)
}

func (s *store) create(q query, o Object) (*entry, *failure) {
	m := meta(o)
	q.name = text(m, "name")
	if q.name == "" && text(m, "generateName") != "" {
		q.name = text(m, "generateName") + newUID()[:5]
	}
	if q.name == "" {
		return nil, invalid("metadata.name", "Required value")
	}
	if text(m, "resourceVersion") != "" {
		return nil, refuse(http.StatusBadRequest, "BadRequest", "resourceVersion should not be set on objects to be created")
	}
	if failed := valid(q.resource, o); failed != nil {
		return nil, failed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.objects[q.key()] != nil {
		return nil, refuse(http.StatusConflict, "AlreadyExists", fmt.Sprintf("%s %q already exists", q.resource, q.name))
	}
	delete(m, "uid")
	delete(m, "creationTimestamp")
	m["name"] = q.name
	if q.namespace != "" {
		m["namespace"] = q.namespace
	}
	complete(q.resource, o)
	if q.resource == "pods" {
		o["status"] = Object{"phase": "Pending"}
	}
	return s.commit(q.key(), o), nil
}

func (s *store) update(q query, o Object) (*entry, *failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.objects[q.key()]
	if old == nil {
		return nil, absent(q)
	}
	m, was := meta(o), meta(old.object)
	version := text(m, "resourceVersion")
	switch {
	case text(m, "name") != q.name:
		return nil, refuse(http.StatusBadRequest, "BadRequest", "the name of the object does not match the name on the URL")
	case text(m, "uid") != "" && text(m, "uid") != text(was, "uid"):
		return nil, conflict(q, "Precondition failed: UID in precondition: "+text(m, "uid")+", UID in object meta: "+text(was, "uid"))
	case version == "" && q.resource == "leases":
		return nil, invalid("metadata.resourceVersion", "Invalid value: 0: must be specified for an update")
	case version != "" && version != text(was, "resourceVersion"):
		return nil, conflict(q, "the object has been modified; please apply your changes to the latest version and try again")
	}
	return s.replace(q, old, o)
}

// replace stores the new object, without what its path may not change, with the lock held. One that changes nothing is no new version.
func (s *store) replace(q query, old *entry, o Object) (*entry, *failure) {
	if failed := valid(q.resource, o); failed != nil {
		return nil, failed
	}
	before := clone(old.object)
	if q.sub == "status" {
		status := o["status"]
		o = clone(before)
		o["status"] = status
	} else if status, ok := before["status"]; ok {
		o["status"] = status
	}
	m := meta(o)
	for _, field := range []string{"uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "resourceVersion", "name", "namespace"} {
		if value, ok := meta(before)[field]; ok {
			m[field] = value
		} else {
			delete(m, field)
		}
	}
	o["apiVersion"], o["kind"] = before["apiVersion"], before["kind"]
	if same(o, before) {
		return old, nil
	}
	return s.commit(q.key(), o), nil
}

func same(a, b Object) bool { return string(encode(a)) == string(encode(b)) }

func (s *store) patch(q query, p Object) (*entry, *failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.objects[q.key()]
	if old == nil {
		return nil, absent(q)
	}
	was := meta(old.object)
	o := merge(clone(old.object), p)
	m := meta(o)
	if uid := text(m, "uid"); uid != text(was, "uid") {
		return nil, invalid("metadata.uid", fmt.Sprintf("Invalid value: %q: field is immutable", uid))
	}
	if text(m, "resourceVersion") != text(was, "resourceVersion") {
		return nil, conflict(q, "the object has been modified")
	}
	return s.replace(q, old, o)
}

// merge is RFC 7386.
func merge(into, patch Object) Object {
	for name, value := range patch {
		switch value := value.(type) {
		case nil:
			delete(into, name)
		case Object:
			into[name] = merge(part(into, name), value)
		default:
			into[name] = value
		}
	}
	return into
}

// delete removes; but a pod on a node with some grace is only told to end, and its kubelet deletes it with none.
func (s *store) delete(q query, options Object) (*entry, *failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.objects[q.key()]
	if old == nil {
		return nil, absent(q)
	}
	if p, ok := options["preconditions"].(Object); ok {
		if uid := text(p, "uid"); uid != "" && uid != text(meta(old.object), "uid") {
			return nil, conflict(q, "Precondition failed: UID in precondition")
		}
		if version := text(p, "resourceVersion"); version != "" && version != itoa(old.version) {
			return nil, conflict(q, "Precondition failed: ResourceVersion in precondition")
		}
	}
	if q.resource == "pods" {
		o := clone(old.object)
		grace, spec := 30.0, part(o, "spec")
		if seconds, ok := spec["terminationGracePeriodSeconds"].(float64); ok {
			grace = seconds
		}
		if seconds, ok := options["gracePeriodSeconds"].(float64); ok {
			grace = seconds
		}
		if grace > 0 && text(spec, "nodeName") != "" {
			if text(meta(o), "deletionTimestamp") != "" {
				return old, nil
			}
			meta(o)["deletionTimestamp"], meta(o)["deletionGracePeriodSeconds"] = now(), grace
			return s.commit(q.key(), o), nil
		}
	}
	s.commit(q.key(), nil)
	return old, nil
}

// valid refuses what the real server would of what this repository writes.
func valid(resource string, o Object) *failure {
	if resource != "leases" {
		return nil
	}
	spec := part(o, "spec")
	for _, field := range []string{"leaseTransitions", "leaseDurationSeconds"} {
		n, ok := spec[field].(float64)
		if !ok {
			continue
		}
		if n != math.Trunc(n) || n > math.MaxInt32 || n < math.MinInt32 {
			return refuse(http.StatusBadRequest, "BadRequest", "spec."+field+" is no int32")
		}
		if n < 0 || n == 0 && field == "leaseDurationSeconds" {
			return invalid("spec."+field, "must not be that small")
		}
	}
	return nil
}
