package act

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/onggi-db/onggi/cmd/internal/day2/status"
)

// What CloudNativePG's own plugin for kubectl writes.
const (
	phaseSwitchover = "Switchover in progress"
	phaseRestart    = "Primary instance is being restarted in-place"
	restartedAt     = "kubectl.kubernetes.io/restartedAt"
	microseconds    = "2006-01-02T15:04:05.000000Z07:00"
	compact         = "20060102150405"
)

// cluster is what of a Cluster decides what is written.
type cluster struct {
	Metadata struct {
		ResourceVersion string
		Annotations     map[string]string
	}
	Spec struct {
		Plugins []struct {
			Name          string
			Enabled       *bool
			IsWALArchiver bool
		}
		Backup *struct{ BarmanObjectStore, VolumeSnapshot json.RawMessage }
	}
	Status struct {
		TargetPrimary string
		Conditions    []map[string]any
	}
}

func cloudNative(s status.Status, object json.RawMessage, r Request) (Plan, error) {
	var c cluster
	if err := json.Unmarshal(object, &c); err != nil {
		return Plan{}, fmt.Errorf("read Cluster %s: %w", s.Name, err)
	}
	switch r.Verb {
	case Switchover:
		return c.switchover(s, r)
	case Failover:
		return Plan{}, lacking(s.Backend, r.Verb, "it fails over by itself; onggi switchover "+s.Name+" --to "+r.Member+" has it promote a member that is ready")
	case Restart:
		return c.restart(s, r)
	case Reinit:
		return Plan{}, lacking(s.Backend, r.Verb, "delete the PersistentVolumeClaims and the pod of "+r.Member+", as kubectl cnpg destroy does, and it makes another instance")
	case Pause:
		return annotated("Stop the operator's work on "+s.Name+", failover included", status.AnnotationReconcile, "disabled", s.Name+" is paused"), nil
	case Resume:
		return annotated("", status.AnnotationReconcile, nil, s.Name+" is resumed"), nil
	case Fence, Unfence:
		return c.fence(s, r)
	case Restore:
		return Plan{}, lacking(s.Backend, r.Verb, besides)
	}
	return c.backup(s, r)
}

// annotated is a patch of one annotation; nil takes it away.
func annotated(question, name string, value any, told string) Plan {
	body := encode(map[string]any{"metadata": map[string]any{"annotations": map[string]any{name: value}}})
	return Plan{Question: question, Actions: []Action{{Patch: &Patch{Body: body}, Told: told}}}
}

// switchover writes the status, which is how the operator is told. The version keeps it from undoing what the operator decides meanwhile.
func (c cluster) switchover(s status.Status, r Request) (Plan, error) {
	if r.At != "" || r.Cancel {
		return Plan{}, Refusal{Lacking, s.Backend + " has no switchovers that are scheduled", "leave --scheduled and --cancel out"}
	}
	to, err := toSwitch(s, r)
	if err != nil {
		return Plan{}, err
	}
	if c.Status.TargetPrimary != "" && c.Status.TargetPrimary != s.Primary {
		return Plan{}, unfit("onggi status "+s.Name+" --watch", "a switchover of %s to %s is under way", s.Name, c.Status.TargetPrimary)
	}
	body := c.statusPatch(r.Now, map[string]any{
		"targetPrimary": to, "targetPrimaryTimestamp": r.Now.UTC().Format(microseconds),
		"phase": phaseSwitchover, "phaseReason": "Switching over to " + to,
	})
	return Plan{
		Question: fmt.Sprintf("Switch %s over from %s to %s", s.Name, s.Primary, to),
		Actions:  []Action{{Patch: &Patch{"status", body}, Told: fmt.Sprintf("%s is asked to promote %s", s.Backend, to)}},
	}, nil
}

// statusPatch is a patch of the status that also says that the Cluster is not ready, if the Cluster still is the one that was read.
func (c cluster) statusPatch(now time.Time, fields map[string]any) json.RawMessage {
	ready := map[string]any{
		"type": "Ready", "status": "False", "reason": "ClusterIsNotReady", "message": "Cluster Is Not Ready",
		"lastTransitionTime": now.UTC().Format(time.RFC3339),
	}
	conditions := slices.Clone(c.Status.Conditions)
	i := slices.IndexFunc(conditions, func(one map[string]any) bool { return one["type"] == "Ready" })
	switch {
	case i < 0:
		conditions = append(conditions, ready)
	case conditions[i]["status"] != "False":
		conditions[i] = ready
	}
	fields["conditions"] = conditions
	return encode(map[string]any{"metadata": map[string]any{"resourceVersion": c.Metadata.ResourceVersion}, "status": fields})
}

