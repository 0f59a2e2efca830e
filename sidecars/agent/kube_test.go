package agent

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/ha"
	"github.com/onggi-db/onggi/sidecars/kube"
	"github.com/onggi-db/onggi/sidecars/kube/kubetest"
)

func apiServer(t *testing.T) (*kubetest.Server, *kube.Client) {
	t.Helper()
	server, err := kubetest.New(kubetest.Config{})
	require.NoError(t, err)
	t.Cleanup(server.Close)
	client, err := kube.New(kube.Options{Server: server.URL, Namespace: "db", Budget: kube.Budget{PerSecond: 1000, Burst: 1000}})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return server, client
}

func podObject(name, uid, revision string) kubetest.Object {
	return kubetest.Object{"metadata": map[string]any{
		"name": name, "namespace": "db", "uid": uid, "labels": map[string]any{"app": "shop", "controller-revision-hash": revision},
	}}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(never); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			require.FailNow(t, "never: "+what)
		}
	}
}

func TestTheRecordLivesInALease(t *testing.T) {
	t.Parallel()
	server, client := apiServer(t)
	s := NewLease(client, "shop-primary")
	require.Negative(t, s.Heard(), "never")
	ctx, cancel := context.WithCancel(t.Context())
	seen := make(chan ha.Record, 16)
	ended := make(chan struct{})
	go func() { s.Watch(ctx, func(r ha.Record) { seen <- r }); close(ended) }()
	require.Equal(t, ha.Record{}, <-seen, "there is none")
	require.GreaterOrEqual(t, s.Heard(), time.Duration(0))

	want := someRecord()
	want.Version = ""
	outcome, version, err := s.Write(ctx, "", want)
	require.NoError(t, err)
	require.Equal(t, ha.Applied, outcome)
	want.Version = version
	require.Equal(t, want, <-seen)
	outcome, _, _ = s.Write(ctx, "", want)
	require.Equal(t, ha.Refused, outcome, "another one was made before")

	server.Change("leases", "db", "shop-primary", func(o kubetest.Object) {
		o["metadata"].(map[string]any)["annotations"].(map[string]any)["theirs"] = "stays"
	})
	edited := <-seen
	for edited.Version == version { // the refused write has made the watch list anew, which may have been before the change
		edited = <-seen
	}
	outcome, _, err = s.Write(ctx, version, want)
	require.Equal(t, ha.Refused, outcome, "not over a version that was not seen")
	require.Error(t, err)
	next := edited
	next.Term, next.Holder = 4, ha.Holder{ID: "b2", Instance: "i2"}
	outcome, version, err = s.Write(ctx, edited.Version, next)
	require.NoError(t, err)
	require.Equal(t, ha.Applied, outcome)
	lease, _ := client.GetLease(ctx, "shop-primary")
	require.Equal(t, "stays", lease.Annotations["theirs"])
	require.Equal(t, "shop-1", lease.Holder)
	require.WithinDuration(t, time.Now(), lease.Renewed, time.Minute, "for people")
	read, err := s.Read(ctx)
	require.NoError(t, err)
	next.Version = version
	require.Equal(t, next, read)

	for name, row := range map[string]struct {
		fault kubetest.Fault
		want  ha.Outcome
	}{
		"the answer is lost":   {kubetest.Fault{Verb: "update", LoseResponse: true}, ha.Unknown},
		"too many requests":    {kubetest.Fault{Verb: "update", Code: 429}, ha.NotSent},
		"a broken server":      {kubetest.Fault{Verb: "update", Code: 500}, ha.Unknown},
		"it is not allowed to": {kubetest.Fault{Verb: "update", Code: 403}, ha.NotSent},
	} {
		read, err := s.Read(ctx)
		require.NoError(t, err, name)
		heal := server.Inject(row.fault)
		outcome, _, err := s.Write(ctx, read.Version, read)
		heal()
		require.Equal(t, row.want, outcome, name)
		require.Error(t, err, name)
	}
	cancel()
	<-ended
}

