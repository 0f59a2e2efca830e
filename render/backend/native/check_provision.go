package native

import (
	"fmt"
	"slices"
	"strings"

	"github.com/onggi-db/onggi/sidecars/config"
)

// roles keeps to those that are neither the server's nor the agent's.
func (k *checker) roles() {
	for i, r := range k.cluster.Spec.Roles {
		if config.Reserved(r.Name) {
			k.problem("ONG2320", fmt.Sprintf("spec.roles[%d].name", i), fmt.Sprintf("the role %s belongs to the server or the agent", r.Name),
				"they need it as it is", "choose another name")
		}
	}
}

func (k *checker) databases() {
	for i, d := range k.cluster.Spec.Databases {
		path := fmt.Sprintf("spec.databases[%d]", i)
		if slices.Contains([]string{"postgres", "template0", "template1", config.BirthDatabase, config.ImportName}, d.Name) {
			k.problem("ONG2321", path+".name", fmt.Sprintf("the database %s belongs to the server", d.Name), "others are made from it", "choose another name")
		}
		if owner := k.plan.Databases[i].Owner; strings.HasPrefix(owner, "onggi_") {
			k.problem("ONG2320", path+".owner", fmt.Sprintf("the role %s belongs to the agent", owner), "it owns nothing", "choose another owner")
		}
		for j, r := range k.cluster.Spec.Roles {
			if i == 0 && d.Secret != "" && r.Name == k.plan.Databases[0].Owner && r.Secret != "" && r.Secret != d.Secret {
				k.problem("ONG2322", path+".secret", fmt.Sprintf("%s and spec.roles[%d].secret are both the password of %s", d.Secret, j, r.Name),
					"a role has one", "take one of the two out")
			}
		}
	}
}

// locale has a provider that the version knows.
func (k *checker) locale() {
	i := k.plan.Bootstrap.Initdb
	if i == nil {
		return
	}
	since := map[string]int{"icu": 15, "builtin": 17}[i.LocaleProvider]
	if v := k.plan.Version.Major; v < since {
		k.problem("ONG2323", "spec.bootstrap.initdb.localeProvider", fmt.Sprintf("PostgreSQL %d has no locale provider %s", v, i.LocaleProvider),
			fmt.Sprintf("it came with %d", since), "take it out, or set version to "+fmt.Sprint(since)+" or later")
	}
	if i.LocaleProvider == "libc" && k.plan.Version.Major < 15 {
		k.problem("ONG2323", "spec.bootstrap.initdb.localeProvider", fmt.Sprintf("initdb of PostgreSQL %d takes no locale provider", k.plan.Version.Major),
			"it knows no other than libc", "take it out")
	}
}
