package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/onggi-db/onggi/render/spec"
)

// contradictions finds fields that are right by themselves and mean nothing together, whichever back end is chosen: one of
// the two would be dropped, or the API server would refuse the object.
func (r *resolver) contradictions() {
	if r.spec.Image != "" && r.spec.ImageCatalog != nil {
		r.problem("ONG2220", "imageCatalog", "image and imageCatalog exclude each other", "which image runs would depend on who reads it", "take one of the two out")
	}
	for i, e := range r.spec.ExternalClusters {
		if e.Connection == nil && e.Archive == nil {
			r.problem("ONG2206", index("externalClusters", i), fmt.Sprintf("there is no way to %s", e.Name), "neither a server nor an archive of it is named", "add connection or archive")
		}
	}
	if b := r.spec.Backup; b != nil && b.Snapshot != nil && b.Method != "snapshot" {
		r.problem("ONG2215", "backup.snapshot", "these are settings of volume snapshots", "the method is another one, and nothing would read them", "set method: snapshot, or take them out")
	}
	if i := r.initdb(); i != nil {
		r.locale(i)
		if i.Import != nil {
			r.importing(i.Import)
		}
	}
	if rep := r.spec.Replica; rep != nil && rep.Primary != "" && rep.Enabled != nil && !*rep.Enabled {
		r.problem("ONG2218", "replica.enabled", "enabled and primary both say who is the primary", "with primary set nothing reads enabled", "take one of the two out")
	}
	for i, d := range r.spec.Databases {
		r.tablespace(index("databases", i)+".tablespace", d.Tablespace)
	}
	r.inherited("labels", r.spec.Labels)
	r.inherited("annotations", r.spec.Annotations)
	r.certificates()
	r.peers()
	r.services()
	r.tolerations()
	r.names()
}

func (r *resolver) initdb() *spec.Initdb {
	if r.spec.Bootstrap == nil {
		return nil
	}
	return r.spec.Bootstrap.Initdb
}

// inherited keeps what Argo CD knows its own objects by away from pods and volumes, which inherit the user's metadata.
func (r *resolver) inherited(path string, metadata map[string]string) {
	var tracked []string
	for name := range metadata {
		if name == "app.kubernetes.io/instance" || strings.HasPrefix(name, "argocd.argoproj.io/") {
			tracked = append(tracked, name)
		}
	}
	slices.Sort(tracked)
	for _, name := range tracked {
		r.problem("ONG2221", path+"["+strconv.Quote(name)+"]", fmt.Sprintf("%s is not for pods and volumes", name),
			"Argo CD would take them for objects that nobody wants any more, and delete them", "take it out; the Project's argocd says how objects are annotated")
	}
}

// tablespace finds the one that a database is put into.
func (r *resolver) tablespace(path, name string) {
	known := func(t spec.Tablespace) bool { return t.Name == name }
	if name == "" || name == "pg_default" || slices.ContainsFunc(r.spec.Tablespaces, known) {
		return
	}
	r.problem("ONG2219", path, fmt.Sprintf("tablespaces has no %s", name), "the database could not be made", "add it to spec.tablespaces, or take it out here")
}

func (r *resolver) locale(i *spec.Initdb) {
	for _, f := range [...]struct{ name, value, provider string }{{"icuLocale", i.IcuLocale, "icu"}, {"builtinLocale", i.BuiltinLocale, "builtin"}} {
		if f.value != "" && i.LocaleProvider != f.provider {
			r.problem("ONG2217", "bootstrap.initdb."+f.name, fmt.Sprintf("%s belongs to localeProvider: %s", f.name, f.provider),
				"initdb refuses it with another provider", fmt.Sprintf("add localeProvider: %s, or take it out", f.provider))
		}
	}
}

func (r *resolver) importing(m *spec.Import) {
	const path = "bootstrap.initdb.import."
	star := func(list []string) bool {
		for _, s := range list {
			if strings.Contains(s, "*") {
				return true
			}
		}
		return false
	}
	switch {
	case m.Type == "microservice" && (len(m.Databases) != 1 || star(m.Databases)):
		r.problem("ONG2216", path+"databases", "microservice copies one database", "it becomes the first one here, under its new name", "name one database, or set type: monolith")
	case m.Type == "microservice" && len(m.Roles) > 0:
		r.problem("ONG2216", path+"roles", "microservice copies no roles", "the copy belongs to the owner of the first database", "take roles out, or set type: monolith")
	case m.Type == "monolith" && len(m.Databases) > 1 && star(m.Databases):
		r.problem("ONG2216", path+"databases", `"*" stands for all databases`, "beside it no other name means anything", `write ["*"] alone, or name them`)
	case m.Type == "monolith" && len(m.Roles) > 1 && star(m.Roles):
		r.problem("ONG2216", path+"roles", `"*" stands for all roles`, "beside it no other name means anything", `write ["*"] alone, or name them`)
	}
}

