package agent

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/ha"
	"github.com/onggi-db/onggi/sidecars/kube"
)

func someRecord() ha.Record {
	return ha.Record{
		Version: "7", Stamp: "n-1", Term: 3, Holder: ha.Holder{ID: "a1", Instance: "i1"}, Window: 8000,
		Members: []ha.Member{{ID: "a1", Name: "shop-0", Addr: "10.0.0.1:8008", Host: "10.0.0.1"}, {ID: "b2", Name: "shop-1", Addr: "10.0.0.2:8008", Host: "10.0.0.2"}},
		Mode:    ha.Required, Sync: ha.Quorum{W: 1, Of: []string{"b2"}}, At: ha.Position{Timeline: 2, LSN: 99}, SystemID: 1<<63 + 5,
		History: []ha.Switch{{Term: 3, At: ha.Position{Timeline: 1, LSN: 50}}},
	}
}

func TestARecordIsWhatItWasAfterTheLease(t *testing.T) {
	want := someRecord()
	l, err := leaseOf(want, kube.Lease{Version: "7", Annotations: map[string]string{"theirs": "stays"}})
	require.NoError(t, err)
	require.Equal(t, "shop-0", l.Holder, "people see the pod's name")
	require.Equal(t, int64(3), l.Transitions)
	require.Equal(t, "stays", l.Annotations["theirs"])
	require.Equal(t, want, recordOf(&l))

	free := want
	free.Holder, free.Release = ha.Holder{}, &ha.Release{By: "a1", To: "b2", At: want.At}
	l, err = leaseOf(free, l)
	require.NoError(t, err)
	require.Empty(t, l.Holder)
	require.Equal(t, free, recordOf(&l))
	require.Equal(t, ha.Record{}, recordOf(nil), "no Lease is no record")
}

func TestALeaseThatPeopleEdited(t *testing.T) {
	for _, row := range []struct {
		name string
		edit func(*kube.Lease)
		want func(*ha.Record)
	}{
		{"the holder is another member: it has no instance, so nobody runs a primary by it",
			func(l *kube.Lease) { l.Holder = "shop-1" }, func(r *ha.Record) { r.Holder = ha.Holder{ID: "b2"} }},
		{"the holder is nobody that is known",
			func(l *kube.Lease) { l.Holder = "somebody" }, func(r *ha.Record) { r.Holder = ha.Holder{ID: unknownHolder} }},
		{"the holder was taken away",
			func(l *kube.Lease) { l.Holder = "" }, func(r *ha.Record) { r.Holder = ha.Holder{} }},
		{"the term is another",
			func(l *kube.Lease) { l.Transitions = 9 }, func(r *ha.Record) { r.Term = 9 }},
		{"the term is less than nothing",
			func(l *kube.Lease) { l.Transitions = -1 }, func(r *ha.Record) { r.Term = 0 }},
		{"the annotation cannot be read: somebody may hold it",
			func(l *kube.Lease) { l.Annotations[recordAnnotation] = "{" },
			func(r *ha.Record) { *r = ha.Record{Version: "7", Term: 3, Holder: ha.Holder{ID: unknownHolder}} }},
		{"the annotation is gone",
			func(l *kube.Lease) { delete(l.Annotations, recordAnnotation) },
			func(r *ha.Record) { *r = ha.Record{Version: "7", Term: 3, Holder: ha.Holder{ID: unknownHolder}} }},
	} {
		t.Run(row.name, func(t *testing.T) {
			want := someRecord()
			l, err := leaseOf(want, kube.Lease{Version: "7"})
			require.NoError(t, err)
			row.edit(&l)
			row.want(&want)
			require.Equal(t, want, recordOf(&l))
		})
	}
}

// An edited holder never leaves an instance that may write, whatever the annotation says.
func FuzzRecordOf(f *testing.F) {
	text, _ := json.Marshal(someRecord())
	f.Add(string(text), "shop-0", int64(3))
	f.Add("{", "shop-1", int64(-1))
	f.Add("null", "", int64(0))
	f.Fuzz(func(t *testing.T, annotation, holder string, transitions int64) {
		l := kube.Lease{Version: "7", Holder: holder, Transitions: transitions, Annotations: map[string]string{recordAnnotation: annotation}}
		r := recordOf(&l)
		require.Equal(t, "7", r.Version)
		if r.Holder.Instance != "" {
			require.Equal(t, holder, holderName(r))
		}
		if holder != "" {
			require.NotEmpty(t, r.Holder.ID, "a holder that is named is somebody")
		}
		again, err := leaseOf(r, l)
		require.NoError(t, err)
		read := recordOf(&again)
		require.Equal(t, r.Holder, read.Holder, "what is written is read the same")
	})
}
