package kube

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheFilesAndVariablesOfAPod(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "namespace"), []byte("db\n"), 0o600))
	env := map[string]string{envHost: "fd00::1", envPort: "443"}
	o, err := inCluster(func(name string) string { return env[name] }, dir)
	require.NoError(t, err)
	require.Equal(t, Options{Server: "https://[fd00::1]:443", Namespace: "db", CAFile: filepath.Join(dir, "ca.crt"), TokenFile: filepath.Join(dir, "token")}, o)
	env["POD_NAMESPACE"] = "other"
	o, err = inCluster(func(name string) string { return env[name] }, dir)
	require.NoError(t, err)
	require.Equal(t, "other", o.Namespace)
	_, err = inCluster(func(string) string { return "" }, dir)
	require.ErrorContains(t, err, "not in a pod")
}

// What is read and written back unchanged is the same object, but for managedFields; and reads as the same Lease.
func FuzzLease(f *testing.F) {
	f.Add([]byte(`{"kind":"Lease","metadata":{"name":"l","resourceVersion":"7","uid":"u","annotations":{"a":"b"},"managedFields":[{}]},"spec":{"holderIdentity":"h","leaseTransitions":3,"leaseDurationSeconds":30,"renewTime":"2026-03-01T12:00:00.000001Z","x":[1e400]}}`))
	f.Add([]byte(`{"metadata":{"resourceVersion":"7","annotations":null},"spec":null,"x":{"y":1}}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := decodeLease(data)
		if err != nil {
			return
		}
		encoded, err := l.encode("l", "db")
		require.NoError(t, err)
		again, err := decodeLease(encoded)
		require.NoError(t, err)
		twice, err := again.encode("l", "db")
		require.NoError(t, err)
		require.Equal(t, string(encoded), string(twice))
		require.Equal(t, l.Version, again.Version)
		require.Equal(t, l.Holder, again.Holder)
		require.Equal(t, l.Transitions, again.Transitions)
		require.Equal(t, len(l.Annotations), len(again.Annotations))
		before, after := map[string]json.RawMessage{}, map[string]json.RawMessage{}
		require.NoError(t, json.Unmarshal(data, &before))
		require.NoError(t, json.Unmarshal(encoded, &after))
		for name, value := range before {
			switch strings.ToLower(name) {
			case "metadata", "spec", "kind", "apiversion":
			default:
				require.True(t, bytes.Equal(compact(t, value), compact(t, after[name])), "%s: %s became %s", name, value, after[name])
			}
		}
	})
}

func compact(t *testing.T, data []byte) []byte {
	t.Helper()
	encoded, err := json.Marshal(json.RawMessage(data))
	require.NoError(t, err)
	return encoded
}

func FuzzPod(f *testing.F) {
	f.Add([]byte(`{"kind":"Pod","metadata":{"name":"p","uid":"u","resourceVersion":"7"},"status":{"containerStatuses":[{"name":"c","lastState":{"terminated":{"message":"nonce"}}}]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if p, err := decodePod(data); err == nil && DeathProof(p, p.UID, "c", "nonce") {
			require.Contains(t, string(bytes.ToLower(data)), "terminated", "no proof without a terminated state")
		}
		_, _ = decodePodMeta(data)
		_, _ = decodeNode(data)
	})
}

// However the bytes of a stream are cut, the same events come of it.
func FuzzStream(f *testing.F) {
	f.Add([]byte(`{"type":"ADDED","object":{"a":1}}`+"\n"+`{"type":"BOOKMARK","object":{}}`), byte(3))
	f.Add([]byte(`{"type":"ADDED","obj`), byte(1))
	f.Fuzz(func(t *testing.T, data []byte, size byte) {
		whole, err1 := all(bytes.NewReader(data))
		cut, err2 := all(&pieces{data: data, size: int(size)%7 + 1})
		require.Equal(t, err1 == io.EOF, err2 == io.EOF)
		require.True(t, reflect.DeepEqual(whole, cut))
	})
}

func all(r io.Reader) ([]event, error) {
	s := &events{body: r}
	var read []event
	for {
		e, err := s.next()
		if err != nil {
			return read, err
		}
		read = append(read, e)
	}
}

// pieces is a reader of small pieces.
type pieces struct {
	data []byte
	size int
}

func (s *pieces) Read(p []byte) (int, error) {
	if len(s.data) == 0 {
		return 0, io.EOF
	}
	n := copy(p, s.data[:min(s.size, len(s.data))])
	s.data = s.data[n:]
	return n, nil
}

func TestAnEventThatNeverEndsIsGivenUp(t *testing.T) {
	s := &events{body: io.MultiReader(strings.NewReader(`{"type":"`), endless{})}
	_, err := s.next()
	require.ErrorContains(t, err, "larger than")
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}
