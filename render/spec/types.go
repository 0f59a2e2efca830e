package spec

// APIVersion is the version of the spec that this package reads.
const APIVersion = "onggi.dev/v1alpha1"

// The kinds of document that a user writes.
const (
	KindCluster = "DatabaseCluster"
	KindProject = "Project"
)

// DatabaseCluster is one highly available database: what it is, how it is kept safe and how it is reached, in words that
// belong to no operator. The backend field says who runs it.
type DatabaseCluster struct {
	// APIVersion is always onggi.dev/v1alpha1.
	APIVersion string `json:"apiVersion" onggi:"required;enum=onggi.dev/v1alpha1"`
	// Kind is always DatabaseCluster.
	Kind string `json:"kind" onggi:"required;enum=DatabaseCluster"`
	// Metadata names the database.
	Metadata Metadata `json:"metadata" onggi:"required"`
	// Spec is the database.
	Spec Spec `json:"spec" onggi:"required"`
	// Environments are RFC 7386 merge patches over spec, by name: what dev or prod have different. A null takes a field away.
	Environments map[string]any `json:"environments" onggi:"key=dns1123label;patch=spec"`
}

// Metadata names a document.
type Metadata struct {
	// Name is the name of the cluster and the stem of the name of every object made for it.
	Name string `json:"name" onggi:"required;format=dns1035;maxLength=50;example=shop"`
	// Namespace is where the objects live. The Project can give an environment another one.
	Namespace string `json:"namespace" onggi:"format=dns1123label;default=default;example=databases"`
}

