package plan

import (
	"cmp"
	"math/big"
	"strconv"
	"strings"

	"github.com/onggi-db/onggi/render/spec"
)

// Bytes is the size that a Kubernetes quantity means, in whole bytes; ok is false for what is no quantity, and for one
// beyond int64.
func Bytes(quantity string) (size int64, ok bool) {
	if q, simple := cutQuantity(quantity); simple {
		if size, ok = q.int64(); ok && !strings.HasPrefix(quantity, "-") {
			return size, true
		}
	}
	value, ok := spec.ParseQuantity(quantity)
	if !ok {
		return 0, false
	}
	whole := new(big.Int).Quo(value.Num(), value.Denom())
	return whole.Int64(), whole.IsInt64()
}

// Compare orders two quantities; ok is false unless both are some.
func Compare(a, b string) (order int, ok bool) {
	if x, whole := Bytes(a); whole && exact(a) {
		if y, whole := Bytes(b); whole && exact(b) {
			return cmp.Compare(x, y), true
		}
	}
	x, isA := spec.ParseQuantity(a)
	y, isB := spec.ParseQuantity(b)
	if !isA || !isB {
		return 0, false
	}
	return x.Cmp(y), true
}

// Sum is the quantity of two together, in the largest unit that writes it exactly; what is no quantity counts for nothing.
func Sum(a, b string) string {
	x, isA := Bytes(a)
	y, isB := Bytes(b)
	if !isA || !isB {
		return a
	}
	sum := x + y
	for _, unit := range []struct {
		size int64
		name string
	}{{1 << 40, "Ti"}, {1 << 30, "Gi"}, {1 << 20, "Mi"}, {1 << 10, "Ki"}} {
		if sum%unit.size == 0 {
			return strconv.FormatInt(sum/unit.size, 10) + unit.name
		}
	}
	return strconv.FormatInt(sum, 10)
}

// exact reports a quantity whose whole bytes are all of it.
func exact(s string) bool {
	q, ok := cutQuantity(s)
	return ok && q.part == "" && q.ten >= 0
}

// PostgresBytes is the size that a value of a memory parameter means: "256MB", or a bare number of units of unit bytes.
func PostgresBytes(value string, unit int64) (size int64, ok bool) {
	value = strings.TrimSpace(value)
	end := strings.IndexFunc(value, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
	suffix := ""
	if end >= 0 {
		value, suffix = value[:end], strings.TrimSpace(value[end:])
	}
	number, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return 0, false
	}
	switch suffix {
	case "":
		return int64(number * float64(unit)), true
	case "B":
		return int64(number), true
	case "kB":
		return int64(number * (1 << 10)), true
	case "MB":
		return int64(number * (1 << 20)), true
	case "GB":
		return int64(number * (1 << 30)), true
	case "TB":
		return int64(number * (1 << 40)), true
	}
	return 0, false
}
