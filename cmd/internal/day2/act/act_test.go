package act

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/cmd/internal/day2/status"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 123456789, time.UTC)

// shop is a cluster of three whose primary is shop-1; shop-2 is further ahead than shop-0.
func shop(backend string) status.Status {
	near, far := int64(0), int64(4096)
	return status.Status{
		Name: "shop", Namespace: "db", Backend: backend, Primary: "shop-1", Wanted: 3, Ready: 3,
		Members: []status.Member{
			{Name: "shop-0", Role: status.Replica, State: "streaming", Pod: "Running", Ready: true, Candidate: true, Lag: &far},
			{Name: "shop-1", Role: status.Primary, State: "running", Pod: "Running", Ready: true, PendingRestart: []status.Pending{{Name: "max_connections"}}},
			{Name: "shop-2", Role: status.Replica, State: "streaming", Pod: "Running", Ready: true, Candidate: true, Lag: &near, PendingRestart: []status.Pending{{Name: "max_connections"}}},
		},
	}
}

const cnpgCluster = `{"metadata":{"resourceVersion":"7","annotations":{"cnpg.io/fencedInstances":"[\"shop-0\"]"}},
 "spec":{"plugins":[{"name":"barman-cloud.cloudnative-pg.io","isWALArchiver":true}]},
 "status":{"targetPrimary":"shop-1","conditions":[{"type":"ContinuousArchiving","status":"True"},{"type":"Ready","status":"True"}]}}`

// text is what a plan does, one action a line.
func text(p Plan) string {
	var b strings.Builder
	if p.Question != "" {
		fmt.Fprintf(&b, "%s?\n", p.Question)
	}
	if p.Nothing != "" {
		fmt.Fprintf(&b, "nothing: %s\n", p.Nothing)
	}
	for _, a := range p.Actions {
		switch {
		case a.Exec != nil:
			fmt.Fprintf(&b, "%s/%s: %s\n", a.Exec.Pod, a.Exec.Container, strings.Join(a.Exec.Command, " "))
		case a.Patch != nil:
			fmt.Fprintf(&b, "patch %s%s\n", a.Patch.Subresource, a.Patch.Body)
		case a.Create != nil:
			fmt.Fprintf(&b, "create %s %s\n", a.Create.Plural, a.Create.Body)
		case a.Delete != nil:
			fmt.Fprintf(&b, "delete %s\n", a.Delete.Pod)
		}
	}
	return b.String()
}

