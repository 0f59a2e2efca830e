package spec

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// cutQuantity splits a quantity as Kubernetes writes it into its digits (a sign, digits and a point) and its suffix; false
// when it is none.
func cutQuantity(s string) (number, suffix string, ok bool) {
	i := 0
	if i < len(s) && (s[i] == '+' || s[i] == '-') {
		i++
	}
	digits := 0
	for point := false; i < len(s); i++ {
		if s[i] == '.' && !point {
			point = true
			continue
		}
		if s[i] < '0' || s[i] > '9' {
			break
		}
		digits++
	}
	if digits == 0 {
		return "", "", false
	}
	number, suffix = s[:i], s[i:]
	switch suffix {
	case "", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei":
		return number, suffix, true
	}
	if exponent := suffix[1:]; (suffix[0] == 'e' || suffix[0] == 'E') && exponent != "" {
		if n, err := strconv.ParseInt(exponent, 10, 16); err == nil && n >= -99 && n <= 99 {
			return number, suffix, true
		}
	}
	return "", "", false
}

// ParseQuantity is the value of a Kubernetes quantity, such as 10Gi or 500m; false when it is none.
func ParseQuantity(s string) (*big.Rat, bool) {
	number, suffix, ok := cutQuantity(s)
	if !ok {
		return nil, false
	}
	value, ok := new(big.Rat).SetString(strings.TrimSuffix(number, "."))
	if !ok {
		return nil, false
	}
	base, exponent := int64(10), int64(0)
	switch suffix {
	case "":
	case "n", "u", "m":
		exponent = -3 * int64(3-strings.Index("num", suffix))
	case "k", "M", "G", "T", "P", "E":
		exponent = 3 * int64(1+strings.Index("kMGTPE", suffix))
	case "Ki", "Mi", "Gi", "Ti", "Pi", "Ei":
		base, exponent = 1024, int64(1+strings.Index("KMGTPE", suffix[:1]))
	default:
		exponent, _ = strconv.ParseInt(suffix[1:], 10, 16)
	}
	power := new(big.Int).Exp(big.NewInt(base), big.NewInt(max(exponent, -exponent)), nil)
	if exponent < 0 {
		return value.Quo(value, new(big.Rat).SetInt(power)), true
	}
	return value.Mul(value, new(big.Rat).SetInt(power)), true
}

func checkQuantity(s string) *violation {
	number, _, ok := cutQuantity(s)
	switch {
	case !ok:
		v := &violation{code: codeQuantity, message: fmt.Sprintf("%q is not a quantity", s), why: "Kubernetes would refuse the object",
			fix: "write a number with a unit, such as 500m, 2, 512Mi or 10Gi"}
		if right := guessQuantity(s); right != "" {
			v.fix = "write " + right
		}
		return v
	case strings.HasPrefix(number, "-"):
		return &violation{codeQuantity, fmt.Sprintf("%q is negative", s), "nothing can be given less than nothing", "write " + s[1:]}
	}
	return nil
}

// smallestSize is the least that can be meant as the size of a volume.
var smallestSize = big.NewRat(1<<20, 1)

// checkSize is the format of volume sizes: a quantity of bytes that no one can have meant as a plain number.
func checkSize(s string) *violation {
	if v := checkQuantity(s); v != nil {
		if v.fix == "write a number with a unit, such as 500m, 2, 512Mi or 10Gi" {
			v.fix = "write a number with a unit, such as 512Mi or 10Gi"
		}
		v.message = strings.Replace(v.message, "a quantity", "a size", 1)
		return v
	}
	number, suffix, _ := cutQuantity(s)
	if number[0] >= '1' && number[0] <= '9' && strings.HasSuffix(suffix, "i") && suffix != "Ki" {
		return nil
	}
	value, _ := ParseQuantity(s)
	if value.Cmp(smallestSize) >= 0 {
		return nil
	}
	v := &violation{codeQuantity, fmt.Sprintf("%s is less than 1Mi", s), "", "write " + number + "Gi"}
	switch suffix {
	case "":
		v.why = "a number without a unit is bytes"
	case "m":
		v.why, v.fix = "m is a thousandth of a byte", "write "+number+"Mi"
	case "k", "Ki":
		v.fix = "write " + number + "Mi"
	}
	return v
}

// guessQuantity is the quantity that was meant, or "".
func guessQuantity(s string) string {
	plain := strings.ReplaceAll(strings.ReplaceAll(strings.ToLower(s), " ", ""), ",", ".")
	end := strings.IndexFunc(plain, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
	if end <= 0 {
		return ""
	}
	units := map[string]string{
		"k": "Ki", "kb": "Ki", "kib": "Ki", "ki": "Ki", "m": "Mi", "mb": "Mi", "mib": "Mi", "mi": "Mi", "g": "Gi", "gb": "Gi", "gib": "Gi", "gi": "Gi",
		"t": "Ti", "tb": "Ti", "tib": "Ti", "ti": "Ti", "p": "Pi", "pb": "Pi", "pib": "Pi", "pi": "Pi",
		"core": "", "cores": "", "cpu": "", "cpus": "", "vcpu": "", "vcpus": "",
	}
	unit, ok := units[plain[end:]]
	if right := plain[:end] + unit; ok && checkQuantity(right) == nil {
		return right
	}
	return ""
}