func (r *resolver) certificates() {
	t := r.spec.TLS
	if t == nil {
		return
	}
	if t.Secret != "" && len(t.DNSNames) > 0 {
		r.problem("ONG2208", "tls.dnsNames", "names cannot be added to a certificate that is brought", "it has the names that it was signed for", "take dnsNames out, or take secret out")
	}
	c := t.CertManager
	if c == nil {
		return
	}
	for _, f := range [...]struct{ name, value string }{
		{"secret", t.Secret}, {"caSecret", t.CASecret}, {"replicationSecret", t.ReplicationSecret}, {"clientCASecret", t.ClientCASecret},
	} {
		if f.value != "" {
			r.problem("ONG2207", "tls."+f.name, fmt.Sprintf("certManager and %s exclude each other", f.name), "cert-manager makes all certificates, or none", "take one of the two out")
		}
	}
	if seconds(c.RenewBefore) >= seconds(c.Duration) {
		r.problem("ONG2209", "tls.certManager.renewBefore", fmt.Sprintf("a certificate for %s cannot be renewed %s before its end", c.Duration, c.RenewBefore),
			"cert-manager refuses it", "set renewBefore to about a third of duration")
	}
}

func (r *resolver) peers() {
	if r.spec.Network == nil {
		return
	}
	for i, p := range r.spec.Network.Allow {
		if p.CIDR != "" && (p.Namespace != "" || len(p.PodLabels) > 0) {
			r.problem("ONG2210", index("network.allow", i), "a cidr excludes namespace and podLabels", "a network policy takes pods or addresses, and the pods would be left out",
				"write two entries")
		}
	}
}

// services refuses what a Service of that type, or its load balancer, has no word for.
func (r *resolver) services() {
	for i, e := range r.spec.Expose {
		path := index("expose", i)
		balanced := e.Type == "LoadBalancer"
		for _, f := range [...]struct {
			name      string
			set, fits bool
		}{
			{"ip", e.IP != "", balanced},
			{"pool", e.Pool != "", balanced},
			{"shareKey", e.ShareKey != "", balanced},
			{"class", e.Class != "", balanced},
			{"sourceRanges", len(e.SourceRanges) > 0, balanced},
			{"nodePort", e.NodePort != 0, e.Type != "ClusterIP"},
			{"externalTrafficPolicy", e.ExternalTrafficPolicy != "", e.Type != "ClusterIP"},
		} {
			if f.set && !f.fits {
				r.problem("ONG2211", path+"."+f.name, fmt.Sprintf("a Service of type %s has no %s", e.Type, f.name),
					"the API server would refuse it, or nothing would read it", "take it out, or set type: LoadBalancer")
			}
		}
		if balanced {
			r.address(path, e)
		}
	}
}

// address refuses what the load balancer has no annotation for.
func (r *resolver) address(path string, e spec.Expose) {
	for _, f := range [...]struct {
		name, value string
		fits        bool
	}{
		{"ip", e.IP, e.Provider != "none"},
		{"pool", e.Pool, e.Provider == "metallb"},
		{"shareKey", e.ShareKey, e.Provider == "metallb" || e.Provider == "cilium"},
	} {
		if f.value != "" && !f.fits {
			r.problem("ONG2212", path+"."+f.name, fmt.Sprintf("provider %s has no word for %s", e.Provider, f.name), "nothing would read it",
				"take it out, say it with annotations, or name the provider that is installed")
		}
	}
}

func (r *resolver) tolerations() {
	for i, t := range r.spec.Placement.Tolerations {
		path := index("placement.tolerations", i)
		switch {
		case t.Key == "" && t.Operator != "Exists":
			r.problem("ONG2213", path, "a toleration without a key tolerates every taint", "it needs operator: Exists, or the API server refuses it", "add the key, or operator: Exists")
		case t.Operator == "Exists" && t.Value != "":
			r.problem("ONG2213", path+".value", "operator: Exists takes no value", "the API server refuses it", "take the value out, or write operator: Equal")
		case t.Seconds != nil && t.Effect != "NoExecute":
			r.problem("ONG2213", path+".seconds", "only effect: NoExecute ends after some seconds", "the API server refuses it with another effect", "add effect: NoExecute")
		}
	}
}

// maxLabel is the longest value of a label, and the longest name of a Service; maxCronJob is shorter by the eleven characters that Kubernetes
// makes the name of a job of.
const (
	maxLabel   = 63
	maxCronJob = 52
)

// names finds names that are made of two and have become too long: Services refuse them, and operators write the name of a
// schedule into a label of each of its backups.
func (r *resolver) names() {
	for i, e := range r.spec.Expose {
		r.joined(index("expose", i)+".name", e.Name, maxLabel, "names of Services and values of labels")
	}
	if r.spec.Backup == nil {
		return
	}
	for i, s := range r.spec.Backup.Schedules {
		most, what := maxLabel, "names of Services and values of labels"
		if r.spec.Backend == native {
			most, what = maxCronJob, "names of CronJobs"
		}
		r.joined(index("backup.schedules", i)+".name", s.Name, most, what)
	}
	for i, d := range r.spec.Backup.Dumps {
		r.joined(index("backup.dumps", i)+".name", dumpName(d.Name), maxCronJob, "names of CronJobs")
	}
}

// joined checks the name that <cluster>-<name> is.
func (r *resolver) joined(path, name string, most int, what string) {
	if full := r.cluster.Name + "-" + name; len(full) > most {
		r.problem("ONG2214", path, fmt.Sprintf("%s has %d characters", full, len(full)), fmt.Sprintf("%s have at most %d", what, most),
			fmt.Sprintf("shorten it by %d", len(full)-most))
	}
}
