package seal

import (
	"fmt"
	"io"
)

// A password has only characters that need no quoting in a URL, a pgpass file, a connection string, a shell or YAML, and begins
// with a letter, so that nothing takes it for a number or an option. 32 of them are 190 bits.
const (
	passwordLength = 32
	letters        = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	alphabet       = letters + "0123456789"
)

// Password makes a password from a source of entropy. Every password is as likely as any other.
func Password(entropy io.Reader) ([]byte, error) {
	out := make([]byte, passwordLength)
	for i := range out {
		from := alphabet
		if i == 0 {
			from = letters
		}
		c, err := choose(entropy, from)
		if err != nil {
			return nil, fmt.Errorf("make a password: %w", err)
		}
		out[i] = c
	}
	return out, nil
}

// choose takes a byte at a time, and throws away those beyond the last multiple of the number of choices: taken modulo, they
// would make some letters likelier than others.
func choose(entropy io.Reader, from string) (byte, error) {
	limit := 256 - 256%len(from)
	for {
		var b [1]byte
		if _, err := io.ReadFull(entropy, b[:]); err != nil {
			return 0, err
		}
		if int(b[0]) < limit {
			return from[int(b[0])%len(from)], nil
		}
	}
}
