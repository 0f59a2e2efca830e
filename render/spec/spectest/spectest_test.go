package spectest_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/onggi-db/onggi/render/spec"
	"github.com/onggi-db/onggi/render/spec/spectest"
)

func random(seed uint64) spectest.Case { return spectest.Random(rand.New(rand.NewPCG(seed, 0))) }

// A seed that failed must make the same case again, anywhere.
func TestASeedIsACase(t *testing.T) {
	for seed := range uint64(20) {
		require.Equal(t, random(seed).YAML(), random(seed).YAML())
		require.Equal(t, random(seed).JSON(), random(seed).JSON())
	}
}

// Another reader of YAML finds the same in both forms.
func TestTheFormsMeanTheSame(t *testing.T) {
	for seed := range uint64(100) {
		c := random(seed)
		inJSON := c.JSON()
		for i, src := range c.YAML() {
			var fromYAML, fromJSON any
			require.NoError(t, yaml.Unmarshal(src.Data, &fromYAML), "seed %d\n%s", seed, src.Data)
			require.NoError(t, yaml.Unmarshal(inJSON[i].Data, &fromJSON))
			require.Equal(t, fromJSON, fromYAML, "seed %d\n%s", seed, src.Data)
		}
	}
}

// What is refused here would be a field that the generator gets wrong, or the parser. Only an environment may take away what
// the spec cannot be without.
func TestCasesResolve(t *testing.T) {
	variants, refused := 0, 0
	for seed := range uint64(200) {
		set, problems := spec.Load(random(seed).YAML())
		require.Empty(t, problems, "seed %d", seed)
		require.Len(t, set.Clusters, 1)
		_, problems = set.Clusters[0].Resolve("")
		require.Empty(t, problems, "seed %d", seed)
		for _, env := range set.Clusters[0].Environments() {
			variants++
			if _, problems := set.Clusters[0].Resolve(env); len(problems) > 0 {
				refused++
			}
		}
	}
	require.Less(t, refused, variants/10)
}
