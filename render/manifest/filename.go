package manifest

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
)

// maxFileName is how long a file's name gets: file systems stop at 255 bytes.
const maxFileName = 200

// FileName is the name of a file that holds one object: kind and name in lower case, "cluster-shop.yaml". It is made of
// letters, digits, dots and dashes whatever the object says, so it names a file in the folder that it is joined to. Two
// objects may share it: see [FileNames].
func FileName(o Object) string {
	r := o.Ref()
	return fileName(r.Kind+"-"+r.Name, r)
}

// FileNames are names for files that hold one object each, index by index, no two the same. Where [FileName] would give
// two objects one name, all of them carry their API group, and where that does not tell them apart their namespace too.
// The order of the objects matters only for those that have the very same Ref: they are numbered.
func FileNames(objs []Object) []string {
	forms := []func(Ref) string{
		func(r Ref) string { return r.Kind + "-" + r.Name },
		func(r Ref) string { return qualified(r) + "-" + r.Name },
		func(r Ref) string { return qualified(r) + "-" + r.Namespace + "-" + r.Name },
		func(r Ref) string { return qualified(r) + "-" + r.Namespace + "-" + r.Name + "-" + digest(r) },
	}
	names := make([]string, len(objs))
	taken := make(map[string]bool, len(objs))
	left := make([]int, len(objs))
	for i := range left {
		left[i] = i
	}
	for _, form := range forms {
		left = nameUnique(objs, left, form, names, taken)
	}
	for _, i := range left { // the same Ref
		r := objs[i].Ref()
		base := strings.TrimSuffix(fileName(forms[len(forms)-1](r), r), ".yaml")
		for n := 1; n == 1 || taken[names[i]]; n++ {
			names[i] = base + "-" + strconv.Itoa(n) + ".yaml"
		}
		taken[names[i]] = true
	}
	return names
}

// nameUnique names those of the objects in left to which form gives a name that is theirs alone, and returns the others.
func nameUnique(objs []Object, left []int, form func(Ref) string, names []string, taken map[string]bool) []int {
	count := make(map[string]int, len(left))
	for _, i := range left {
		r := objs[i].Ref()
		names[i] = fileName(form(r), r)
		count[names[i]]++
	}
	var again []int
	for _, i := range left {
		if count[names[i]] > 1 || taken[names[i]] {
			again = append(again, i)
		}
	}
	for name, n := range count {
		if n == 1 {
			taken[name] = true
		}
	}
	return again
}

func qualified(r Ref) string {
	if r.Group() == "" {
		return r.Kind
	}
	return r.Kind + "." + r.Group()
}

// fileName makes a safe file name out of a form of r.
func fileName(form string, r Ref) string {
	safe := strings.Map(func(c rune) rune {
		switch {
		case c >= 'A' && c <= 'Z':
			return c + 'a' - 'A'
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '.', c == '-':
			return c
		}
		return '-'
	}, form)
	if strings.Trim(safe, ".-") == "" {
		safe = "object-" + digest(r)
	}
	safe = strings.TrimLeft(safe, ".-") // no hidden file, and none that looks like a flag
	if len(safe) > maxFileName {
		safe = safe[:maxFileName-9] + "-" + digest(r)
	}
	return safe + ".yaml"
}

// digest tells apart what looks the same in safe characters.
func digest(r Ref) string {
	sum := sha256.Sum256([]byte(r.APIVersion + "\x00" + r.Kind + "\x00" + r.Namespace + "\x00" + r.Name))
	return hex.EncodeToString(sum[:4])
}
