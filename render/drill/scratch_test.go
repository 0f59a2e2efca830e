package drill

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/render/manifest"
)

func TestReadWindow(t *testing.T) {
	store := tree(t, `{status: {serverRecoveryWindow: {shop: {firstRecoverabilityPoint: "2026-10-01T00:00:00Z", lastSuccessfulBackupTime: "2026-11-01T02:00:00+02:00"}, bare: {}, odd: {firstRecoverabilityPoint: soon, lastSuccessfulBackupTime: later}}}}`)
	span, err := ReadWindow(Window{Kind: "ObjectStore", Name: "store", ServerName: "shop"}, store)
	require.NoError(t, err)
	require.True(t, span.From.Equal(at("2026-10-01T00:00:00Z")))
	require.True(t, span.To.Equal(at("2026-11-01T00:00:00Z")))
	_, err = ReadWindow(Window{Kind: "ObjectStore", Name: "store", ServerName: "bare"}, store)
	require.EqualError(t, err, "ObjectStore store has no recovery window in its status yet: no base backup was completed")
	_, err = ReadWindow(Window{Kind: "ObjectStore", Name: "store", ServerName: "odd"}, store)
	require.EqualError(t, err, `ObjectStore store begins its recovery window at "soon", which is no time`)
	cluster := tree(t, `{status: {firstRecoverabilityPoint: "2026-10-01T00:00:00Z", lastSuccessfulBackup: "2026-11-01T00:00:00Z"}}`)
	span, err = ReadWindow(Window{Kind: "Cluster", Name: "shop"}, cluster)
	require.NoError(t, err)
	require.Equal(t, Span{at("2026-10-01T00:00:00Z"), at("2026-11-01T00:00:00Z")}, span)
}

func TestReadBackups(t *testing.T) {
	objects := []manifest.Map{
		tree(t, `{metadata: {name: good}, spec: {cluster: {name: shop}}, status: {phase: completed, method: volumeSnapshot, stoppedAt: "2026-11-01T00:00:00Z"}}`),
		tree(t, `{metadata: {name: by-spec}, spec: {cluster: {name: shop}, method: volumeSnapshot}, status: {phase: completed, stoppedAt: "2026-11-02T00:00:00Z"}}`),
		tree(t, `{metadata: {name: running}, spec: {cluster: {name: shop}, method: volumeSnapshot}, status: {phase: running, stoppedAt: "2026-11-03T00:00:00Z"}}`),
		tree(t, `{metadata: {name: unstopped}, spec: {cluster: {name: shop}, method: volumeSnapshot}, status: {phase: completed}}`),
		tree(t, `{metadata: {name: of-another}, spec: {cluster: {name: shop2}, method: volumeSnapshot}, status: {phase: completed, stoppedAt: "2026-11-03T00:00:00Z"}}`),
		tree(t, `{metadata: {name: in-a-store}, spec: {cluster: {name: shop}, method: plugin}, status: {phase: completed, stoppedAt: "2026-11-03T00:00:00Z"}}`),
	}
	require.Equal(t, []Backup{{"good", at("2026-11-01T00:00:00Z")}, {"by-spec", at("2026-11-02T00:00:00Z")}}, ReadBackups("shop", objects))
}

// TestChoose: a random moment is in the window, at or behind the snapshot that it is restored from, and every part of the window
// comes up.
func TestChoose(t *testing.T) {
	window := Span{at("2026-10-01T00:00:00Z"), at("2026-11-01T00:00:00Z")}
	snapshots := []Backup{{"b", at("2026-10-20T00:00:00Z")}, {"a", at("2026-10-10T00:00:00Z")}, {"c", at("2026-10-31T00:00:00Z")}}
	for _, snapshot := range []bool{false, true} {
		c := sample()
		c.Snapshot = snapshot
		weeks := map[int]int{}
		for seed := range uint64(2000) {
			draw := rand.New(rand.NewPCG(seed, 1)).Float64()
			target, err := Choose(c, Source{Window: &window, Backups: snapshots}, draw)
			require.NoError(t, err)
			require.True(t, target.Time.After(window.From) && !target.Time.After(window.To), "%s", target.Time)
			require.Zero(t, target.Time.Nanosecond(), "an operator's text has whole seconds")
			weeks[int(target.Time.Sub(window.From)/(7*24*time.Hour))]++
			want := ""
			for _, b := range snapshots {
				if snapshot && !b.Stopped.After(*target.Time) && b.Name > want {
					want = b.Name
				}
			}
			require.Equal(t, want, target.Backup)
			require.True(t, !snapshot || want != "", "a moment before every snapshot")
		}
		if !snapshot {
			require.Len(t, weeks, 5)
		}
	}

	for _, draw := range []float64{0, 0.999999999999} {
		target, err := Choose(sampleRandom(), Source{Window: &Span{window.From, window.From.Add(2 * time.Second)}}, draw)
		require.NoError(t, err)
		require.True(t, target.Time.After(window.From) && !target.Time.After(window.From.Add(2*time.Second)))
	}
	target, err := Choose(sampleRandom(), Source{Window: &Span{window.From, window.From}}, 0.5)
	require.NoError(t, err)
	require.Nil(t, target.Time, "a window without width: the newest")
	c := sampleNewest()
	c.Snapshot = true
	target, err = Choose(c, Source{Backups: snapshots}, 0)
	require.NoError(t, err)
	require.Equal(t, Target{Backup: "c"}, target)
}

