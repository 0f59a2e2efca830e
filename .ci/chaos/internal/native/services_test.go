package native

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"onggi.dev/ci/chaos/internal/kube"
)

// aPod as the API server tells it.
func aPod(t *testing.T, role string, ready, ending bool, address string) kube.Object {
	t.Helper()
	o := object1(t, `
metadata: {labels: {onggi.dev/cluster: shop, onggi.dev/role: `+role+`}}
spec: {containers: [{name: database, ports: [{name: postgres, containerPort: 5432}]}]}
status: {podIP: "`+address+`", conditions: [{type: Ready, status: "`+map[bool]string{true: "True", false: "False"}[ready]+`"}]}`)
	if ending {
		object(o, "metadata")["deletionTimestamp"] = "2026-01-01T00:00:00Z"
	}
	return o
}

// inPhase is a pod in a phase.
func inPhase(pod kube.Object, phase string) kube.Object {
	object(pod, "status")["phase"] = phase
	return pod
}

func TestAServiceLeadsToWhatItSelects(t *testing.T) {
	rw := `spec: {selector: {onggi.dev/cluster: shop, onggi.dev/role: primary}}`
	all := `spec: {publishNotReadyAddresses: true, selector: {onggi.dev/cluster: shop}}`
	for _, c := range []struct {
		name, service string
		pods          map[string]kube.Object
		want          []string
	}{
		{"by label", rw, map[string]kube.Object{"a": aPod(t, "primary", true, false, "10.0.0.1"), "b": aPod(t, "replica", true, false, "10.0.0.2")}, []string{"a"}},
		{"nobody who is not ready", rw, map[string]kube.Object{"a": aPod(t, "primary", false, false, "10.0.0.1")}, nil},
		{"but where the Service says so", all, map[string]kube.Object{"a": aPod(t, "primary", false, false, "10.0.0.1")}, []string{"a"}},
		{"also one that ends, beside another", all, map[string]kube.Object{"a": aPod(t, "primary", true, true, "10.0.0.1"), "b": aPod(t, "primary", true, false, "10.0.0.2")}, []string{"a", "b"}},
		{"and one that ends and is not ready", all, map[string]kube.Object{"a": aPod(t, "primary", false, true, "10.0.0.1"), "b": aPod(t, "primary", false, false, "10.0.0.2")}, []string{"a", "b"}},
		{"but not one that has ended", all, map[string]kube.Object{"a": inPhase(aPod(t, "primary", false, true, "10.0.0.1"), "Failed"), "b": inPhase(aPod(t, "primary", false, false, "10.0.0.2"), "Succeeded")}, nil},
		{"nor one without an address", all, map[string]kube.Object{"a": aPod(t, "primary", false, false, "")}, nil},
		{"not one that ends and is not ready", rw, map[string]kube.Object{"a": aPod(t, "primary", false, true, "10.0.0.1")}, nil},
		{"one that ends, for want of another", rw, map[string]kube.Object{"a": aPod(t, "primary", true, true, "10.0.0.1")}, []string{"a"}},
		{"not one that ends, where another is", rw, map[string]kube.Object{"a": aPod(t, "primary", true, true, "10.0.0.1"), "b": aPod(t, "primary", true, false, "10.0.0.2")}, []string{"b"}},
		{"nobody without an address", rw, map[string]kube.Object{"a": aPod(t, "primary", true, false, "")}, nil},
		{"nobody without a selector", `spec: {}`, map[string]kube.Object{"a": aPod(t, "primary", true, false, "10.0.0.1")}, nil},
	} {
		require.Equal(t, c.want, endpoints(object1(t, c.service), c.pods), c.name)
	}
	pods := map[string]kube.Object{"a": aPod(t, "primary", true, false, "10.0.0.1")}
	want := []netip.AddrPort{netip.MustParseAddrPort("10.0.0.1:5432")}
	require.Equal(t, want, targets(kube.Object{"port": float64(80), "targetPort": "postgres"}, []string{"a"}, pods), "a port by its name")
	require.Equal(t, want, targets(kube.Object{"port": float64(5432)}, []string{"a"}, pods), "a port that is the Service's")
}

func TestDNSAnswersOfServices(t *testing.T) {
	n := newNetwork(nil, nil, "shop", nil)
	n.names = map[string][]netip.Addr{"shop-rw": {netip.MustParseAddr("10.96.0.7")}, "shop-0.shop-pods": {netip.MustParseAddr("10.77.1.2")}, "shop-pods": nil}
	ask := func(name string, kind dnsmessage.Type) dnsmessage.Message {
		t.Helper()
		q := dnsmessage.Message{Header: dnsmessage.Header{ID: 7}, Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName(name), Type: kind, Class: dnsmessage.ClassINET}}}
		packed, err := q.Pack()
		require.NoError(t, err)
		var m dnsmessage.Message
		require.NoError(t, m.Unpack(answerDNS(packed, n.lookup)))
		require.EqualValues(t, 7, m.ID)
		return m
	}
	require.Equal(t, &dnsmessage.AResource{A: [4]byte{10, 96, 0, 7}}, ask("shop-rw.shop.svc.cluster.local.", dnsmessage.TypeA).Answers[0].Body)
	require.Equal(t, &dnsmessage.AResource{A: [4]byte{10, 77, 1, 2}}, ask("shop-0.shop-pods.shop.svc.cluster.local.", dnsmessage.TypeA).Answers[0].Body)
	none := ask("shop-rw.shop.svc.cluster.local.", dnsmessage.TypeAAAA)
	require.Empty(t, none.Answers)
	require.Equal(t, dnsmessage.RCodeSuccess, none.RCode, "it is there, and has no such address")
	require.Equal(t, dnsmessage.RCodeSuccess, ask("shop-pods.shop.svc.cluster.local.", dnsmessage.TypeA).RCode)
	require.Equal(t, dnsmessage.RCodeNameError, ask("shop-rw.", dnsmessage.TypeA).RCode)
	require.Nil(t, answerDNS([]byte("no question"), n.lookup))
}

func TestBudgetsAllowWhatIsHealthyBeyondThem(t *testing.T) {
	pods := []kube.Object{aPod(t, "primary", true, false, "10.0.0.1"), aPod(t, "replica", true, false, "10.0.0.2"), aPod(t, "replica", false, false, "10.0.0.3")}
	budget := func(spec string) kube.Object {
		return object1(t, `{metadata: {generation: 2}, spec: {selector: {matchLabels: {onggi.dev/cluster: shop}}, `+spec+`}}`)
	}
	require.EqualValues(t, 0, allowance(budget("maxUnavailable: 1"), pods)["disruptionsAllowed"])
	require.EqualValues(t, 1, allowance(budget("maxUnavailable: 2"), pods)["disruptionsAllowed"])
	require.EqualValues(t, 1, allowance(budget("minAvailable: 1"), pods)["disruptionsAllowed"])
	require.EqualValues(t, 3, allowance(budget("minAvailable: 1"), pods)["expectedPods"])
}