// A watch that is behind a write of our own takes nothing back: the next write replaces what the last one made.
func TestAWatchThatIsBehindRefusesNoWrite(t *testing.T) {
	t.Parallel()
	server, client := apiServer(t)
	s := NewLease(client, "shop-primary")
	_, first, err := s.Write(t.Context(), "", someRecord())
	require.NoError(t, err)
	old, _ := client.GetLease(t.Context(), "shop-primary")
	outcome, second, err := s.Write(t.Context(), first, someRecord())
	require.NoError(t, err)
	require.Equal(t, ha.Applied, outcome)
	s.watched(&old)
	outcome, third, err := s.Write(t.Context(), second, someRecord())
	require.NoError(t, err)
	require.Equal(t, ha.Applied, outcome)

	// One that was made anew counts, whatever its version.
	require.True(t, server.Remove("leases", "db", "shop-primary"))
	again, _ := client.CreateLease(t.Context(), "shop-primary", old)
	again.Version = "1"
	s.watched(&again)
	outcome, _, _ = s.Write(t.Context(), third, someRecord())
	require.Equal(t, ha.Refused, outcome)
	s.watched(nil)
	outcome, _, _ = s.Write(t.Context(), "1", someRecord())
	require.Equal(t, ha.Refused, outcome, "nor does one that is gone")
}

func TestThePrimaryLabelIsTakenBeforeItIsGiven(t *testing.T) {
	t.Parallel()
	server, client := apiServer(t)
	old := podObject("shop-1", "u1", "r1")
	old["metadata"].(map[string]any)["labels"].(map[string]any)[RoleLabel] = primaryRole
	server.Put("pods", podObject("shop-0", "u0", "r1"))
	server.Put("pods", old)
	server.Put("pods", podObject("shop-2", "u2", "r2"))
	p := &Pods{Client: client, Name: "shop-0", UID: "u0", Selector: "app=shop", Container: "database"}
	told := make(chan ha.Pod, 16)
	go p.Watch(t.Context(), func(pod ha.Pod) { told <- pod })
	require.Equal(t, ha.Pod{}, <-told, "the newest revision is that of the highest ordinal, which a rollout begins with")

	require.False(t, p.Labelled(primaryRole))
	require.NoError(t, p.Label(t.Context(), primaryRole))
	var patched []string
	for _, r := range server.Requests() {
		if r.Verb == "patch" {
			patched = append(patched, r.Name)
		}
	}
	require.Equal(t, []string{"shop-1", "shop-0"}, patched)
	require.True(t, p.Labelled(primaryRole))
	require.False(t, p.Labelled(replicaRole))
	asked := func() (n int) {
		for _, r := range server.Requests() {
			if r.Verb != "list" && r.Verb != "watch" { // those of the watch come when they come
				n++
			}
		}
		return n
	}
	before := asked()
	require.NoError(t, p.Label(t.Context(), primaryRole))
	require.Equal(t, before, asked(), "what is so already costs no request")

	server.Change("pods", "db", "shop-1", func(o kubetest.Object) {
		o["metadata"].(map[string]any)["labels"].(map[string]any)[RoleAlias] = primaryRole
	})
	eventually(t, "a label that somebody gave to another is noticed", func() bool { return !p.Labelled(primaryRole) })

	server.Change("pods", "db", "shop-0", func(o kubetest.Object) {
		o["metadata"].(map[string]any)["deletionTimestamp"] = time.Now().UTC().Format(time.RFC3339)
	})
	eventually(t, "the end of the pod is told", func() bool {
		select {
		case pod := <-told:
			return pod.Terminating
		default:
			return false
		}
	})
	stranger := &Pods{Client: client, Name: "shop-0", UID: "another", Selector: "app=shop"}
	require.Error(t, stranger.Label(t.Context(), primaryRole), "a pod of the same name is not ours")
}

