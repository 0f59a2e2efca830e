package policies

import (
	"cmp"
	"maps"
	"slices"

	"github.com/onggi-db/onggi/render/drill"
	"github.com/onggi-db/onggi/render/manifest"
)

// made is a Secret or ConfigMap that something in the input makes.
type made struct {
	keys []string // nil: not known, any key is taken to be there
	kind string   // type of the Secret, "" when not known: one that was only declared to exist
}

func (m made) has(key string) bool { return m.keys == nil || slices.Contains(m.keys, key) }

// madeSecrets lists the Secrets of the input: written, sealed, fetched, issued or made by the database operator.
func (w *world) madeSecrets() map[key]made {
	out := map[key]made{}
	for _, s := range w.External {
		namespace := s.Namespace
		if namespace == "" {
			namespace = w.Namespace
		}
		out[key{namespace, s.Name}] = made{keys: s.Keys}
	}
	for _, e := range w.entries {
		for name, m := range secretsOf(e) {
			if old, ok := out[e.key(name)]; ok && old.keys != nil && m.keys != nil {
				m.keys = append(slices.Clip(old.keys), m.keys...) // two that merge into one, or one given twice
			}
			out[e.key(name)] = m
		}
	}
	return out
}

// secretsOf names the Secrets that one object makes, in its own namespace.
func secretsOf(e *entry) map[string]made {
	spec := mapping(e.Body(), "spec")
	switch e.ref.Kind + "." + e.ref.Group() {
	case "Secret.":
		return one(e.ref.Name, made{keys(mapping(e.Body(), "data"), mapping(e.Body(), "stringData")), cmp.Or(text(e.Body(), "type"), "Opaque")})
	case "SealedSecret.bitnami.com":
		name := text(spec, "template", "metadata", "name")
		m := made{keys(mapping(spec, "encryptedData"), mapping(spec, "template", "data")), cmp.Or(text(spec, "template", "type"), "Opaque")}
		return one(orName(name, e), m)
	case "ExternalSecret.external-secrets.io":
		return one(orName(text(spec, "target", "name"), e), made{externalKeys(spec), kind(spec, "target", "template", "type")})
	case "Certificate.cert-manager.io":
		m := made{keys: []string{"tls.crt", "tls.key", "ca.crt"}, kind: "kubernetes.io/tls"}
		if has(spec, "keystores") || has(spec, "additionalOutputFormats") {
			m.keys = nil
		}
		return one(text(spec, "secretName"), m)
	case kindCluster:
		return cnpgSecrets(e)
	}
	return nil
}

// kind reads the type of a Secret, which is Opaque when nobody says.
func kind(v any, path ...any) string { return cmp.Or(text(v, path...), "Opaque") }

// externalKeys are the keys of the Secret that an ExternalSecret makes; nil when the store decides.
func externalKeys(spec manifest.Map) []string {
	if has(spec, "dataFrom") || has(spec, "target", "template", "templateFrom") {
		return nil
	}
	template := mapping(spec, "target", "template", "data")
	if template != nil && text(spec, "target", "template", "mergePolicy") != "Merge" {
		return keys(template)
	}
	out := keys(template)
	each(spec, "data.*.secretKey", func(_ []any, v any) {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	})
	return out
}

// cnpgSecrets are those that CloudNativePG makes for a cluster: it makes none where it was given one.
func cnpgSecrets(e *entry) map[string]made {
	name := e.ref.Name
	tls := made{keys: []string{"tls.crt", "tls.key"}, kind: "kubernetes.io/tls"}
	user := made{kind: "kubernetes.io/basic-auth", keys: []string{"username", "password", "user", "dbname", "host", "port", "pgpass", "uri",
		"jdbc-uri", "fqdn-uri", "fqdn-jdbc-uri"}}
	out := map[string]made{
		name + "-ca":          {keys: []string{"ca.crt", "ca.key"}},
		name + "-server":      tls,
		name + "-replication": tls,
		name + "-pooler":      tls,
	}
	own := false
	for _, method := range []string{"initdb", "recovery", "pg_basebackup"} {
		own = own || has(e.Body(), "spec", "bootstrap", method, "secret")
	}
	if !own {
		out[name+"-app"] = user
	}
	if boolean(e.Body(), false, "spec", "enableSuperuserAccess") && !has(e.Body(), "spec", "superuserSecret") {
		out[name+"-superuser"] = user
	}
	return out
}

// madeConfigMaps lists the ConfigMaps of the input, those of the platform and of the operator included.
func (w *world) madeConfigMaps() map[key]made {
	out := map[key]made{}
	for _, e := range w.entries {
		out[e.key("kube-root-ca.crt")] = made{keys: []string{"ca.crt"}}
		switch e.ref.Kind + "." + e.ref.Group() {
		case "ConfigMap.":
			out[e.key(e.ref.Name)] = made{keys: keys(mapping(e.Body(), "data"), mapping(e.Body(), "binaryData"))}
		case kindCluster:
			if !boolean(e.Body(), false, "spec", "monitoring", "disableDefaultQueries") {
				out[e.key("cnpg-default-monitoring")] = made{keys: []string{"queries"}}
			}
		}
	}
	for _, d := range w.drills {
		if d.cfg != nil { // its program makes it
			out[d.key(d.cfg.Record.ConfigMap)] = made{keys: []string{drill.QueriesKey}}
		}
	}
	return out
}

func one(name string, m made) map[string]made { return map[string]made{name: m} }

func orName(name string, e *entry) string {
	if name == "" {
		return e.ref.Name
	}
	return name
}

// keys are the keys of all the mappings, sorted; never nil, since a Secret without keys is known to have none.
func keys(ms ...manifest.Map) []string {
	out := []string{}
	for _, m := range ms {
		out = append(out, slices.Collect(maps.Keys(m))...)
	}
	slices.Sort(out)
	return out
}
