package postgres

import (
	"fmt"
	"strconv"
	"strings"
)

// Conninfo is a connection string of libpq, in the order it is to be written.
type Conninfo [][2]string

// String writes keyword='value' pairs. Values that are empty are left out.
func (c Conninfo) String() string {
	var b strings.Builder
	for _, pair := range c {
		if pair[1] == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(pair[0] + "='" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(pair[1]) + "'")
	}
	return b.String()
}

// ParseConninfo reads keyword=value pairs as libpq does: values may be in quotes, with \ before a quote or a \.
func ParseConninfo(text string) (Conninfo, error) {
	var c Conninfo
	rest := strings.TrimLeft(text, " \t\n\r\f\v")
	for rest != "" {
		name, after, found := strings.Cut(rest, "=")
		name = strings.TrimRight(name, " \t\n\r\f\v")
		if !found || name == "" || strings.ContainsAny(name, " \t\n\r\f\v'\\") {
			return nil, fmt.Errorf("read a connection string: no keyword and = at %q", rest)
		}
		value, left, err := cutConninfoValue(strings.TrimLeft(after, " \t\n\r\f\v"))
		if err != nil {
			return nil, err
		}
		c = append(c, [2]string{name, value})
		rest = strings.TrimLeft(left, " \t\n\r\f\v")
	}
	return c, nil
}

func cutConninfoValue(text string) (value, rest string, err error) {
	quoted := strings.HasPrefix(text, "'")
	if quoted {
		text = text[1:]
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch ch := text[i]; {
		case ch == '\\' && i+1 < len(text):
			i++
			b.WriteByte(text[i])
		case ch == '\\' && !quoted: // libpq drops one at the end
		case quoted && ch == '\'':
			return b.String(), text[i+1:], nil
		case !quoted && strings.IndexByte(" \t\n\r\f\v", ch) >= 0:
			return b.String(), text[i:], nil
		default:
			b.WriteByte(ch)
		}
	}
	if quoted {
		return "", "", fmt.Errorf("read a connection string: a quote is not closed")
	}
	return b.String(), "", nil
}

// Value is that of a keyword, "" when it is not there. As in libpq the last one counts.
func (c Conninfo) Value(keyword string) string {
	for i := len(c) - 1; i >= 0; i-- {
		if c[i][0] == keyword {
			return c[i][1]
		}
	}
	return ""
}

// Upstream is where a standby gets its log from.
type Upstream struct {
	Host string // address, no name: nothing here may depend on DNS
	Port int
	Slot string // on the upstream; "" for none
	Name string // application_name, by which the upstream knows this standby in synchronous_standby_names
	TLS  TLS
	User string // "" is the replicator
	// Database is where sessions are opened; "" is postgres.
	Database string
	// Passfile has User's password, where that is not in the passfile of the members.
	Passfile string
}

// TLS says how the server that is connected to proves itself. The zero value uses none.
type TLS struct {
	Mode   string // sslmode of libpq; "" is "disable"
	RootCA string // file
	Cert   string // file of a certificate of our own, "" for none
	Key    string
}

func (u Upstream) check() error {
	if u.Host == "" || u.Port <= 0 || u.Port > 65535 {
		return fmt.Errorf("upstream %q port %d is no address", u.Host, u.Port)
	}
	if strings.ContainsAny(u.Host, ",\x00\n\r") {
		return fmt.Errorf("upstream %q is not one address", u.Host)
	}
	if u.Slot != "" {
		if err := checkSlotName(u.Slot); err != nil {
			return err
		}
	}
	if u.Name == "" {
		return fmt.Errorf("upstream %s: this standby has no application name", u.Host)
	}
	return checkStandbyName(u.Name)
}

// conninfo is the connection string for replication and for the programs, as the replicator. The password is in the passfile.
// The timeouts make a peer that is gone known after about five seconds, not after the kernel's two hours.
func (u Upstream) conninfo(passfile, database string) Conninfo {
	mode := u.TLS.Mode
	if mode == "" {
		mode = "disable"
	}
	user := u.User
	if user == "" {
		user = Replicator
	}
	if u.Passfile != "" {
		passfile = u.Passfile
	}
	return Conninfo{
		{"host", u.Host}, {"port", strconv.Itoa(u.Port)}, {"user", user}, {"dbname", database}, {"passfile", passfile},
		{"application_name", u.Name}, {"connect_timeout", "3"}, {"keepalives_idle", "3"}, {"keepalives_interval", "1"}, {"keepalives_count", "3"},
		{"tcp_user_timeout", "5000"}, {"gssencmode", "disable"}, {"sslmode", mode}, {"sslrootcert", u.TLS.RootCA}, {"sslcert", u.TLS.Cert}, {"sslkey", u.TLS.Key},
	}
}
