package argocd

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/spec"
)

// operator is one operator on one API server.
type operator struct {
	chart
	file     string // without .yaml; the Application is called <project>-<file>
	server   string
	autoSync bool
}

// install lists the project's operators on every API server that a deployment goes to.
func install(in Input, s settings, deployments []deployment) ([]operator, error) {
	charts, err := charts(in.Project.Operators)
	if err != nil {
		return nil, err
	}
	var out []operator
	var files []string
	for _, server := range servers(s, deployments) {
		for i, c := range charts {
			file := in.Project.Operators[i].Name
			if server.url != inCluster {
				file += "-" + slug(server.url)
			}
			out = append(out, operator{chart: c, file: file, server: server.url, autoSync: server.autoSync})
			files = append(files, file)
		}
	}
	return out, unique("operators", files)
}

// charts are the charts of the wanted operators, with what the project says about each.
func charts(wanted []spec.Operator) ([]chart, error) {
	out := make([]chart, len(wanted))
	var errs []error
	for i, want := range wanted {
		c, ok := known(want.Name)
		if !ok {
			errs = append(errs, fmt.Errorf("operator %q is not known", want.Name))
			continue
		}
		c.version = cmp.Or(want.Chart, c.version)
		c.namespace = cmp.Or(want.Namespace, c.namespace)
		c.values = laidOver(ownValues(want.Name, c), want.Values)
		out[i] = c
	}
	return out, errors.Join(append(errs, placePlugin(wanted, out))...)
}

// ownValues are the chart's values for the namespace it really goes to.
func ownValues(name string, c chart) manifest.Map {
	if name == "cert-manager" {
		return laidOver(c.values, manifest.Map{"global": manifest.Map{"leaderElection": manifest.Map{"namespace": c.namespace}}})
	}
	return c.values
}

// placePlugin puts the barman-cloud plugin into the operator's namespace, the only one that CloudNativePG looks for
// plugins in.
func placePlugin(wanted []spec.Operator, charts []chart) error {
	named := func(name string) int {
		return slices.IndexFunc(wanted, func(o spec.Operator) bool { return o.Name == name })
	}
	home, plugin := named("cloudnative-pg"), named("barman-cloud")
	if home < 0 || plugin < 0 {
		return nil
	}
	namespace := charts[home].namespace
	if asked := wanted[plugin].Namespace; asked != "" && asked != namespace {
		return fmt.Errorf("operator barman-cloud is to go into namespace %q, but cloudnative-pg is in %q and looks for its plugins there", asked, namespace)
	}
	charts[plugin].namespace = namespace
	return nil
}

type server struct {
	url      string
	autoSync bool // an operator restarts every database on its API server: it waits for a person if any of them does
}

func servers(s settings, deployments []deployment) []server {
	if len(deployments) == 0 {
		return []server{{inCluster, s.autoSync}}
	}
	auto := map[string]bool{}
	for _, d := range deployments {
		before, seen := auto[d.server]
		auto[d.server] = d.autoSync && (before || !seen)
	}
	var out []server
	for _, url := range slices.Sorted(maps.Keys(auto)) {
		out = append(out, server{url, auto[url]})
	}
	return out
}

// slug makes a name of an API server's address: it depends on nothing else, so it stays when environments come and go.
func slug(url string) string {
	_, host, found := strings.Cut(url, "://")
	if !found {
		host = url
	}
	words := strings.FieldsFunc(strings.ToLower(host), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
	return strings.Join(words, "-")
}

// laidOver merges mappings deeply; what is in over wins. A null stays a null: Helm takes the chart's default away for it.
func laidOver(under, over manifest.Map) manifest.Map {
	out := maps.Clone(under)
	if out == nil {
		out = manifest.Map{}
	}
	for k, v := range over {
		a, isMap := out[k].(manifest.Map)
		b, wantsMap := v.(manifest.Map)
		if isMap && wantsMap {
			v = laidOver(a, b)
		}
		out[k] = v
	}
	return out
}

// operatorApplication installs an operator. Nothing is pruned by itself: if a chart ever drops a CRD, a person decides
// about the objects that would go with it.
func operatorApplication(s settings, o operator) manifest.Map {
	helm := manifest.Map{"releaseName": o.release}
	if len(o.values) > 0 {
		helm["valuesObject"] = o.values
	}
	// The CRDs are too large for the annotation that a client-side apply keeps.
	options := []any{"CreateNamespace=true", "ServerSideApply=true"}
	body := manifest.Map{
		"project":              s.project + "-operators",
		"source":               manifest.Map{"repoURL": o.repo, "chart": o.name, "targetRevision": o.version, "helm": helm},
		"destination":          manifest.Map{"server": o.server, "namespace": o.namespace},
		"revisionHistoryLimit": historyLimit,
	}
	if len(o.differences) > 0 {
		body["ignoreDifferences"] = o.differences
		options = append(options, "RespectIgnoreDifferences=true") // or each sync would put the placeholder back
	}
	p := policy{auto: o.autoSync, options: options}
	if o.podSecurity != "" {
		p.namespace = manifest.Map{
			"pod-security.kubernetes.io/audit":   o.podSecurity,
			"pod-security.kubernetes.io/enforce": o.podSecurity,
			"pod-security.kubernetes.io/warn":    o.podSecurity,
		}
	}
	body["syncPolicy"] = syncPolicy(p)
	return manifest.Map{
		"apiVersion": apiVersion,
		"kind":       "Application",
		"metadata": manifest.Map{
			"name":        s.project + "-" + o.file,
			"namespace":   s.namespace,
			"labels":      manifest.Map{"app.kubernetes.io/part-of": s.project},
			"annotations": manifest.Map{waveAnnotation: wave(o.wave)},
		},
		"spec": body,
	}
}
