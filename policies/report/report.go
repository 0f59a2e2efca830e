// Package report writes findings for people and for machines: human, json, sarif (2.1.0), junit and github annotations.
//
// [Encode] is pure: the same findings give the same bytes. Findings that a waiver accepts are shown as such and never fail
// a run; [Fails] says whether any other is severe enough to.
package report

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/onggi-db/onggi/policies"
	"github.com/onggi-db/onggi/render/manifest"
)

// The formats.
const (
	Human  = "human"
	JSON   = "json"
	SARIF  = "sarif"
	JUnit  = "junit"
	GitHub = "github"
)

// Formats lists them, the default first.
func Formats() []string { return []string{Human, JSON, SARIF, JUnit, GitHub} }

// Options of [Encode].
type Options struct {
	Color   bool // human only
	Objects int  // how many objects were checked
}

// Encode writes the findings in a format of [Formats]; any other is an error.
func Encode(format string, findings []policies.Finding, o Options) ([]byte, error) {
	switch format {
	case Human:
		return human(findings, o), nil
	case JSON:
		return indented(jsonReport(findings, o))
	case SARIF:
		return indented(sarif(findings))
	case JUnit:
		return junit(findings, o)
	case GitHub:
		return github(findings), nil
	}
	return nil, fmt.Errorf("there is no report format %q", format)
}

// Fails reports whether a finding that nobody waived is as severe as level.
func Fails(findings []policies.Finding, level policies.Level) bool {
	for _, f := range findings {
		if f.Waived == "" && severity(f.Level) >= severity(level) {
			return true
		}
	}
	return false
}

func severity(l policies.Level) int {
	switch l {
	case policies.Error:
		return 3
	case policies.Warning:
		return 2
	case policies.Info:
		return 1
	}
	return 0
}

// where is the object and field of a finding, as people write them.
func where(f policies.Finding) string {
	if f.Ref.Kind == "" {
		return ""
	}
	if len(f.Path) == 0 {
		return f.Ref.String()
	}
	return f.Ref.String() + " " + manifest.FormatPath(f.Path)
}

// position takes file:line or file:line:column apart; line and column are 0 where they are not given.
func position(origin string) (file string, line, column int) {
	file = origin
	var numbers []int
	for range 2 {
		i := strings.LastIndexByte(file, ':')
		if i < 0 {
			break
		}
		n, err := strconv.Atoi(file[i+1:])
		if err != nil {
			break
		}
		file, numbers = file[:i], append(numbers, n)
	}
	switch len(numbers) {
	case 2:
		return file, numbers[1], numbers[0]
	case 1:
		return file, numbers[0], 0
	}
	return file, 0, 0
}

func indented(v any) ([]byte, error) {
	data, err := json.MarshalIndent(v, "", "  ")
	return append(data, '\n'), err
}

type jsonFinding struct {
	Policy   string `json:"policy"`
	Level    string `json:"level"`
	Object   string `json:"object,omitempty"`
	Path     string `json:"path,omitempty"`
	Message  string `json:"message"`
	Why      string `json:"why,omitempty"`
	Fix      string `json:"fix,omitempty"`
	Position string `json:"position,omitempty"`
	SpecPath string `json:"specPath,omitempty"`
	Waived   string `json:"waived,omitempty"`
}

func jsonReport(findings []policies.Finding, o Options) any {
	list := make([]jsonFinding, len(findings))
	for i, f := range findings {
		list[i] = jsonFinding{f.Policy, string(f.Level), "", manifest.FormatPath(f.Path), f.Message, f.Why, f.Fix, f.Origin, f.SpecPath, f.Waived}
		if f.Ref.Kind != "" {
			list[i].Object = f.Ref.String()
		}
	}
	return struct {
		Objects  int           `json:"objects"`
		Findings []jsonFinding `json:"findings"`
	}{o.Objects, list}
}