// Who becomes the primary does not go by a watch that may have been silent for long.
func TestALabelThatTheWatchDidNotTellOfIsTaken(t *testing.T) {
	t.Parallel()
	server, client := apiServer(t)
	server.Put("pods", podObject("shop-0", "u0", "r1"))
	server.Put("pods", podObject("shop-1", "u1", "r1"))
	p := &Pods{Client: client, Name: "shop-0", UID: "u0", Selector: "app=shop", Container: "database"}
	told := make(chan ha.Pod, 16)
	go p.Watch(t.Context(), func(pod ha.Pod) { told <- pod })
	<-told
	require.False(t, p.Labelled(replicaRole))
	require.NoError(t, p.Label(t.Context(), replicaRole))
	require.True(t, p.Labelled(replicaRole))

	server.Inject(kubetest.Fault{Verb: "watch", Resource: "pods", Freeze: true})
	role := func(pod string) any {
		o, _ := server.Get("pods", "db", pod)
		return o["metadata"].(map[string]any)["labels"].(map[string]any)[RoleLabel]
	}
	server.Change("pods", "db", "shop-1", func(o kubetest.Object) {
		o["metadata"].(map[string]any)["labels"].(map[string]any)[RoleLabel] = primaryRole
	})
	require.NoError(t, p.Label(t.Context(), primaryRole))
	eventually(t, "the other is found by a list", func() bool { return !p.Labelled(primaryRole) })
	require.NoError(t, p.Label(t.Context(), primaryRole))
	require.True(t, p.Labelled(primaryRole))
	require.Equal(t, []any{primaryRole, replicaRole}, []any{role("shop-0"), role("shop-1")})

	lists := 0
	for _, r := range server.Requests() {
		if r.Verb == "list" {
			lists++
		}
	}
	require.Equal(t, 2, lists, "once at the start, and once for becoming the primary")
}

func TestDeathIsProvenByItsLastWordAlone(t *testing.T) {
	t.Parallel()
	server, client := apiServer(t)
	p := &Pods{Client: client, Name: "shop-0", UID: "u0", Container: "database"}
	dead := func(instance string) bool {
		is, err := p.Dead(t.Context(), "shop-1", instance)
		require.NoError(t, err)
		return is
	}
	require.False(t, dead("i1"), "a pod that is not there proves nothing")
	pod := podObject("shop-1", "u1", "r1")
	status := func(key, message string) {
		pod["status"] = map[string]any{"phase": "Failed", "containerStatuses": []any{map[string]any{
			"name": "database", key: map[string]any{"terminated": map[string]any{"exitCode": 137, "message": message}},
		}}}
		server.Put("pods", pod)
	}
	status("state", "i1")
	require.True(t, dead("i1"))
	require.False(t, dead("i2"))
	status("lastState", "i2")
	require.True(t, dead("i2"))
	status("state", "")
	require.False(t, dead("i1"))
	heal := server.Inject(kubetest.Fault{Verb: "get", Code: 500})
	defer heal()
	_, err := p.Dead(t.Context(), "shop-1", "i1")
	require.Error(t, err, "unknown is not dead")
}

func TestPodsOfAnOldRevision(t *testing.T) {
	p := &Pods{Name: "shop-0", UID: "u0"}
	meta := func(name, uid, revision string) kube.PodMeta {
		return kube.PodMeta{Name: name, UID: uid, Labels: map[string]string{RevisionLabel: revision}}
	}
	stranger := kube.PodMeta{Name: "pgbouncer", UID: "u9", Labels: map[string]string{"app": "shop"}}
	p.take([]kube.PodMeta{meta("shop-0", "u0", "new"), meta("shop-1", "u1", "old"), meta("shop-10", "u10", "old"), meta("shop-2", "u2", "new"), stranger})
	require.Equal(t, ha.Pod{}, p.pod(), "the newest revision is not known yet")
	p.takeSet(&kube.StatefulSet{Revision: "new"})
	require.Equal(t, ha.Pod{Updated: true, Outdated: []string{"shop-10", "shop-1"}, Newest: []string{"shop-0", "shop-2"}}, p.pod())
	p.takeSet(&kube.StatefulSet{Revision: "newer"})
	require.Equal(t, ha.Pod{Outdated: []string{"shop-10", "shop-2", "shop-1", "shop-0"}}, p.pod())
	p.takeSet(&kube.StatefulSet{})
	require.Equal(t, ha.Pod{}, p.pod(), "the controller has not seen the newest change")
	p.takeSet(nil)
	require.Equal(t, ha.Pod{}, p.pod())
}
