package agent

import (
	"bytes"
	"encoding/json"
	"maps"

	"github.com/onggi-db/onggi/sidecars/ha"
	"github.com/onggi-db/onggi/sidecars/kube"
)

// recordAnnotation holds the whole record as JSON; the Lease's own fields repeat what people and their tools look at.
const recordAnnotation = "onggi.dev/record"

// leaseSeconds is for tools that show a Lease. Nothing here reads it.
const leaseSeconds = 30

// unknownHolder stands for a holder that a Lease names and no member is. It is nobody's id, so nobody holds the record, and whoever would take it
// waits as for any other holder.
const unknownHolder = "?"

// recordOf reads a Lease. One that people edited is read as far as it can be: an annotation that cannot be read is a record of
// which nothing is known but that somebody may hold it, and a holderIdentity that is another than the annotation's is whom
// it names, without an instance, so that nobody runs a primary by it.
func recordOf(l *kube.Lease) ha.Record {
	if l == nil {
		return ha.Record{}
	}
	var r ha.Record
	decoder := json.NewDecoder(bytes.NewReader([]byte(l.Annotations[recordAnnotation])))
	readable := decoder.Decode(&r) == nil
	if !readable {
		r = ha.Record{}
	}
	r.Version = l.Version
	r.Term = uint64(max(l.Transitions, 0))
	if holderName(r) != l.Holder || !readable {
		r.Holder = ha.Holder{ID: idOf(r, l.Holder)}
		// Whoever was given the record by this release was given it by a record that is no more.
		if r.Holder.ID != "" {
			r.Release = nil
		}
	}
	return r
}

// holderName is what a Lease of this record has as its holderIdentity.
func holderName(r ha.Record) string {
	if m, ok := r.Member(r.Holder.ID); ok && m.Name != "" {
		return m.Name
	}
	return r.Holder.ID
}

// idOf finds who a holderIdentity means.
func idOf(r ha.Record, holder string) string {
	if holder == "" {
		return ""
	}
	for _, m := range r.Members {
		if m.Name == holder {
			return m.ID
		}
	}
	return unknownHolder
}

// leaseOf puts a record into the Lease that it replaces. What others wrote there stays.
func leaseOf(r ha.Record, base kube.Lease) (kube.Lease, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return kube.Lease{}, err
	}
	l := base.Clone()
	l.Annotations = maps.Clone(l.Annotations)
	if l.Annotations == nil {
		l.Annotations = map[string]string{}
	}
	l.Annotations[recordAnnotation] = string(text)
	l.Holder = holderName(r)
	l.Transitions = int64(r.Term)
	l.DurationSeconds = leaseSeconds
	return l, nil
}
