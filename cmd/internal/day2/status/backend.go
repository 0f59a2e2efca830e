package status

import "slices"

// Names of the back ends, as specs have them.
const (
	Native      = "native"
	CloudNative = "cloudnative-pg"
	Crunchy     = "crunchy"
	Zalando     = "zalando"
	MySQL       = "mysql-operator"
)

// Backend is how the databases of one back end are found in a cluster.
type Backend struct {
	Name string
	// Group, Version, Plural and Kind of the object that is the database.
	Group, Version, Plural, Kind string
	// Pods is the label that all pods of a database have, with its name; Also is another one that only they have.
	Pods, Also string
	// Role is the label of pods with their role, and Primary what it says of the primary.
	Role    string
	Primary []string
	// Database is the container with the server, and Agent the one that decides beside it, if it is another.
	Database, Agent string
	// Psql is how psql is called in that container.
	Psql []string
}

// Backends are all that are known, in the order in which a cluster is asked for them.
func Backends() []Backend {
	return []Backend{
		{
			Name: Native, Group: "apps", Version: "v1", Plural: "statefulsets", Kind: "StatefulSet",
			Pods: "onggi.dev/cluster", Role: "onggi.dev/role", Primary: []string{"primary"},
			Database: "database", Agent: "agent", Psql: []string{"psql", "-h", "/run/onggi/postgres", "-U", "postgres"},
		},
		{
			Name: CloudNative, Group: "postgresql.cnpg.io", Version: "v1", Plural: "clusters", Kind: "Cluster",
			Pods: "cnpg.io/cluster", Also: "cnpg.io/podRole=instance", Role: "cnpg.io/instanceRole", Primary: []string{"primary"},
			Database: "postgres", Psql: []string{"psql", "-U", "postgres"},
		},
		{
			Name: Crunchy, Group: "postgres-operator.crunchydata.com", Version: "v1beta1", Plural: "postgresclusters", Kind: "PostgresCluster",
			Pods: "postgres-operator.crunchydata.com/cluster", Also: "postgres-operator.crunchydata.com/data=postgres",
			Role: "postgres-operator.crunchydata.com/role", Primary: []string{"primary", "master"},
			Database: "database", Psql: []string{"psql"},
		},
		{
			Name: Zalando, Group: "acid.zalan.do", Version: "v1", Plural: "postgresqls", Kind: "postgresql",
			Pods: "cluster-name", Also: "application=spilo", Role: "spilo-role", Primary: []string{"master", "primary"},
			Database: "postgres", Psql: []string{"psql", "-U", "postgres"},
		},
		{
			Name: MySQL, Group: "mysql.oracle.com", Version: "v2", Plural: "innodbclusters", Kind: "InnoDBCluster",
			Pods: "mysql.oracle.com/cluster", Also: "component=mysqld", Role: "mysql.oracle.com/cluster-role", Primary: []string{"PRIMARY"},
			Database: "mysql",
		},
	}
}

// Named is the back end of a name.
func Named(name string) (Backend, bool) {
	all := Backends()
	i := slices.IndexFunc(all, func(b Backend) bool { return b.Name == name })
	if i < 0 {
		return Backend{}, false
	}
	return all[i], true
}

// Selector picks the pods of a database.
func (b Backend) Selector(name string) string {
	if b.Also == "" {
		return b.Pods + "=" + name
	}
	return b.Pods + "=" + name + "," + b.Also
}

// Containers are those whose logs tell of the database.
func (b Backend) Containers() []string {
	if b.Agent == "" {
		return []string{b.Database}
	}
	return []string{b.Agent, b.Database}
}

// Leads tells whether a label of that role is the primary's.
func (b Backend) Leads(role string) bool { return slices.Contains(b.Primary, role) }
