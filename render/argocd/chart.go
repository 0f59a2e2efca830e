package argocd

import "github.com/onggi-db/onggi/render/manifest"

// chart is the Helm chart of a known operator, as this release of onggi was made for it.
type chart struct {
	repo      string // of charts
	name      string // in repo
	version   string
	release   string // the charts name their objects after it; people's other tools expect these names
	namespace string
	wave      int
	values    manifest.Map // laid under the user's
	// podSecurity is the level that the namespace must admit; "" is the API server's default.
	podSecurity string
	// clusterKinds are the kinds outside any namespace that the chart has.
	clusterKinds []groupKind
	// differences are fields that the chart sets and the operator then overwrites.
	differences []any
}

const cnpgCharts = "https://cloudnative-pg.github.io/charts"

// known looks an operator up. Versions and names come from the charts' own release pages; docs/argocd.md says how to
// raise them.
func known(operator string) (chart, bool) {
	switch operator {
	case "cloudnative-pg":
		return chart{
			repo: cnpgCharts, name: "cloudnative-pg", release: "cloudnative-pg", namespace: "cnpg-system", wave: waveOperator,
			// github.com/cloudnative-pg/charts, tag cloudnative-pg-v0.29.0 of 2026-06-29: CloudNativePG 1.30.0.
			version:      "0.29.0",
			clusterKinds: operatorKinds(true),
		}, true
	case "barman-cloud":
		return chart{
			repo: cnpgCharts, name: "plugin-barman-cloud", release: "plugin-barman-cloud", namespace: "cnpg-system", wave: wavePlugin,
			// github.com/cloudnative-pg/charts, tag plugin-barman-cloud-v0.7.1 of 2026-07-29: plugin v0.14.0 (0.7.0 has v0.13.0).
			version:      "0.7.1",
			clusterKinds: operatorKinds(false),
		}, true
	case "cert-manager":
		return chart{
			repo: "https://charts.jetstack.io", name: "cert-manager", release: "cert-manager", namespace: "cert-manager", wave: waveOperator,
			// github.com/cert-manager/cert-manager, tag v1.21.1 of 2026-07-29. The chart's versions begin with a v.
			version: "v1.21.1",
			// The chart brings no CRDs unless told to, and elects its leader in kube-system, where it needs a Role.
			values: manifest.Map{
				"crds":   manifest.Map{"enabled": true, "keep": true},
				"global": manifest.Map{"leaderElection": manifest.Map{"namespace": "cert-manager"}},
			},
			clusterKinds: operatorKinds(true),
		}, true
	case "metallb":
		return chart{
			repo: "https://metallb.github.io/metallb", name: "metallb", release: "metallb", namespace: "metallb-system", wave: waveOperator,
			// github.com/metallb/metallb, tag v0.16.1 of 2026-05-27. Chart and MetalLB share the version.
			version:      "0.16.1",
			podSecurity:  "privileged", // its speakers use the nodes' network
			clusterKinds: operatorKinds(true),
			// The chart has a placeholder there that the controller replaces (metallb/metallb#1681, #2571).
			differences: []any{manifest.Map{
				"group": "apiextensions.k8s.io", "kind": "CustomResourceDefinition",
				"jqPathExpressions": []any{".spec.conversion.webhook.clientConfig.caBundle"},
			}},
		}, true
	case "sealed-secrets":
		return chart{
			// The old address, bitnami-labs.github.io, answers 404 since 2026 (argoproj/argo-cd#28683).
			repo: "https://bitnami.github.io/sealed-secrets", name: "sealed-secrets", release: "sealed-secrets", namespace: "kube-system", wave: waveOperator,
			// github.com/bitnami/sealed-secrets, helm/sealed-secrets/Chart.yaml: controller 0.40.0.
			version: "2.20.0",
			// Where kubeseal looks for the controller when it is not told.
			values:       manifest.Map{"fullnameOverride": "sealed-secrets-controller"},
			clusterKinds: operatorKinds(false),
		}, true
	}
	return chart{}, false
}

// operatorKinds are CRDs and the rights on them, and admission webhooks where the operator has them.
func operatorKinds(webhooks bool) []groupKind {
	kinds := []groupKind{
		{"apiextensions.k8s.io", "CustomResourceDefinition"},
		{"rbac.authorization.k8s.io", "ClusterRole"},
		{"rbac.authorization.k8s.io", "ClusterRoleBinding"},
	}
	if webhooks {
		kinds = append(kinds,
			groupKind{"admissionregistration.k8s.io", "MutatingWebhookConfiguration"},
			groupKind{"admissionregistration.k8s.io", "ValidatingWebhookConfiguration"})
	}
	return kinds
}
