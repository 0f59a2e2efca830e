package manifest

import (
	"bytes"
	"math"
	"strconv"
)

// notation is how a number that is not an integer is written.
type notation int

const (
	yamlNumber notation = iota
	jsonNumber
)

// appendNumber writes int, int32, int64 or float64. A float that is an integer is written as one, so that equal numbers
// have equal bytes.
func appendNumber(dst []byte, v any, as notation) []byte {
	switch v := v.(type) {
	case int:
		return strconv.AppendInt(dst, int64(v), 10)
	case int32:
		return strconv.AppendInt(dst, int64(v), 10)
	case int64:
		return strconv.AppendInt(dst, v, 10)
	case float64:
		if n, ok := integral(v); ok {
			return strconv.AppendInt(dst, n, 10)
		}
		return appendFloat(dst, v, as)
	default:
		panic(unsupported(v))
	}
}

// appendFloat writes f in the fewest digits that read back as f. JSON has no word for a number that is not finite: null.
func appendFloat(dst []byte, f float64, as notation) []byte {
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		if as == jsonNumber {
			return append(dst, "null"...)
		}
		switch {
		case f > 0:
			return append(dst, ".inf"...)
		case f < 0:
			return append(dst, "-.inf"...)
		default:
			return append(dst, ".nan"...)
		}
	case math.Abs(f) < 1<<63 && math.Abs(f) >= 1e-6:
		return strconv.AppendFloat(dst, f, 'f', -1, 64)
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
	// Without a point, YAML 1.1 readers take 1e+21 for a string.
	if exp := start + bytes.IndexByte(dst[start:], 'e'); !bytes.Contains(dst[start:exp], []byte{'.'}) {
		tail := string(dst[exp:])
		dst = append(append(dst[:exp], ".0"...), tail...)
	}
	return dst
}

// integral is f as an int64, where f is one.
func integral(f float64) (int64, bool) {
	if f >= -1<<63 && f < 1<<63 && f == math.Trunc(f) {
		return int64(f), true
	}
	return 0, false
}
