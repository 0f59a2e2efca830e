package report

import (
	"encoding/xml"
	"fmt"
	"strings"

	"github.com/onggi-db/onggi/policies"
)

type junitSuites struct {
	XMLName xml.Name     `xml:"testsuites"`
	Suites  []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Failure *junitFailure `xml:"failure,omitempty"`
	Skipped *junitSkipped `xml:"skipped,omitempty"`
}

type junitFailure struct {
	Type    string `xml:"type,attr"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

type junitSkipped struct {
	Message string `xml:"message,attr"`
}

// junit is one suite with a case for every rule that found nothing, and one for each finding. Notes do not fail; a waived
// finding counts as skipped.
func junit(findings []policies.Finding, o Options) ([]byte, error) {
	suite := junitSuite{Name: fmt.Sprintf("onggi check (%d objects)", o.Objects)}
	found := make(map[string]bool)
	for _, f := range findings {
		found[f.Policy] = true
		c := junitCase{Class: f.Policy, Name: strings.TrimSpace(where(f) + " " + f.Message)}
		switch {
		case f.Waived != "":
			c.Skipped = &junitSkipped{f.Waived}
			suite.Skipped++
		case f.Level != policies.Info:
			c.Failure = &junitFailure{string(f.Level), f.Message, strings.TrimSpace(f.Origin + "\n" + f.Why + "\n" + f.Fix)}
			suite.Failures++
		}
		suite.Cases = append(suite.Cases, c)
	}
	for _, p := range policies.Builtin() {
		if !found[p.ID] {
			suite.Cases = append(suite.Cases, junitCase{Class: p.ID, Name: p.Title})
		}
	}
	suite.Tests = len(suite.Cases)
	data, err := xml.MarshalIndent(junitSuites{Suites: []junitSuite{suite}}, "", "  ")
	return append([]byte(xml.Header), append(data, '\n')...), err
}
