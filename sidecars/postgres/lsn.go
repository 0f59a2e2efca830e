package postgres

import (
	"fmt"
	"strconv"
	"strings"
)

// LSN is a place in the write-ahead log: the number of bytes written before it since the database system was made.
// The zero value means that no place is known; no record ever begins there.
type LSN uint64

// String is the form that Postgres writes, 16/B374D848.
func (l LSN) String() string { return fmt.Sprintf("%X/%X", uint32(l>>32), uint32(l)) }

// MarshalText is String.
func (l LSN) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText is ParseLSN.
func (l *LSN) UnmarshalText(text []byte) error {
	parsed, err := ParseLSN(string(text))
	if err == nil {
		*l = parsed
	}
	return err
}

// ParseLSN reads what String and Postgres itself write: two hexadecimal numbers of at most 32 bits and a slash between them.
func ParseLSN(text string) (LSN, error) {
	high, low, found := strings.Cut(text, "/")
	if !found {
		return 0, fmt.Errorf("%q is not an LSN: it has no slash", text)
	}
	h, err := parseHex(high)
	if err != nil {
		return 0, fmt.Errorf("%q is not an LSN: %v", text, err)
	}
	l, err := parseHex(low)
	if err != nil {
		return 0, fmt.Errorf("%q is not an LSN: %v", text, err)
	}
	return LSN(h)<<32 | LSN(l), nil
}

// parseHex reads one to eight hexadecimal digits. strconv alone would also take a sign and underscores.
func parseHex(text string) (uint32, error) {
	if len(text) == 0 || len(text) > 8 || strings.Trim(text, "0123456789abcdefABCDEF") != "" {
		return 0, fmt.Errorf("%q is not one to eight hexadecimal digits", text)
	}
	n, err := strconv.ParseUint(text, 16, 32)
	return uint32(n), err
}
