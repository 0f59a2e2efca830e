package act

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/onggi-db/onggi/cmd/internal/day2/status"
)

// crunchyPrefix is that of PGO's annotations.
const crunchyPrefix = "postgres-operator.crunchydata.com/"

// crunchy are the verbs that PGO takes as fields of its PostgresCluster.
func crunchy(s status.Status, object json.RawMessage, r Request) (Plan, error) {
	stamp := r.Now.UTC().Format(time.RFC3339)
	change := func(question string, annotations, spec map[string]any, told string) (Plan, error) {
		body := map[string]any{"spec": spec}
		if annotations != nil {
			body["metadata"] = map[string]any{"annotations": annotations}
		}
		return Plan{Question: question, Actions: []Action{{Patch: &Patch{Body: encode(body)}, Told: told}}}, nil
	}
	switch r.Verb {
	case Switchover:
		if r.At != "" || r.Cancel {
			return Plan{}, Refusal{Lacking, s.Backend + " has no switchovers that are scheduled", "leave --scheduled and --cancel out"}
		}
		wish := map[string]any{"enabled": true, "type": "Switchover", "targetInstance": nil} // null takes an old target away
		question := fmt.Sprintf("Switch %s over from %s to ", s.Name, s.Primary)
		if r.Member == "" {
			question += "whoever is best"
		} else {
			to, err := toSwitch(s, r)
			if err != nil {
				return Plan{}, err
			}
			wish["targetInstance"] = instanceOf(to)
			question += to
		}
		return change(question, map[string]any{crunchyPrefix + "trigger-switchover": stamp}, map[string]any{"patroni": map[string]any{"switchover": wish}},
			"PGO is asked to switch "+s.Name+" over")
	case Restart:
		if r.Member != "" || r.Pending {
			return Plan{}, Refusal{Lacking, s.Backend + " restarts all members or none", "leave --member and --pending out"}
		}
		return change("Restart all of "+s.Name+", one after the other", nil,
			map[string]any{"metadata": map[string]any{"annotations": map[string]any{"restarted": stamp}}}, s.Name+" restarts")
	case Pause:
		return change("Stop the operator's work on "+s.Name, nil, map[string]any{"paused": true}, s.Name+" is paused; Patroni fails over as before")
	case Resume:
		return change("", nil, map[string]any{"paused": false}, s.Name+" is resumed")
	case Backup:
		return crunchyBackup(s, object, r, stamp)
	case Restore:
		return Plan{}, lacking(s.Backend, r.Verb, "kubectl pgo restore can")
	}
	return Plan{}, lacking(s.Backend, r.Verb, "patronictl in the pods' container database can")
}

// instanceOf is the name that PGO has for a pod: that of its StatefulSet, whose only pod it is.
func instanceOf(pod string) string { return strings.TrimSuffix(pod, "-0") }

func crunchyBackup(s status.Status, object json.RawMessage, r Request, stamp string) (Plan, error) {
	if r.Wait {
		return Plan{}, Refusal{Lacking, s.Backend + " makes backups by itself, and nobody is told when", "leave --wait out"}
	}
	var c struct {
		Spec struct {
			Backups struct {
				PgBackRest struct {
					Repos []struct{ Name string }
				}
			}
		}
	}
	if err := json.Unmarshal(object, &c); err != nil || len(c.Spec.Backups.PgBackRest.Repos) == 0 {
		return Plan{}, unfit("give its spec a repository", "%s has no backups", s.Name)
	}
	manual := map[string]any{"repoName": c.Spec.Backups.PgBackRest.Repos[0].Name}
	if r.Type != "" {
		manual["options"] = []string{"--type=" + r.Type}
	}
	body := encode(map[string]any{
		"metadata": map[string]any{"annotations": map[string]any{crunchyPrefix + "pgbackrest-backup": stamp}},
		"spec":     map[string]any{"backups": map[string]any{"pgbackrest": map[string]any{"manual": manual}}},
	})
	return Plan{Actions: []Action{{Patch: &Patch{Body: body}, Told: "PGO is asked for a backup of " + s.Name}}}, nil
}

// besides is what to do where a cluster cannot be set back.
const besides = "onggi restore PATH writes the spec of another database, restored beside it"

// others are back ends without any of these in their API.
func others(s status.Status, r Request) error {
	switch {
	case r.Verb == Restore:
		return lacking(s.Backend, r.Verb, "see its manual")
	case s.Backend == status.Zalando:
		member := s.Primary
		if member == "" && len(s.Members) > 0 {
			member = s.Members[0].Name
		}
		return lacking(s.Backend, r.Verb, fmt.Sprintf("kubectl exec -n %s -it %s -c postgres -- patronictl can", s.Namespace, member))
	case s.Backend == status.MySQL:
		return lacking(s.Backend, r.Verb, "mysqlsh can, in the pods' container mysql")
	}
	return lacking(s.Backend, r.Verb, "see its manual")
}