func TestWhatIsWritten(t *testing.T) {
	for _, row := range []struct {
		backend string
		want    Request
		text    string
	}{
		{status.Native, Request{Verb: Switchover}, "Switch shop over from shop-1 to whoever is best?\nshop-1/agent: onggi-agent ctl switchover --leader shop-1 --yes\n"},
		{status.Native, Request{Verb: Switchover, Member: "shop-0", At: "2026-11-23T02:00+01:00"},
			"Switch shop over from shop-1 to shop-0 at 2026-11-23T02:00+01:00?\nshop-1/agent: onggi-agent ctl switchover --leader shop-1 --candidate shop-0 --scheduled 2026-11-23T02:00+01:00 --yes\n"},
		{status.Native, Request{Verb: Switchover, Cancel: true}, "shop-1/agent: onggi-agent ctl switchover --cancel\n"},
		{status.Native, Request{Verb: Failover, Member: "shop-0"}, "Fail shop over to shop-0, which may lose commits that it does not have?\nshop-1/agent: onggi-agent ctl failover --candidate shop-0 --yes\n"},
		{status.Native, Request{Verb: Restart}, "Restart postgres of shop-0, shop-2, shop-1?\nshop-0/agent: onggi-agent ctl restart shop-0 --yes\nshop-2/agent: onggi-agent ctl restart shop-2 --yes\nshop-1/agent: onggi-agent ctl restart shop-1 --yes\n"},
		{status.Native, Request{Verb: Restart, Pending: true}, "Restart postgres of shop-2, shop-1?\nshop-2/agent: onggi-agent ctl restart shop-2 --yes\nshop-1/agent: onggi-agent ctl restart shop-1 --yes\n"},
		{status.Native, Request{Verb: Restart, Pending: true, Member: "shop-0"}, "nothing: no member waits for a restart\n"},
		{status.Native, Request{Verb: Reinit, Member: "shop-2"}, "Throw away the data of shop-2 and copy it again?\nshop-2/agent: onggi-agent ctl reinit shop-2 --yes\n"},
		{status.Native, Request{Verb: Pause}, "Turn automatic failover of shop off?\nshop-1/agent: onggi-agent ctl pause --yes\n"},
		{status.Native, Request{Verb: Resume}, "shop-1/agent: onggi-agent ctl resume --yes\n"},
		{status.Native, Request{Verb: Fence, Member: "shop-1"}, "Stop postgres of shop-1 and keep it stopped?\nshop-1/agent: onggi-agent ctl fence shop-1 --yes\n"},
		{status.Native, Request{Verb: Unfence, Member: "shop-1"}, "shop-1/agent: onggi-agent ctl unfence shop-1 --yes\n"},
		{status.Native, Request{Verb: Backup, Type: "diff", Wait: true}, "shop-1/agent: onggi-agent ctl backup --type diff --wait\n"},

		{status.Native, Request{Verb: Restore, At: "2026-11-22T06:00:00.5+02:00", Backup: "b1"}, "Stop shop and set it back to 2026-11-22T06:00:00.5+02:00: what was committed since is gone from it?\n" +
			"shop-1/agent: onggi-agent ctl restore --time 2026-11-22 04:00:00.5+00:00 --yes --set b1\n"},
		{status.Native, Request{Verb: Restore, At: "2026-11-22T06:00:00Z", Room: true}, "Stop shop and set it back to 2026-11-22T06:00:00Z: what was committed since is gone from it?\n" +
			"shop-1/agent: onggi-agent ctl restore --time 2026-11-22 06:00:00+00:00 --yes --without-copy\n"},

		{status.CloudNative, Request{Verb: Switchover}, "Switch shop over from shop-1 to shop-2?\n" +
			`patch status{"metadata":{"resourceVersion":"7"},"status":{"conditions":[{"status":"True","type":"ContinuousArchiving"},` +
			`{"lastTransitionTime":"2026-11-22T12:00:00Z","message":"Cluster Is Not Ready","reason":"ClusterIsNotReady","status":"False","type":"Ready"}],` +
			`"phase":"Switchover in progress","phaseReason":"Switching over to shop-2","targetPrimary":"shop-2","targetPrimaryTimestamp":"2026-11-22T12:00:00.123456Z"}}` + "\n"},
		{status.CloudNative, Request{Verb: Restart}, "Restart all of shop, one after the other?\n" + `patch {"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"2026-11-22T12:00:00Z"}}}` + "\n"},
		{status.CloudNative, Request{Verb: Restart, Pending: true}, "Restart shop-2, shop-1?\ndelete shop-2\n" +
			`patch status{"metadata":{"resourceVersion":"7"},"status":{"conditions":[{"status":"True","type":"ContinuousArchiving"},` +
			`{"lastTransitionTime":"2026-11-22T12:00:00Z","message":"Cluster Is Not Ready","reason":"ClusterIsNotReady","status":"False","type":"Ready"}],` +
			`"phase":"Primary instance is being restarted in-place","phaseReason":"Requested by the user"}}` + "\n"},
		{status.CloudNative, Request{Verb: Pause}, "Stop the operator's work on shop, failover included?\n" + `patch {"metadata":{"annotations":{"cnpg.io/reconciliationLoop":"disabled"}}}` + "\n"},
		{status.CloudNative, Request{Verb: Resume}, `patch {"metadata":{"annotations":{"cnpg.io/reconciliationLoop":null}}}` + "\n"},
		{status.CloudNative, Request{Verb: Fence, Member: "shop-2"}, "Stop postgres of shop-2 and keep it stopped?\n" + `patch {"metadata":{"annotations":{"cnpg.io/fencedInstances":"[\"shop-0\",\"shop-2\"]"}}}` + "\n"},
		{status.CloudNative, Request{Verb: Fence, Member: "shop-0"}, "nothing: shop-0 is fenced already\n"},
		{status.CloudNative, Request{Verb: Unfence, Member: "shop-0"}, `patch {"metadata":{"annotations":{"cnpg.io/fencedInstances":null}}}` + "\n"},
		{status.CloudNative, Request{Verb: Backup}, `create backups {"apiVersion":"postgresql.cnpg.io/v1","kind":"Backup","metadata":{"labels":{"cnpg.io/cluster":"shop"},"name":"shop-20261122120000","namespace":"db"},` +
			`"spec":{"cluster":{"name":"shop"},"method":"plugin","pluginConfiguration":{"name":"barman-cloud.cloudnative-pg.io"}}}` + "\n"},

		{status.Crunchy, Request{Verb: Switchover, Member: "shop-0"}, "Switch shop over from shop-1 to shop-0?\n" +
			`patch {"metadata":{"annotations":{"postgres-operator.crunchydata.com/trigger-switchover":"2026-11-22T12:00:00Z"}},"spec":{"patroni":{"switchover":{"enabled":true,"targetInstance":"shop","type":"Switchover"}}}}` + "\n"},
		{status.Crunchy, Request{Verb: Switchover}, "Switch shop over from shop-1 to whoever is best?\n" +
			`patch {"metadata":{"annotations":{"postgres-operator.crunchydata.com/trigger-switchover":"2026-11-22T12:00:00Z"}},"spec":{"patroni":{"switchover":{"enabled":true,"targetInstance":null,"type":"Switchover"}}}}` + "\n"},
		{status.Crunchy, Request{Verb: Resume}, `patch {"spec":{"paused":false}}` + "\n"},
	} {
		t.Run(row.backend+" "+string(row.want.Verb)+" "+row.want.Member, func(t *testing.T) {
			row.want.Now = noon
			p, err := For(shop(row.backend), json.RawMessage(cnpgCluster), row.want)
			require.NoError(t, err)
			require.Equal(t, row.text, text(p))
		})
	}
}

