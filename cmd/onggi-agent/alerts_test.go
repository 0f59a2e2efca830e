package main

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec"
	"github.com/onggi-db/onggi/sidecars/postgres/pgtest"
)

// trouble is something that goes wrong with a cluster, and what has to tell of it. Alerts are written name/severity.
type trouble struct {
	what  string
	fires []string // it is about these
	also  []string // what else the same trouble is bound to raise
	may   []string // what it raises only if it lasts, or as the moment has it
	cause func()
	cure  func()
}

// scene is a cluster with its troubles, in a namespace of its own. All scenes are of one test and one Prometheus.
type scene struct {
	*lab
	name    string
	prom    *prometheus
	table   *table
	kubelet string // where it listens, once there is one
	without *pod   // one that Prometheus does not find, nil for none
}

// watchedSpec is rendered for each scene: everything of the native back end that alerts are about. The backups' ages are such that squeezed
// ones can be waited for.
var watchedSpec = `
apiVersion: onggi.dev/v1alpha1
kind: DatabaseCluster
metadata: {name: shop, namespace: NAMESPACE}
spec:
  version: "` + pgtest.Major() + `"
  backend: native
  instances: 3
  storage: {size: 1Gi}
  pooler: POOLER
  backup: {destination: pvc://backups/shop, schedules: [{name: daily, cron: "0 1 * * *"}], retentionFull: 2, dumps: DUMPS}
  monitoring: {alerts: true, backupMaxAge: AGE}
  secrets: {provider: existing}
`

// The parts of the spec by which scenes differ: only one has a pooler, one has dumps, and only where backups are the subject do they get old in this time.
const (
	noPooler  = "null"
	onePooler = `{mode: transaction, instances: 1, parameters: {default_pool_size: "2"}}`
	never     = "1000h"
	aMinute   = "4h" // squeezed
	noDumps   = "[]"
	someDumps = `[{name: nightly, schedule: "0 * * * *", keep: 2, maxAge: 4h}]`
)

// watched is what the renderer makes of the spec.
func watched(t *testing.T, namespace, pooler, age, dumps string) render.Bundle {
	t.Helper()
	return compiled(t, strings.NewReplacer("NAMESPACE", namespace, "POOLER", pooler, "AGE", age, "DUMPS", dumps).Replace(watchedSpec))
}

func compiled(t *testing.T, text string) render.Bundle {
	t.Helper()
	set, problems := spec.Load([]spec.Source{{Name: "shop.yaml", Data: []byte(text)}})
	require.Empty(t, problems)
	cluster, problems := set.Clusters[0].Resolve("")
	require.Empty(t, problems)
	bundle, problems := render.Compile(cluster)
	require.Empty(t, problems)
	return bundle
}

// allTroubles are those of every scene. Nothing of a cluster is needed to tell what they are about.
func allTroubles() []trouble {
	return slices.Concat((&three{}).troubles(), (&alone{}).troubles(), (&alone{}).followed(), (&alone{}).last(), (&vault{}).troubles(), (&dumped{}).troubles())
}

// An alert that no trouble raises is one of which nobody knows whether it fires.
func TestEveryRenderedAlertHasItsTrouble(t *testing.T) {
	named, rendered := map[string]bool{}, map[string]bool{}
	for _, one := range allTroubles() {
		for _, alert := range one.fires {
			named[alert] = true
		}
	}
	for _, rule := range rulesOf(watched(t, "db", onePooler, "26h", someDumps).Objects) {
		rendered[fmt.Sprintf("%s/%s", rule["alert"], rule["labels"].(manifest.Map)["severity"])] = true
	}
	require.Greater(t, len(rendered), 40)
	require.Equal(t, slices.Sorted(maps.Keys(rendered)), slices.Sorted(maps.Keys(named)))
}

// TestAlerts causes the trouble of every alert that the native back end renders: real agents, servers, exporters, PgBouncer and pgBackRest, and a
// real Prometheus with the rendered rules, of which only time is squeezed. Each alert fires over its trouble, nothing else does, and it resolves
// once the trouble is over.
func TestAlerts(t *testing.T) {
	bin := os.Getenv("ONGGI_E2E_ALERTS")
	if bin == "" {
		t.Skip("takes minutes: ONGGI_E2E_ALERTS names no PgBouncer: make e2e-alerts")
	}
	for _, tool := range []string{"prometheus", "prometheus-postgres-exporter", "pgbackrest"} {
		_, err := exec.LookPath(tool)
		need(t, err == nil, tool)
	}
	var groups []any
	for _, one := range []struct {
		bundle render.Bundle
		least  time.Duration
	}{
		{watched(t, "three", noPooler, never, noDumps), leastAge}, {watched(t, "vault", noPooler, aMinute, noDumps), leastAge},
		{watched(t, "alone", onePooler, never, noDumps), aloneAge}, {watched(t, "away", noPooler, never, noDumps), aloneAge},
		{watched(t, "dumps", noPooler, never, someDumps), leastAge},
	} {
		for _, g := range groupsOf(one.bundle.Objects) {
			var rules []any
			for _, r := range g.(manifest.Map)["rules"].([]any) {
				rules = append(rules, squeeze(r.(manifest.Map), one.least))
			}
			groups = append(groups, manifest.Map{"name": g.(manifest.Map)["name"], "rules": rules})
		}
	}
	prom, told := startPrometheus(t, freePort(t), groups), &table{}
	t.Run("clusters", func(t *testing.T) {
		for name, play := range map[string]func(*testing.T, *prometheus, *table){
			"three": playThree, "alone": func(t *testing.T, p *prometheus, told *table) { playAlone(t, p, told, bin) }, "vault": playVault, "dumps": playDumps,
		} {
			if only := os.Getenv("ONGGI_SCENE"); only != "" && only != name {
				continue
			}
			t.Run(name, func(t *testing.T) { t.Parallel(); play(t, prom, told) })
		}
	})
	t.Log("\n" + told.String())
}

