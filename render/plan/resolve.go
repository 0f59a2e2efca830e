package plan

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/onggi-db/onggi/render/spec"
)

// Resolve computes the plan of a cluster in its environment. The plan is usable only when there are no problems.
func Resolve(c *spec.Cluster) (*Plan, spec.Problems) {
	r := &resolver{cluster: c, spec: &c.Spec, name: c.Name}
	p := &Plan{
		Name: c.Name, Namespace: c.Namespace, Env: c.Env,
		Engine: c.Spec.Engine, Backend: c.Spec.Backend,
		Catalog: c.Spec.ImageCatalog, PullPolicy: c.Spec.ImagePullPolicy, PullSecrets: c.Spec.ImagePullSecrets,
		Instances: int64(c.Spec.Instances), Tablespaces: c.Spec.Tablespaces, Replication: c.Spec.Replication,
		Roles: c.Spec.Roles, Parameters: c.Spec.Parameters, Preload: c.Spec.Preload, Ident: c.Spec.Ident,
		Resources: c.Spec.Resources, Placement: c.Spec.Placement, Updates: c.Spec.Updates,
		Labels: c.Spec.Labels, Annotations: c.Spec.Annotations,
		Hibernate: c.Spec.Hibernate, LogLevel: c.Spec.LogLevel, Secrets: c.Spec.Secrets,
	}
	r.versions(p)
	r.storage(p)
	r.databases(p)
	r.parameters(p)
	r.bootstrap(p)
	if p.Backup = r.backup(); p.Backup != nil {
		p.Backup.Drill = r.drill(p)
	}
	r.access(p)
	r.operations(p)
	if p.Image == "" && p.Catalog == nil {
		p.Image = r.image(p)
	}
	p.Dumps = r.dumps(p)
	p.Agent = r.agent()
	r.needs(p)
	r.sharedSecrets(p)
	r.store(p)
	r.contradictions()
	return p, r.problems
}

type resolver struct {
	cluster  *spec.Cluster
	spec     *spec.Spec
	name     string
	operator Version
	problems spec.Problems
}

func (r *resolver) problem(code, path, message, why, fix string) {
	r.problems = append(r.problems, r.cluster.Problem(code, "spec."+path, message, why, fix))
}

// Key is the path of an entry of a map, whose name may have points.
func Key(path, name string) string {
	if strings.Contains(name, ".") {
		return path + "[" + strconv.Quote(name) + "]"
	}
	return path + "." + name
}

