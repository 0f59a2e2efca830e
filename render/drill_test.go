package render_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/policies"
	"github.com/onggi-db/onggi/render/drill"
	"github.com/onggi-db/onggi/render/manifest"
)

// Every drill of the samples creates a Cluster that the real definitions accept, beside the one that it restores, that no policy
// of a cluster would deny, and that archives nothing.
func TestDrillsOfTheSamples(t *testing.T) {
	seen := 0
	for _, s := range samples(t) {
		schemas := validator(t, s.bundle.Plan.Operator)
		for _, o := range s.bundle.Objects {
			data, _ := manifest.Get(o.Body(), "data", "drill.yaml")
			text, isFile := data.(string)
			if !isFile {
				continue
			}
			if s.bundle.Plan.Backend == "native" { // it restores into a volume of its own pod and creates nothing
				_, err := drill.DecodeLocal([]byte(text))
				require.NoError(t, err, s.name)
				continue
			}
			seen++
			scratch := scratchOf(t, s, text)
			require.Empty(t, schemas.Validate(scratch), "%s\n%s", s.name, manifest.Encode(scratch))
			require.NoError(t, drill.Archives(scratch.Body()), s.name)
			beside := append([]manifest.Object{scratch}, s.bundle.Objects...)
			for _, f := range policies.Check(policies.Input{Objects: beside, External: existing(s)}) {
				if f.Ref == scratch.Ref() {
					require.NotEqual(t, policies.Error, f.Level, "%s: %s %s: %s", s.name, f.Policy, manifest.FormatPath(f.Path), f.Message)
				}
			}
		}
	}
	require.Greater(t, seen, 5, "no sample has a drill")
}

// scratchOf is what the program creates for a drill, against the Cluster as it is rendered.
func scratchOf(t *testing.T, s sample, file string) manifest.Object {
	t.Helper()
	c, err := drill.Decode([]byte(file))
	require.NoError(t, err, s.name)
	require.NoError(t, c.In(s.cluster.Namespace), s.name)
	require.NoError(t, c.Validate(), s.name)
	var source manifest.Map
	for _, o := range s.bundle.Objects {
		if r := o.Ref(); r.Kind == "Cluster" && r.Name == c.Cluster {
			source = o.Body()
		}
	}
	require.NotNil(t, source, s.name)
	moment := time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)
	target := drill.Target{Time: &moment}
	if c.Snapshot {
		target = drill.Target{Backup: c.Cluster + "-daily-1"}
	}
	scratch, err := drill.Build(c, drill.Run{Job: "j", JobUID: "u", Pod: "p"}, target, source)
	require.NoError(t, err, s.name)
	return manifest.New(scratch)
}

// existing are the Secrets that the sample reads.
func existing(s sample) []policies.SecretRef {
	var out []policies.SecretRef
	for _, n := range s.bundle.Plan.Needs {
		out = append(out, policies.SecretRef{Name: n.Name, Namespace: s.cluster.Namespace})
	}
	return out
}
