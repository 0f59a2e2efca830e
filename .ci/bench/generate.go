package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// perFolder is how many specs a team keeps in its folder.
const perFolder = 20

// environments of every generated spec.
var environments = []string{"dev", "prod"}

const project = `apiVersion: onggi.dev/v1alpha1
kind: Project
metadata: {name: fleet}
defaults:
  backend: cloudnative-pg
  version: "17"
  labels: {team: platform}
  monitoring: {labels: {release: kube-prometheus-stack}}
environments: [dev, prod]
`

// generate writes n specs below dir, a folder for each team, and a project over all. The same n gives the same bytes, and a
// larger fleet begins with the specs of a smaller one.
func generate(dir string, n int) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "onggi.yaml"), []byte(project), 0o644); err != nil {
		return err
	}
	for i := range n {
		team := filepath.Join(dir, fmt.Sprintf("team-%03d", i/perFolder))
		if err := os.MkdirAll(team, 0o755); err != nil {
			return err
		}
		if err := writeSpec(team, i); err != nil {
			return err
		}
	}
	return nil
}

func writeSpec(dir string, i int) error {
	name := fmt.Sprintf("db-%05d", i)
	return os.WriteFile(filepath.Join(dir, name+".yaml"), []byte(generated(name, i)), 0o644)
}

// generated is one spec. What it has is drawn from what databases have: most are small and backed up, some are pooled,
// exposed, tuned or have several databases, few have everything.
func generated(name string, i int) string {
	r := rand.New(rand.NewPCG(uint64(i), 1)) //nolint:gosec // reproducible on purpose
	one := func(of ...string) string { return of[r.IntN(len(of))] }
	often := func(percent int) bool { return r.IntN(100) < percent }
	var s strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&s, format+"\n", args...) }

	line("apiVersion: onggi.dev/v1alpha1\nkind: DatabaseCluster\nmetadata: {name: %s, namespace: %s}\nspec:", name, "team-"+one("a", "b", "c", "d"))
	instances := 1 + r.IntN(3)
	line("  instances: %d", instances)
	line("  storage: {size: %dGi, class: %s%s}", 10*(1+r.IntN(20)), one("longhorn", "gp3", "local-path"), one("", ", wal: {size: 10Gi}"))
	databases(line, one, often)
	buffers := 256 * (1 + r.IntN(8)) // MB; the request is four times as much
	if often(60) {
		line("  parameters: {max_connections: \"%d\", shared_buffers: %dMB, log_min_duration_statement: %dms}", 100*(1+r.IntN(4)), buffers, 100*(1+r.IntN(10)))
	}
	if often(20) {
		line("  preload: [pg_stat_statements]")
	}
	if often(30) {
		line("  pooler: {mode: %s, instances: %d, parameters: {default_pool_size: \"%d\"}}", one("transaction", "session"), 1+r.IntN(3), 10*(1+r.IntN(5)))
	}
	if often(75) {
		backup(line, one, often, name, r.IntN(24))
	}
	line("  monitoring: {alerts: %t, dashboards: %t}", often(80), often(30))
	if often(70) {
		cpu, memory := 100*(1+r.IntN(20)), 4*buffers
		line("  resources: {requests: {cpu: %dm, memory: %dMi}, limits: {memory: %dMi}}", cpu, memory, memory)
	}
	if often(25) {
		line("  expose:\n    - {name: lb, ip: 10.%d.%d.%d, sourceRanges: [10.0.0.0/8]}", r.IntN(200), r.IntN(200), 1+r.IntN(200))
	}
	if often(40) {
		line("  network: {allow: [{namespace: %s}, {cidr: 10.%d.0.0/16}], operatorNamespace: cnpg-system, monitoringNamespace: monitoring}", one("shop", "web", "jobs"), r.IntN(200))
	}
	line("environments:\n  dev: {instances: 1, backup: null, storage: {size: 5Gi}}")
	prod := []string{fmt.Sprintf("storage: {size: %dGi}", 200*(1+r.IntN(5)))}
	if often(60) {
		prod = append(prod, "instances: 3")
		if often(40) {
			prod = append(prod, "replication: {mode: quorum}")
		}
	}
	line("  prod: {%s}", strings.Join(prod, ", "))
	return s.String()
}

func databases(line func(string, ...any), one func(...string) string, often func(int) bool) {
	line("  databases:\n    - {name: app, owner: app%s}", one("", ", extensions: [pg_trgm]", ", extensions: [pg_trgm, btree_gin], schemas: [audit]"))
	if often(20) {
		line("    - {name: reports, owner: reporter}")
		line("  roles: [{name: reporter, login: true, secret: reporter, inRoles: [pg_read_all_data]}]")
		line("  secrets: {existing: [{name: reporter, keys: [username, password]}, {name: backup-keys}]}")
		return
	}
	line("  secrets: {existing: [{name: backup-keys}]}")
}

func backup(line func(string, ...any), one func(...string) string, often func(int) bool, name string, hour int) {
	line("  backup:\n    destination: s3://backups/%s\n    region: %s", name, one("eu-central-1", "ap-northeast-2"))
	line("    credentials: {secret: backup-keys, accessKey: ACCESS_KEY_ID, secretKey: SECRET_ACCESS_KEY}\n    retention: %s", one("7d", "30d", "90d"))
	line("    schedules:\n      - {name: daily, cron: \"0 %d * * *\"}", hour)
	if often(20) {
		line("      - {name: weekly, cron: \"0 4 * * SUN\"}")
	}
}
