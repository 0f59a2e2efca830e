package config

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
)

// Outside is a server elsewhere that this cluster follows, as a standby cluster, or begins as a copy of. Where it is followed, members log in to each other as onggi_replicator, which therefore has
// to be a role there, with the password of this cluster's; and the superuser there is postgres.
type Outside struct {
	Host string `json:"host"`
	Port int    `json:"port,omitempty"` // default 5432
	// User has the right of replication there; default onggi_replicator.
	User string `json:"user,omitempty"`
	// PasswordFile holds User's password; empty where a certificate is enough.
	PasswordFile string `json:"passwordFile,omitempty"`
	// SSLMode as libpq has it; default verify-full.
	SSLMode string `json:"sslMode,omitempty"`
	TLS     TLS    `json:"tls,omitempty"` // CA: who signed the server's certificate; Cert, Key: a certificate of our own
}

func (o *Outside) defaults() *Outside {
	if o == nil {
		return nil
	}
	c := *o
	c.User = cmp.Or(c.User, "onggi_replicator")
	c.SSLMode = cmp.Or(c.SSLMode, "verify-full")
	c.Port = cmp.Or(c.Port, 5432)
	return &c
}

func (o *Outside) validate(field string) []error {
	if o == nil {
		return nil
	}
	var wrong []error
	if o.Host == "" || strings.ContainsAny(o.Host, ", \t\r\n\x00") {
		wrong = append(wrong, fmt.Errorf("%s.host is %q: one name or address", field, o.Host))
	}
	if o.Port < 1 || o.Port > 65535 {
		wrong = append(wrong, fmt.Errorf("%s.port is %d: 1 to 65535", field, o.Port))
	}
	if !slices.Contains([]string{"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}, o.SSLMode) {
		wrong = append(wrong, fmt.Errorf("%s.sslMode is %q: disable, allow, prefer, require, verify-ca or verify-full", field, o.SSLMode))
	}
	for _, file := range []string{o.PasswordFile, o.TLS.CA, o.TLS.Cert, o.TLS.Key} {
		if file != "" && !path.IsAbs(file) {
			wrong = append(wrong, fmt.Errorf("%s: %q is no absolute path", field, file))
		}
	}
	if (o.TLS.Cert == "") != (o.TLS.Key == "") {
		wrong = append(wrong, fmt.Errorf("%s.tls: a certificate and its key come together", field))
	}
	return wrong
}
