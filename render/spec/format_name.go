package spec

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// slug is s in lower case with dashes for what a DNS name does not take, at most n long.
func slug(s string, n int) string {
	dashed := strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf && isAlnum(byte(r), false) {
			return r
		}
		return '-'
	}, strings.ToLower(s))
	return strings.Trim(dashed[:min(n, len(dashed))], "-")
}

func checkDNS1123Label(s string) *violation {
	if len(s) <= 63 && made(s, "-", false) {
		return nil
	}
	v := &violation{codeName, fmt.Sprintf("%q is not a valid name", s), "Kubernetes takes lower-case letters, digits and dashes, at most 63, a letter or digit at both ends", "write it like my-database"}
	if right := slug(s, 63); right != "" {
		v.fix = "write " + right
	}
	return v
}

func checkDNS1035(s string) *violation {
	if len(s) <= 63 && made(s, "-", false) && s[0] >= 'a' {
		return nil
	}
	v := checkDNS1123Label(s)
	if v == nil {
		v = &violation{code: codeName, message: fmt.Sprintf("%q is not a valid name", s), fix: "write db-" + s}
	}
	v.why = "Services are called after it: lower-case letters, digits and dashes, at most 63, a letter first"
	if right := strings.TrimPrefix(v.fix, "write "); right[0] >= '0' && right[0] <= '9' {
		v.fix = "write db-" + right
	}
	return v
}

func checkDNS1123Subdomain(s string) *violation {
	ok := s != "" && len(s) <= 253
	for label := range strings.SplitSeq(s, ".") {
		ok = ok && made(label, "-", false)
	}
	if ok {
		return nil
	}
	v := &violation{codeName, fmt.Sprintf("%q is not a valid name", s), "Kubernetes takes lower-case letters, digits, dashes and points, at most 253, a letter or digit at both ends", "write it like my-secret"}
	if right := slug(s, 253); right != "" {
		v.fix = "write " + right
	}
	return v
}

func checkLabelKey(s string) *violation {
	prefix, name, found := strings.Cut(s, "/")
	if !found {
		prefix, name = "", s
	}
	if len(name) <= 63 && made(name, "-_.", true) && (!found || checkDNS1123Subdomain(prefix) == nil) {
		return nil
	}
	return &violation{codeLabel, fmt.Sprintf("%q is not a valid key", s), "a key is a name of at most 63 letters, digits, dashes, underscores and points, with example.com/ before it or not",
		"write it like team or example.com/team"}
}

func checkLabelValue(s string) *violation {
	if s == "" || len(s) <= 63 && made(s, "-_.", true) {
		return nil
	}
	return &violation{codeLabel, fmt.Sprintf("%q is not a valid label value", s), "a value has at most 63 letters, digits, dashes, underscores and points, a letter or digit at both ends",
		"shorten it, or make it an annotation"}
}

// checkIdentifier takes whatever Postgres takes in double quotes: 63 bytes of anything but control characters.
func checkIdentifier(s string) *violation {
	if s != "" && len(s) <= 63 && s == strings.TrimSpace(s) && !strings.ContainsFunc(s, unicode.IsControl) {
		return nil
	}
	v := &violation{code: codeIdentifier, message: fmt.Sprintf("%q is not a valid name in the database", s), fix: "write a name such as app"}
	switch {
	case s == "":
		v.message = "an empty name"
	case len(s) > 63:
		v.message = fmt.Sprintf("%q has %d bytes; a name in the database has at most 63", s, len(s))
		v.why, v.fix = "Postgres would cut it off without an error", "shorten it"
	case s != strings.TrimSpace(s):
		v.why, v.fix = "a space at an end is part of the name, and nobody sees it", "write "+strconv.Quote(strings.TrimSpace(s))
	default:
		v.why = "it has a control character"
	}
	return v
}

