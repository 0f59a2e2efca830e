package plan

import (
	"strconv"
	"strings"
)

// Bytes is the size that a Kubernetes quantity means, rounded to whole bytes. The spec has checked its form; ok is false
// for anything it would refuse.
func Bytes(quantity string) (size int64, ok bool) {
	end := strings.IndexFunc(quantity, func(r rune) bool { return r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' })
	if end < 0 {
		end = len(quantity)
	}
	number, err := strconv.ParseFloat(quantity[:end], 64)
	factor, known := map[string]float64{
		"": 1, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
		"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40, "Pi": 1 << 50, "Ei": 1 << 60,
	}[quantity[end:]]
	if err != nil || !known {
		return 0, false
	}
	return int64(number * factor), true
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
