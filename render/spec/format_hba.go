package spec

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

var (
	hbaTypes   = []string{"local", "host", "hostssl", "hostnossl", "hostgssenc", "hostnogssenc"}
	hbaMethods = []string{"trust", "reject", "scram-sha-256", "md5", "password", "gss", "sspi", "ident", "peer", "ldap", "radius", "cert", "pam", "bsd", "oauth"}
)

// checkHBA checks the shape of a line of pg_hba.conf: a line that the server cannot read stops it from reloading all of
// them, or from starting at all.
func checkHBA(s string) *violation {
	fail := func(message, fix string) *violation {
		return &violation{codeHBA, message, "the server ignores the whole file when one line is wrong, and does not start with it", fix}
	}
	const sample = "write it like hostssl all all 10.0.0.0/8 scram-sha-256"
	if strings.ContainsAny(s, "\n\r") {
		return fail("more than one line", "write each line as an entry of its own")
	}
	fields := hbaFields(s)
	if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
		return fail(fmt.Sprintf("%q is not a line of pg_hba.conf", s), sample)
	}
	if !slices.Contains(hbaTypes, fields[0]) {
		v := fail(fmt.Sprintf("%q is not a type of connection", fields[0]), "begin with one of "+strings.Join(hbaTypes, ", "))
		if best := nearest(fields[0], hbaTypes); best != "" {
			v.fix = "write " + best + strings.TrimPrefix(strings.TrimSpace(s), fields[0])
		}
		return v
	}
	var rest []string
	if len(fields) > 3 {
		rest = fields[3:]
	}
	if fields[0] != "local" && len(rest) > 0 {
		if v := checkHBAAddress(rest); v != "" {
			return fail(v, hbaAddressFix(s, rest[0]))
		}
		if rest = rest[1:]; len(rest) > 0 {
			if _, err := netip.ParseAddr(rest[0]); err == nil {
				rest = rest[1:] // an address and its mask apart
			}
		}
	}
	if len(rest) == 0 {
		return fail(fmt.Sprintf("%q ends too early", s), "write "+hbaForm(fields[0]))
	}
	if !slices.Contains(hbaMethods, rest[0]) {
		v := fail(fmt.Sprintf("%q is not a method", rest[0]), "write one of "+strings.Join(hbaMethods, ", "))
		if best := nearest(rest[0], hbaMethods); best != "" {
			v.fix = "write " + best
		}
		return v
	}
	for _, option := range rest[1:] {
		if strings.HasPrefix(option, "#") {
			break
		}
		if name, _, found := strings.Cut(option, "="); !found || name == "" {
			return fail(fmt.Sprintf("%q is not an option", option), "write options as name=value")
		}
	}
	return nil
}

func hbaForm(kind string) string {
	if kind == "local" {
		return "local DATABASE USER METHOD"
	}
	return kind + " DATABASE USER ADDRESS METHOD"
}

// checkHBAAddress says what is wrong with the address of a line, "" for nothing.
func checkHBAAddress(rest []string) string {
	address := rest[0]
	switch {
	case address == "all", address == "samehost", address == "samenet":
		return ""
	case slices.Contains(hbaMethods, address):
		return fmt.Sprintf("the address is missing before %s", address)
	case strings.Contains(address, "/"):
		if _, err := netip.ParsePrefix(address); err != nil {
			return fmt.Sprintf("%q is not a network", address)
		}
		return ""
	}
	if _, err := netip.ParseAddr(address); err == nil {
		if len(rest) > 1 {
			if _, err := netip.ParseAddr(rest[1]); err == nil {
				return ""
			}
		}
		return fmt.Sprintf("%s has no mask", address)
	}
	if checkDNSName(strings.TrimPrefix(address, ".")) == nil && strings.Trim(address, "0123456789.") != "" {
		return ""
	}
	return fmt.Sprintf("%q is not an address", address)
}

func hbaAddressFix(line, address string) string {
	a, err := netip.ParseAddr(address)
	switch {
	case err == nil:
		return fmt.Sprintf("write %s/%d", a, a.BitLen())
	case slices.Contains(hbaMethods, address):
		return "write " + hbaForm(strings.Fields(line)[0])
	}
	return "write a network such as 10.0.0.0/8, all, samenet, samehost or a host name"
}

// hbaFields splits a line at blanks that are not inside double quotes.
func hbaFields(s string) []string {
	inQuotes := false
	return strings.FieldsFunc(s, func(r rune) bool {
		if r == '"' {
			inQuotes = !inQuotes
		}
		return !inQuotes && (r == ' ' || r == '\t')
	})
}
