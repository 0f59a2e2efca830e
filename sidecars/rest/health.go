package rest

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// anyReplica is wanted by the paths that do not look at the kind.
const anyReplica Sync = "any"

// check is what a health path asks for.
type check int

const (
	checkPrimary check = iota
	checkLeader
	checkStandbyLeader
	checkReplica
	checkReadOnly
	checkSync
	checkReadOnlySync
	checkQuorum
	checkReadOnlyQuorum
	checkAsync
	checkHealth
	checkLiveness
	checkReadiness
)

// checkOf says what a path asks for.
func checkOf(path string) (check, bool) {
	switch path {
	case "/", "/primary", "/master", "/read-write":
		return checkPrimary, true
	case "/leader":
		return checkLeader, true
	case "/standby-leader", "/standby_leader":
		return checkStandbyLeader, true
	case "/replica":
		return checkReplica, true
	case "/read-only":
		return checkReadOnly, true
	case "/sync", "/synchronous":
		return checkSync, true
	case "/read-only-sync", "/read-only-synchronous":
		return checkReadOnlySync, true
	case "/quorum":
		return checkQuorum, true
	case "/read-only-quorum":
		return checkReadOnlyQuorum, true
	case "/async", "/asynchronous":
		return checkAsync, true
	case "/health":
		return checkHealth, true
	case "/liveness", "/healthz":
		return checkLiveness, true
	case "/readiness", "/readyz":
		return checkReadiness, true
	}
	return 0, false
}

// met is nil when the view meets the check, and otherwise says why it does not.
func met(c check, v *View, query url.Values) error {
	switch c {
	case checkPrimary:
		return primary(v) // a leader's tags are not looked at
	case checkLeader:
		if v.StandbyLeader {
			return running(v)
		}
		return primary(v)
	case checkStandbyLeader:
		if !v.StandbyLeader {
			return fmt.Errorf("not the leader of a standby cluster")
		}
		return running(v)
	case checkHealth:
		return running(v)
	case checkLiveness:
		return alive(v)
	case checkReadiness:
		return ready(v, query)
	case checkReplica:
		return replica(v, query, anyReplica)
	case checkSync:
		return replica(v, query, Synced)
	case checkQuorum:
		return replica(v, query, Quorum)
	case checkAsync:
		return replica(v, query, Async)
	}
	if v.open() || v.StandbyLeader && v.State == Running {
		return tagged(v, query)
	}
	switch c {
	case checkReadOnlySync:
		return replica(v, query, Synced)
	case checkReadOnlyQuorum:
		return replica(v, query, Quorum)
	}
	return replica(v, query, anyReplica)
}

func primary(v *View) error {
	switch {
	case v.Role != Primary:
		return fmt.Errorf("not a primary")
	case v.State != Running:
		return fmt.Errorf("postgres is %s", v.State)
	case v.Gated:
		return fmt.Errorf("clients are not let in yet")
	case v.Fenced:
		return fmt.Errorf("fenced by hand")
	case !v.open():
		return fmt.Errorf("no valid permit")
	}
	return nil
}

func running(v *View) error {
	if v.State != Running {
		return fmt.Errorf("postgres is %s", v.State)
	}
	return nil
}

func alive(v *View) error {
	if v.TickAge == nil {
		return fmt.Errorf("the loop has not turned yet")
	}
	if age := v.TickAge(); age > v.TickLimit {
		return fmt.Errorf("the loop turned %s ago, the limit is %s", age.Round(time.Millisecond), v.TickLimit)
	}
	return nil
}

// replica is whether load may be balanced to this replica of the kind wanted.
func replica(v *View, query url.Values, want Sync) error {
	switch {
	case v.Role != Replica || v.StandbyLeader:
		return fmt.Errorf("not a replica")
	case v.State != Running:
		return fmt.Errorf("postgres is %s", v.State)
	case v.NoLoadBalance:
		return fmt.Errorf("tagged noloadbalance")
	case want != anyReplica && v.Sync != want:
		return fmt.Errorf("a replica of another kind")
	}
	if wanted, asked := first(query, "replication_state"); asked && wanted != v.ReplicationState {
		return fmt.Errorf("replication state is %q", v.ReplicationState)
	}
	if text, asked := first(query, "lag"); asked {
		if err := near(v, v.Replayed, text); err != nil {
			return err
		}
	}
	return tagged(v, query)
}

// near is whether a position is within a lag that is written as people write sizes.
func near(v *View, at Position, text string) error {
	limit, err := ParseSize(text)
	if err != nil {
		return err
	}
	return within(v, at, limit)
}

func within(v *View, at, limit Position) error {
	behind, known := v.lag(at)
	switch {
	case !known:
		return fmt.Errorf("the lag is not known")
	case behind > limit:
		return fmt.Errorf("%d bytes behind the leader, the limit is %d", behind, limit)
	}
	return nil
}

// tagged is whether every tag_K=V of a query is a tag of this member.
func tagged(v *View, query url.Values) error {
	for key, values := range query {
		name, isTag := strings.CutPrefix(key, "tag_")
		if !isTag {
			continue
		}
		if have, ok := v.tag(name); !ok || have != values[0] {
			return fmt.Errorf("not tagged %s=%s", name, values[0])
		}
	}
	return nil
}

// ready is whether a pod may be counted on: as the primary, or as a replica that streams and is near enough.
func ready(v *View, query url.Values) error {
	if v.Role == Primary {
		return primary(v)
	}
	if err := running(v); err != nil {
		return err
	}
	if v.StandbyLeader {
		return nil // whether the server outside is there is not the pod's to say
	}
	if v.Role != Replica || v.ReplicationState != "streaming" {
		return fmt.Errorf("postgres does not stream from a leader")
	}
	at := v.Replayed
	switch mode, asked := first(query, "mode"); {
	case mode == "write":
		at = v.Received
	case asked && mode != "apply":
		return fmt.Errorf("mode %q is neither apply nor write", mode)
	}
	if text, asked := first(query, "lag"); asked {
		return near(v, at, text)
	}
	return within(v, at, v.MaximumLag)
}

func first(query url.Values, key string) (string, bool) {
	values, ok := query[key]
	if !ok || len(values) == 0 {
		return "", false
	}
	return values[0], true
}

func statusOf(err error) int {
	if err != nil {
		return http.StatusServiceUnavailable
	}
	return http.StatusOK
}
