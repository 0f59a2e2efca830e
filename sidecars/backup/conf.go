package backup

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/onggi-db/onggi/sidecars/config"
)

// Settings say where the server and the repository are.
type Settings struct {
	Repository  config.Repository
	Stanza      string
	Compression string // none, gz, bz2, lz4 or zst; "" is pgBackRest's own
	Jobs        int
	// RetentionDays decides over RetentionFull; without both nothing expires.
	RetentionDays, RetentionFull int
	Bin                          string // the program
	Dir                          string // of the files of Render, of locks and of the spool: on what both containers share
	Name                         string // of the configuration in Dir; "" is pgbackrest.conf
	Data, Socket, User           string // of the server
	Port                         int
	// WebIdentity tells that the pod has a token of the kind that AWS exchanges for a role.
	WebIdentity bool
}

// Secrets are what the key files hold.
type Secrets struct {
	Key, Secret, Token, Cipher string
	CA                         []byte // PEM
}

// File is one file of the configuration, to be written with mode 0600.
type File struct {
	Name    string // within Settings.Dir
	Content []byte
}

// Of are the settings that the agent's file asks for.
func Of(b config.Backup, f config.File) Settings {
	return Settings{
		Repository: b.Repository, Stanza: b.Stanza, Compression: b.Compression, Jobs: b.Jobs, RetentionDays: b.RetentionDays, RetentionFull: b.RetentionFull,
		Bin: b.Bin, Dir: Dir(f), Data: f.Postgres.Data, Socket: f.PostgresSocket(), Port: f.Postgres.Port, User: "postgres",
	}
}

// SourceOf are the settings of the repository that a cluster is recovered from.
func SourceOf(r config.Recover, f config.File) Settings {
	s := Settings{
		Repository: r.Repository, Stanza: r.Stanza, Jobs: 2, Bin: "pgbackrest", Dir: Dir(f), Name: "source.conf", Data: f.Postgres.Data,
		Socket: f.PostgresSocket(), Port: f.Postgres.Port, User: "postgres",
	}
	if f.Backup != nil {
		s.Jobs, s.Bin = f.Backup.Jobs, f.Backup.Bin
	}
	return s
}

// Dir is where the files are.
func Dir(f config.File) string { return path.Join(f.Run.Dir, "pgbackrest") }

// Config is the path of the configuration.
func (s Settings) Config() string {
	return path.Join(s.Dir, cmp.Or(s.Name, "pgbackrest.conf"))
}

// Place is the repository for people. It holds no secret.
func (s Settings) Place() string {
	r := s.Repository
	scheme := map[string]string{"s3": "s3://", "gcs": "gs://", "azure": "azblob://"}[r.Type]
	if scheme == "" {
		return r.Path
	}
	return scheme + r.Bucket + r.Path
}

// ini collects the lines of a configuration, and what cannot stand in one.
type ini struct {
	b     strings.Builder
	wrong []error
}

func (w *ini) section(name string) { fmt.Fprintf(&w.b, "[%s]\n", name) }

// set writes a line; an empty value writes none. The value is in no error: it may be a secret.
func (w *ini) set(name, value string) {
	if value == "" {
		return
	}
	if strings.ContainsAny(value, "\n\r\x00") || strings.TrimSpace(value) != value {
		w.wrong = append(w.wrong, fmt.Errorf("%s is more than one line, or has a space at an end", name))
		return
	}
	fmt.Fprintf(&w.b, "%s=%s\n", name, value)
}

// Render is the configuration, and the files that it names.
func (s Settings) Render(secrets Secrets) ([]File, error) {
	w := &ini{}
	prefix := strings.TrimSuffix(path.Base(s.Config()), ".conf")
	var files []File
	beside := func(name string, content []byte) string {
		name = prefix + "-" + name
		files = append(files, File{name, content})
		return path.Join(s.Dir, name)
	}
	w.section("global")
	s.common(w)
	if err := s.repository(w, secrets, beside); err != nil {
		return nil, err
	}
	s.retention(w)
	// A segment at a time would be too slow for a server that writes much: one process looks for what waits, and sends several at once.
	w.section("global:archive-push")
	w.set("archive-async", "y")
	w.section(s.Stanza)
	w.set("pg1-path", s.Data)
	w.set("pg1-port", strconv.Itoa(s.Port))
	w.set("pg1-socket-path", s.Socket)
	w.set("pg1-user", s.User)
	w.set("pg1-database", "postgres")
	if strings.ContainsAny(s.Stanza, "[]: \n\r/") || s.Stanza == "" {
		w.wrong = append(w.wrong, fmt.Errorf("stanza %q is no name", s.Stanza))
	}
	if err := errors.Join(w.wrong...); err != nil {
		return nil, fmt.Errorf("write the configuration of pgBackRest: %w", err)
	}
	return append(files, File{path.Base(s.Config()), []byte(w.b.String())}), nil
}

