package day2_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/cmd/internal/day2"
	"github.com/onggi-db/onggi/cmd/internal/kube"
)

var record = flag.Bool("record", false, "write what is observed into status/testdata, for the tests of that package")

// record writes what is observed now: what real agents, servers and API servers say, for tests that have none.
func (l *lab) record(user, ns, name, as string) {
	l.t.Helper()
	if !*record {
		return
	}
	server, err := kube.Connect(l.config(user), "")
	require.NoError(l.t, err)
	d, err := day2.Find(l.t.Context(), server, ns, name, "")
	require.NoError(l.t, err)
	o, err := d.Observe(l.t.Context())
	require.NoError(l.t, err)
	o.Object = small(o.Object)
	o.Lease = small(o.Lease)
	for _, list := range [][]json.RawMessage{o.Pods, o.Poolers, o.Backups, o.Claims} {
		for i := range list {
			list[i] = small(list[i])
		}
	}
	var text bytes.Buffer
	out := json.NewEncoder(&text)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	require.NoError(l.t, out.Encode(o))
	said := l.mounted(text.String())
	require.NotContains(l.t, said, l.dir, "paths are those that a pod has")
	require.NoError(l.t, os.WriteFile(filepath.Join("status", "testdata", as+".json"), []byte(said), 0o644))
}

// mounted is a text with the paths of real pods, where the folders of these stand in it.
func (l *lab) mounted(text string) string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	var pairs []string
	for _, p := range l.pods {
		pairs = append(pairs, p.mounts...)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// small leaves out what no picture is made of, and is most of an object.
func small(data json.RawMessage) json.RawMessage {
	var o map[string]any
	if json.Unmarshal(data, &o) != nil {
		return data
	}
	if meta, ok := o["metadata"].(map[string]any); ok {
		delete(meta, "managedFields")
	}
	if spec, ok := o["spec"].(map[string]any); ok {
		for _, field := range []string{"template", "volumes", "containers", "initContainers", "affinity", "volumeClaimTemplates", "tolerations"} {
			delete(spec, field)
		}
	}
	text, err := json.Marshal(o)
	if err != nil {
		return data
	}
	return text
}