func checkExtension(s string) *violation {
	slips := map[string]string{"pgvector": "vector", "pg_vector": "vector", "pg-vector": "vector", "timescale": "timescaledb", "uuid_ossp": "uuid-ossp", "uuid": "uuid-ossp",
		"pgtrgm": "pg_trgm", "trgm": "pg_trgm", "pgcron": "pg_cron", "pgaudit_extension": "pgaudit", "pg_audit": "pgaudit", "pg_postgis": "postgis", "pg_crypto": "pgcrypto"}
	if right := slips[s]; right != "" {
		return &violation{codeIdentifier, fmt.Sprintf("there is no extension called %s", s), "CREATE EXTENSION would fail after the cluster is up", "write " + right}
	}
	if len(s) <= 63 && made(s, "-_", true) {
		return nil
	}
	v := &violation{code: codeIdentifier, message: fmt.Sprintf("%q is not a valid name of an extension", s), fix: "write a name such as pg_trgm"}
	if name, version, found := strings.Cut(strings.ReplaceAll(s, "=", ":"), ":"); found && checkExtension(name) == nil && version != "" {
		v.fix = fmt.Sprintf("write {name: %s, version: %q}", name, version)
	}
	return v
}

func checkParameter(s string) *violation {
	ok := made(strings.ReplaceAll(s, "_", "a"), ".", true) && (s[0] < '0' || s[0] > '9')
	if ok && strings.Count(s, ".") <= 1 {
		return nil
	}
	v := &violation{code: codeParameter, message: fmt.Sprintf("%q is not a valid name of a parameter", s), why: "the server would refuse to start", fix: "write it like max_connections"}
	if right := strings.ReplaceAll(strings.TrimSpace(s), "-", "_"); right != s && right != "" && checkParameter(right) == nil {
		v.fix = "write " + right
	}
	return v
}

func checkResource(s string) *violation {
	switch {
	case s == "cpu", s == "memory", s == "ephemeral-storage":
		return nil
	case strings.HasPrefix(s, "hugepages-") && checkQuantity(s[len("hugepages-"):]) == nil:
		return nil
	case strings.Contains(s, "/") && checkLabelKey(s) == nil:
		return nil
	}
	v := &violation{code: codeResource, message: fmt.Sprintf("%q is not a resource", s), fix: "write cpu, memory, ephemeral-storage, hugepages-2Mi or a name such as example.com/gpu"}
	slips := map[string]string{"ram": "memory", "mem": "memory", "CPU": "cpu", "cpus": "cpu", "disk": "ephemeral-storage", "storage": "ephemeral-storage", "hugepages": "hugepages-2Mi"}
	if right := slips[s]; right != "" {
		v.fix = "write " + right
	} else if right := nearest(s, []string{"cpu", "memory", "ephemeral-storage"}); right != "" {
		v.fix = "write " + right
	}
	return v
}

// checkImage takes a full image reference that always means the same image, or at least the same release.
func checkImage(s string) *violation {
	v := badImage(s)
	if v != nil && v.message == "" {
		v.message = fmt.Sprintf("%q is not an image reference", s)
	}
	return v
}

func badImage(s string) *violation {
	v := &violation{code: codeImage, fix: "write it like ghcr.io/cloudnative-pg/postgresql:17.10"}
	rest, digest, pinned := strings.Cut(s, "@")
	if algorithm, hex, _ := strings.Cut(digest, ":"); pinned && (algorithm != "sha256" || len(hex) != 64 || strings.Trim(hex, "0123456789abcdef") != "") {
		v.message, v.fix = fmt.Sprintf("%q has a broken digest", s), "write @sha256: and 64 hexadecimal digits"
		return v
	}
	name, tag := rest, ""
	if i := strings.LastIndexByte(rest, ':'); i > strings.LastIndexByte(rest, '/') {
		name, tag = rest[:i], rest[i+1:]
		if tag == "" || len(tag) > 128 || strings.Trim(tag[:1], "-.") == "" || !made("a"+tag+"a", "-_.", true) {
			v.message = fmt.Sprintf("%q has a broken tag", s)
			return v
		}
	}
	for i, part := range strings.Split(name, "/") {
		if host, port, found := strings.Cut(part, ":"); i == 0 && found {
			if _, err := strconv.ParseUint(port, 10, 16); err != nil || checkHost(host) != nil {
				return v
			}
		} else if !made(part, "-_.", i == 0 && strings.Contains(part, ".")) {
			if right := strings.ToLower(s); right != s && checkImage(right) == nil {
				v.fix = "write " + right
			}
			return v
		}
	}
	if pinned || tag != "" && tag != "latest" {
		return nil
	}
	return &violation{codeImage, fmt.Sprintf("%q does not say which release", s), "a restart could bring another version of the server than the data was written by",
		"add a tag or a digest: " + name + ":VERSION"}
}
