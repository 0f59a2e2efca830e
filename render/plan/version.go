package plan

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// Version is up to three numbers; numbers that were not given are -1.
type Version struct{ Major, Minor, Patch int }

// ParseVersion reads "17", "17.10" or "8.4.3".
func ParseVersion(s string) (Version, error) {
	v := Version{Major: -1, Minor: -1, Patch: -1}
	parts := strings.Split(s, ".")
	if s == "" || len(parts) > 3 {
		return v, fmt.Errorf("%q is not a version", s)
	}
	for i, slot := range []*int{&v.Major, &v.Minor, &v.Patch}[:len(parts)] {
		n, err := strconv.Atoi(parts[i])
		if err != nil || n < 0 {
			return v, fmt.Errorf("%q is not a version", s)
		}
		*slot = n
	}
	return v, nil
}

// AtLeast compares major and minor; a minor that was not given counts as the newest.
func (v Version) AtLeast(major, minor int) bool {
	if v.Major != major {
		return v.Major > major
	}
	return v.Minor < 0 || v.Minor >= minor
}

// Compare orders versions; a number that was not given comes before any that was.
func (v Version) Compare(w Version) int {
	return cmp.Or(cmp.Compare(v.Major, w.Major), cmp.Compare(v.Minor, w.Minor), cmp.Compare(v.Patch, w.Patch))
}

func (v Version) String() string {
	s := strconv.Itoa(v.Major)
	for _, n := range []int{v.Minor, v.Patch} {
		if n < 0 {
			break
		}
		s += "." + strconv.Itoa(n)
	}
	return s
}
