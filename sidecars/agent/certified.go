package agent

import (
	"os"

	"github.com/onggi-db/onggi/sidecars/config"
	"github.com/onggi-db/onggi/sidecars/postgres"
)

// tlsOnly is the line by which a spec refuses everybody who does not speak TLS.
const tlsOnly = "hostnossl all all all reject"

// Certified is the file as this pod can run by it, and whether it lacks the certificate that the file names. A file reaches pods that run, a
// certificate that is new in the spec only those that are made again: until then the server of an older pod goes on without TLS, as before, and
// lets in whom it let in before. It would serve nobody otherwise, not even the members that are to take over from it. Authorities of clients that
// the pod does not have yet are left out alike.
func Certified(f config.File) (able config.File, lacks bool) {
	if f.Postgres.TLS.Cert == "" {
		return f, false
	}
	if _, err := os.Stat(f.Postgres.ClientCA); err != nil {
		f.Postgres.ClientCA = ""
	}
	if _, err := os.Stat(f.Postgres.TLS.Cert); err == nil { // the others come with it, in one volume
		return f, false
	}
	f.Postgres.TLS, f.Postgres.ClientCA = config.TLS{}, ""
	var lines []string
	for _, line := range f.Postgres.HBA {
		if line != tlsOnly {
			lines = append(lines, line)
		}
	}
	f.Postgres.HBA = lines
	return f, true
}

// PlainOf tells that the server of this pod speaks no TLS.
func PlainOf(f config.File) bool {
	mode := UpstreamTLSOf(f).Mode
	return mode == "" || mode == "prefer"
}

// UpstreamTLSOf is how a standby connects to a member that speaks TLS.
func UpstreamTLSOf(f config.File) postgres.TLS {
	able, lacks := Certified(f)
	t := able.Postgres.TLS
	switch {
	case lacks: // some members speak it already, and without a certificate of its own nothing can be held against theirs
		return postgres.TLS{Mode: "prefer"}
	case t.Cert == "":
		return postgres.TLS{}
	case t.CA != "":
		return postgres.TLS{Mode: "verify-ca", RootCA: t.CA}
	}
	return postgres.TLS{Mode: "require"}
}
