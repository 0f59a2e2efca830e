package dump

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/onggi-db/onggi/render/drill"
	"github.com/onggi-db/onggi/sidecars/config"
)

func TestWhatGoes(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	day := func(n int) string { return ID(now.AddDate(0, 0, -n)) }
	five := []string{day(4), day(2), day(0), day(3), day(1)} // as a store may list them
	for _, tt := range []struct {
		name       string
		good       []string
		keep, days int
		want       []string
	}{
		{"neither keeps all", five, 0, 0, nil},
		{"the newest three stay", five, 3, 0, []string{day(4), day(3)}},
		{"fewer than are to be kept", five, 9, 0, nil},
		{"three days", five, 0, 3, []string{day(4)}},
		{"the last one stays whatever its age", []string{day(90)}, 0, 3, nil},
		{"of old ones the newest stays", []string{day(90), day(80)}, 0, 3, []string{day(90)}},
		{"nothing there", nil, 1, 0, nil},
		{"what is no dump is left alone", []string{"notes", day(2), day(1)}, 1, 0, []string{day(2)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := Expire(tt.good, tt.keep, tt.days, now)
			if len(tt.want) == 0 {
				require.Empty(t, got)
				return
			}
			require.Equal(t, tt.want, got)
		})
	}
}

func TestLeftOfADumpThatBroke(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	old, running, good := ID(now.Add(-8*time.Hour)), ID(now.Add(-time.Hour)), ID(now.Add(-30*time.Hour))
	require.Equal(t, []string{old}, Left([]string{running, old, good, "notes"}, []string{good}, 6*time.Hour, now))
}

func TestFileNames(t *testing.T) {
	seen := map[string]string{}
	for _, name := range []string{"app", "App", "app~2e", "app.", "..", "a/b", "a b", "한글", "a%2Fb", "globals.sql", "-f", strings.Repeat("x", 63)} {
		file := FileName(name)
		require.NotContains(t, seen, file, "of %q and %q", seen[file], name)
		seen[file] = name
		require.True(t, plain(file), file)
		require.Regexp(t, `^[A-Za-z0-9_~-]+\.dump$`, file)
	}
	require.Equal(t, "app.dump", FileName("app"))
}

func TestIDs(t *testing.T) {
	at := time.Date(2026, 11, 22, 3, 4, 5, 0, time.FixedZone("KST", 9*3600))
	require.Equal(t, "20261121T180405Z", ID(at))
	back, ok := Moment(ID(at))
	require.True(t, ok)
	require.True(t, back.Equal(at))
	for _, wrong := range []string{"", "dump.json", "20261121T180405", "20261321T180405Z", "../20261121T180405Z"} {
		_, ok := Moment(wrong)
		require.False(t, ok, wrong)
	}
}

func TestManifestRoundTrip(t *testing.T) {
	m := Manifest{Cluster: "shop", Name: "nightly", ID: "20261121T180405Z", Server: "17.10", System: "7", Files: []File{
		{Name: GlobalsFile, Bytes: 10, SHA256: "a"}, {Name: "app.dump", Database: "app", Bytes: 20, SHA256: "b", Entries: 3, LSN: "0/3000000"},
	}}
	back, err := DecodeManifest(m.Encode())
	require.NoError(t, err)
	m.Format = 1
	require.Equal(t, m, back)
	require.Equal(t, int64(30), back.Bytes())
	require.Equal(t, []string{"app"}, back.Databases())
	globals, ok := back.Of("")
	require.True(t, ok)
	require.Equal(t, GlobalsFile, globals.Name)
	for text, want := range map[string]string{
		`{`: "unexpected end", `{"format": 2}`: "the format 2", `{"format": 1}`: "no id",
		`{"format": 1, "id": "20261121T180405Z", "files": [{"name": "../x"}]}`: "is no file of a dump",
	} {
		_, err := DecodeManifest([]byte(text))
		require.ErrorContains(t, err, want, text)
	}
}

func sample() Config {
	return Config{
		Cluster: "shop", Name: "nightly", Stanza: "shop", Repository: config.Repository{Type: "posix", Path: "/repository"},
		Login:   Login{Members: "shop-pods", Host: "shop-rw", Port: 5432, SSLMode: "disable", User: "onggi_dump", PasswordFile: "/etc/password"},
		Timeout: drill.Duration(time.Hour), Volume: "/scratch", Run: "/run/onggi",
	}
}

func TestConfig(t *testing.T) {
	text, err := yaml.Marshal(sample())
	require.NoError(t, err)
	back, err := Decode(text)
	require.NoError(t, err)
	require.Equal(t, sample(), *back)
	for name, spoil := range map[string]func(*Config){
		"no series":       func(c *Config) { c.Name = "" },
		"another folder":  func(c *Config) { c.Stanza = "../shop" },
		"both limits":     func(c *Config) { c.Keep, c.KeepDays = 1, 1 },
		"no time":         func(c *Config) { c.Timeout = 0 },
		"one folder":      func(c *Config) { c.Run = c.Volume },
		"nobody to be":    func(c *Config) { c.Login.User = "" },
		"no such port":    func(c *Config) { c.Login.Port = 70000 },
		"no place to put": func(c *Config) { c.Repository.Type = "" },
	} {
		c := sample()
		spoil(&c)
		text, err := yaml.Marshal(c)
		require.NoError(t, err)
		_, err = Decode(text)
		require.Error(t, err, name)
	}
	_, err = Decode([]byte("cluster: shop\ncluster: shop\n"))
	require.Error(t, err)
	_, err = Decode(append(bytes.Clone(text), "more: 1\n"...))
	require.ErrorContains(t, err, "more")
}

func FuzzDecode(f *testing.F) {
	text, _ := yaml.Marshal(sample())
	f.Add(text)
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Decode(data)
		if err == nil {
			require.NoError(t, c.validate())
		}
	})
}

func FuzzDecodeManifest(f *testing.F) {
	f.Add([]byte(`{"format": 1, "id": "20261121T180405Z", "files": [{"name": "app.dump", "database": "app"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := DecodeManifest(data)
		if err != nil {
			return
		}
		for _, file := range m.Files {
			require.True(t, plain(file.Name))
		}
	})
}
