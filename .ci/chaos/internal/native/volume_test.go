package native

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"onggi.dev/ci/chaos/internal/kube"
)

func testStore() store {
	return store{
		configs: map[string]map[string][]byte{"settings": {"a.yaml": []byte("a"), "b.yaml": []byte("b")}},
		secrets: map[string]map[string][]byte{"login": {"username": []byte("u"), "password": []byte("p")}},
	}
}

func volumeFiles(t *testing.T, text string) (map[string]file, bool, error) {
	t.Helper()
	field := func(path string) string { return "<" + path + ">" }
	token := func(source kube.Object) ([]byte, error) {
		return []byte("token for " + kube.Text(source, "audience")), nil
	}
	return testStore().files(object1(t, text), field, token)
}

func TestVolumesHoldWhatTheirSourcesName(t *testing.T) {
	for _, c := range []struct {
		name, volume string
		want         map[string]file
	}{
		{"a whole ConfigMap", `configMap: {name: settings}`, map[string]file{"a.yaml": {[]byte("a"), 0o644}, "b.yaml": {[]byte("b"), 0o644}}},
		{"keys of a Secret", `secret: {secretName: login, defaultMode: 288, items: [{key: password, path: deep/password, mode: 256}]}`,
			map[string]file{"deep/password": {[]byte("p"), 0o400}}},
		{"what is optional", `secret: {secretName: nobody, optional: true}`, map[string]file{}},
		{"a projection", `projected: {defaultMode: 288, sources: [{serviceAccountToken: {path: token, audience: vault}}, {configMap: {name: settings, items: [{key: a.yaml, path: a}]}},
			{downwardAPI: {items: [{path: name, fieldRef: {fieldPath: metadata.name}}]}}]}`,
			map[string]file{"token": {[]byte("token for vault"), 0o440}, "a": {[]byte("a"), 0o440}, "name": {[]byte("<metadata.name>"), 0o440}}},
	} {
		files, ok, err := volumeFiles(t, c.volume)
		require.NoError(t, err, c.name)
		require.True(t, ok, c.name)
		require.Equal(t, c.want, files, c.name)
	}
	_, ok, err := volumeFiles(t, `emptyDir: {}`)
	require.NoError(t, err)
	require.False(t, ok)
	_, _, err = volumeFiles(t, `secret: {secretName: nobody}`)
	require.EqualError(t, err, "there is no secret nobody")
	_, _, err = volumeFiles(t, `configMap: {name: settings, items: [{key: lost, path: x}]}`)
	require.EqualError(t, err, "configMap settings has no key lost")
}

func TestAVolumeChangesAllAtOnce(t *testing.T) {
	dir, group := filepath.Join(t.TempDir(), "v"), os.Getgid()
	if os.Getuid() != 0 {
		t.Skip("files of a volume belong to root")
	}
	is := func(want map[string]string) {
		t.Helper()
		found := map[string]string{}
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		for _, e := range entries {
			if data, err := os.ReadFile(filepath.Join(dir, e.Name())); err == nil {
				found[e.Name()] = string(data)
			}
		}
		require.Equal(t, want, found)
	}
	step := func(files map[string]file, want bool) {
		t.Helper()
		changed, err := write(dir, files, group)
		require.NoError(t, err)
		require.Equal(t, want, changed)
	}
	one, two := file{[]byte("1"), 0o440}, file{[]byte("2"), 0o440}
	step(map[string]file{"a": one, "b": one}, true)
	is(map[string]string{"a": "1", "b": "1"})
	before, err := os.Readlink(filepath.Join(dir, dataLink))
	require.NoError(t, err)
	step(map[string]file{"a": one, "b": one}, false)
	step(map[string]file{"a": two, "deep/c": one}, true)
	is(map[string]string{"a": "2"})
	text, err := os.ReadFile(filepath.Join(dir, "deep/c"))
	require.NoError(t, err)
	require.Equal(t, "1", string(text))
	step(map[string]file{"a": two}, true)
	is(map[string]string{"a": "2"})
	_, err = os.Stat(filepath.Join(dir, before))
	require.ErrorIs(t, err, os.ErrNotExist, "what was swapped out is gone")
	info, err := os.Stat(filepath.Join(dir, "a"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o440), info.Mode().Perm())
}
