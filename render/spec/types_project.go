package spec

// Project is the file onggi.yaml beside the specs: what all of them share.
type Project struct {
	// APIVersion is always onggi.dev/v1alpha1.
	APIVersion string `json:"apiVersion" onggi:"required;enum=onggi.dev/v1alpha1"`
	// Kind is always Project.
	Kind string `json:"kind" onggi:"required;enum=Project"`
	// Metadata names the project: the Argo CD project and the folder of its Applications are called like it.
	Metadata ProjectMetadata `json:"metadata"`
	// Defaults is a merge patch that lies under the spec of every cluster.
	Defaults map[string]any `json:"defaults" onggi:"patch=spec"`
	// Environments that every cluster has, also those that patch nothing of their own.
	Environments []Environment `json:"environments" onggi:"unique=name"`
	// Components are shipped Kustomize Components, applied to every output in this order.
	Components []string `json:"components" onggi:"example=[k3s, metallb]"`
	// ArgoCD is the repository that Argo CD reads and how Applications are made.
	ArgoCD *ArgoCD `json:"argocd"`
	// Operators to install by Argo CD Applications, at pinned versions.
	Operators []Operator `json:"operators" onggi:"unique=name"`
	// Sealing is the certificate that secrets are sealed for.
	Sealing *Sealing `json:"sealing"`
	// Policies are settings of onggi check.
	Policies Policies `json:"policies"`
}

// ProjectMetadata names a project.
type ProjectMetadata struct {
	// Name of the project.
	Name string `json:"name" onggi:"format=dns1123label;default=databases"`
}

// Environment is one place that the databases run in.
type Environment struct {
	// Name of the environment, as in a cluster's environments.
	Name string `json:"name" onggi:"required;short;format=dns1123label;example=prod"`
	// Namespace in place of each cluster's own, for environments that share an API server.
	Namespace string `json:"namespace" onggi:"format=dns1123label"`
	// Server is the API server that Argo CD deploys this environment to.
	Server string `json:"server" onggi:"format=url;default=https://kubernetes.default.svc"`
	// Revision is the branch or tag that Argo CD reads for this environment. Left out: the project's.
	Revision string `json:"revision"`
	// AutoSync lets Argo CD apply changes by itself. Left out: the project's.
	AutoSync *bool `json:"autoSync"`
	// Certificate that the secrets of this environment are sealed for, a file beside the project or a URL. Left out: the
	// project's sealing.certificate. An environment in a cluster of its own has a controller of its own.
	Certificate string `json:"certificate" onggi:"example=sealing-prod.crt"`
}

// ArgoCD says where Argo CD finds what onggi writes.
type ArgoCD struct {
	// Repo is the URL of the Git repository.
	Repo string `json:"repo" onggi:"required;example=https://git.example.com/me/homelab.git"`
	// Path in the repository under which the rendered output is committed.
	Path string `json:"path" onggi:"required;example=databases"`
	// Revision is the branch or tag to follow.
	Revision string `json:"revision" onggi:"default=HEAD"`
	// Namespace that Argo CD runs in.
	Namespace string `json:"namespace" onggi:"format=dns1123label;default=argocd"`
	// Source is which output the Applications read.
	Source string `json:"source" onggi:"enum=manifests|kustomize|helm|plugin;default=kustomize"`
	// ApplicationSet makes one ApplicationSet over the environments in place of one Application each.
	ApplicationSet bool `json:"applicationSet"`
	// AutoSync lets Argo CD apply changes by itself.
	AutoSync *bool `json:"autoSync" onggi:"default=true"`
}

// Operator is an operator that Argo CD installs from its Helm chart.
type Operator struct {
	// Name of a known operator or plugin.
	Name string `json:"name" onggi:"required;short;enum=cloudnative-pg|barman-cloud|cert-manager|metallb|sealed-secrets"`
	// Chart version, pinned. Left out: the one that this release of onggi was tested with.
	Chart string `json:"chart" onggi:"pattern=^v?[0-9]+[.][0-9]+[.][0-9]+$"`
	// Namespace to install it into.
	Namespace string `json:"namespace" onggi:"format=dns1123label"`
	// Values for its chart.
	Values map[string]any `json:"values"`
}

// Sealing is the certificate that onggi seal encrypts for.
type Sealing struct {
	// Certificate is a file beside the project or a URL.
	Certificate string `json:"certificate" onggi:"required;example=sealing.crt"`
	// Scope of the sealed secrets.
	Scope string `json:"scope" onggi:"enum=strict|namespace-wide|cluster-wide;default=strict"`
}

// Policies are settings of onggi check.
type Policies struct {
	// FailOn is the lowest severity that makes onggi check exit with 1.
	FailOn string `json:"failOn" onggi:"enum=error|warning|info;default=error"`
	// Waive lists findings that are accepted, each with its reason.
	Waive []Waiver `json:"waive"`
}

// Waiver accepts a finding.
type Waiver struct {
	// Policy is the finding's code, e.g. ONG7010.
	Policy string `json:"policy" onggi:"required;pattern=^ONG[0-9]{4}$;example=ONG7010"`
	// Object is the kind and name that it is accepted for; * matches any part.
	Object string `json:"object" onggi:"default=*;example=Service/shop-lb"`
	// Reason that a colleague would accept.
	Reason string `json:"reason" onggi:"required"`
}
