package native

import (
	"fmt"
	"slices"
	"strings"

	"github.com/onggi-db/onggi/render/spec"
	"github.com/onggi-db/onggi/sidecars/config"
)

// queries are files that a volume can have, each once, and none of onggi's own.
func (k *checker) queries() {
	if k.plan.Monitoring == nil {
		return
	}
	var seen []spec.ConfigMapKey
	for i, q := range k.plan.Monitoring.Queries {
		path := fmt.Sprintf("spec.monitoring.queries[%d]", i)
		switch {
		case slices.Contains(seen, q):
			k.problem("ONG2360", path, fmt.Sprintf("%s of %s is there twice", q.Key, q.ConfigMap), "each of its queries would clash with itself", "take one of the two out")
		case q.ConfigMap == k.plan.Name+"-queries":
			k.problem("ONG2360", path+".configMap", q.ConfigMap+" is the ConfigMap of onggi's own queries", "they are asked anyway", "take it out, or give yours another name")
		case !configKey(q.Key):
			k.problem("ONG2360", path+".key", fmt.Sprintf("%q is no key of a ConfigMap", q.Key), "the API server would refuse the pods", "write it with letters, digits, -, _ and .")
		}
		seen = append(seen, q)
	}
}

// configKey is what an API server takes for a key of a ConfigMap.
func configKey(key string) bool {
	return key != "" && len(key) <= 253 && key != "." && !strings.HasPrefix(key, "..") &&
		strings.Trim(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == ""
}

// ident are lines that the server takes.
func (k *checker) ident() {
	for i, line := range k.plan.Ident {
		if err := config.CheckIdent(line); err != nil {
			k.problem("ONG2361", fmt.Sprintf("spec.ident[%d]", i), err.Error(), "the agent would not take the configuration", `write MAP NAME ROLE, e.g. people "Ada Lovelace" ada`)
		}
	}
}