func index(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

// newestOperator is the release that is taken for granted when operatorVersion is left out: the one whose CRDs this
// release of onggi is tested against.
func newestOperator(backend string) string {
	switch backend {
	case "cloudnative-pg":
		return "1.30"
	case "crunchy":
		return "5.8"
	case "zalando":
		return "2.0"
	case "mysql-operator":
		return "9.1"
	}
	return "0"
}

func (r *resolver) versions(p *Plan) {
	p.Version, _ = ParseVersion(r.spec.Version) // the spec's pattern has refused anything else
	if p.Engine == "postgres" && p.Version.Patch >= 0 {
		r.problem("ONG2203", "version", fmt.Sprintf("PostgreSQL has no version %s", p.Version), "its versions have two numbers: a major and a minor release",
			fmt.Sprintf("write %q", strconv.Itoa(p.Version.Major)+"."+strconv.Itoa(p.Version.Minor)))
	}
	operator := r.spec.OperatorVersion
	if operator == "" {
		operator = newestOperator(p.Backend)
	}
	p.Operator, _ = ParseVersion(operator)
	r.operator = p.Operator
	p.Image = r.spec.Image
}

// image is the one that onggi pins, for operators that do not choose one by themselves.
func (r *resolver) image(p *Plan) string {
	if p.Engine != "postgres" || p.Backend != "cloudnative-pg" && p.Backend != native {
		return ""
	}
	minor, known := newestMinor(p.Version.Major)
	if !known {
		r.problem("ONG2201", "version", fmt.Sprintf("no image is known for PostgreSQL %d", p.Version.Major),
			"onggi pins one image for each of the majors "+knownMajors, "name one of them, or give image a full reference")
		return ""
	}
	if p.Version.Minor < 0 {
		p.Version.Minor = minor
	}
	switch {
	case p.Backend == native && p.readsStores():
		return pgBackRestImage(p.Version)
	case p.Backend == native:
		return postgresImage(p.Version)
	}
	return cloudNativePGImage(p.Version, p.InTree() && p.readsStores())
}

func (r *resolver) storage(p *Plan) {
	s := r.spec.Storage
	p.Storage = Storage{Volume{s.Size, s.Class}, s.AccessMode, s.ResizeInUse == nil || *s.ResizeInUse}
	if s.WAL != nil {
		p.WAL = &Volume{s.WAL.Size, orElse(s.WAL.Class, s.Class)}
	}
	p.Tablespaces = slices.Clone(p.Tablespaces)
	for i := range p.Tablespaces {
		p.Tablespaces[i].Class = orElse(p.Tablespaces[i].Class, s.Class)
	}
}

// databases gives every database an owner and every owner a role.
func (r *resolver) databases(p *Plan) {
	specs := r.spec.Databases
	if len(specs) == 0 && p.Backend != native {
		specs = []spec.Database{{Name: "app", Owner: "app", Reclaim: "retain"}} // as every operator does
	}
	p.Roles = slices.Clone(p.Roles)
	for i, d := range specs {
		out := Database{
			Name: d.Name, Owner: orElse(d.Owner, d.Name), Secret: d.Secret, Extensions: d.Extensions,
			Schemas: slices.Clone(d.Schemas), Tablespace: d.Tablespace, Encoding: d.Encoding, Locale: d.Locale,
			ConnectionLimit: d.ConnectionLimit, Reclaim: d.Reclaim,
		}
		for j := range out.Schemas {
			out.Schemas[j].Owner = orElse(out.Schemas[j].Owner, out.Owner)
		}
		p.Databases = append(p.Databases, out)
		if i == 0 {
			r.first(d)
			p.Databases[0].Secret = r.ownersSecret(out)
			continue
		}
		if d.Secret != "" {
			r.problem("ONG2202", index("databases", i)+".secret", "only the first database takes the password of its owner here",
				"the owners of the others are roles like any other", "name the Secret under roles")
		}
		p.needRole(out.Owner)
	}
}

// first checks the database that initdb makes, whose settings stand with initdb's.
func (r *resolver) first(d spec.Database) {
	for _, f := range [...]struct{ name, value string }{{"encoding", d.Encoding}, {"locale", d.Locale}} {
		if f.value != "" {
			r.problem("ONG2204", index("databases", 0)+"."+f.name, fmt.Sprintf("the first database has the %s of initdb", f.name),
				"it is made when the cluster is born, before anything reads this field", fmt.Sprintf("set bootstrap.initdb.%s", f.name))
		}
	}
}

// ownersSecret is the Secret of the first database's owner. An operator makes one where none is named; native takes the one of the name
// that CloudNativePG would have given it, which somebody else makes.
func (r *resolver) ownersSecret(d Database) string {
	brings := func(role spec.Role) bool { return role.Name == d.Owner && role.Secret != "" }
	if d.Secret != "" || r.spec.Backend != native || ServersRole(d.Owner) || slices.ContainsFunc(r.spec.Roles, brings) {
		return d.Secret
	}
	return r.name + "-app"
}

// ServersRole tells the roles that every server has.
func ServersRole(name string) bool { return name == "postgres" || strings.HasPrefix(name, "pg_") }

// needRole makes a login role for an owner that neither the first database nor roles nor the server itself brings.
func (p *Plan) needRole(name string) {
	known := func(role spec.Role) bool { return role.Name == name }
	if name == p.Databases[0].Owner || slices.ContainsFunc(p.Roles, known) || ServersRole(name) {
		return
	}
	yes, unlimited := true, -1
	p.Roles = append(p.Roles, spec.Role{Name: name, Login: true, Inherit: &yes, ConnectionLimit: &unlimited, Ensure: "present"})
}

// parameters adds those without which something asked for elsewhere does not work.
func (r *resolver) parameters(p *Plan) {
	if !p.Replication.LogicalSlots || p.Version.Major < 17 {
		return
	}
	// The server copies logical slots to its standbys only with both; before 17 an extension does it.
	p.Parameters = maps.Clone(p.Parameters)
	if p.Parameters == nil {
		p.Parameters = make(map[string]string, 2)
	}
	for _, name := range [...]string{"hot_standby_feedback", "sync_replication_slots"} {
		if _, set := p.Parameters[name]; !set {
			p.Parameters[name] = "on"
		}
	}
}

func (r *resolver) bootstrap(p *Plan) {
	var first Database // none is made by native
	if len(p.Databases) > 0 {
		first = p.Databases[0]
	}
	p.Bootstrap = Bootstrap{Database: first.Name, Owner: first.Owner, Secret: first.Secret}
	switch b := r.spec.Bootstrap; {
	case b != nil && b.Recovery != nil:
		p.Bootstrap.Recovery = b.Recovery
		p.Bootstrap.Database = orElse(b.Recovery.Database, first.Name)
		p.Bootstrap.Owner = orElse(b.Recovery.Owner, first.Owner)
	case b != nil && b.Basebackup != nil:
		p.Bootstrap.Basebackup = b.Basebackup
		p.Bootstrap.Database = orElse(b.Basebackup.Database, first.Name)
		p.Bootstrap.Owner = orElse(b.Basebackup.Owner, first.Owner)
	case b != nil && b.Initdb != nil:
		p.Bootstrap.Initdb = b.Initdb
	default:
		empty := spec.DefaultInitdb()
		p.Bootstrap.Initdb = &empty
	}
	for _, e := range r.spec.ExternalClusters {
		out := ExternalCluster{Name: e.Name, Connection: e.Connection}
		if e.Archive != nil {
			a := r.archive(*e.Archive, r.name+"-"+e.Name, e.Name)
			out.Archive = &a
		}
		p.ExternalClusters = append(p.ExternalClusters, out)
	}
	if rep := r.spec.Replica; rep != nil {
		p.Replica = &Replica{*rep, rep.Enabled == nil || *rep.Enabled}
	}
}

// access resolves how clients come in: services, pooler, TLS, network.
func (r *resolver) access(p *Plan) {
	p.HBA = r.spec.HBA
	if r.spec.Superuser != nil {
		p.Superuser = r.spec.Superuser.Secret
	}
	for _, e := range r.spec.Expose {
		p.Services = append(p.Services, Service{e, r.name + "-" + e.Name})
	}
	if b := r.spec.Pooler; b != nil {
		p.Pooler = &Pooler{*b, []PoolerMember{{r.name + "-pooler", false, int64(b.Instances)}}}
		if b.ReadOnly != nil {
			p.Pooler.Members = append(p.Pooler.Members, PoolerMember{r.name + "-pooler-ro", true, int64(b.ReadOnly.Instances)})
		}
	}
	if t := r.spec.TLS; t != nil {
		p.TLS = &TLS{TLS: *t}
		if t.Only {
			p.HBA = append([]string{"hostnossl all all all reject"}, p.HBA...)
		}
		if cm := t.CertManager; cm != nil {
			p.TLS.Duration, p.TLS.RenewBefore = goDuration(cm.Duration), goDuration(cm.RenewBefore)
		}
	}
	if n := r.spec.Network; n != nil {
		p.Network = &Network{n.Allow, orElse(n.OperatorNamespace, operatorNamespace(p.Backend)), n.MonitoringNamespace}
	}
}

// operatorNamespace is where each operator's own instructions install it.
func operatorNamespace(backend string) string {
	switch backend {
	case "cloudnative-pg":
		return "cnpg-system"
	case "crunchy":
		return "postgres-operator"
	case "mysql-operator":
		return "mysql-operator"
	}
	return "default"
}

func (r *resolver) operations(p *Plan) {
	t := r.spec.Timeouts
	p.Timeouts = Timeouts{seconds(t.Start), seconds(t.Stop), seconds(t.SmartStop), seconds(t.Switchover), seconds(t.FailoverDelay)}
	if p.Timeouts.SmartStop >= p.Timeouts.Stop {
		r.problem("ONG2205", "timeouts.smartStop", fmt.Sprintf("smartStop (%s) leaves nothing of stop (%s)", t.SmartStop, t.Stop),
			"sessions that stay would make every shutdown a kill, and every start a crash recovery", "lower smartStop, or raise stop")
	}
	p.Budget = p.Instances > 1
	if d := r.spec.Disruption; d != nil && d.Budget != nil {
		p.Budget = *d.Budget
	}
	if r.spec.ServiceAccount != nil {
		p.ServiceAccount = r.spec.ServiceAccount.Annotations
	}
	m := r.spec.Monitoring
	if m == nil {
		return
	}
	p.Monitoring = &Monitoring{Monitoring: *m, Scrape: m.Scrape == nil || *m.Scrape, Exporter: r.exporter()}
	if p.Backup != nil {
		p.Monitoring.BackupMaxAge = p.Backup.MaxAge
	}
}

func goDuration(s string) string {
	d, _ := spec.ParseDuration(s)
	return d.Round(time.Second).String()
}

// seconds is for fields whose format the spec has checked. A part of a second counts as a whole one: 500ms must not become 0,
// which means never or at once.
func seconds(s string) int64 {
	d, _ := spec.ParseDuration(s)
	return int64((d + time.Second - 1) / time.Second)
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