// play goes through the troubles of a scene, one after the other. ONGGI_TROUBLE chooses among them.
func (s *scene) play(troubles []trouble) {
	only := regexp.MustCompile(os.Getenv("ONGGI_TROUBLE"))
	for _, one := range troubles {
		if only.MatchString(one.what + strings.Join(one.fires, " ")) {
			s.t.Run(one.what, func(t *testing.T) { s.suffer(t, one) })
		}
	}
}

const (
	firesWithin    = 150 * time.Second
	resolvesWithin = 120 * time.Second
)

// suffer is one trouble from its beginning to its end.
func (s *scene) suffer(t *testing.T, one trouble) {
	must := slices.Concat(one.fires, one.also)
	first := map[string]time.Duration{}
	if !s.within(resolvesWithin, func() bool { return len(s.prom.alerts(s.name, firing, pending)) == 0 }) {
		t.Errorf("before it there is %v", slices.Sorted(maps.Keys(s.prom.alerts(s.name, firing, pending))))
	}
	begun := time.Now()
	one.cause()
	all := s.within(firesWithin, func() bool {
		for alert := range s.prom.fired(s.name, begun) {
			if _, known := first[alert]; !known {
				first[alert] = time.Since(begun)
			}
		}
		return !slices.ContainsFunc(must, func(alert string) bool { _, ok := first[alert]; return !ok })
	})
	if !all {
		t.Errorf("of %v only %v fired", must, slices.Sorted(maps.Keys(first)))
	}
	cured := time.Now()
	one.cure()
	if !s.within(resolvesWithin, func() bool { return len(s.prom.alerts(s.name, firing)) == 0 }) {
		t.Errorf("not resolved: %v", slices.Sorted(maps.Keys(s.prom.alerts(s.name, firing))))
	}
	resolved := time.Since(cured)
	others := slices.Sorted(maps.Keys(s.prom.fired(s.name, begun)))
	others = slices.DeleteFunc(others, func(alert string) bool { return slices.Contains(one.fires, alert) })
	for _, alert := range others {
		if !slices.Contains(one.also, alert) && !slices.Contains(one.may, alert) {
			t.Errorf("%s fired too", alert)
		}
	}
	for _, alert := range one.fires {
		s.table.add(alert, s.name+": "+one.what, first[alert], resolved, others)
	}
}

func (s *scene) within(limit time.Duration, ok func() bool) bool {
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(250 * time.Millisecond) {
		if ok() {
			return true
		}
	}
	return ok()
}

// watch starts what tells of the cluster's members, and has it scraped. It returns once all of them answer and no alert is on its way.
func (s *scene) watch(more ...target) {
	s.t.Helper()
	if s.kubelet == "" {
		for _, p := range s.pods {
			p.startExporter()
		}
		s.kubelet = s.startKubelet(s.name)
	}
	all := slices.DeleteFunc(s.targets(s.name, s.kubelet), func(one target) bool { return s.without != nil && one.Labels["pod"] == s.without.name })
	s.prom.scrape(s.name, append(all, more...))
	s.eventually(120*time.Second, "every exporter is let in", func() bool {
		found := len(s.prom.ask(fmt.Sprintf("pg_up{namespace=%q} == 1", s.name)))
		return found == len(s.pods) || s.without != nil && found == len(s.pods)-1
	})
}

// table is what was seen.
type table struct {
	mu   sync.Mutex
	rows [][]string
}

func (t *table) add(alert, what string, fired, resolved time.Duration, others []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows = append(t.rows, []string{alert, what, fired.Round(time.Second).String(), resolved.Round(time.Second).String(), strings.Join(others, ", ")})
}

func (t *table) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	slices.SortFunc(t.rows, func(a, b []string) int { return strings.Compare(a[0]+a[1], b[0]+b[1]) })
	var b strings.Builder
	b.WriteString("| alert | trouble | fired after | resolved after | others that fired |\n| --- | --- | --- | --- | --- |\n")
	for _, row := range t.rows {
		b.WriteString("| " + strings.Join(row, " | ") + " |\n")
	}
	return b.String()
}
