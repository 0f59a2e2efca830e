package native

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/onggi-db/onggi/render/plan"
	"github.com/onggi-db/onggi/render/spec"
)

func (k *checker) backups() {
	b := k.plan.Backup
	if b == nil {
		return
	}
	k.archive("spec.backup", b.Archive)
	k.compression(b)
	if b.Retention != "" && b.RetentionFull != 0 {
		k.problem("ONG2313", "spec.backup.retentionFull", "a time and a number both say what is kept", "whichever counts, the other one would promise what nobody keeps", "take one of the two out")
	}
	k.chain(b)
}

// chain finds series of which none begins a new chain: everything hangs on the first full backup, which can never expire.
func (k *checker) chain(b *plan.Backup) {
	active := func(s plan.Schedule) bool { return !s.Suspend }
	full := func(s plan.Schedule) bool { return !s.Suspend && s.Type == "full" }
	if slices.ContainsFunc(b.Schedules, active) && !slices.ContainsFunc(b.Schedules, full) {
		k.problem("ONG2314", "spec.backup.schedules", "no schedule takes full backups", "all others would hang on the first one, which can never expire, nor be damaged without all being lost",
			"add {name: weekly, cron: \"0 1 * * 0\", type: full}")
	}
}

// archive is whether pods can reach a repository.
func (k *checker) archive(path string, a plan.Archive) {
	if a.Destination == "" {
		k.problem("ONG2310", path, "there is no place for the backups", "a repository needs a destination", "write destination: s3://bucket/path or pvc://claim/path")
		return
	}
	switch c := a.Credentials; {
	case a.Scheme == plan.PVC && c != nil:
		k.problem("ONG2311", path+".credentials", "a volume takes no credentials", "nothing would read them", "take them out")
	case a.Scheme == plan.PVC:
	case c == nil:
		k.problem("ONG2310", path+".credentials", "the store has no credentials", "every store needs a Secret or the identity of the pod", "write credentials: {secret: NAME} or credentials: {fromPod: true}")
	case !c.FromPod && c.Secret == "":
		k.problem("ONG2310", path+".credentials", "the credentials name no Secret", "onggi never takes keys in plain text", "write secret: NAME, or fromPod: true for a cloud role")
	case a.Scheme == plan.Azure:
		k.azure(path+".credentials", c)
	}
	if a.Scheme != plan.PVC {
		k.endpoint(path, a)
	}
	claim := a.Scheme == plan.PVC
	for _, f := range []struct {
		name, of string
		wrong    bool
	}{
		{"endpoint", "a store", a.Endpoint != "" && claim}, {"endpointCA", "a store", a.EndpointCA != nil && claim},
		{"region", "s3 destinations", a.Region != "" && a.Scheme != plan.S3},
	} {
		if f.wrong {
			k.problem("ONG2311", path+"."+f.name, f.name+" belongs to "+f.of, "this is "+a.Destination, "take it out")
		}
	}
}

// azure refuses what pgBackRest does not read.
func (k *checker) azure(path string, c *spec.Credentials) {
	switch {
	case k.cluster.Has(path + ".connectionString"):
		k.problem("ONG2311", path+".connectionString", "pgBackRest reads no connection string", "the account stands in the destination, and its key is all that is missing", "put the key alone into the Secret, and name it under accountKey")
	case c.AccountKey != "" && c.SASToken != "":
		k.problem("ONG2311", path+".sasToken", "accountKey and sasToken exclude each other", "a store is reached in one way", "take one of the two out")
	}
}

// endpoint of a store.
func (k *checker) endpoint(path string, a plan.Archive) {
	if a.Endpoint == "" {
		if a.Region == "" && a.Scheme == plan.S3 {
			k.problem("ONG2311", path+".region", "the bucket has no region", "at AWS it is part of the address and of every signature", "write region: eu-central-1, or the endpoint of another store")
		}
		if a.EndpointCA != nil {
			k.problem("ONG2311", path+".endpointCA", "endpointCA belongs to an endpoint", "there is none", "take it out, or add endpoint")
		}
		return
	}
	u, err := url.Parse(a.Endpoint)
	switch {
	case err != nil || u.Host == "":
		k.problem("ONG2311", path+".endpoint", fmt.Sprintf("%q has no host", a.Endpoint), "pgBackRest connects to a host", "write it like https://minio.lan:9000")
	case u.Scheme != "https":
		k.problem("ONG2311", path+".endpoint", "pgBackRest speaks to stores over TLS only", "a signature protects who asks, not what is sent", "give the store a certificate, name its authority under endpointCA, and write https://"+u.Host)
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "":
		k.problem("ONG2311", path+".endpoint", fmt.Sprintf("%s has a path", a.Endpoint), "pgBackRest puts the bucket, or the account, right behind the host", "write https://"+u.Host)
	}
}

// compression is one for backups and the log, and one that pgBackRest has.
func (k *checker) compression(b *plan.Backup) {
	field := "compression"
	if b.Compression == "" {
		field = "walCompression"
	}
	if _, ok := compression(b.Archive); !ok {
		k.problem("ONG2312", "spec.backup."+field, "pgBackRest does not compress with "+map[string]string{"compression": b.Compression, "walCompression": b.WALCompression}[field],
			"it has gzip, bzip2, lz4 and zstd", "choose one of those; zstd is the smallest, lz4 the fastest")
	}
	if b.Compression != "" && b.Compression != b.WALCompression && k.cluster.Has("spec.backup.walCompression") {
		k.problem("ONG2312", "spec.backup.walCompression", fmt.Sprintf("backups are to be compressed with %s and the log with %s", b.Compression, b.WALCompression),
			"pgBackRest has one compression for both", "take walCompression out")
	}
}