// Spec is one database cluster.
type Spec struct {
	// Engine is the database server.
	Engine string `json:"engine" onggi:"enum=postgres|mysql;default=postgres"`
	// Version is the major version, or a full one to pin the minor release. Each onggi release pins one image for each
	// major version, so a restore meets the version that was backed up.
	Version string `json:"version" onggi:"required;pattern=^[0-9]+([.][0-9]+){0,2}$;example=\"17\""`
	// Backend is who runs the database: an operator, or native for a StatefulSet with onggi's own agent and no operator.
	Backend string `json:"backend" onggi:"enum=native|cloudnative-pg|crunchy|zalando|mysql-operator;required;example=cloudnative-pg"`
	// OperatorVersion is the version of the operator in the cluster. It decides which fields may be used.
	OperatorVersion string `json:"operatorVersion" onggi:"pattern=^[0-9]+[.][0-9]+([.][0-9]+)?$;example=\"1.30\""`
	// Image is the full image reference, in place of the one that onggi pins for the version. It needs a tag or a digest.
	Image string `json:"image" onggi:"format=image"`
	// ImageCatalog takes the image from an ImageCatalog or ClusterImageCatalog in place of a reference.
	ImageCatalog *ImageCatalog `json:"imageCatalog"`
	// ImagePullPolicy is passed to every container.
	ImagePullPolicy string `json:"imagePullPolicy" onggi:"enum=Always|IfNotPresent|Never"`
	// ImagePullSecrets are names of Secrets for private registries.
	ImagePullSecrets []string `json:"imagePullSecrets" onggi:"items=dns1123subdomain"`
	// Instances is the number of servers, the primary included.
	Instances int `json:"instances" onggi:"min=1;max=99;default=1;example=3"`
	// Storage is the volume of each instance.
	Storage Storage `json:"storage" onggi:"required"`
	// Tablespaces are further volumes with a tablespace each.
	Tablespaces []Tablespace `json:"tablespaces" onggi:"unique=name"`
	// Replication says when a commit counts as done.
	Replication Replication `json:"replication"`
	// Databases to make. The first is made when the cluster is born and is the one that the application Secret names.
	Databases []Database `json:"databases" onggi:"unique=name"`
	// Roles are the login roles and groups to keep as described.
	Roles []Role `json:"roles" onggi:"unique=name"`
	// Parameters are lines of postgresql.conf (my.cnf for MySQL). Values are strings: quote numbers and on/off.
	Parameters map[string]string `json:"parameters" onggi:"key=parameter;example={max_connections: \"200\"}"`
	// Preload are libraries for shared_preload_libraries, e.g. pg_stat_statements.
	Preload []string `json:"preload" onggi:"items=identifier"`
	// HBA are lines of pg_hba.conf, tried in order after those the backend needs for itself.
	HBA []string `json:"hba" onggi:"items=hba"`
	// Ident are lines of pg_ident.conf.
	Ident []string `json:"ident"`
	// Superuser opens password login for the superuser. Leave it out and there is none.
	Superuser *Superuser `json:"superuser"`
	// Bootstrap says what the first instance starts from. Left out: an empty database.
	Bootstrap *Bootstrap `json:"bootstrap"`
	// Replica makes this a standby cluster that follows another one until it is promoted.
	Replica *Replica `json:"replica"`
	// ExternalClusters are other databases to start from or to follow.
	ExternalClusters []ExternalCluster `json:"externalClusters" onggi:"unique=name"`
	// Expose are Services beyond those that every cluster has.
	Expose []Expose `json:"expose" onggi:"unique=name"`
	// Pooler puts PgBouncer in front of the cluster.
	Pooler *Pooler `json:"pooler"`
	// Backup archives WAL and takes base backups. Left out: none, and a policy says so.
	Backup *Backup `json:"backup"`
	// Monitoring adds scraping, alerts and dashboards.
	Monitoring *Monitoring `json:"monitoring"`
	// TLS says which certificates the server shows. Left out: the operator makes and renews its own.
	TLS *TLS `json:"tls"`
	// Secrets says where the Secrets that this spec names come from.
	Secrets Secrets `json:"secrets"`
	// Resources are requests and limits of the database container.
	Resources *Resources `json:"resources"`
	// Placement spreads the instances over nodes and zones.
	Placement Placement `json:"placement"`
	// Network restricts who may open connections.
	Network *Network `json:"network"`
	// Disruption decides whether a PodDisruptionBudget guards the cluster. The default is yes from two instances on: with
	// one instance it would block every drain of its node.
	Disruption *Disruption `json:"disruption"`
	// Updates says how a change that needs a restart is rolled out.
	Updates Updates `json:"updates"`
	// Timeouts bound starts, stops and role changes.
	Timeouts Timeouts `json:"timeouts"`
	// Labels are put on every object and every pod.
	Labels map[string]string `json:"labels" onggi:"key=labelKey;values=labelValue"`
	// Annotations are put on every pod.
	Annotations map[string]string `json:"annotations" onggi:"key=labelKey"`
	// ServiceAccount annotates the pods' ServiceAccount, which is how cloud roles are given to them.
	ServiceAccount *ServiceAccount `json:"serviceAccount"`
	// Hibernate stops all pods and keeps the volumes. Backup schedules are suspended with it.
	Hibernate bool `json:"hibernate"`
	// Agent is onggi's own agent, which keeps the cluster available with backend native.
	Agent *Agent `json:"agent"`
	// LogLevel is the verbosity of the backend's own process.
	LogLevel string `json:"logLevel" onggi:"enum=error|warning|info|debug|trace;default=info"`
	// Overrides are merge patches over the finished objects, applied last, for what the spec has no word for.
	Overrides []Override `json:"overrides"`
}

// ImageCatalog is a reference to a catalog object and the major version to take from it.
type ImageCatalog struct {
	// Kind of catalog: one namespace's or the whole API server's.
	Kind string `json:"kind" onggi:"enum=ImageCatalog|ClusterImageCatalog;default=ImageCatalog"`
	// Name of the catalog.
	Name string `json:"name" onggi:"required;format=dns1123subdomain"`
}

// Superuser opens password login for the superuser.
type Superuser struct {
	// Secret is the name of the Secret (kubernetes.io/basic-auth: username and password) that holds the credentials.
	Secret string `json:"secret" onggi:"required;format=dns1123subdomain;example=superuser-secrets"`
}

// ServiceAccount is the identity of the pods.
type ServiceAccount struct {
	// Annotations of the ServiceAccount, e.g. eks.amazonaws.com/role-arn.
	Annotations map[string]string `json:"annotations" onggi:"key=labelKey"`
}

