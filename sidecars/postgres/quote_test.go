package postgres

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func FuzzSetting(f *testing.F) {
	for _, value := range []string{"", "on", `it's`, `a\b\`, "two\nlines\r", `\101`, "'", "# no comment", "é", "\x00"} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		line := "name = " + quoteSetting(value) + " # comment"
		require.NotContains(t, line, "\n")
		name, back := parseSetting(line)
		require.Equal(t, "name", name)
		require.Equal(t, value, back)
	})
}

func FuzzSettingsFile(f *testing.F) {
	f.Add("a = 1\n# b\nInclude 'onggi.conf' # ours\nwork_mem 4MB\nx = 'it''s \\' y'\n")
	f.Fuzz(func(t *testing.T, text string) {
		var kept strings.Builder
		for _, line := range parseSettings(text) {
			kept.WriteString(line.Text)
		}
		require.Equal(t, text, kept.String(), "no line is lost")
		once := withInclude(text)
		require.Equal(t, once, withInclude(once))
		require.True(t, strings.HasSuffix("\n"+once, "\n"+includeLine+"\n"))
	})
}

func FuzzMark(f *testing.F) {
	f.Add([]byte(`{"work":"swap","from":"10.0.0.1","term":3,"reason":"it held no database"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if m, err := parseMark(text); err == nil {
			require.Contains(t, []string{workRewind, workSwap}, m.Work)
		}
	})
}

func TestSettingsAreReadAsPostgresDoes(t *testing.T) {
	for _, row := range []struct{ line, name, value string }{
		{"work_mem = 4MB", "work_mem", "4MB"},
		{"  work_mem\t4MB # comment", "work_mem", "4MB"},
		{"a.b='it''s \\'x\\' \\\\ \\n'", "a.b", "it's 'x' \\ \n"},
		{"# work_mem = 4MB", "", ""},
		{"", "", ""},
		{"x = 'open", "", ""},
	} {
		name, value := parseSetting(row.line)
		require.Equal(t, row.name, name, row.line)
		require.Equal(t, row.value, value, row.line)
	}
}

func TestServerVersions(t *testing.T) {
	for text, major := range map[string]int{"13.23": 13, "15.18 (Debian 15.18-0+deb12u1)": 15, "18beta1": 18, "17": 17} {
		got, err := parseServerVersion(text)
		require.NoError(t, err, text)
		require.Equal(t, major, got)
	}
	for _, text := range []string{"", "devel", "12.4", "19devel"} {
		_, err := parseServerVersion(text)
		require.Error(t, err, text)
	}
}

func TestTheVerifierHasTheFormOfRFC5803(t *testing.T) {
	v, err := verifier("pencil", []byte("0123456789abcdef"))
	require.NoError(t, err)
	require.Regexp(t, `^SCRAM-SHA-256\$4096:MDEyMzQ1Njc4OWFiY2RlZg==\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}=$`, v)
	again, err := verifier("pencil", []byte("0123456789abcdef"))
	require.NoError(t, err)
	require.Equal(t, v, again)
}

func TestWhatVersionsAreConfiguredWith(t *testing.T) {
	for major := 13; major <= 18; major++ {
		conf, err := Settings{Members: 3}.conf(major, Paths{Port: 5432, Socket: "/run/onggi"})
		require.NoError(t, err)
		require.Equal(t, major >= 17, strings.Contains(conf, "allow_alter_system = 'off'"), major)
		require.Equal(t, major == 13, strings.Contains(conf, "password_encryption"), major)
		require.Contains(t, conf, "wal_log_hints = 'on'")
	}
	require.Error(t, checkMajor(12))
	require.Error(t, checkMajor(19))
}

func TestWhyARewindIsImpossible(t *testing.T) {
	for text, want := range map[string]bool{
		"pg_rewind: error: could not find common ancestor of the source and target cluster's timelines": true,
		"pg_rewind: error: could not open file \"/d/pg_wal/000000010000000000000003\": No such file":    true,
		"pg_rewind: error: could not connect to server: Connection refused":                             false,
		"pg_rewind: error: connection to server was lost":                                               false,
		"": false,
	} {
		require.Equal(t, want, impossible(Result{Stderr: "pg_rewind: servers diverged at WAL location 0/3\n" + text + "\n"}) != "", text)
	}
}
