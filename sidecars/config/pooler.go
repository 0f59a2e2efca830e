package config

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path"

	"sigs.k8s.io/yaml"
)

// PoolerRole is the role by which PgBouncer asks for the passwords of others. The agent makes it, and it may do nothing else.
const PoolerRole = "onggi_pooler"

// DumpRole is the role by which logical dumps are made. The agent makes it: it reads everything.
const DumpRole = "onggi_dump"

// PoolerQuery is how it asks, in the database postgres: one row, or none for a role that may not come through a pooler.
const PoolerQuery = "SELECT usename, passwd FROM onggi_pooler.credentials($1)"

// PoolerUserlist is the name of PgBouncer's auth_file in [Pooler.Run].
const PoolerUserlist = "userlist.txt"

// Pooler is the file of onggi-agent pooler, which runs PgBouncer. What PgBouncer itself reads is in a file of its own.
type Pooler struct {
	// Bin is the program; default: pgbouncer, found through PATH.
	Bin string `json:"bin,omitempty"`
	// Ini is PgBouncer's configuration, a path.
	Ini string `json:"ini"`
	// PasswordFile holds the password of [PoolerRole].
	PasswordFile string `json:"passwordFile"`
	// Run is a folder of the pod's own, in memory: PgBouncer's socket and its userlist.txt; default /run/onggi.
	Run string `json:"run,omitempty"`
	// Port is PgBouncer's own, by which its socket is called; default 5432.
	Port int `json:"port,omitempty"`
	// Listen is the port of metrics and probes; default 9127.
	Listen int `json:"listen,omitempty"`
	// Watch are more files after whose change PgBouncer reads everything again: certificates, lines of HBA.
	Watch []string `json:"watch,omitempty"`
	// Paused makes PgBouncer hold all queries.
	Paused bool `json:"paused,omitempty"`
	// LogLevel is of what runs PgBouncer; PgBouncer's own are its settings log_*.
	LogLevel LogLevel `json:"logLevel,omitempty"`
	// DrainSeconds is how long clients may stay when the pod ends; default 60.
	DrainSeconds int `json:"drainSeconds,omitempty"`
}

// ReadPooler reads, fills and checks a file.
func ReadPooler(name string) (Pooler, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return Pooler{}, fmt.Errorf("read the pooler's configuration: %w", err)
	}
	p, err := ParsePooler(data)
	if err != nil {
		return Pooler{}, fmt.Errorf("read %s: %w", name, err)
	}
	return p, nil
}

// ParsePooler is ReadPooler of bytes. Unknown fields are errors.
func ParsePooler(data []byte) (Pooler, error) {
	var p Pooler
	if err := yaml.UnmarshalStrict(data, &p); err != nil {
		return Pooler{}, err
	}
	p = p.defaults()
	return p, p.validate()
}

func (p Pooler) defaults() Pooler {
	p.Bin = cmp.Or(p.Bin, "pgbouncer")
	p.Run = cmp.Or(p.Run, "/run/onggi")
	p.Port = cmp.Or(p.Port, 5432)
	p.Listen = cmp.Or(p.Listen, 9127)
	p.DrainSeconds = cmp.Or(p.DrainSeconds, 60)
	return p
}

func (p Pooler) validate() error {
	var wrong []error
	for _, one := range []struct{ name, path string }{{"ini", p.Ini}, {"passwordFile", p.PasswordFile}, {"run", p.Run}} {
		if !path.IsAbs(one.path) {
			wrong = append(wrong, fmt.Errorf("%s %q is no absolute path", one.name, one.path))
		}
	}
	for _, one := range []struct {
		name string
		port int
	}{{"port", p.Port}, {"listen", p.Listen}} {
		if one.port < 1 || one.port > 65535 {
			wrong = append(wrong, fmt.Errorf("%s is %d: 1 to 65535", one.name, one.port))
		}
	}
	if p.Port == p.Listen {
		wrong = append(wrong, fmt.Errorf("port and listen are both %d: they share the pod's address", p.Port))
	}
	if err := p.LogLevel.validate(); err != nil {
		wrong = append(wrong, err)
	}
	if p.DrainSeconds < 0 {
		wrong = append(wrong, errors.New("drainSeconds is negative"))
	}
	return errors.Join(wrong...)
}