// Agent are settings of onggi's own agent, with backend native.
type Agent struct {
	// Profile is how quickly a lost primary is replaced: fast after 5 s without it, default 8 s, relaxed 20 s.
	Profile string `json:"profile" onggi:"enum=fast|default|relaxed;default=default"`
	// Image that has the agent. Left out: the one of this release of onggi.
	Image string `json:"image" onggi:"format=image;example=registry.lan/onggi-agent:0.1.0"`
	// Resources of the agent's own container, beside the database.
	Resources *Resources `json:"resources"`
}

// Override is an RFC 7386 merge patch over one finished object. An override that hits nothing is an error.
type Override struct {
	// Kind of the object.
	Kind string `json:"kind" onggi:"required;example=Cluster"`
	// Name of the object.
	Name string `json:"name" onggi:"required;example=shop"`
	// Patch is merged over the object; a null takes a field away.
	Patch map[string]any `json:"patch" onggi:"required;example={spec: {logLevel: debug}}"`
}

// Resources are what the database container asks for and may use at most.
type Resources struct {
	// Requests are what the scheduler sets aside: cpu, memory, hugepages-2Mi.
	Requests map[string]string `json:"requests" onggi:"key=resource;values=quantity;example={cpu: 500m, memory: 1Gi}"`
	// Limits are what the container may use at most.
	Limits map[string]string `json:"limits" onggi:"key=resource;values=quantity;example={memory: 1Gi}"`
}

// Updates says how a change that needs a restart reaches the primary.
type Updates struct {
	// Strategy is unsupervised to restart or switch over by itself, supervised to wait for a person.
	Strategy string `json:"strategy" onggi:"enum=unsupervised|supervised;default=unsupervised"`
	// Method is restart to restart the primary in place, switchover to move the role to a standby first.
	Method string `json:"method" onggi:"enum=restart|switchover;default=restart"`
}

// Timeouts bound starts, stops and role changes. They are durations such as 30s, 5m or 1h.
type Timeouts struct {
	// Start is how long an instance may take to start, recovery included.
	Start string `json:"start" onggi:"format=duration;default=1h"`
	// Stop is how long an instance may take to shut down before it is killed.
	Stop string `json:"stop" onggi:"format=duration;default=30m"`
	// SmartStop is the part of stop in which running sessions may still end by themselves.
	SmartStop string `json:"smartStop" onggi:"format=duration;default=3m"`
	// Switchover is how long a switchover may wait for the old primary to archive its last WAL.
	Switchover string `json:"switchover" onggi:"format=duration;default=1h"`
	// FailoverDelay is how long an unhealthy primary is tolerated before a failover begins.
	FailoverDelay string `json:"failoverDelay" onggi:"format=duration;default=0s"`
}

// Disruption is the PodDisruptionBudget.
type Disruption struct {
	// Budget is true to guard the cluster with a PodDisruptionBudget.
	Budget *bool `json:"budget"`
}

// Secrets says where the Secrets that the spec names come from. onggi never writes one in plain text.
type Secrets struct {
	// Provider is sealed-secrets for SealedSecret files beside the spec, external-secrets for ExternalSecrets, existing for
	// Secrets that are made by other means.
	Provider string `json:"provider" onggi:"enum=sealed-secrets|external-secrets|existing;default=existing"`
	// Existing are Secrets that something else makes although the provider is another one.
	Existing []ExistingSecret `json:"existing" onggi:"unique=name"`
	// Store is the SecretStore that external-secrets reads from.
	Store *SecretStore `json:"store"`
}

// ExistingSecret declares a Secret that is not made beside this spec.
type ExistingSecret struct {
	// Name of the Secret.
	Name string `json:"name" onggi:"required;format=dns1123subdomain"`
	// Keys that it is known to hold. Left out: any.
	Keys []string `json:"keys"`
}

// SecretStore is the store that ExternalSecrets read from.
type SecretStore struct {
	// Kind of the store.
	Kind string `json:"kind" onggi:"enum=SecretStore|ClusterSecretStore;default=SecretStore"`
	// Name of the store.
	Name string `json:"name" onggi:"required;format=dns1123subdomain"`
	// Path is put before the Secret's name, with a slash, to make the remote key; its property is the key in the Secret.
	Path string `json:"path" onggi:"example=databases/prod"`
	// Refresh is how often the store is read again.
	Refresh string `json:"refresh" onggi:"format=duration;default=1h"`
}
