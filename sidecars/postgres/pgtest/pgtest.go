// Package pgtest says which PostgreSQL the tests run: the one whose programs are in the folder that ONGGI_POSTGRES names, or else the newest that is
// installed. `make postgres PG=17` builds one of a version that the machine has no packages of.
package pgtest

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Missing is where Bin says that the programs are when no server is installed: nowhere.
const Missing = "/usr/lib/postgresql/none/bin"

// Bin is the folder of the server's programs. One that ONGGI_POSTGRES names is not looked at: tests fail where it holds no server, and do not take another.
func Bin() string {
	if dir := os.Getenv("ONGGI_POSTGRES"); dir != "" {
		return dir
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres") // a folder that has only psql is a client's
	if len(found) > 0 {
		return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return cmp.Compare(major(a), major(b)) }))
	}
	if path, err := exec.LookPath("postgres"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(path)
		}
	}
	return Missing
}

// major is the version that a program of Debian's has in its path.
func major(program string) float64 {
	version, _ := strconv.ParseFloat(filepath.Base(filepath.Dir(filepath.Dir(program))), 64)
	return version
}

// Major is the major version of the server in Bin, as a spec names it; "15" where there is none, as tests that need one are skipped then.
func Major() string {
	out, err := exec.Command(filepath.Join(Bin(), "postgres"), "--version").Output() // postgres (PostgreSQL) 17.11 (Debian 17.11-0+deb13u1)
	fields := strings.Fields(string(out))
	if err != nil || len(fields) < 3 {
		return "15"
	}
	major, _, _ := strings.Cut(fields[2], ".")
	return major
}
