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
		return under("spec.configuration", barmanReferences)
	case kindPooler:
		return poolerReferences
	case "DatabaseRole.postgresql.cnpg.io":
		return []reference{{"spec.passwordSecret", secretLogin}}
	case "PodMonitor.monitoring.coreos.com":
		return under("spec.podMetricsEndpoints.*", endpointReferences)
	case "ServiceMonitor.monitoring.coreos.com":
		return under("spec.endpoints.*", endpointReferences)
	case "Pod.":
		return under("spec", podReferences)
	case "Deployment.apps", "StatefulSet.apps", "DaemonSet.apps", "Job.batch":
		return under("spec.template.spec", podReferences)
	case "CronJob.batch":
		return under("spec.jobTemplate.spec.template.spec", podReferences)
	case "Ingress.networking.k8s.io":
		return []reference{{"spec.tls.*.secretName", secretName}}
	}
	return nil
}

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

// wanted is one Secret or ConfigMap that an object needs, and the keys it needs in it.
type wanted struct {
	name  string
	field []any // where the name stands
	keys  []wantedKey
	login bool
}

type wantedKey struct {
	key   string
	field []any
}

// wants reads a reference's value; ok is false for one that is optional, or not there at all.
func wants(r reference, path []any, v any) (w wanted, config, ok bool) {
	config = r.shape >= configMapKey
	if name, isName := v.(string); isName {
		return wanted{name: name, field: path}, config, r.shape == secretName && name != ""
	}
	if boolean(v, false, "optional") {
		return w, config, false
	}
	nameField := "name"
	if r.shape == secretVolume {
		nameField = "secretName"
	}
	w = wanted{name: text(v, nameField), field: join(path, nameField), login: r.shape == secretLogin}
	switch r.shape {
	case secretKey, configMapKey:
		if k := text(v, "key"); k != "" {
			w.keys = []wantedKey{{k, join(path, "key")}}
		}
	case secretLogin:
		w.keys = []wantedKey{{"username", w.field}, {"password", w.field}}
	case secretVolume, secretSource, configMapFrom:
		for i, item := range items(v, "items") {
			if k := text(item, "key"); k != "" {
				w.keys = append(w.keys, wantedKey{k, join(path, "items", i, "key")})
			}
		}
	}
	return w, config, w.name != ""
}

// eachWanted calls fn for everything the input's objects read.
func (w *world) eachWanted(fn func(e *entry, need wanted, config bool)) {
	for _, e := range w.entries {
		for _, r := range references(e.ref.Kind + "." + e.ref.Group()) {
			each(e.Body, r.pattern, func(path []any, v any) {
				if need, config, ok := wants(r, path, v); ok {
					fn(e, need, config)
				}
			})
		}
	}
}

func missingSecrets(w *world) []Finding {
	var out []Finding
	w.eachWanted(func(e *entry, need wanted, config bool) {
		if _, ok := w.secrets[e.key(need.name)]; !ok && !config {
			out = append(out, e.finding(need.field, fmt.Sprintf("nobody makes the Secret %s%s", need.name, w.closeTo(e, need.name))))
		}
	})
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
	w.eachWanted(func(e *entry, need wanted, config bool) {
		m, ok := w.secrets[e.key(need.name)]
		if !ok || config {
			return
		}
		for _, k := range need.keys {
			if !m.has(k.key) {
				out = append(out, e.finding(k.field, fmt.Sprintf("the Secret %s has no key %s%s", need.name, k.key, only(m.keys))))
			}
		}
	})
	return out
}

func loginSecretTypes(w *world) []Finding {
	var out []Finding
	w.eachWanted(func(e *entry, need wanted, config bool) {
		m := w.secrets[e.key(need.name)]
		if need.login && !config && m.keys != nil && m.kind != "kubernetes.io/basic-auth" && m.has("username") && m.has("password") {
			out = append(out, e.finding(need.field, fmt.Sprintf("the Secret %s is of type %s", need.name, orOpaque(m.kind))))
		}
	})
	return out
}

func orOpaque(kind string) string {
	if kind == "" {
		return "Opaque"
	}
	return kind
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
			each(e.Body, t.pattern, func(path []any, v any) {
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
	w.eachWanted(func(e *entry, need wanted, config bool) {
		if !config {
			return
		}
		m, ok := w.configs[e.key(need.name)]
		if !ok {
			out = append(out, e.finding(need.field, "nobody makes the ConfigMap "+need.name))
			return
		}
		for _, k := range need.keys {
			if !m.has(k.key) {
				out = append(out, e.finding(k.field, fmt.Sprintf("the ConfigMap %s has no key %s%s", need.name, k.key, only(m.keys))))
			}
		}
	})
	return out
}

func missingCatalog(w *world, e *entry) []Finding {
	catalog := mapping(e.Body, "spec", "imageCatalogRef")
	name := text(catalog, "name")
	if name == "" || text(catalog, "kind") != "ImageCatalog" {
		return nil // a ClusterImageCatalog belongs to the cluster's owner
	}
	c := w.find(kindImageCatalog, e.ref.Namespace, name)
	if c == nil {
		return []Finding{e.finding(at("spec", "imageCatalogRef", "name"), "nobody makes the ImageCatalog "+name)}
	}
	major, _ := manifest.Get(catalog, "major")
	for _, image := range items(c.Body, "spec", "images") {
		if m, _ := manifest.Get(image, "major"); m == major {
			return nil
		}
	}
	return []Finding{e.finding(at("spec", "imageCatalogRef", "major"), fmt.Sprintf("the ImageCatalog %s has no image of major %v", name, major))}
}

// missingExternalClusters looks up the names that a cluster gives to its own externalClusters.
func missingExternalClusters(e *entry) []Finding {
	known := []string{}
	for _, x := range items(e.Body, "spec", "externalClusters") {
		known = append(known, text(x, "name"))
	}
	var out []Finding
	for _, path := range [][]any{
		at("spec", "bootstrap", "recovery", "source"),
		at("spec", "bootstrap", "pg_basebackup", "source"),
		at("spec", "bootstrap", "initdb", "import", "source", "externalCluster"),
		at("spec", "replica", "source"),
	} {
		if name := text(e.Body, path...); name != "" && !slices.Contains(known, name) {
			out = append(out, e.finding(path, fmt.Sprintf("spec.externalClusters has no %s%s", name, only(known))))
		}
	}
	return out
}