// image has pgBackRest in it, as far as one can know.
func (k *checker) image() {
	if k.plan.Backup == nil && k.plan.Dumps == nil && source(k.plan) == nil || k.cluster.Spec.Image == "" {
		return
	}
	name, _, _ := strings.Cut(k.cluster.Spec.Image, "@")
	if slash := strings.LastIndex(name, "/"); strings.LastIndex(name, ":") > slash {
		name = name[:strings.LastIndex(name, ":")]
	}
	switch strings.TrimPrefix(name, "docker.io/") {
	case "postgres", "library/postgres", "ghcr.io/cloudnative-pg/postgresql":
		k.problem("ONG2308", "spec.image", fmt.Sprintf("%s has no pgBackRest in it", name), k.without(),
			"leave image out for onggi's, or build one with it: docs/native.md has the recipe")
	}
}

// without is what an image without pgBackRest lacks.
func (k *checker) without() string {
	if k.plan.Backup == nil && source(k.plan) == nil {
		return "dumps reach the store by it"
	}
	return "postgres archives with it, so nothing would be archived, and the log would fill the volume"
}

// sources checks what the cluster starts from.
func (k *checker) sources() {
	r := k.plan.Bootstrap.Recovery
	for i, e := range k.plan.ExternalClusters {
		path := fmt.Sprintf("spec.externalClusters[%d]", i)
		if r == nil || e.Name != r.From {
			if e.Archive != nil && !k.follows(e) {
				k.problem("ONG2317", path, "nothing starts from "+e.Name, "its archive would be read by nobody", "add bootstrap: {recovery: {from: "+e.Name+"}}, or take it out")
			}
			continue
		}
		if e.Archive == nil {
			k.problem("ONG2315", "spec.bootstrap.recovery.from", fmt.Sprintf("externalClusters has %s without an archive", e.Name), "a recovery reads one", "add archive there")
			continue
		}
		k.archive(path+".archive", *e.Archive)
		k.unread(path + ".archive")
	}
	if r == nil {
		return
	}
	if r.From != "" && !slices.ContainsFunc(k.plan.ExternalClusters, func(e plan.ExternalCluster) bool { return e.Name == r.From }) {
		k.problem("ONG2315", "spec.bootstrap.recovery.from", fmt.Sprintf("externalClusters has no %s", r.From), "the name must be listed there", "add {name: "+r.From+", archive: {…}} to spec.externalClusters")
	}
	k.target(r)
	k.own(r)
}

// follows reports the server of a standby cluster, whose archive has a reason of its own to be refused.
func (k *checker) follows(e plan.ExternalCluster) bool {
	r := k.plan.Replica
	return r != nil && r.On && e.Name == r.From
}

// unread refuses what only says how an archive is written.
func (k *checker) unread(path string) {
	for _, name := range []string{"compression", "walCompression", "jobs"} {
		if k.cluster.Has(path + "." + name) {
			k.problem("ONG2317", path+"."+name, name+" says how an archive is written", "this one is only read", "take it out")
		}
	}
}

// own: a cluster may start from the place that it archives to only when it is its own backups that it comes back from.
func (k *checker) own(r *spec.Recovery) {
	if !samePlace(k.plan) {
		return
	}
	fix := "give backup.serverName a new name, e.g. " + k.plan.Name + "-2"
	switch {
	case !r.OrInit:
		k.problem("ONG2316", "spec.bootstrap.recovery.from", "the cluster would archive to what it is restored from", fmt.Sprintf("both are stanza %s in %s", k.plan.Backup.Server, k.plan.Backup.Destination),
			fix+"; or add orInit: true if these are its own backups, to which it is to come back whenever it is made anew")
	case r.Target != nil:
		k.problem("ONG2316", "spec.bootstrap.recovery.target", "a cluster that comes back from its own backups comes back to the end", "made anew once more, it would lose what was written since that moment", "take target out, or "+fix)
	}
}

// target is the moment that a recovery stops at.
func (k *checker) target(r *spec.Recovery) {
	const path = "spec.bootstrap.recovery.target"
	t := r.Target
	if t == nil {
		return
	}
	if (t.XID != "" || t.Name != "") && t.BackupID == "" {
		k.problem("ONG2318", path, "this target needs backupID", "only a time or an LSN tells which base backup comes before it", "add backupID: the label of a backup, as pgbackrest info shows it")
	}
	if t.BackupID != "" && !label(t.BackupID) {
		k.problem("ONG2318", path+".backupID", fmt.Sprintf("%q is no backup of pgBackRest's", t.BackupID), "they are called by their time and kind", "write it like 20261122-030000F, as pgbackrest info shows it")
	}
	if t.Timeline != "" && strings.Trim(t.Timeline, "0") == "" {
		k.problem("ONG2318", path+".timeline", "there is no timeline 0", "PostgreSQL counts them from 1", "write latest, current, or the number of the timeline")
	}
}
