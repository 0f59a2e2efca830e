package spec

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCatalogue holds that every code that the package uses is explained, and every code that is explained is used.
func TestCatalogue(t *testing.T) {
	declared := map[string]string{} // constant → code
	used := map[string]bool{}
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	constant := regexp.MustCompile(`(?m)^\s+(code[A-Z]\w*)\s+= "(ONG\d{4})"`)
	literal := regexp.MustCompile(`"(ONG[123456]\d{3})"`)
	name := regexp.MustCompile(`\bcode[A-Z]\w*\b`)
	explained := map[string]bool{}
	for _, c := range Codes() {
		require.False(t, explained[c.Code], "%s is explained twice", c.Code)
		explained[c.Code] = true
		require.NotEmpty(t, c.Title, c.Code)
		require.Greater(t, len(c.Text), 80, c.Code)
		require.NotEqual(t, c.Wrong == "", c.Right != "", c.Code)
	}
	sources := map[string]string{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		src, err := os.ReadFile(file)
		require.NoError(t, err)
		sources[file] = string(src)
		for _, m := range constant.FindAllStringSubmatch(string(src), -1) {
			require.Empty(t, declared[m[1]], m[1])
			declared[m[1]] = m[2]
			require.True(t, explained[m[2]], "%s (%s) is not explained", m[2], m[1])
		}
	}
	for file, src := range sources {
		if strings.HasPrefix(file, "codes") {
			continue
		}
		for _, n := range name.FindAllString(src, -1) {
			used[declared[n]] = true
		}
		for _, m := range literal.FindAllStringSubmatch(src, -1) {
			used[m[1]] = true
			require.True(t, explained[m[1]], "%s of %s is not explained", m[1], file)
		}
	}
	for n, code := range declared {
		require.True(t, used[code], "%s (%s) is never used", n, code)
	}
	_, ok := Explain("ong1001")
	require.True(t, ok)
	_, ok = Explain("ONG0000")
	require.False(t, ok)
}

// TestForeignWords holds that the words of other tools lead to fields that exist, and hide none of ours.
func TestForeignWords(t *testing.T) {
	fields := map[string]bool{}
	places := map[string]map[string]bool{}
	walkShape(shapes().spec, "spec", map[*shape]bool{}, func(path string, f *field) {
		fields[f.name] = true
		parent := strings.TrimPrefix(strings.ReplaceAll(path[:strings.LastIndexByte(path, '.')], "[]", ""), "spec")
		parent = strings.TrimPrefix(parent, ".")
		if places[parent] == nil {
			places[parent] = map[string]bool{}
		}
		places[parent][f.name] = true
	})
	for theirs, ours := range synonyms {
		require.True(t, fields[ours], "%s leads to %s, which is no field", theirs, ours)
	}
	for key := range foreign {
		parent, name, _ := strings.Cut(key, "/")
		require.NotNil(t, places[parent], "%s: there is no object %q", key, parent)
		require.False(t, places[parent][name], "%s is a field of ours", key)
	}
	for theirs, ours := range words {
		found := false
		walkShape(shapes().spec, "spec", map[*shape]bool{}, func(_ string, f *field) {
			for _, e := range f.rules.enum {
				found = found || e == ours
			}
		})
		walkShape(shapes().project, "project", map[*shape]bool{}, func(_ string, f *field) {
			for _, e := range f.rules.enum {
				found = found || e == ours
			}
		})
		require.True(t, found, "%s leads to %s, which is no value", theirs, ours)
	}
}

func TestNearest(t *testing.T) {
	fields := []string{"instances", "storage", "replication", "retention", "hba", "cron"}
	for s, want := range map[string]string{
		"instnaces": "instances", "Instances": "instances", "instance": "instances", "sotrage": "storage", "retension": "retention",
		"hbaa": "hba", "ha": "", "x": "", "database": "", "crn": "cron", "REPLICATION": "replication",
	} {
		require.Equal(t, want, nearest(s, fields), s)
	}
	require.Equal(t, 1, distance("ab", "ba"))
	require.Equal(t, 3, distance("kitten", "sitting"))
}
