package spec

// Drill restores a backup into a scratch cluster beside this one, checks it, and removes it again. A bare string is its schedule.
// The scratch cluster is called <cluster>-drill; so is its ServiceAccount, to which a cloud identity for the store must be given too.
// With backend native it is one server in the pod of the Job itself, on a volume that ends with it.
type Drill struct {
	// Schedule is when: five cron fields, UTC. A run begins after the last one has ended.
	Schedule string `json:"schedule" onggi:"required;short;format=cron;example=0 6 * * 0"`
	// Point is what is restored: the newest moment that the archive has, or a random one inside the recovery window.
	Point string `json:"point" onggi:"enum=newest|random;default=newest"`
	// Checks are queries whose answers tell whether the data is there.
	Checks []DrillCheck `json:"checks" onggi:"unique=name"`
	// Amcheck reads every table and every B-tree index of every database, and compares them.
	Amcheck *bool `json:"amcheck" onggi:"default=true"`
	// Timeout is how long a restore and its checks may take; what is still there then is removed.
	Timeout string `json:"timeout" onggi:"format=duration;default=1h;example=4h"`
	// MaxAge is how old the last good drill may be before the alert fires. Left out: two of the longest gaps of the schedule.
	MaxAge string `json:"maxAge" onggi:"format=duration;example=21d"`
	// Storage of the scratch cluster, where it differs from this one's.
	Storage *DrillStorage `json:"storage"`
	// Resources of the scratch cluster. Left out: this one's.
	Resources *Resources `json:"resources"`
	// Image is that of the program which runs the drill. Left out: the one of this release of onggi.
	Image string `json:"image" onggi:"format=image;example=registry.lan/onggi:0.1.0"`
}

// DrillCheck is a query that is asked of the restored database.
type DrillCheck struct {
	// Name of the check, in metrics and in the Event.
	Name string `json:"name" onggi:"required;format=dns1123label;example=orders"`
	// Database to ask. Left out: the first one.
	Database string `json:"database" onggi:"format=identifier;maxLength=63;example=app"`
	// SQL is one statement. The check fails when it returns no row, and when it would write.
	SQL string `json:"sql" onggi:"required;format=query;example=select count(*) from orders"`
	// Expect is what the first column of the first row must be: a text as it is, or a condition on a number. Left out: anything.
	Expect string `json:"expect" onggi:"example=\"> 0\""`
}

// DrillStorage is the volume of a scratch cluster.
type DrillStorage struct {
	// Size of its data volume. Left out: this cluster's; the backup must fit.
	Size string `json:"size" onggi:"format=size;example=20Gi"`
	// Class is the StorageClass of all its volumes. Left out: this cluster's. One that retains volumes keeps a copy of the data after every drill.
	Class string `json:"class" onggi:"format=dns1123subdomain;example=local-path"`
}