func sampleRandom() *Config {
	c := sample()
	c.Snapshot = false
	return c
}

func TestBuild(t *testing.T) {
	c, r := sample(), run("1", "2026-11-08T06:00:00Z")
	before := c.Encode()
	moment := at("2026-10-20T01:02:03Z")
	got, err := Build(c, r, Target{Time: &moment, Backup: "snap"}, nil)
	require.NoError(t, err)
	require.Equal(t, before, c.Encode(), "the config stays")
	require.Equal(t, "2026-10-20T01:02:03Z", manifest.Text(got, "spec", "bootstrap", "recovery", "recoveryTarget", "targetTime"))
	require.Equal(t, "snap", manifest.Text(got, "spec", "bootstrap", "recovery", "backup", "name"))
	owners, _ := manifest.Get(got, "metadata", "ownerReferences")
	require.Equal(t, []any{manifest.Map{"apiVersion": "batch/v1", "kind": "Job", "name": "shop-drill-1", "uid": "1", "controller": false, "blockOwnerDeletion": false}}, owners)
	s := ReadScratch(c, got)
	require.True(t, s.Ours)
	require.Equal(t, r.ID(), s.Run)
	require.Equal(t, "shop-drill-1", s.Owner)
	require.Equal(t, "1", s.OwnerUID)
	require.NoError(t, manifest.Set(c.Scratch, []any{manifest.Map{"name": "p", "isWALArchiver": true}}, "spec", "plugins"))
	_, err = Build(c, r, Target{}, nil)
	require.EqualError(t, err, "scratch has spec.plugins[0].isWALArchiver: it would write to an archive")
}

func TestHealth(t *testing.T) {
	const healthy = `status: {phase: Cluster in healthy state, readyInstances: 1, conditions: [{type: ContinuousArchiving, status: "False"}, {type: Ready, status: "True"}]}`
	tests := []struct {
		name, cluster       string
		good, failing, dead bool
		line                string
	}{
		{"new", `spec: {instances: 1}`, false, false, false, "the operator has not reacted yet (0 of 1 ready)"},
		{"healthy", "spec: {instances: 1}\n" + healthy, true, false, false, "Cluster in healthy state (1 of 1 ready)"},
		{"one of two", "spec: {instances: 2}\n" + healthy, false, false, false, "Cluster in healthy state (1 of 2 ready)"},
		{"the condition lags", `{spec: {instances: 1}, status: {phase: Cluster in healthy state, readyInstances: 1, conditions: [{type: Ready, status: "False"}]}}`, false, false, false, "Cluster in healthy state (1 of 1 ready)"},
		{"no condition", `{spec: {instances: 1}, status: {phase: Cluster in healthy state, readyInstances: 1}}`, false, false, false, "Cluster in healthy state (1 of 1 ready)"},
		{"restoring", `{spec: {instances: 1}, status: {phase: Setting up primary, phaseReason: Creating primary instance shop-drill-1}}`, false, false, false, "Setting up primary: Creating primary instance shop-drill-1 (0 of 1 ready)"},
		{"no plugin", `{spec: {instances: 1}, status: {phase: Cluster cannot proceed to reconciliation due to an unknown plugin being required}}`, false, true, false, "Cluster cannot proceed to reconciliation due to an unknown plugin being required (0 of 1 ready)"},
		{"lost", `{spec: {instances: 1}, status: {phase: Cluster is unrecoverable and needs manual intervention}}`, false, false, true, "Cluster is unrecoverable and needs manual intervention (0 of 1 ready)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := ReadHealth(tree(t, tt.cluster))
			require.Equal(t, []bool{tt.good, tt.failing, tt.dead}, []bool{h.Good, h.Failing, h.Irreparable})
			require.Equal(t, tt.line, h.String())
		})
	}
}

func TestReadJob(t *testing.T) {
	tests := []struct {
		name, job string
		want      JobState
	}{
		{"none", "", JobGone},
		{"another of the name", `metadata: {uid: other}`, JobGone},
		{"new", `metadata: {uid: u}`, JobAlive},
		{"running", `{metadata: {uid: u}, status: {active: 1}}`, JobAlive},
		{"complete", `{metadata: {uid: u}, status: {conditions: [{type: Complete, status: "True"}]}}`, JobDone},
		{"failed", `{metadata: {uid: u}, status: {conditions: [{type: FailureTarget, status: "True"}, {type: Failed, status: "True"}]}}`, JobDone},
		{"failing", `{metadata: {uid: u}, status: {conditions: [{type: FailureTarget, status: "True"}]}}`, JobAlive},
		{"failed, and its pod still cleans up", `{metadata: {uid: u}, status: {terminating: 1, conditions: [{type: Failed, status: "True"}]}}`, JobAlive},
		{"failed no more", `{metadata: {uid: u}, status: {conditions: [{type: Failed, status: "False"}]}}`, JobAlive},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var job manifest.Map
			if tt.job != "" {
				job = tree(t, tt.job)
			}
			require.Equal(t, tt.want, ReadJob(job, "u"))
		})
	}
}
