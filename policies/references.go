package policies

import (
	"fmt"
	"slices"
	"strings"

	"github.com/onggi-db/onggi/render/manifest"
)

// shape is how a reference is written.
type shape int

const (
	secretKey     shape = iota // {name, key} of a Secret; optional: true forgives
	secretRef                  // {name} of a Secret
	secretLogin                // {name} of a Secret that must hold username and password
	secretName                 // the name itself
	secretVolume               // {secretName, items}: a volume
	secretSource               // {name, items}: a projected volume
	configMapKey               // {name, key} of a ConfigMap
	configMapRef               // {name} of a ConfigMap
	configMapFrom              // {name, items}: a volume, plain or projected
)

// reference is one place where a kind names a Secret or a ConfigMap.
type reference struct {
	pattern string // see each
	shape   shape
}

// references are the places of one kind, as "Kind.group".
func references(kind string) []reference {
	switch kind {
	case kindCluster:
		return clusterReferences
	case kindObjectStore:
		return storeReferences
	case kindPooler:
		return poolerReferences
	case "DatabaseRole.postgresql.cnpg.io":
		return roleReferences
	case "PodMonitor.monitoring.coreos.com":
		return podMonitorReferences
	case "ServiceMonitor.monitoring.coreos.com":
		return serviceMonitorReferences
	case "Pod.":
		return barePodReferences
	case "Deployment.apps", "StatefulSet.apps", "DaemonSet.apps", "Job.batch":
		return workloadReferences
	case "CronJob.batch":
		return cronJobReferences
	case "Ingress.networking.k8s.io":
		return ingressReferences
	}
	return nil
}

var (
	storeReferences          = under("spec.configuration", barmanReferences)
	roleReferences           = []reference{{"spec.passwordSecret", secretLogin}}
	podMonitorReferences     = under("spec.podMetricsEndpoints.*", endpointReferences)
	serviceMonitorReferences = under("spec.endpoints.*", endpointReferences)
	barePodReferences        = under("spec", podReferences)
	workloadReferences       = under("spec.template.spec", podReferences)
	cronJobReferences        = under("spec.jobTemplate.spec.template.spec", podReferences)
	ingressReferences        = []reference{{"spec.tls.*.secretName", secretName}}
)

func under(prefix string, refs []reference) []reference {
	out := make([]reference, len(refs))
	for i, r := range refs {
		out[i] = reference{prefix + "." + r.pattern, r.shape}
	}
	return out
}

var clusterReferences = slices.Concat(
	[]reference{
		{"spec.superuserSecret", secretLogin},
		{"spec.bootstrap.initdb.secret", secretLogin},
		{"spec.bootstrap.recovery.secret", secretLogin},
		{"spec.bootstrap.pg_basebackup.secret", secretLogin},
		{"spec.managed.roles.*.passwordSecret", secretLogin},
		{"spec.imagePullSecrets.*", secretRef},
		{"spec.certificates.serverTLSSecret", secretName},
		{"spec.certificates.serverCASecret", secretName},
		{"spec.certificates.clientCASecret", secretName},
		{"spec.certificates.replicationTLSSecret", secretName},
		{"spec.externalClusters.*.password", secretKey},
		{"spec.externalClusters.*.sslCert", secretKey},
		{"spec.externalClusters.*.sslKey", secretKey},
		{"spec.externalClusters.*.sslRootCert", secretKey},
		{"spec.postgresql.ldap.bindSearchAuth.bindPassword", secretKey},
		{"spec.monitoring.customQueriesSecret.*", secretKey},
		{"spec.monitoring.customQueriesConfigMap.*", configMapKey},
		{"spec.bootstrap.initdb.postInitSQLRefs.secretRefs.*", secretKey},
		{"spec.bootstrap.initdb.postInitSQLRefs.configMapRefs.*", configMapKey},
		{"spec.bootstrap.initdb.postInitApplicationSQLRefs.secretRefs.*", secretKey},
		{"spec.bootstrap.initdb.postInitApplicationSQLRefs.configMapRefs.*", configMapKey},
		{"spec.bootstrap.initdb.postInitTemplateSQLRefs.secretRefs.*", secretKey},
		{"spec.bootstrap.initdb.postInitTemplateSQLRefs.configMapRefs.*", configMapKey},
	},
	under("spec", containerReferences),
	under("spec.projectedVolumeTemplate", projectedReferences),
	under("spec.backup.barmanObjectStore", barmanReferences),
	under("spec.externalClusters.*.barmanObjectStore", barmanReferences),
)

var poolerReferences = slices.Concat(
	[]reference{
		{"spec.pgbouncer.authQuerySecret", secretRef},
		{"spec.pgbouncer.serverTLSSecret", secretRef},
		{"spec.pgbouncer.serverCASecret", secretRef},
		{"spec.pgbouncer.clientCASecret", secretRef},
		{"spec.pgbouncer.clientTLSSecret", secretRef},
	},
	under("spec.template.spec", podReferences),
)

