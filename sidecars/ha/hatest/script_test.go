package hatest_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/sidecars/ha/hatest"
)

var update = flag.Bool("update", false, "write the traces of the scenarios")

func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.Greater(t, len(files), 20)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			s, err := hatest.Parse(string(data))
			require.NoError(t, err)
			trace, problems := s.Play()
			require.Empty(t, problems, "%s", trace)
			if *update {
				require.NoError(t, os.WriteFile(file, []byte(s.Story+"-- trace --\n"+trace), 0o644))
				return
			}
			require.Equal(t, s.Trace, trace, "the trace is another: where that is meant, run the test with -update")
		})
	}
}

func TestAScriptThatIsNotUnderstood(t *testing.T) {
	for _, text := range []string{"when 5s", "given x nodes", "at 5s explode n0", "at soon kill pod n0", "at 5s kill pod n0 quickly"} {
		_, err := hatest.Parse(text)
		require.Error(t, err, text)
	}
}
