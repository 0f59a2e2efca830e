package spec

// Expose is one more Service.
type Expose struct {
	// Name of the entry; the Service is called <cluster>-<name>.
	Name string `json:"name" onggi:"required;format=dns1035;example=lb"`
	// Role is who answers: the primary, the standbys (replica), any instance, or the pooler.
	Role string `json:"role" onggi:"enum=primary|replica|any|pooler;default=primary"`
	// Type of the Service.
	Type string `json:"type" onggi:"enum=ClusterIP|NodePort|LoadBalancer;default=LoadBalancer"`
	// IP is the address to ask for. With MetalLB it becomes an annotation, as loadBalancerIP is deprecated.
	IP string `json:"ip" onggi:"format=ip;example=192.168.0.206"`
	// Provider is whose annotations ip, pool and shareKey become.
	Provider string `json:"provider" onggi:"enum=metallb|cilium|kube-vip|none;default=metallb"`
	// Pool is the address pool to take the address from.
	Pool string `json:"pool"`
	// ShareKey lets Services with the same key share an address.
	ShareKey string `json:"shareKey"`
	// Class is spec.loadBalancerClass.
	Class string `json:"class" onggi:"format=labelKey"`
	// SourceRanges are the networks that may connect, as CIDR.
	SourceRanges []string `json:"sourceRanges" onggi:"items=cidr;example=[192.168.0.0/24]"`
	// Port of the Service.
	Port int `json:"port" onggi:"min=1;max=65535;default=5432"`
	// NodePort on every node.
	NodePort int `json:"nodePort" onggi:"min=1;max=65535"`
	// ExternalTrafficPolicy is Local to keep the client's address.
	ExternalTrafficPolicy string `json:"externalTrafficPolicy" onggi:"enum=Cluster|Local"`
	// Labels of the Service.
	Labels map[string]string `json:"labels" onggi:"key=labelKey;values=labelValue"`
	// Annotations of the Service.
	Annotations map[string]string `json:"annotations" onggi:"key=labelKey"`
}

// Pooler is PgBouncer in front of the cluster.
type Pooler struct {
	// Mode is when a server connection goes back to the pool.
	Mode string `json:"mode" onggi:"enum=session|transaction;default=transaction"`
	// Instances is the number of PgBouncer pods for the primary.
	Instances int `json:"instances" onggi:"min=1;max=99;default=2"`
	// ReadOnly adds a pooler of its own for the standbys.
	ReadOnly *ReadOnlyPooler `json:"readOnly"`
	// Parameters of pgbouncer.ini. Values are strings.
	Parameters map[string]string `json:"parameters" onggi:"key=parameter;example={default_pool_size: \"20\"}"`
	// Image in place of the backend's default.
	Image string `json:"image" onggi:"format=image"`
	// Resources of each PgBouncer container.
	Resources *Resources `json:"resources"`
	// HBA are lines of PgBouncer's own pg_hba.conf.
	HBA []string `json:"hba" onggi:"items=hba"`
	// Paused makes PgBouncer hold all queries.
	Paused bool `json:"paused"`
}

// ReadOnlyPooler is a pooler for the standbys.
type ReadOnlyPooler struct {
	// Instances is the number of PgBouncer pods for the standbys.
	Instances int `json:"instances" onggi:"min=1;max=99;default=2"`
}

// TLS says which certificates the server shows. Own Secrets and certManager exclude each other.
type TLS struct {
	// Secret is a kubernetes.io/tls Secret with the server's certificate.
	Secret string `json:"secret" onggi:"format=dns1123subdomain"`
	// CASecret holds ca.crt of the authority that signed it.
	CASecret string `json:"caSecret" onggi:"format=dns1123subdomain"`
	// ReplicationSecret is a kubernetes.io/tls Secret for the user streaming_replica.
	ReplicationSecret string `json:"replicationSecret" onggi:"format=dns1123subdomain"`
	// ClientCASecret holds ca.crt of the authority that signs client certificates.
	ClientCASecret string `json:"clientCASecret" onggi:"format=dns1123subdomain"`
	// DNSNames are further names that the server's certificate must carry.
	DNSNames []string `json:"dnsNames" onggi:"items=dnsName"`
	// CertManager makes the certificates with cert-manager.
	CertManager *CertManager `json:"certManager"`
	// Only refuses connections without TLS.
	Only bool `json:"only"`
}