var barmanReferences = []reference{
	{"endpointCA", secretKey},
	{"s3Credentials.accessKeyId", secretKey},
	{"s3Credentials.secretAccessKey", secretKey},
	{"s3Credentials.region", secretKey},
	{"s3Credentials.sessionToken", secretKey},
	{"azureCredentials.connectionString", secretKey},
	{"azureCredentials.storageAccount", secretKey},
	{"azureCredentials.storageKey", secretKey},
	{"azureCredentials.storageSasToken", secretKey},
	{"googleCredentials.applicationCredentials", secretKey},
}

var endpointReferences = []reference{
	{"tlsConfig.ca.secret", secretKey},
	{"tlsConfig.ca.configMap", configMapKey},
	{"tlsConfig.cert.secret", secretKey},
	{"tlsConfig.cert.configMap", configMapKey},
	{"tlsConfig.keySecret", secretKey},
	{"basicAuth.username", secretKey},
	{"basicAuth.password", secretKey},
	{"bearerTokenSecret", secretKey},
}

var containerReferences = []reference{
	{"env.*.valueFrom.secretKeyRef", secretKey},
	{"env.*.valueFrom.configMapKeyRef", configMapKey},
	{"envFrom.*.secretRef", secretRef},
	{"envFrom.*.configMapRef", configMapRef},
}

var projectedReferences = []reference{
	{"sources.*.secret", secretSource},
	{"sources.*.configMap", configMapFrom},
}

var podReferences = slices.Concat(
	[]reference{
		{"imagePullSecrets.*", secretRef},
		{"volumes.*.secret", secretVolume},
		{"volumes.*.configMap", configMapFrom},
	},
	under("volumes.*.projected", projectedReferences),
	under("containers.*", containerReferences),
	under("initContainers.*", containerReferences),
)

// need is one Secret or ConfigMap that an object reads, and the keys it reads in it.
type need struct {
	of     *entry
	config bool // a ConfigMap
	name   string
	field  []any // where the name stands
	keys   []neededKey
	login  bool
}

type neededKey struct {
	key   string
	field []any
}

// needs lists everything that the input's objects read and do not call optional.
func (w *world) needs() []need {
	var out []need
	for _, e := range w.entries {
		for _, r := range references(e.ref.Kind + "." + e.ref.Group()) {
			each(e.Body(), r.pattern, func(path []any, v any) {
				if n, ok := r.read(path, v); ok {
					n.of, n.config = e, r.shape >= configMapKey
					out = append(out, n)
				}
			})
		}
	}
	return out
}

// read reads a reference's value; ok is false for one that is optional, or names nothing.
func (r reference) read(path []any, v any) (n need, ok bool) {
	if name, isName := v.(string); isName {
		return need{name: name, field: path}, r.shape == secretName && name != ""
	}
	if boolean(v, false, "optional") {
		return n, false
	}
	nameField := "name"
	if r.shape == secretVolume {
		nameField = "secretName"
	}
	n = need{name: text(v, nameField), field: join(path, nameField), login: r.shape == secretLogin}
	switch r.shape {
	case secretKey, configMapKey:
		if k := text(v, "key"); k != "" {
			n.keys = []neededKey{{k, join(path, "key")}}
		}
	case secretLogin:
		n.keys = []neededKey{{"username", n.field}, {"password", n.field}}
	case secretVolume, secretSource, configMapFrom:
		for i, item := range items(v, "items") {
			if k := text(item, "key"); k != "" {
				n.keys = append(n.keys, neededKey{k, join(path, "items", i, "key")})
			}
		}
	}
	return n, n.name != ""
}

func missingSecrets(w *world) []Finding {
	var out []Finding
	for _, n := range w.wanted {
		if _, ok := w.secrets[n.of.key(n.name)]; !ok && !n.config {
			out = append(out, n.of.finding(n.field, fmt.Sprintf("nobody makes the Secret %s%s", n.name, w.closeTo(n.of, n.name))))
		}
	}
	return out
}

// closeTo names a Secret of the same namespace that the reference may have been meant for: what it names shares its longest
// words with it.
func (w *world) closeTo(e *entry, name string) string {
	var similar []string
	for k := range w.secrets {
		if k.namespace == e.ref.Namespace && sharesWord(k.name, name) {
			similar = append(similar, k.name)
		}
	}
	if len(similar) == 0 {
		return ""
	}
	slices.Sort(similar)
	return "; there is " + strings.Join(similar, ", ")
}

func sharesWord(a, b string) bool {
	words := strings.Split(b, "-")
	return slices.ContainsFunc(strings.Split(a, "-"), func(word string) bool {
		return len(word) > 2 && strings.TrimSuffix(word, "s") != "secret" && slices.Contains(words, word)
	})
}

