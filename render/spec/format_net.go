package spec

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"unicode"
)

func checkIP(s string) *violation {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		return nil
	}
	v := &violation{code: codeAddress, message: fmt.Sprintf("%q is not an IP address", s), fix: "write it like 192.168.0.206 or fd00::206"}
	if p, err := netip.ParsePrefix(s); err == nil {
		v.fix = "write " + p.Addr().String() + " without the /" + fmt.Sprint(p.Bits())
	} else if host, _, found := strings.Cut(s, ":"); found && checkIP(host) == nil {
		v.fix = "write " + host + " and the port in its own field"
	}
	return v
}

func checkCIDR(s string) *violation {
	p, err := netip.ParsePrefix(s)
	if err == nil && p == p.Masked() {
		return nil
	}
	v := &violation{code: codeAddress, message: fmt.Sprintf("%q is not a network", s), fix: "write it like 192.168.0.0/24"}
	switch a, addrErr := netip.ParseAddr(s); {
	case err == nil:
		v.message = fmt.Sprintf("%q names a host inside the network %s", s, p.Masked())
		v.fix = fmt.Sprintf("write %s for the network, or %s/%d for that host", p.Masked(), p.Addr(), p.Addr().BitLen())
	case addrErr == nil && a.Zone() == "":
		v.fix = fmt.Sprintf("write %s/%d for that one address", a, a.BitLen())
	case s == "any" || s == "all" || s == "*" || s == "0.0.0.0":
		v.fix = "write 0.0.0.0/0 for every IPv4 address"
	}
	return v
}

func checkURL(s string) *violation {
	if u, err := url.Parse(s); err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && checkHost(u.Hostname()) == nil && !strings.ContainsAny(s, " \t\n") {
		return nil
	}
	v := &violation{code: codeURL, message: fmt.Sprintf("%q is not a URL", s), fix: "write it like https://minio.lan:9000"}
	if guess := "https://" + s; !strings.Contains(s, "://") && checkURL(guess) == nil {
		v.fix = "write " + guess
	}
	return v
}

func checkHost(s string) *violation {
	if checkIP(s) == nil {
		return nil
	}
	return checkDNSName(strings.TrimPrefix(s, "*."))
}

// checkDNSName takes a host name, with *. before it or not, in any case.
func checkDNSName(s string) *violation {
	name := strings.TrimPrefix(s, "*.")
	ok := name != "" && len(name) <= 253
	for label := range strings.SplitSeq(name, ".") {
		ok = ok && len(label) <= 63 && made(label, "-", true)
	}
	if ok {
		return nil
	}
	v := &violation{code: codeName, message: fmt.Sprintf("%q is not a DNS name", s), fix: "write it like db.example.com"}
	if host, found := strings.CutPrefix(s, "https://"); found && checkDNSName(host) == nil {
		v.fix = "write " + host
	}
	return v
}

// schemes of a destination and how each is written.
var schemes = [...]struct{ name, form string }{
	{"s3", "s3://bucket/path"}, {"gs", "gs://bucket/path"}, {"azblob", "azblob://account/container/path"}, {"pvc", "pvc://claim/path"},
}

func checkDestination(s string) *violation {
	v := badDestination(s)
	if v != nil && v.message == "" {
		v.message = fmt.Sprintf("%q is not a place for backups", s)
	}
	return v
}

func badDestination(s string) *violation {
	v := &violation{code: codeDestination, fix: "write s3://bucket/path, gs://bucket/path, azblob://account/container/path or pvc://claim/path"}
	scheme, rest, found := strings.Cut(s, "://")
	if !found {
		if made(strings.ReplaceAll(s, "/", "-"), "-.", false) {
			v.fix = "write s3://" + s + " if that is a bucket of an S3-compatible store"
		}
		return v
	}
	form := ""
	for _, known := range schemes {
		if known.name == scheme {
			form = known.form
		}
	}
	bucket, path, _ := strings.Cut(rest, "/")
	switch {
	case form == "":
		aliases := map[string]string{"gcs": "gs", "google": "gs", "azure": "azblob", "az": "azblob", "wasb": "azblob", "abfs": "azblob", "minio": "s3", "aws": "s3", "S3": "s3"}
		v.message = fmt.Sprintf("%s:// is not a kind of store that backups can go to", scheme)
		if right := aliases[scheme]; right != "" {
			v.fix = "write " + right + "://" + rest
		} else if strings.HasPrefix(scheme, "http") {
			v.fix = "write s3://bucket/path here and the URL of the store under endpoint"
		}
	case bucket == "" || !made(bucket, "-.", false) || len(bucket) < 3 && scheme != "pvc" || len(bucket) > 63:
		v.message, v.fix = fmt.Sprintf("%q has no valid %s", s, firstPart(scheme)), "write it like "+form
	case scheme == "azblob" && path == "":
		v.message, v.fix = fmt.Sprintf("%q has no container", s), "write it like "+form
	case strings.HasSuffix(s, "/") || strings.Contains(rest, "//"):
		clean := strings.Join(strings.FieldsFunc(path, func(r rune) bool { return r == '/' }), "/")
		v.message, v.fix = fmt.Sprintf("%q has an empty part in its path", s), "write "+strings.TrimSuffix(scheme+"://"+bucket+"/"+clean, "/")
		v.why = "two spellings of one place hide that two clusters write to it"
	case strings.ContainsAny(path, "?#@\\") || strings.ContainsFunc(path, unicode.IsSpace):
		v.message, v.fix = fmt.Sprintf("%q has characters that no path takes", s), "write it like "+form
	default:
		return nil
	}
	return v
}

func firstPart(scheme string) string {
	switch scheme {
	case "azblob":
		return "account"
	case "pvc":
		return "claim"
	}
	return "bucket"
}
