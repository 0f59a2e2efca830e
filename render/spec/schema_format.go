package spec

import "github.com/onggi-db/onggi/render/manifest"

// formatSchema is what JSON Schema can say of a format: never less than the format takes, often more. The expressions are
// those that ECMAScript and RE2 read alike.
func formatSchema(format string) manifest.Map {
	const label = `[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?`
	switch format {
	case "cidr":
		return manifest.Map{"pattern": `^[0-9A-Fa-f:.]+/[0-9]{1,3}$`}
	case "cron":
		return manifest.Map{"pattern": `^\s*[0-9*][0-9*,/-]*(\s+[0-9A-Za-z*,/-]+){4}\s*$`}
	case "destination":
		return manifest.Map{"pattern": `^(s3|gs|azblob|pvc)://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(/[^\s?#@]*[^\s?#@/])?$`}
	case "dns1035":
		return manifest.Map{"pattern": `^[a-z]([-a-z0-9]*[a-z0-9])?$`, "maxLength": int64(63)}
	case "dns1123label":
		return manifest.Map{"pattern": `^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`, "maxLength": int64(63)}
	case "dns1123subdomain":
		return manifest.Map{"pattern": `^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`, "maxLength": int64(253)}
	case "dnsName":
		return manifest.Map{"pattern": `^([*][.])?[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?([.][A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?)*$`}
	case "duration":
		return manifest.Map{"pattern": `^([0-9]+(w|d|h|m|s|ms))+$`}
	case "extension":
		return manifest.Map{"pattern": `^[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?$`, "maxLength": int64(63)}
	case "hba":
		return manifest.Map{"pattern": `^\s*(local|host|hostssl|hostnossl|hostgssenc|hostnogssenc)\s+\S+\s+\S+\s+\S+`}
	case "identifier":
		return manifest.Map{"minLength": int64(1), "maxLength": int64(63)}
	case "image":
		return manifest.Map{"pattern": `^[^\s@]+(:[A-Za-z0-9_][A-Za-z0-9_.-]*|@sha256:[0-9a-f]{64})$`, "not": manifest.Map{"pattern": `:latest$`}}
	case "ip":
		return manifest.Map{"pattern": `^[0-9A-Fa-f:.]+$`}
	case "labelKey":
		return manifest.Map{"pattern": `^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?` + label + `$`}
	case "labelValue":
		return manifest.Map{"pattern": `^(` + label + `)?$`, "maxLength": int64(63)}
	case "parameter":
		return manifest.Map{"pattern": `^[A-Za-z_][A-Za-z0-9_]*([.][A-Za-z0-9_]+)?$`}
	case "quantity":
		return manifest.Map{"pattern": `^[+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]+)?$`}
	case "query":
		return manifest.Map{"minLength": int64(1)}
	case "resource":
		return manifest.Map{"pattern": `^(cpu|memory|ephemeral-storage|hugepages-.+|[a-z0-9.-]+/.+)$`}
	case "rfc3339":
		return manifest.Map{"format": "date-time"}
	case "size":
		return manifest.Map{"pattern": `^[+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([kMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]+)?$`}
	case "url":
		return manifest.Map{"pattern": `^https?://\S+$`}
	}
	return nil
}