func missingSecretKeys(w *world) []Finding {
	var out []Finding
	for _, n := range w.wanted {
		if m, ok := w.secrets[n.of.key(n.name)]; ok && !n.config {
			out = append(out, missingKeys(n, "Secret", m)...)
		}
	}
	return out
}

func missingKeys(n need, kind string, m made) []Finding {
	var out []Finding
	for _, k := range n.keys {
		if !m.has(k.key) {
			out = append(out, n.of.finding(k.field, fmt.Sprintf("the %s %s has no key %s%s", kind, n.name, k.key, only(m.keys))))
		}
	}
	return out
}

func loginSecretTypes(w *world) []Finding {
	var out []Finding
	for _, n := range w.wanted {
		m := w.secrets[n.of.key(n.name)]
		if n.login && m.keys != nil && m.kind != "" && m.kind != "kubernetes.io/basic-auth" && m.has("username") && m.has("password") {
			out = append(out, n.of.finding(n.field, fmt.Sprintf("the Secret %s is of type %s", n.name, m.kind)))
		}
	}
	return out
}

// only tells what there is in place of what was named.
func only(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return ", only " + list(names)
}

func list(names []string) string {
	names = slices.Sorted(slices.Values(names))
	return strings.Join(slices.Compact(names), ", ")
}

// target is a place where a kind names another object of the input.
type target struct {
	kind    string // of the object with the reference
	pattern string // of the name
	to      string // "Kind.group" of the object that is meant
}

var targets = []target{
	{kindScheduledBackup, "spec.cluster.name", kindCluster},
	{kindBackup, "spec.cluster.name", kindCluster},
	{kindPooler, "spec.cluster.name", kindCluster},
	{"Database.postgresql.cnpg.io", "spec.cluster.name", kindCluster},
	{"DatabaseRole.postgresql.cnpg.io", "spec.cluster.name", kindCluster},
	{"Publication.postgresql.cnpg.io", "spec.cluster.name", kindCluster},
	{"Subscription.postgresql.cnpg.io", "spec.cluster.name", kindCluster},
	{kindCluster, "spec.plugins.*.parameters.barmanObjectName", kindObjectStore},
	{kindCluster, "spec.externalClusters.*.plugin.parameters.barmanObjectName", kindObjectStore},
}

func missingObjects(w *world) []Finding {
	var out []Finding
	for _, t := range targets {
		for _, e := range w.kinds[t.kind] {
			each(e.Body(), t.pattern, func(path []any, v any) {
				name, _ := v.(string)
				if name != "" && w.find(t.to, e.ref.Namespace, name) == nil {
					kind, _, _ := strings.Cut(t.to, ".")
					out = append(out, e.finding(path, fmt.Sprintf("nobody makes the %s %s", kind, name)))
				}
			})
		}
	}
	for _, e := range w.kinds[kindCluster] {
		out = append(out, missingCatalog(w, e)...)
		out = append(out, missingExternalClusters(e)...)
	}
	for _, n := range w.wanted {
		m, ok := w.configs[n.of.key(n.name)]
		switch {
		case !n.config:
		case !ok:
			out = append(out, n.of.finding(n.field, "nobody makes the ConfigMap "+n.name))
		default:
			out = append(out, missingKeys(n, "ConfigMap", m)...)
		}
	}
	return out
}

func missingCatalog(w *world, e *entry) []Finding {
	catalog := mapping(e.Body(), "spec", "imageCatalogRef")
	name := text(catalog, "name")
	if name == "" || text(catalog, "kind") != "ImageCatalog" {
		return nil // a ClusterImageCatalog belongs to the cluster's owner
	}
	c := w.find(kindImageCatalog, e.ref.Namespace, name)
	if c == nil {
		return []Finding{e.finding(at("spec", "imageCatalogRef", "name"), "nobody makes the ImageCatalog "+name)}
	}
	major, _ := manifest.Get(catalog, "major")
	for _, image := range items(c.Body(), "spec", "images") {
		if m, _ := manifest.Get(image, "major"); m == major {
			return nil
		}
	}
	return []Finding{e.finding(at("spec", "imageCatalogRef", "major"), fmt.Sprintf("the ImageCatalog %s has no image of major %v", name, major))}
}

// missingExternalClusters looks up the names that a cluster gives to its own externalClusters.
func missingExternalClusters(e *entry) []Finding {
	known := []string{}
	for _, x := range items(e.Body(), "spec", "externalClusters") {
		known = append(known, text(x, "name"))
	}
	var out []Finding
	for _, path := range [][]any{
		at("spec", "bootstrap", "recovery", "source"),
		at("spec", "bootstrap", "pg_basebackup", "source"),
		at("spec", "bootstrap", "initdb", "import", "source", "externalCluster"),
		at("spec", "replica", "source"),
	} {
		if name := text(e.Body(), path...); name != "" && !slices.Contains(known, name) {
			out = append(out, e.finding(path, fmt.Sprintf("spec.externalClusters has no %s%s", name, only(known))))
		}
	}
	return out
}
