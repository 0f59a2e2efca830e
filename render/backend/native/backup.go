package native

import (
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/onggi-db/onggi/render/internal/fields"
	"github.com/onggi-db/onggi/render/manifest"
	"github.com/onggi-db/onggi/render/plan"
	"github.com/onggi-db/onggi/sidecars/config"
)

// Where repositories are: their keys in the agent's container, which tells pgBackRest what it needs of them, and the claims that hold them in the
// database's, where pgBackRest runs.
const (
	ownKeys    = "/etc/onggi/repository"
	sourceKeys = "/etc/onggi/source"
	claimsDir  = "/repository"
)

// backups is the part of the agent's file about backups; nil without any.
func backups(p *plan.Plan) *config.Backup {
	b := p.Backup
	if b == nil {
		return nil
	}
	compression, _ := compression(b.Archive)
	return &config.Backup{
		Repository: repository(b.Archive, ownKeys), Stanza: b.Server, Target: b.Target,
		RetentionDays: days(b.Retention), RetentionFull: b.RetentionFull,
		Compression: compression, Jobs: b.Jobs, Immediate: slices.ContainsFunc(b.Schedules, plan.Schedule.AtOnce),
		MaxAgeSeconds: int(b.MaxAge),
	}
}

// recovery is how a cluster without data starts from another one's backups; nil for one that starts empty.
func recovery(p *plan.Plan) *config.Recover {
	r, a := p.Bootstrap.Recovery, source(p)
	if r == nil || a == nil {
		return nil
	}
	out := &config.Recover{Repository: repository(*a, sourceKeys), Stanza: a.Server, OrInit: r.OrInit}
	if t := r.Target; t != nil {
		out.Set = t.BackupID
		out.Target = config.RecoverTarget{
			Time: t.Time, LSN: t.LSN, XID: t.XID, Name: t.Name, Immediate: t.Immediate, Exclusive: t.Exclusive, Timeline: t.Timeline,
		}
	}
	return out
}

// source is the archive that the cluster starts from; nil when it starts empty.
func source(p *plan.Plan) *plan.Archive {
	if p.Bootstrap.Recovery == nil {
		return nil
	}
	for _, e := range p.ExternalClusters {
		if e.Name == p.Bootstrap.Recovery.From {
			return e.Archive
		}
	}
	return nil
}

// repository is a place in pgBackRest's words. keys is the folder that its secrets are mounted to.
func repository(a plan.Archive, keys string) config.Repository {
	var r config.Repository
	_, rest, _ := strings.Cut(a.Destination, "://")
	first, below, _ := strings.Cut(rest, "/")
	switch a.Scheme {
	case plan.PVC:
		return cipher(config.Repository{Type: "posix", Path: path.Join(claimsDir, first, below)}, a, keys)
	case plan.S3:
		r = config.Repository{Type: "s3", Bucket: first, Region: a.Region}
		r.Endpoint, r.HostStyle = s3Endpoint(a)
		if r.Region == "" {
			r.Region = "us-east-1" // it is part of the signature; stores that have none take this one
		}
	case plan.GCS:
		r = config.Repository{Type: "gcs", Bucket: first, Endpoint: host(a)}
	case plan.Azure:
		r = config.Repository{Type: "azure", Account: first}
		r.Endpoint, r.HostStyle = azureEndpoint(a, first)
		r.Bucket, below, _ = strings.Cut(below, "/")
	}
	r.Path = "/" + below
	for _, k := range repositoryKeys(a) {
		*k.field(&r) = keys + "/" + k.file
	}
	return cipher(r, a, keys)
}

func cipher(r config.Repository, a plan.Archive, keys string) config.Repository {
	if a.EncryptionKey != nil {
		r.CipherFile = keys + "/" + cipherFile
	}
	return r
}

// host of the store's endpoint, with its port where it has one of its own; "" for the cloud's.
func host(a plan.Archive) string {
	u, err := url.Parse(a.Endpoint)
	if err != nil {
		return a.Endpoint // refused before
	}
	return u.Host
}

// s3Endpoint is the store's host, and whether a bucket is a host below it: at AWS it is, anywhere else that would take a certificate and a name
// for every bucket.
func s3Endpoint(a plan.Archive) (at string, bucketIsHost bool) {
	if a.Endpoint == "" {
		return "s3." + a.Region + ".amazonaws.com", true
	}
	at = host(a)
	name, _, _ := strings.Cut(at, ":")
	return at, strings.HasSuffix(name, ".amazonaws.com")
}

// azureEndpoint is the store's host, and whether an account is a host below it. All clouds of Azure's have them so, and call what is above blob;
// an emulator has the account in the path.
func azureEndpoint(a plan.Archive, account string) (at string, accountIsHost bool) {
	at = host(a)
	if above, is := strings.CutPrefix(at, account+"."); is {
		return above, true
	}
	return at, strings.HasPrefix(at, "blob.")
}

// repositoryKey is one key of a Secret, the file that it becomes, and the field that names the file.
type repositoryKey struct {
	secret, key, file string
	field             func(*config.Repository) *string
}

const cipherFile = "passphrase"

