package spec

import (
	"strings"
)

// checkFormat holds a string against a format by name. Each format is one pure function in a format_*.go file.
func checkFormat(format, s string) *violation {
	switch format {
	case "cidr":
		return checkCIDR(s)
	case "cron":
		return checkCron(s)
	case "destination":
		return checkDestination(s)
	case "dns1035":
		return checkDNS1035(s)
	case "dns1123label":
		return checkDNS1123Label(s)
	case "dns1123subdomain":
		return checkDNS1123Subdomain(s)
	case "dnsName":
		return checkDNSName(s)
	case "duration":
		return checkDuration(s)
	case "extension":
		return checkExtension(s)
	case "hba":
		return checkHBA(s)
	case "identifier":
		return checkIdentifier(s)
	case "image":
		return checkImage(s)
	case "ip":
		return checkIP(s)
	case "labelKey":
		return checkLabelKey(s)
	case "labelValue":
		return checkLabelValue(s)
	case "parameter":
		return checkParameter(s)
	case "quantity":
		return checkQuantity(s)
	case "query":
		return checkQuery(s)
	case "resource":
		return checkResource(s)
	case "rfc3339":
		return checkTime(s)
	case "size":
		return checkSize(s)
	case "url":
		return checkURL(s)
	}
	panic("spec: no format called " + format)
}

// takesNumbers is true of the one format that Kubernetes itself takes without quotes: cpu: 2.
func takesNumbers(format string) bool { return format == "quantity" }

// isAlnum reports whether c is a lower-case letter or a digit, or an upper-case letter if those count.
func isAlnum(c byte, upper bool) bool {
	return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || upper && c >= 'A' && c <= 'Z'
}

// made reports whether s has only letters, digits and the characters of extra, and a letter or digit at both ends.
func made(s, extra string, upper bool) bool {
	for i := range len(s) {
		if !isAlnum(s[i], upper) && strings.IndexByte(extra, s[i]) < 0 {
			return false
		}
	}
	return s != "" && isAlnum(s[0], upper) && isAlnum(s[len(s)-1], upper)
}