func TestRefusals(t *testing.T) {
	for _, row := range []struct {
		name, backend string
		spoil         func(*status.Status)
		object        string
		want          Request
		kind          Kind
		said          string
	}{
		{name: "nobody's name", backend: status.Native, want: Request{Verb: Switchover, Member: "shop-7"}, said: "shop-7 is not a member of shop: members are shop-0, shop-1, shop-2"},
		{name: "nobody named", backend: status.Native, want: Request{Verb: Failover}, said: "failover needs a member"},
		{name: "to the primary", backend: status.Native, want: Request{Verb: Switchover, Member: "shop-1"}, kind: Unfit, said: "shop-1 is the primary already"},
		{name: "no primary", backend: status.Native, spoil: func(s *status.Status) { s.Primary = "" }, want: Request{Verb: Switchover}, kind: Unfit, said: "shop has no primary to switch over from: onggi failover shop --to MEMBER"},
		{name: "to who is not ready", backend: status.Native, spoil: func(s *status.Status) { s.Members[0].Ready = false }, want: Request{Verb: Switchover, Member: "shop-0"}, kind: Unfit, said: "shop-0 is not ready"},
		{name: "to who is fenced", backend: status.CloudNative, spoil: func(s *status.Status) { s.Members[0].Fenced = true }, want: Request{Verb: Switchover, Member: "shop-0"}, kind: Unfit, said: "shop-0 is fenced"},
		{name: "nobody is fit", backend: status.CloudNative, spoil: func(s *status.Status) { s.Members[0].Candidate, s.Members[2].Candidate = false, false }, want: Request{Verb: Switchover}, kind: Unfit, said: "no member of shop is known to be fit to take over: name one with --to"},
		{name: "one is under way", backend: status.CloudNative, object: `{"status":{"targetPrimary":"shop-0"}}`, want: Request{Verb: Switchover}, kind: Unfit, said: "a switchover of shop to shop-0 is under way"},
		{name: "the primary's data", backend: status.Native, want: Request{Verb: Reinit, Member: "shop-1"}, kind: Unfit, said: "others copy from it"},
		{name: "nobody runs", backend: status.Native, spoil: func(s *status.Status) {
			for i := range s.Members {
				s.Members[i].Pod = "Pending"
			}
		}, want: Request{Verb: Pause}, kind: Unfit, said: "no member of shop runs, so there is no agent to ask"},
		{name: "one does not run", backend: status.Native, spoil: func(s *status.Status) { s.Members[2].Pod = "Pending" }, want: Request{Verb: Restart}, kind: Unfit, said: "shop-2 does not run: its pod is Pending"},
		{name: "no backups", backend: status.CloudNative, object: `{}`, want: Request{Verb: Backup}, kind: Unfit, said: "shop has no backups: give its spec a backup section"},
		{name: "a fence that cannot be read", backend: status.CloudNative, object: `{"metadata":{"annotations":{"cnpg.io/fencedInstances":"shop-0"}}}`, want: Request{Verb: Fence, Member: "shop-0"}, kind: Unfit, said: "is not a list in JSON"},
		{name: "types of backups", backend: status.CloudNative, want: Request{Verb: Backup, Type: "incr"}, kind: Lacking, said: "full backups only"},
		{name: "a schedule", backend: status.CloudNative, want: Request{Verb: Switchover, At: "x"}, kind: Lacking, said: "no switchovers that are scheduled"},
		{name: "failover by hand", backend: status.CloudNative, want: Request{Verb: Failover, Member: "shop-0"}, kind: Lacking, said: "it fails over by itself"},
		{name: "data again", backend: status.CloudNative, want: Request{Verb: Reinit, Member: "shop-0"}, kind: Lacking, said: "kubectl cnpg destroy"},
		{name: "no moment", backend: status.Native, want: Request{Verb: Restore, At: "yesterday"}, said: "is not a moment: write it as"},
		{name: "in its place", backend: status.CloudNative, want: Request{Verb: Restore}, kind: Lacking, said: "onggi restore PATH writes the spec of another database"},
		{name: "one of PGO's", backend: status.Crunchy, want: Request{Verb: Restart, Member: "shop-0"}, kind: Lacking, said: "all members or none"},
		{name: "no repository", backend: status.Crunchy, object: `{}`, want: Request{Verb: Backup}, kind: Unfit, said: "shop has no backups"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := shop(row.backend)
			if row.spoil != nil {
				row.spoil(&s)
			}
			object := row.object
			if object == "" {
				object = cnpgCluster
			}
			row.want.Now = noon
			p, err := For(s, json.RawMessage(object), row.want)
			require.ErrorContains(t, err, row.said)
			var refused Refusal
			require.ErrorAs(t, err, &refused)
			require.Equal(t, row.kind, refused.Kind)
			require.Empty(t, p.Actions, "nothing is done of what is refused")
		})
	}
}

// Every verb of every back end either does something, says that there is nothing to do, or is refused with what to do instead.
func TestEveryVerbHasAnAnswer(t *testing.T) {
	for _, b := range status.Backends() {
		for _, verb := range Verbs() {
			want := Request{Verb: verb, Now: noon}
			if verb != Switchover && verb != Restart && verb != Pause && verb != Resume && verb != Backup && verb != Restore {
				want.Member = "shop-0"
			}
			p, err := For(shop(b.Name), json.RawMessage(cnpgCluster), want)
			var refused Refusal
			if err != nil {
				require.ErrorAs(t, err, &refused, "%s %s", b.Name, verb)
				require.NotEmpty(t, refused.Do, "%s %s: %s", b.Name, verb, err)
				continue
			}
			require.True(t, len(p.Actions) > 0 || p.Nothing != "", "%s %s", b.Name, verb)
			atOnce := verb == Resume || verb == Unfence || verb == Backup
			require.Equal(t, atOnce || p.Nothing != "", p.Question == "", "%s %s: who takes something away asks", b.Name, verb)
			for _, a := range p.Actions {
				if a.Patch != nil {
					require.True(t, json.Valid(a.Patch.Body))
				}
			}
		}
	}
}
