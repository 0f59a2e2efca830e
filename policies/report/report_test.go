package report_test

import (
	"encoding/json"
	"encoding/xml"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onggi-db/onggi/policies"
	"github.com/onggi-db/onggi/policies/report"
	"github.com/onggi-db/onggi/render/manifest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// findings are one of each kind: a position with and without a column, none at all, a waived one, a rule nobody knows, texts
// that a format has to escape.
var findings = []policies.Finding{
	{
		Policy: "ONG7030", Level: policies.Warning, Message: "the budget of a single instance blocks every drain of its node",
		Ref:  manifest.Ref{APIVersion: "postgresql.cnpg.io/v1", Kind: "Cluster", Namespace: "databases", Name: "shop"},
		Path: []any{"spec", "enablePDB"}, Why: "Draining waits for ever.", Fix: "Set enablePDB: false.", Origin: "specs/shop.yaml:12:5", SpecPath: "spec.instances",
	},
	{
		Policy: "ONG7013", Level: policies.Error, Message: "50% of it, \"quoted\" & <bracketed>\nin two lines",
		Ref:  manifest.Ref{APIVersion: "postgresql.cnpg.io/v1", Kind: "Cluster", Namespace: "databases", Name: "shop"},
		Path: []any{"metadata", "annotations", "cnpg.io/skipEmptyWalArchiveCheck"}, Origin: "dir, with a comma/a:b.yaml:3",
	},
	{Policy: "ONG7022", Level: policies.Info, Message: "nothing backs this database up", Ref: manifest.Ref{Kind: "Cluster", Name: "scratch"}, Waived: "loaded anew every night"},
	{Policy: "ONG7022", Level: policies.Info, Message: "nothing backs this database up", Ref: manifest.Ref{Kind: "Cluster", Name: "toy"}},
	{Policy: "ONG7090", Level: policies.Warning, Message: "waiver of ONG7031 on Cluster/shop: nothing to waive (gone)", Fix: "Delete it."},
	{Policy: "ONG9999", Level: policies.Error, Message: "a rule of another release"},
}

func TestFormats(t *testing.T) {
	for _, format := range report.Formats() {
		t.Run(format, func(t *testing.T) {
			got, err := report.Encode(format, findings, report.Options{Objects: 7})
			require.NoError(t, err)
			golden(t, format, got)
			again, err := report.Encode(format, findings, report.Options{Objects: 7})
			require.NoError(t, err)
			require.Equal(t, got, again)
		})
	}
	t.Run("color", func(t *testing.T) {
		got, err := report.Encode(report.Human, findings, report.Options{Objects: 7, Color: true})
		require.NoError(t, err)
		golden(t, "color", got)
	})
	t.Run("nothing found", func(t *testing.T) {
		got, err := report.Encode(report.Human, nil, report.Options{Objects: 7})
		require.NoError(t, err)
		require.Equal(t, "7 objects: 0 errors, 0 warnings, 0 notes\n", string(got))
	})
	t.Run("another format", func(t *testing.T) {
		_, err := report.Encode("toml", nil, report.Options{})
		require.EqualError(t, err, `there is no report format "toml"`)
	})
}

// What a SARIF 2.1.0 reader relies on: version and schema, one run, a driver whose rules the results point into, levels from
// the list, messages, 1-based lines, and empty lists rather than null.
func TestSARIF(t *testing.T) {
	for _, fs := range [][]policies.Finding{findings, nil} {
		data, err := report.Encode(report.SARIF, fs, report.Options{})
		require.NoError(t, err)
		require.NotContains(t, string(data), "null")
		var log struct {
			Schema  string `json:"$schema"`
			Version string
			Runs    []struct {
				Tool struct {
					Driver struct {
						Name, InformationURI string
						Rules                []struct {
							ID                   string
							ShortDescription     struct{ Text string }
							DefaultConfiguration struct{ Level string }
						}
					}
				}
				Results []struct {
					RuleID    string
					RuleIndex *int
					Level     string
					Message   struct{ Text string }
					Locations []struct {
						PhysicalLocation *struct {
							ArtifactLocation struct{ URI string }
							Region           struct{ StartLine, StartColumn int }
						}
						LogicalLocations []struct{ FullyQualifiedName string }
					}
					Suppressions []struct{ Kind, Status, Justification string }
				}
			}
		}
		require.NoError(t, json.Unmarshal(data, &log))
		require.Equal(t, "2.1.0", log.Version)
		require.Contains(t, log.Schema, "sarif")
		require.Len(t, log.Runs, 1)
		run := log.Runs[0]
		require.Equal(t, "onggi", run.Tool.Driver.Name)
		require.Len(t, run.Tool.Driver.Rules, len(policies.Builtin()))
		require.Len(t, run.Results, len(fs))
		for i, r := range run.Results {
			require.NotEmpty(t, r.Message.Text)
			require.Contains(t, []string{"error", "warning", "note"}, r.Level)
			if r.RuleIndex != nil {
				require.Equal(t, r.RuleID, run.Tool.Driver.Rules[*r.RuleIndex].ID)
			}
			require.Equal(t, fs[i].Waived != "", len(r.Suppressions) == 1)
			for _, l := range r.Locations {
				require.True(t, l.PhysicalLocation != nil || len(l.LogicalLocations) > 0)
				require.True(t, l.PhysicalLocation == nil || l.PhysicalLocation.Region.StartLine > 0)
			}
		}
	}
}

// The counts of a JUnit suite are those of its cases, and every rule has a case.
func TestJUnitCounts(t *testing.T) {
	data, err := report.Encode(report.JUnit, findings, report.Options{Objects: 7})
	require.NoError(t, err)
	var suites struct {
		Suite struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
			Skipped  int `xml:"skipped,attr"`
			Cases    []struct {
				Class   string    `xml:"classname,attr"`
				Failure *struct{} `xml:"failure"`
				Skipped *struct{} `xml:"skipped"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	require.NoError(t, xml.Unmarshal(data, &suites))
	failures, skipped, classes := 0, 0, map[string]bool{}
	for _, c := range suites.Suite.Cases {
		classes[c.Class] = true
		if c.Failure != nil {
			failures++
		}
		if c.Skipped != nil {
			skipped++
		}
	}
	require.Equal(t, []int{len(suites.Suite.Cases), 4, 1}, []int{suites.Suite.Tests, suites.Suite.Failures, suites.Suite.Skipped})
	require.Equal(t, []int{4, 1}, []int{failures, skipped})
	for _, p := range policies.Builtin() {
		require.True(t, classes[p.ID], p.ID)
	}
}

// A workflow command is one line, whatever is in the message.
func TestGitHubCommandsAreLines(t *testing.T) {
	data, err := report.Encode(report.GitHub, findings, report.Options{})
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	require.Len(t, lines, len(findings)-1) // all but the waived one
	for _, line := range lines {
		require.Regexp(t, `^::(error|warning|notice) [^:]*::.+$`, line)
	}
}

func TestFails(t *testing.T) {
	waived := policies.Finding{Level: policies.Error, Waived: "for a reason"}
	for _, c := range []struct {
		name     string
		findings []policies.Finding
		at       policies.Level
		want     bool
	}{
		{"nothing found", nil, policies.Info, false},
		{"less severe", []policies.Finding{{Level: policies.Warning}}, policies.Error, false},
		{"as severe", []policies.Finding{{Level: policies.Info}, {Level: policies.Warning}}, policies.Warning, true},
		{"more severe", []policies.Finding{{Level: policies.Error}}, policies.Info, true},
		{"waived", []policies.Finding{waived}, policies.Info, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.want, report.Fails(c.findings, c.at))
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		require.NoError(t, os.WriteFile(file, got, 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err, "run with -update")
	require.Equal(t, string(want), string(got))
}