// CertManager is the issuer that signs the certificates. The issuer must be able to sign client certificates too (a CA issuer).
type CertManager struct {
	// Issuer is its name.
	Issuer string `json:"issuer" onggi:"required;format=dns1123subdomain"`
	// Kind of the issuer.
	Kind string `json:"kind" onggi:"enum=Issuer|ClusterIssuer;default=Issuer"`
	// Duration of each certificate, e.g. 90d.
	Duration string `json:"duration" onggi:"format=duration;default=90d"`
	// RenewBefore is how long before its end a certificate is renewed.
	RenewBefore string `json:"renewBefore" onggi:"format=duration;default=30d"`
}

// Network restricts who may open connections, as NetworkPolicies. Instances, the operator and monitoring always may.
type Network struct {
	// Allow lists who else may. Empty: nobody.
	Allow []Peer `json:"allow"`
	// OperatorNamespace is where the operator runs.
	OperatorNamespace string `json:"operatorNamespace" onggi:"format=dns1123label"`
	// MonitoringNamespace is where Prometheus runs.
	MonitoringNamespace string `json:"monitoringNamespace" onggi:"format=dns1123label;default=monitoring"`
}

// Peer is someone who may connect: pods of a namespace, or a network. A cidr excludes the other fields.
type Peer struct {
	// Namespace of the pods; left out: this one. "*" means every namespace.
	Namespace string `json:"namespace" onggi:"pattern=^([*]|[a-z0-9]([-a-z0-9]*[a-z0-9])?)$;maxLength=63;example=shop"`
	// PodLabels narrow it to some pods.
	PodLabels map[string]string `json:"podLabels" onggi:"key=labelKey;values=labelValue"`
	// CIDR is a network outside, e.g. 192.168.0.0/24.
	CIDR string `json:"cidr" onggi:"format=cidr"`
}

// Placement spreads the instances over nodes and zones.
type Placement struct {
	// AntiAffinity keeps instances apart: preferred where possible, required or not at all, none.
	AntiAffinity string `json:"antiAffinity" onggi:"enum=preferred|required|none;default=preferred"`
	// TopologyKey is what must differ between instances.
	TopologyKey string `json:"topologyKey" onggi:"format=labelKey;default=kubernetes.io/hostname"`
	// NodeSelector are labels that a node must have.
	NodeSelector map[string]string `json:"nodeSelector" onggi:"key=labelKey;values=labelValue"`
	// Tolerations of taints, as in a pod.
	Tolerations []Toleration `json:"tolerations"`
	// Spread are topology spread constraints over the instances.
	Spread []Spread `json:"spread"`
	// NodeAffinity as in a pod, for what nodeSelector cannot say.
	NodeAffinity map[string]any `json:"nodeAffinity"`
	// PriorityClass of the pods.
	PriorityClass string `json:"priorityClass" onggi:"format=dns1123subdomain"`
	// Scheduler in place of the default one.
	Scheduler string `json:"scheduler"`
}

// Toleration of a taint.
type Toleration struct {
	// Key of the taint. Left out with operator Exists: every taint.
	Key string `json:"key" onggi:"format=labelKey"`
	// Operator compares the value.
	Operator string `json:"operator" onggi:"enum=Exists|Equal;default=Equal"`
	// Value of the taint.
	Value string `json:"value" onggi:"format=labelValue"`
	// Effect of the taint. Left out: every effect.
	Effect string `json:"effect" onggi:"enum=NoSchedule|PreferNoSchedule|NoExecute"`
	// Seconds that the toleration lasts, with NoExecute.
	Seconds *int `json:"seconds" onggi:"min=0"`
}

// Spread is a topology spread constraint.
type Spread struct {
	// TopologyKey is the node label to spread over, e.g. topology.kubernetes.io/zone.
	TopologyKey string `json:"topologyKey" onggi:"required;format=labelKey"`
	// MaxSkew is how uneven it may be.
	MaxSkew int `json:"maxSkew" onggi:"min=1;max=2147483647;default=1"`
	// WhenUnsatisfiable says what to do when it cannot be met.
	WhenUnsatisfiable string `json:"whenUnsatisfiable" onggi:"enum=DoNotSchedule|ScheduleAnyway;default=ScheduleAnyway"`
}
