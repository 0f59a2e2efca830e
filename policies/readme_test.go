package policies

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// README.md is printed from the rules: a rule without documentation, or documentation without a rule, cannot be.
func TestReadme(t *testing.T) {
	files, err := fs.Glob(vapFiles, "vap/*.yaml")
	require.NoError(t, err)
	inCluster := map[string]string{}
	for _, file := range files {
		inCluster[strings.ToUpper(file[len("vap/"):len("vap/ong0000")])] = file
	}
	var b strings.Builder
	b.WriteString(readmeHead)
	b.WriteString("| rule | level | in a cluster | |\n| --- | --- | --- | --- |\n")
	for _, p := range Builtin() {
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %s | %s |\n", p.ID, strings.ToLower(p.ID), p.Level, yes(inCluster[p.ID] != ""), p.Title)
	}
	for _, p := range Builtin() {
		fmt.Fprintf(&b, "\n### %s\n\n**%s** (%s)\n\n%s\n\nFix: %s\n", p.ID, p.Title, p.Level, p.Why, p.Fix)
		if file := inCluster[p.ID]; file != "" {
			fmt.Fprintf(&b, "\nPolicy: [%s](%s)\n", file, file)
		}
	}
	golden(t, "README.md", b.String())
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return ""
}

const readmeHead = `# The rules of onggi check

<!-- Printed from the rules by TestReadme: go test ./policies -run TestReadme -update -->

` + "`onggi check`" + ` runs them over what a spec renders to, ` + "`onggi check --objects`" + ` over any manifests. Ids are stable.

An error does not work, loses data or lets strangers in. A warning works, and will hurt. An info is worth knowing.

Rules about one object are ValidatingAdmissionPolicies (Kubernetes 1.30 and newer), which a cluster can enforce in the same
words; error, warning and info are its actions Deny, Warn and Audit. They apply to the namespaces that ask for them:

    kubectl apply -f policies/vap
    kubectl label namespace databases policies.onggi.dev/enforce=true

A policy names the first place that breaks it in an object; the rules written in Go name them all.

A waiver accepts the findings of a rule on some objects and gives the reason, which every report prints:

    policies:
      waive:
        - {policy: ONG7022, object: Cluster/scratch, reason: loaded anew every night}

`