func (c cluster) restart(s status.Status, r Request) (Plan, error) {
	if r.Member == "" && !r.Pending {
		return annotated("Restart all of "+s.Name+", one after the other", restartedAt, r.Now.UTC().Format(time.RFC3339), s.Name+" restarts"), nil
	}
	members := toRestart(s, r)
	if len(members) == 0 {
		return Plan{Nothing: "no member waits for a restart"}, nil
	}
	p := Plan{Question: "Restart " + names(members)}
	for _, m := range members {
		if m.Role == status.Primary {
			body := c.statusPatch(r.Now, map[string]any{"phase": phaseRestart, "phaseReason": "Requested by the user"})
			p.Actions = append(p.Actions, Action{Patch: &Patch{"status", body}, Told: m.Name + " restarts in its place"})
			continue
		}
		p.Actions = append(p.Actions, Action{Delete: &Delete{m.Name}, Told: "the pod of " + m.Name + " is made again"})
	}
	return p, nil
}

// fence changes the list of the fenced, which is JSON in an annotation.
func (c cluster) fence(s status.Status, r Request) (Plan, error) {
	var fenced []string
	if text := c.Metadata.Annotations[status.AnnotationFenced]; text != "" {
		if err := json.Unmarshal([]byte(text), &fenced); err != nil {
			return Plan{}, unfit("mend it first", "the annotation %s of %s is not a list in JSON", status.AnnotationFenced, s.Name)
		}
	}
	everyone := slices.Contains(fenced, "*")
	is := slices.Contains(fenced, r.Member) || everyone
	switch {
	case is == (r.Verb == Fence):
		return Plan{Nothing: r.Member + map[bool]string{true: " is fenced already", false: " is not fenced"}[is]}, nil
	case everyone:
		fenced = slices.DeleteFunc(s.Names(), func(name string) bool { return name == r.Member })
	case r.Verb == Fence:
		fenced = append(fenced, r.Member)
	default:
		fenced = slices.DeleteFunc(fenced, func(name string) bool { return name == r.Member })
	}
	var value any
	if len(fenced) > 0 {
		slices.Sort(fenced)
		value = string(encode(fenced))
	}
	if r.Verb == Unfence {
		return annotated("", status.AnnotationFenced, value, r.Member+" is not fenced any more"), nil
	}
	return annotated("Stop postgres of "+r.Member+" and keep it stopped", status.AnnotationFenced, value, r.Member+" is fenced"), nil
}

// backup makes a Backup object, by the method that the Cluster is set up for.
func (c cluster) backup(s status.Status, r Request) (Plan, error) {
	if r.Type != "" && r.Type != "full" {
		return Plan{}, Refusal{Lacking, s.Backend + " makes full backups only", "leave --type out"}
	}
	if r.Wait {
		return Plan{}, Refusal{Lacking, s.Backend + " makes backups by itself, and nobody is told when", "leave --wait out, and see onggi backup list " + s.Name}
	}
	spec := map[string]any{"cluster": map[string]any{"name": s.Name}}
	archiver := slices.IndexFunc(c.Spec.Plugins, func(p struct {
		Name          string
		Enabled       *bool
		IsWALArchiver bool
	},
	) bool {
		return (p.Enabled == nil || *p.Enabled) && (p.IsWALArchiver || strings.HasPrefix(p.Name, "barman-cloud."))
	})
	switch {
	case archiver >= 0:
		spec["method"], spec["pluginConfiguration"] = "plugin", map[string]any{"name": c.Spec.Plugins[archiver].Name}
	case c.Spec.Backup != nil && len(c.Spec.Backup.BarmanObjectStore) > 0:
		spec["method"] = "barmanObjectStore"
	case c.Spec.Backup != nil && len(c.Spec.Backup.VolumeSnapshot) > 0:
		spec["method"] = "volumeSnapshot"
	default:
		return Plan{}, unfit("give its spec a backup section", "%s has no backups", s.Name)
	}
	name := s.Name + "-" + r.Now.UTC().Format(compact)
	body := encode(map[string]any{
		"apiVersion": "postgresql.cnpg.io/v1", "kind": "Backup",
		"metadata": map[string]any{"name": name, "namespace": s.Namespace, "labels": map[string]any{"cnpg.io/cluster": s.Name}},
		"spec":     spec,
	})
	return Plan{Actions: []Action{{
		Create: &Create{"postgresql.cnpg.io", "v1", "backups", body}, Told: "Backup " + name + " is made; onggi backup list " + s.Name + " tells how it does",
	}}}, nil
}
