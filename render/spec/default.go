package spec

// Defaults are filled in after a spec was read and before it is validated: what a later stage sees is complete. Every
// default here is also in its field's tag, where the schema and the reference find it; a test holds the two equal.

func orText(s *string, value string) {
	if *s == "" {
		*s = value
	}
}

func orInt(i *int, value int) {
	if *i == 0 {
		*i = value
	}
}

func orPointer[T any](p **T, value T) {
	if *p == nil {
		*p = &value
	}
}

func (s *Spec) setDefaults() {
	orText(&s.Engine, "postgres")
	orInt(&s.Instances, 1)
	orText(&s.LogLevel, "info")
	if s.ImageCatalog != nil {
		orText(&s.ImageCatalog.Kind, "ImageCatalog")
	}
	// An operator that cannot grow a volume in use would wait for a person on the day the disk is full.
	orPointer(&s.Storage.ResizeInUse, true)
	s.Replication.setDefaults()
	for i := range s.Databases {
		// Taking a line out of a file must not drop a database.
		orText(&s.Databases[i].Reclaim, "retain")
	}
	for i := range s.Roles {
		s.Roles[i].setDefaults()
	}
	s.Bootstrap.setDefaults()
	if s.Replica != nil {
		orPointer(&s.Replica.Enabled, true)
	}
	for i := range s.ExternalClusters {
		s.ExternalClusters[i].setDefaults()
	}
	for i := range s.Expose {
		s.Expose[i].setDefaults(s.Engine)
	}
	s.Pooler.setDefaults()
	s.Backup.setDefaults()
	s.Monitoring.setDefaults()
	if s.TLS != nil && s.TLS.CertManager != nil {
		c := s.TLS.CertManager
		orText(&c.Kind, "Issuer")
		orText(&c.Duration, "90d")
		// A month is time enough to notice that renewals fail.
		orText(&c.RenewBefore, "30d")
	}
	if s.Agent != nil {
		orText(&s.Agent.Profile, "default")
	}
	orText(&s.Secrets.Provider, "existing")
	if s.Secrets.Store != nil {
		orText(&s.Secrets.Store.Kind, "SecretStore")
		orText(&s.Secrets.Store.Refresh, "1h")
	}
	s.Placement.setDefaults()
	if s.Network != nil {
		orText(&s.Network.MonitoringNamespace, "monitoring")
	}
	orText(&s.Updates.Strategy, "unsupervised")
	orText(&s.Updates.Method, "restart")
	s.Timeouts.setDefaults()
}

func (r *Replication) setDefaults() {
	orText(&r.Mode, "async")
	orInt(&r.MinSync, 1)
	// Who asks for synchronous commits asks for no lost commit, not for the nearest thing to it.
	orText(&r.Durability, "required")
}

func (r *Role) setDefaults() {
	orPointer(&r.Inherit, true)
	orPointer(&r.ConnectionLimit, -1)
	orText(&r.Ensure, "present")
}

func (b *Bootstrap) setDefaults() {
	if b == nil || b.Initdb == nil {
		return
	}
	b.Initdb.setDefaults()
	if b.Initdb.Import != nil {
		orText(&b.Initdb.Import.Type, "microservice")
	}
}

// DefaultInitdb is what a cluster without bootstrap starts from: an empty database with the defaults of initdb.
func DefaultInitdb() Initdb {
	var i Initdb
	i.setDefaults()
	return i
}

func (i *Initdb) setDefaults() {
	orText(&i.Encoding, "UTF8")
	// C compares bytes: an index cannot be broken by the next image's other version of the C library.
	orText(&i.Locale, "C")
	orPointer(&i.Checksums, true)
}

func (e *ExternalCluster) setDefaults() {
	if c := e.Connection; c != nil {
		orInt(&c.Port, 5432)
		orText(&c.User, "postgres")
		orText(&c.Database, "postgres")
		// Anything less can be answered by whoever stands in between.
		orText(&c.SSLMode, "verify-full")
	}
	e.Archive.setDefaults()
}

func (e *Expose) setDefaults(engine string) {
	orText(&e.Role, "primary")
	orText(&e.Type, "LoadBalancer")
	orText(&e.Provider, "metallb")
	if engine == "mysql" {
		orInt(&e.Port, 3306)
	}
	orInt(&e.Port, 5432)
}

func (p *Pooler) setDefaults() {
	if p == nil {
		return
	}
	orText(&p.Mode, "transaction")
	// One pooler would be one more thing whose restart every client notices.
	orInt(&p.Instances, 2)
	if p.ReadOnly != nil {
		orInt(&p.ReadOnly.Instances, 2)
	}
}

func (b *Backup) setDefaults() {
	if b == nil {
		return
	}
	b.Archive.setDefaults()
	orText(&b.Target, "prefer-standby")
	for i := range b.Schedules {
		orText(&b.Schedules[i].Type, "full")
	}
	if b.Snapshot != nil {
		orPointer(&b.Snapshot.Online, true)
		// Owned by the Backup, a snapshot outlives the cluster it was taken of.
		orText(&b.Snapshot.Owner, "backup")
	}
	for i := range b.Dumps {
		orPointer(&b.Dumps[i].Globals, true)
		orText(&b.Dumps[i].Timeout, "6h")
	}
	b.Drill.setDefaults()
}

func (d *Drill) setDefaults() {
	if d == nil {
		return
	}
	orText(&d.Point, "newest")
	// A restore that starts says little: a page that was written wrong years ago is restored as well.
	orPointer(&d.Amcheck, true)
	orText(&d.Timeout, "1h")
}

func (a *Archive) setDefaults() {
	if a == nil {
		return
	}
	orText(&a.WALCompression, "gzip")
	orInt(&a.Jobs, 2)
	if c := a.Credentials; c != nil {
		orText(&c.AccessKey, "ACCESS_KEY_ID")
		orText(&c.SecretKey, "SECRET_ACCESS_KEY")
		orText(&c.ApplicationCredentials, "gcs-key.json")
		orText(&c.ConnectionString, "AZURE_CONNECTION_STRING")
	}
}

func (m *Monitoring) setDefaults() {
	if m == nil {
		return
	}
	orPointer(&m.Scrape, true)
	orText(&m.Interval, "30s")
}

func (p *Placement) setDefaults() {
	orText(&p.AntiAffinity, "preferred")
	orText(&p.TopologyKey, "kubernetes.io/hostname")
	for i := range p.Tolerations {
		orText(&p.Tolerations[i].Operator, "Equal")
	}
	for i := range p.Spread {
		orInt(&p.Spread[i].MaxSkew, 1)
		orText(&p.Spread[i].WhenUnsatisfiable, "ScheduleAnyway")
	}
}

func (t *Timeouts) setDefaults() {
	orText(&t.Start, "1h")
	orText(&t.Stop, "30m")
	orText(&t.SmartStop, "3m")
	orText(&t.Switchover, "1h")
	orText(&t.FailoverDelay, "0s")
}

func (p *Project) setDefaults() {
	orText(&p.Metadata.Name, "databases")
	for i := range p.Environments {
		orText(&p.Environments[i].Server, "https://kubernetes.default.svc")
	}
	if a := p.ArgoCD; a != nil {
		orText(&a.Revision, "HEAD")
		orText(&a.Namespace, "argocd")
		orText(&a.Source, "kustomize")
		orPointer(&a.AutoSync, true)
	}
	if p.Sealing != nil {
		orText(&p.Sealing.Scope, "strict")
	}
	orText(&p.Policies.FailOn, "error")
	for i := range p.Policies.Waive {
		orText(&p.Policies.Waive[i].Object, "*")
	}
}
