package agent

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net"
	"strconv"
	"strings"

	"github.com/onggi-db/onggi/sidecars/backup"
	"github.com/onggi-db/onggi/sidecars/config"
	"github.com/onggi-db/onggi/sidecars/ha"
	"github.com/onggi-db/onggi/sidecars/postgres"
)

// SettingsOf translates the file for the loop.
func SettingsOf(f config.File, pod config.Pod) Settings {
	timing, _ := ha.Profile(f.Profile) // the file was checked
	return Settings{
		Core: ha.Config{
			Timing: timing, Mode: ha.Mode(f.Replication.Mode), W: f.Replication.MinSync, Ordinal: max(pod.Ordinal(), 0), Instances: f.Instances,
			Priority: f.Tags.Priority, Barred: f.Tags.NoFailover, MaxLag: ha.LSN(f.Replication.MaxLagBytes), Outside: f.Outside != nil,
			Supervised: f.Supervised,
			Revision:   revisionOf(f),
		}.Defaults(),
		Self:     ha.Member{Name: pod.Name, Addr: net.JoinHostPort(pod.IP, strconv.Itoa(f.Listen.Port)), Host: pod.IP},
		LowBytes: lowBytes,
	}
}

// revisionOf names what a file asks of the server, but for the address: members restart it for the same where theirs are equal.
func revisionOf(f config.File) string {
	asked := PostgresOf(f)
	asked.Listen = ""
	data, err := json.Marshal(asked)
	if err != nil {
		return "" // a struct of texts and numbers
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:8])
}

// lowBytes is four segments of the log: with less the next checkpoint may fail, and then everything.
const lowBytes = 64 << 20

// PostgresOf translates the file for the server.
func PostgresOf(f config.File) postgres.Settings {
	s := postgres.Settings{
		Listen:     f.Postgres.Listen,
		Parameters: f.Postgres.Parameters, HBA: f.Postgres.HBA, Ident: f.Postgres.Ident, Members: f.Instances, Synchronous: f.Replication.Mode != "async",
		Monitor:   f.Postgres.Monitor,
		ServerTLS: postgres.ServerTLS{Cert: f.Postgres.TLS.Cert, Key: f.Postgres.TLS.Key, CA: cmp.Or(f.Postgres.ClientCA, f.Postgres.TLS.CA)},
	}
	if f.Backup != nil {
		marks, c := MarksOf(f), backup.Of(*f.Backup, f)
		s.ArchiveCommand = backup.Archiver(f.Run.Dir+"/"+Program, marks.Hold, c)
		s.RestoreCommand = backup.Fetcher(f.Run.Dir+"/"+Program, marks.Fetch, c)
	}
	if timing, ok := ha.Profile(f.Profile); ok {
		s.ReplicationTimeout = timing.Window * 3 / 4
	}
	return s
}

// PathsOf translates the file, and what the pod mounts, for the server.
func PathsOf(f config.File, pod config.Pod) postgres.Paths {
	return postgres.Paths{
		Volume: f.Postgres.Volume, Data: f.Postgres.Data, WAL: pod.WAL, Bin: f.Postgres.Bin, Socket: f.PostgresSocket(), Passfile: f.Run.Dir + "/pgpass",
		Port: f.Postgres.Port, User: postgres.Superuser,
	}
}

// InitOf translates the file for a new cluster.
func InitOf(f config.File) postgres.InitOptions {
	i := f.Postgres.InitDB
	var birth []string
	if f.Import != nil {
		birth = []string{importPending}
	}
	return postgres.InitOptions{
		Birth:    birth,
		Encoding: i.Encoding, Locale: i.Locale, LocaleProvider: i.LocaleProvider, ICULocale: i.ICULocale, BuiltinLocale: i.BuiltinLocale,
		WALSegmentMB: i.WALSegmentMB, NoChecksums: i.NoChecksums,
		SuperuserPasswordFile: f.Postgres.SuperuserPasswordFile, ReplicationPasswordFile: f.Postgres.ReplicationPasswordFile,
	}
}

// OutsideOf is the server that a standby cluster follows, nil for none. member is our application_name there.
func OutsideOf(f config.File, member string) *postgres.Upstream {
	return upstreamOutside(f.Outside, f, member)
}

// upstreamOutside is a server elsewhere. Its password is in a passfile of its own.
func upstreamOutside(o *config.Outside, f config.File, member string) *postgres.Upstream {
	if o == nil {
		return nil
	}
	u := &postgres.Upstream{
		Host: o.Host, Port: o.Port, User: o.User, Name: member,
		TLS: postgres.TLS{Mode: o.SSLMode, RootCA: o.TLS.CA, Cert: o.TLS.Cert, Key: o.TLS.Key},
	}
	if o.PasswordFile != "" {
		u.Passfile = f.Run.Dir + "/pgpass-outside"
	}
	return u
}

// Selector writes labels as the API selects by them.
func Selector(labels map[string]string) string {
	var parts []string
	for _, key := range sortedKeys(labels) {
		parts = append(parts, key+"="+labels[key])
	}
	return strings.Join(parts, ",")
}
