package rest

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ParseSize reads a number of bytes as postgres writes memory: a number, whole or not, and one of B, kB, MB, GB, TB, each 1024 times the
// one before. Without a unit it is bytes.
func ParseSize(text string) (Position, error) {
	bad := fmt.Errorf("%q is not a size such as 1048576, 16kB or 1MB", text)
	trimmed := strings.TrimSpace(text)
	end := strings.LastIndexFunc(trimmed, func(r rune) bool { return r >= '0' && r <= '9' || r == '.' }) + 1
	for _, r := range trimmed[:end] {
		if (r < '0' || r > '9') && r != '.' { // no sign, exponent or hexadecimal
			return 0, bad
		}
	}
	number, err := strconv.ParseFloat(trimmed[:end], 64)
	if err != nil {
		return 0, bad
	}
	switch strings.TrimSpace(trimmed[end:]) {
	case "", "B":
	case "kB":
		number *= 1 << 10
	case "MB":
		number *= 1 << 20
	case "GB":
		number *= 1 << 30
	case "TB":
		number *= 1 << 40
	default:
		return 0, bad
	}
	if number = math.RoundToEven(number); number >= 1<<63 {
		return 0, bad
	}
	return Position(number), nil
}

// String is a position as postgres writes it.
func (p Position) String() string { return fmt.Sprintf("%X/%X", uint32(p>>32), uint32(p)) }
