package config

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
)

// Backup is where pgBackRest keeps base backups and the archive of the log, and how it makes them.
type Backup struct {
	Repository Repository `json:"repository"`
	// Stanza is the name of this cluster in the repository; default: the cluster's.
	Stanza string `json:"stanza,omitempty"`
	// Target is prefer-standby (the default) or primary.
	Target string `json:"target,omitempty"`
	// RetentionDays is how far back a restore must be possible; 0: RetentionFull decides, and without it nothing expires.
	RetentionDays int `json:"retentionDays,omitempty"`
	// RetentionFull is how many full backups are kept.
	RetentionFull int `json:"retentionFull,omitempty"`
	// Compression is none, gz, bz2, lz4 or zst; default gz.
	Compression string `json:"compression,omitempty"`
	// Jobs is how many files are sent at once; default 2.
	Jobs int `json:"jobs,omitempty"`
	// Immediate asks for a full backup as soon as the cluster has none.
	Immediate bool `json:"immediate,omitempty"`
	// Bin is the program; default: pgbackrest, found through PATH.
	Bin string `json:"bin,omitempty"`
	// MaxAgeSeconds is how old the newest backup may be before the metrics say that it is too old; 0: not said.
	MaxAgeSeconds int `json:"maxAgeSeconds,omitempty"`
}

// Repository is a place for backups. Keys are files that hold one value each, of which a newline at the end does not count.
type Repository struct {
	// Type is posix (a folder: a mounted claim), s3, gcs or azure.
	Type string `json:"type"`
	// Path within the store, or the folder; it begins with /.
	Path string `json:"path"`
	// Bucket of s3 or gcs, container of azure.
	Bucket string `json:"bucket,omitempty"`
	// Account of azure. Without it, KeyFile holds it.
	Account string `json:"account,omitempty"`
	// Endpoint is host or host:port of the store; empty for the providers' own.
	Endpoint string `json:"endpoint,omitempty"`
	Region   string `json:"region,omitempty"`
	// HostStyle puts the bucket into the host name, as AWS wants; otherwise it stands in the path, as every store understands.
	HostStyle bool `json:"hostStyle,omitempty"`
	// CAFile signs the endpoint's certificate; empty: the image's authorities.
	CAFile string `json:"caFile,omitempty"`
	// Insecure does not verify the certificate.
	Insecure bool `json:"insecure,omitempty"`
	// KeyFile is the access key id of s3, the service account's JSON of gcs, the account's name of azure. Without one the pod's own identity is used.
	KeyFile string `json:"keyFile,omitempty"`
	// SecretFile is the secret access key of s3, the account's key of azure.
	SecretFile string `json:"secretFile,omitempty"`
	// TokenFile is the session token of s3, or the SAS of azure.
	TokenFile string `json:"tokenFile,omitempty"`
	// CipherFile holds the passphrase by which pgBackRest encrypts the repository (aes-256-cbc); empty: not encrypted.
	CipherFile string `json:"cipherFile,omitempty"`
}

// Recover is how a cluster without data comes to have some: from another one's backups.
type Recover struct {
	Repository Repository `json:"repository"`
	Stanza     string     `json:"stanza"`
	// At most one target; none: all that is in the archive.
	Target RecoverTarget `json:"target,omitempty"`
	// OrInit makes an empty cluster where the repository holds no backup of the stanza; without it, that waits and says so.
	OrInit bool `json:"orInit,omitempty"`
	// Set is the label of a backup; empty: the newest before the target.
	Set string `json:"set,omitempty"`
}

// RecoverTarget is where recovery ends.
type RecoverTarget struct {
	Time      string `json:"time,omitempty"` // with its zone, as timestamptz reads it
	LSN       string `json:"lsn,omitempty"`
	XID       string `json:"xid,omitempty"`
	Name      string `json:"name,omitempty"`      // of pg_create_restore_point
	Immediate bool   `json:"immediate,omitempty"` // as soon as the backup is consistent
	// Exclusive stops just before the target.
	Exclusive bool `json:"exclusive,omitempty"`
	// Timeline is latest (the default), current or a number.
	Timeline string `json:"timeline,omitempty"`
}

