package drill

import "github.com/onggi-db/onggi/render/manifest"

// Rules are the rules of the Role that a drill needs: what the program does, and nothing else. Names stand wherever the API has a name to
// check. It has none when something is created or listed, so an admission policy has to hold what is created to its form.
func Rules(c *Config) []any {
	scratch := ScratchName(c.Cluster)
	rules := []any{
		rule("postgresql.cnpg.io", "clusters", nil, "create"),
		rule("postgresql.cnpg.io", "clusters", []any{scratch}, "delete", "get", "watch"),
		rule("postgresql.cnpg.io", "clusters", []any{c.Cluster}, "get"), // its uid, for what it owns and the Event, and its window
		rule("", "persistentvolumeclaims", nil, "list"),                 // until the scratch cluster's are gone
		rule("batch", "jobs", nil, "get"),                               // whether an earlier drill's still runs; each has a name of its own
		rule("", "secrets", []any{c.Login.Secret}, "get"),
		rule("", "configmaps", nil, "create"),
		rule("", "configmaps", []any{c.Record.ConfigMap}, "get", "update"),
		rule("events.k8s.io", "events", nil, "create"),
	}
	if w := c.Window; w != nil && c.Point == Random && w.Kind == "ObjectStore" {
		rules = append(rules, rule("barmancloud.cnpg.io", "objectstores", []any{w.Name}, "get"))
	}
	if c.Snapshot {
		rules = append(rules, rule("postgresql.cnpg.io", "backups", nil, "list"))
	}
	return rules
}

func rule(group, resource any, names []any, verbs ...any) *manifest.Fields {
	if names == nil {
		return manifest.Of("apiGroups", []any{group}, "resources", []any{resource}, "verbs", verbs)
	}
	return manifest.Of("apiGroups", []any{group}, "resources", []any{resource}, "resourceNames", names, "verbs", verbs)
}

// PodFailurePolicy is that of the Job, whose pods have restartPolicy Never: a pod that was evicted or killed is replaced, so that
// the new one removes what it made, and a drill that came to an end is not run again; one that could not tell how it ended (exit 6)
// is. Without it, a failed drill would be run as often as the backoffLimit says. Job and pod need podReplacementPolicy Failed, which
// comes with it: there is no new pod before the old one has ended.
func PodFailurePolicy(container string) *manifest.Fields {
	return manifest.Of("rules", []any{
		manifest.Of("action", "Count", "onPodConditions", []any{manifest.Of("type", "DisruptionTarget", "status", "True")}),
		manifest.Of("action", "FailJob", "onExitCodes", manifest.Of(
			// failed, wrong usage, invalid file, out of time or told to stop
			"containerName", container, "operator", "In", "values", []any{int64(1), int64(2), int64(3), int64(7)},
		)),
	})
}
