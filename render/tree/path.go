package tree

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// reserved begins every name that this package keeps for itself.
const reserved = ".onggi-"

// longestName is what the common file systems allow for one element of a path, in bytes.
const longestName = 255

// checkPath says why a path could not be a file's, on this system or on another that the folder may be checked out on.
func checkPath(name string) error {
	switch {
	case name == "":
		return errors.New("the path is empty")
	case !utf8.ValidString(name):
		return errors.New("the path is not UTF-8")
	case strings.HasPrefix(name, "/"):
		return errors.New("the path is absolute; make it relative to the folder that is written")
	case strings.Contains(name, `\`):
		return errors.New("the path has a backslash; separate folders with /")
	}
	for elem := range strings.SplitSeq(name, "/") {
		if err := checkElement(elem); err != nil {
			return err
		}
	}
	return nil
}

func checkElement(elem string) error {
	switch {
	case elem == "":
		return errors.New("the path has an empty element")
	case elem == "." || elem == "..":
		return fmt.Errorf("the path has the element %q", elem)
	case len(elem) > longestName:
		return fmt.Errorf("%q… is longer than %d bytes", elem[:32], longestName)
	case strings.ContainsFunc(elem, unicode.IsControl):
		return fmt.Errorf("%q has a control character", elem)
	case strings.ContainsAny(elem, `<>:"|?*`):
		return fmt.Errorf(`%q has one of <>:"|?*, which Windows does not allow`, elem)
	case strings.HasSuffix(elem, ".") || strings.HasSuffix(elem, " "):
		return fmt.Errorf("%q ends in a dot or a space, which Windows drops", elem)
	case isDevice(elem):
		return fmt.Errorf("%q is a device on Windows", elem)
	case strings.HasPrefix(fold(elem), reserved):
		return fmt.Errorf("%q: names that begin with %s are kept for onggi's own records", elem, reserved)
	}
	return nil
}

// isDevice tells the names that Windows takes for a device, whatever extension follows.
func isDevice(elem string) bool {
	base, _, _ := strings.Cut(strings.ToLower(elem), ".")
	base = strings.TrimRight(base, " ")
	switch base {
	case "con", "prn", "aux", "nul":
		return true
	}
	port, isPort := strings.CutPrefix(base, "com")
	if !isPort {
		port, isPort = strings.CutPrefix(base, "lpt")
	}
	return isPort && len(port) == 1 && port >= "0" && port <= "9"
}

// fold maps names that differ only in case to one string: each rune becomes the least of those it folds with.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		if r < utf8.RuneSelf {
			return r
		}
		least := r
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			least = min(least, f)
		}
		// The orbits of k and s reach outside ASCII: K (Kelvin) and ſ (long s).
		if 'A' <= least && least <= 'Z' {
			return least + 'a' - 'A'
		}
		return least
	}, name)
}