// common is what every command needs. Nothing is logged to files: what went wrong is on standard error, which the agent keeps.
func (s Settings) common(w *ini) {
	w.set("lock-path", path.Join(s.Dir, "lock"))
	w.set("spool-path", path.Join(s.Dir, "spool"))
	w.set("log-level-file", "off")
	w.set("log-level-console", "off")
	w.set("log-level-stderr", "warn")
	w.set("log-timestamp", "n")
	w.set("start-fast", "y")
	w.set("delta", "n")
	w.set("process-max", strconv.Itoa(max(1, s.Jobs)))
	// A store that does not answer is given up sooner than pgBackRest would: an archive that hangs holds back the end of a server.
	w.set("io-timeout", "20")
	w.set("archive-timeout", "60")
	w.set("compress-type", s.Compression)
}

// repository is where things are kept, and by which keys.
func (s Settings) repository(w *ini, k Secrets, beside func(string, []byte) string) error {
	r := s.Repository
	w.set("repo1-type", r.Type)
	w.set("repo1-path", path.Clean(r.Path))
	// A database has a thousand small files, and each would be a request to the store.
	w.set("repo1-bundle", "y")
	switch r.Type {
	case "posix":
	case "s3":
		s.s3(w, k)
	case "gcs":
		w.set("repo1-gcs-bucket", r.Bucket)
		w.set("repo1-gcs-endpoint", r.Endpoint)
		if k.Key == "" {
			w.set("repo1-gcs-key-type", "auto")
		} else {
			w.set("repo1-gcs-key-type", "service")
			w.set("repo1-gcs-key", beside("gcs.json", []byte(k.Key+"\n")))
		}
	case "azure":
		w.set("repo1-azure-container", r.Bucket)
		w.set("repo1-azure-endpoint", r.Endpoint)
		w.set("repo1-azure-account", cmp.Or(r.Account, k.Key))
		style := "path"
		if r.HostStyle || r.Endpoint == "" {
			style = "host"
		}
		w.set("repo1-azure-uri-style", style)
		switch {
		case k.Token != "":
			w.set("repo1-azure-key-type", "sas")
			w.set("repo1-azure-key", strings.TrimPrefix(k.Token, "?"))
		case k.Secret != "":
			w.set("repo1-azure-key-type", "shared")
			w.set("repo1-azure-key", k.Secret)
		default:
			w.set("repo1-azure-key-type", "auto") // pgBackRest 2.55 and newer
		}
	default:
		return fmt.Errorf("write the configuration of pgBackRest: %q is no type of repository", r.Type)
	}
	s.transport(w, k, beside)
	return nil
}

// s3 has keys of its own, or the pod's identity.
func (s Settings) s3(w *ini, k Secrets) {
	r := s.Repository
	w.set("repo1-s3-bucket", r.Bucket)
	w.set("repo1-s3-endpoint", r.Endpoint)
	w.set("repo1-s3-region", r.Region)
	style := "path"
	if r.HostStyle {
		style = "host"
	}
	w.set("repo1-s3-uri-style", style)
	switch {
	case k.Key != "":
		w.set("repo1-s3-key", k.Key)
		w.set("repo1-s3-key-secret", k.Secret)
		w.set("repo1-s3-token", k.Token)
	case s.WebIdentity:
		w.set("repo1-s3-key-type", "web-id")
	default:
		w.set("repo1-s3-key-type", "auto")
	}
}

// transport is what all stores have in common.
func (s Settings) transport(w *ini, k Secrets, beside func(string, []byte) string) {
	if s.Repository.Type != "posix" {
		if len(k.CA) > 0 {
			w.set("repo1-storage-ca-file", beside("ca.pem", k.CA))
		}
		if s.Repository.Insecure {
			w.set("repo1-storage-verify-tls", "n")
		}
	}
	if k.Cipher != "" {
		w.set("repo1-cipher-type", "aes-256-cbc")
		w.set("repo1-cipher-pass", k.Cipher)
	}
}

// retention expires by time where a restore has to reach so far back, else by number. Without both, nothing does.
func (s Settings) retention(w *ini) {
	switch {
	case s.RetentionDays > 0:
		w.set("repo1-retention-full-type", "time")
		w.set("repo1-retention-full", strconv.Itoa(s.RetentionDays))
	case s.RetentionFull > 0:
		w.set("repo1-retention-full-type", "count")
		w.set("repo1-retention-full", strconv.Itoa(s.RetentionFull))
	default:
		w.set("expire-auto", "n")
	}
}