// end is how many ends of the recovery are named.
func (t RecoverTarget) end() int {
	n := 0
	for _, set := range []bool{t.Time != "", t.LSN != "", t.XID != "", t.Name != "", t.Immediate} {
		if set {
			n++
		}
	}
	return n
}

func (b *Backup) defaults(cluster string) *Backup {
	if b == nil {
		return nil
	}
	c := *b
	c.Stanza = cmp.Or(c.Stanza, cluster)
	c.Target = cmp.Or(c.Target, "prefer-standby")
	c.Compression = cmp.Or(c.Compression, "gz")
	c.Bin = cmp.Or(c.Bin, "pgbackrest")
	c.Jobs = cmp.Or(c.Jobs, 2)
	return &c
}

func (b *Backup) validate() []error {
	if b == nil {
		return nil
	}
	wrong := b.Repository.validate("backup.repository")
	if !slices.Contains([]string{"prefer-standby", "primary"}, b.Target) {
		wrong = append(wrong, fmt.Errorf("backup.target is %q: prefer-standby or primary", b.Target))
	}
	if !slices.Contains([]string{"none", "gz", "bz2", "lz4", "zst"}, b.Compression) {
		wrong = append(wrong, fmt.Errorf("backup.compression is %q: none, gz, bz2, lz4 or zst", b.Compression))
	}
	if b.RetentionDays < 0 || b.RetentionFull < 0 || b.Jobs < 1 || b.MaxAgeSeconds < 0 {
		wrong = append(wrong, errors.New("backup: retentionDays, retentionFull, jobs and maxAgeSeconds are not negative"))
	}
	return wrong
}

func (r *Recover) validate() []error {
	if r == nil {
		return nil
	}
	wrong := r.Repository.validate("recover.repository")
	if r.Stanza == "" {
		wrong = append(wrong, errors.New("recover.stanza is empty: the name of the cluster whose backups these are"))
	}
	if r.Target.end() > 1 {
		wrong = append(wrong, errors.New("recover.target has several ends: keep one of time, lsn, xid, name, immediate"))
	}
	return wrong
}

// apart keeps a recovered cluster from the archive that it came from. It has the same system identifier, so nothing else would. Only a cluster that
// comes back from its own backups whenever it is made anew (orInit, to the end) goes on in it, on the next timeline.
func apart(b *Backup, r *Recover) []error {
	if b == nil || r == nil || b.Stanza != r.Stanza || !b.Repository.Same(r.Repository) || r.OrInit && r.Target.end() == 0 {
		return nil
	}
	return []error{fmt.Errorf("backup and recover are the same place and stanza (%s): the log of this cluster would go between that of the one it was recovered from; "+
		"give backup another path or stanza", b.Stanza)}
}

// Same tells that two repositories are one place.
func (r Repository) Same(as Repository) bool {
	return r.Type == as.Type && r.Bucket == as.Bucket && r.Account == as.Account && strings.EqualFold(r.Endpoint, as.Endpoint) && path.Clean(r.Path) == path.Clean(as.Path)
}

func (r Repository) validate(at string) []error {
	var wrong []error
	if !slices.Contains([]string{"posix", "s3", "gcs", "azure"}, r.Type) {
		wrong = append(wrong, fmt.Errorf("%s.type is %q: posix, s3, gcs or azure", at, r.Type))
	}
	if !path.IsAbs(r.Path) || strings.ContainsAny(r.Path, "\n\r") {
		wrong = append(wrong, fmt.Errorf("%s.path is %q: it begins with / and is one line", at, r.Path))
	}
	if r.Type != "posix" && r.Bucket == "" {
		wrong = append(wrong, fmt.Errorf("%s.bucket is empty: %s needs one", at, r.Type))
	}
	if r.Type == "s3" && (r.Region == "" || r.Endpoint == "") {
		wrong = append(wrong, fmt.Errorf("%s: s3 needs an endpoint and a region", at))
	}
	return wrong
}
