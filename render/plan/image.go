package plan

import (
	"fmt"
	"slices"
)

// newestMinor is the PostgreSQL minor release that this release of onggi pins for each major version. They are what the
// PostgreSQL project released on 2026-05-14; a new onggi release moves them, never a new operator.
func newestMinor(major int) (minor int, known bool) {
	switch major {
	case 14:
		return 23, true
	case 15:
		return 18, true
	case 16:
		return 14, true
	case 17:
		return 10, true
	case 18:
		return 4, true
	}
	return 0, false
}

// knownMajors is for messages.
const knownMajors = "14, 15, 16, 17 and 18"

// trixie reports whether a release is published on Debian trixie: by CloudNativePG, and since the same releases by the PostgreSQL image
// of the Docker Official Images. The distribution is part of the pin: a
// change of libc changes collations under existing indexes.
func trixie(v Version) bool {
	first := map[int]int{14: 19, 15: 14, 16: 10, 17: 6, 18: 0}
	minor, known := first[v.Major]
	return known && v.Minor >= minor
}

// InTree reports whether CloudNativePG's instances write and read object stores themselves, as they had to before the plugin.
func (p *Plan) InTree() bool {
	if p.Backup != nil && p.Backup.Method != "snapshot" {
		return p.Backup.Method == "in-tree"
	}
	return p.Backend == "cloudnative-pg" && !p.Operator.AtLeast(1, 26)
}

// readsStores reports whether anything is archived to an object store or restored from one.
func (p *Plan) readsStores() bool {
	stored := func(e ExternalCluster) bool { return e.Archive != nil }
	return p.Backup != nil && p.Backup.Destination != "" || slices.ContainsFunc(p.ExternalClusters, stored)
}

// cloudNativePGImage names the operand image. The system flavour carries Barman, which only the in-tree form of object stores
// needs; it goes away with that form.
func cloudNativePGImage(v Version, barman bool) string {
	flavour := "standard"
	if barman {
		flavour = "system"
	}
	return fmt.Sprintf("ghcr.io/cloudnative-pg/postgresql:%d.%d-%s-%s", v.Major, v.Minor, flavour, distribution(v))
}

// postgresImage names the stock image, which the native back end runs.
func postgresImage(v Version) string {
	return fmt.Sprintf("docker.io/library/postgres:%d.%d-%s", v.Major, v.Minor, distribution(v))
}

// pgBackRestImage names the stock image with pgBackRest in it, which onggi builds as the stock one has none: sidecars/backup/image is the recipe. Its
// tag is that of the image it is made from.
func pgBackRestImage(v Version) string {
	return fmt.Sprintf("ghcr.io/onggi-db/onggi-postgres:%d.%d-%s", v.Major, v.Minor, distribution(v))
}

func distribution(v Version) string {
	if trixie(v) {
		return "trixie"
	}
	return "bookworm"
}