// repositoryKeys are what the way into a store takes.
func repositoryKeys(a plan.Archive) []repositoryKey {
	var out []repositoryKey
	if ca := a.EndpointCA; ca != nil {
		out = append(out, repositoryKey{ca.Secret, ca.Key, "ca.crt", func(r *config.Repository) *string { return &r.CAFile }})
	}
	c := a.Credentials
	if c == nil || c.FromPod {
		return out
	}
	id := func(r *config.Repository) *string { return &r.KeyFile }
	secret := func(r *config.Repository) *string { return &r.SecretFile }
	token := func(r *config.Repository) *string { return &r.TokenFile }
	add := func(key, file string, field func(*config.Repository) *string) {
		if key != "" {
			out = append(out, repositoryKey{c.Secret, key, file, field})
		}
	}
	switch a.Scheme {
	case plan.S3:
		add(c.AccessKey, "key", id)
		add(c.SecretKey, "secret", secret)
		add(c.SessionToken, "token", token)
	case plan.GCS:
		add(c.ApplicationCredentials, "key.json", id)
	case plan.Azure:
		if c.SASToken != "" {
			add(c.SASToken, "token", token)
		} else {
			add(c.AccountKey, "secret", secret)
		}
	}
	return out
}

// compression is the one that backups and the log share, in pgBackRest's words. ok is false for one that it lacks.
func compression(a plan.Archive) (name string, ok bool) {
	chosen := a.Compression
	if chosen == "" {
		chosen = a.WALCompression
	}
	names := map[string]string{"none": "none", "gzip": "gz", "bzip2": "bz2", "lz4": "lz4", "zstd": "zst"}
	name, ok = names[chosen]
	return name, ok
}

// days of a retention. A month is its longest, so that never less is kept than was asked for.
func days(retention string) int {
	if retention == "" {
		return 0
	}
	n := 0
	for _, digit := range retention[:len(retention)-1] {
		n = n*10 + int(digit-'0')
	}
	return n * map[byte]int{'d': 1, 'w': 7, 'm': 31}[retention[len(retention)-1]]
}

// claim is the PersistentVolumeClaim of a repository on a volume; "" for one in a store.
func claim(a *plan.Archive) string {
	if a.Scheme != plan.PVC {
		return ""
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(a.Destination, "pvc://"), "/")
	return name
}

// place is a repository and the folders that its volumes are mounted to.
type place struct {
	volume, keys string
	archive      *plan.Archive
}

// places are the repository that is written to and the one that is started from.
func (b builder) places() []place {
	var out []place
	if b.Backup != nil {
		out = append(out, b.written())
	}
	if a := source(b.Plan); a != nil {
		out = append(out, place{"source", sourceKeys, a})
	}
	return out
}

// written is the repository that backups are written to. There is one.
func (b builder) written() place { return place{"repository", ownKeys, &b.Backup.Archive} }

// repositoryVolumes are the claims and the keys of repositories. A claim that two are on is mounted once.
func repositoryVolumes(readOnly bool, places ...place) []any {
	var out []any
	for _, c := range claims(places) {
		source := manifest.Of("claimName", c.name)
		fields.Put(source, "readOnly", readOnly)
		out = append(out, manifest.Of("name", c.volume, "persistentVolumeClaim", source))
	}
	for _, p := range places {
		if sources := keySources(*p.archive); len(sources) > 0 {
			out = append(out, manifest.Of("name", p.volume, "projected", manifest.Of("defaultMode", restricted, "sources", sources)))
		}
	}
	return out
}

func claimMounts(readOnly bool, places ...place) []any {
	var out []any
	for _, c := range claims(places) {
		out = append(out, mount(c.volume, claimsDir+"/"+c.name, readOnly))
	}
	return out
}

func keyMounts(places ...place) []any {
	var out []any
	for _, p := range places {
		if len(keySources(*p.archive)) > 0 {
			out = append(out, mount(p.volume, p.keys, true))
		}
	}
	return out
}

// mountedClaim is a claim and its volume in the pod.
type mountedClaim struct{ name, volume string }

func claims(places []place) []mountedClaim {
	var out []mountedClaim
	for _, p := range places {
		name := claim(p.archive)
		if name != "" && !slices.ContainsFunc(out, func(c mountedClaim) bool { return c.name == name }) {
			out = append(out, mountedClaim{name, p.volume + "-claim"})
		}
	}
	return out
}

// keySources are the Secrets of a repository, each with the keys that are taken from it.
func keySources(a plan.Archive) []any {
	keys := repositoryKeys(a)
	if k := a.EncryptionKey; k != nil {
		keys = append(keys, repositoryKey{secret: k.Secret, key: k.Key, file: cipherFile})
	}
	var out []any
	for _, k := range keys {
		item := manifest.Of("key", k.key, "path", k.file)
		same := func(o any) bool { return o.(*manifest.Fields).Below("secret").Get("name") == k.secret }
		if i := slices.IndexFunc(out, same); i >= 0 {
			s := out[i].(*manifest.Fields).Below("secret")
			s.Set("items", append(s.Get("items").([]any), item))
			continue
		}
		out = append(out, manifest.Of("secret", manifest.Of("name", k.secret, "items", []any{item})))
	}
	return out
}

// samePlace reports that a recovery reads what the cluster itself archives to.
func samePlace(p *plan.Plan) bool {
	a := source(p)
	if a == nil || p.Backup == nil {
		return false
	}
	return p.Backup.Server == a.Server && repository(p.Backup.Archive, "").Same(repository(*a, ""))
}

// label is what a backup is called by pgBackRest: a full one, or one that hangs on it.
func label(s string) bool {
	full, rest, hangs := strings.Cut(s, "_")
	return moment(strings.TrimSuffix(full, "F")) && strings.HasSuffix(full, "F") &&
		(!hangs || moment(strings.TrimRight(rest, "DI")) && len(rest) == 16)
}

// moment is a time as pgBackRest writes it, 20261122-030000.
func moment(s string) bool {
	for i, c := range s {
		if (i == 8) != (c == '-') || i != 8 && (c < '0' || c > '9') {
			return false
		}
	}
	return len(s) == 15
}
